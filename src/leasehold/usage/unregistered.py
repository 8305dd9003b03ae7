"""The unregistered: public methods for callers with neither key nor token, so many a day.

Counted by address, in this process's memory alone: nothing is written for strangers.
"""

import ipaddress

from leasehold.clock import MICROSECONDS, Clock

DAY = 86_400  # seconds
REMEMBERED = 10_000  # addresses; those not seen for longest are forgotten, and begin anew
_NETWORK_BITS = 64  # what one customer of a provider is given at least of IPv6: RFC 6177 §2


class Unregistered:
    """What each address has left today (UTC)."""

    def __init__(self, clock: Clock, per_day: int, *, remembered: int = REMEMBERED) -> None:
        """`per_day`: calls of one address; 0: no limit."""
        self._clock = clock
        self._per_day = per_day
        self._remembered = remembered
        self._day = 0
        self._taken: dict[str, int] = {}  # by address, that seen last at the end

    def take(self, address: str) -> int | None:
        """None when a call may be answered, else the seconds until the next day."""
        if self._per_day == 0:
            return None
        day, second = divmod(self._clock.now() // MICROSECONDS, DAY)
        if day != self._day:
            self._day = day
            self._taken.clear()
        caller = _caller(address)
        taken = self._taken.pop(caller, 0)
        if len(self._taken) >= self._remembered:
            del self._taken[next(iter(self._taken))]
        self._taken[caller] = min(taken + 1, self._per_day)
        return DAY - second if taken >= self._per_day else None


def _caller(address: str) -> str:
    """Who counts as one caller; what is no address counts as one together.

    >>> [_caller(a) for a in ("203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1:2:3:4", "unknown")]
    ['203.0.113.9', '203.0.113.9', '2001:db8::/64', '']
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    network = int(parsed) >> (128 - _NETWORK_BITS) << (128 - _NETWORK_BITS)
    return f"{ipaddress.IPv6Address(network)}/{_NETWORK_BITS}"

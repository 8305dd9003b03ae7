"""Which address a request came from, also through proxies that the operator trusts."""

import ipaddress
from collections.abc import Sequence

from leasehold.errors import Invalid

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN = "unknown"  # where a server has no peer address, as on a Unix socket


def trusted_networks(text: str) -> tuple[Network, ...]:
    """The networks of the setting `trusted_proxies`: addresses or CIDR ranges between commas.

    Raises Invalid, naming the one that cannot be read.

    >>> trusted_networks("127.0.0.1, 10.0.0.0/8")
    (IPv4Network('127.0.0.1/32'), IPv4Network('10.0.0.0/8'))
    """
    return tuple(_network(part.strip()) for part in text.split(",") if part.strip())


def client_address(
    peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]
) -> str:
    """The nearest address that is no trusted proxy.

    `forwarded_for` are the values of X-Forwarded-For in the order in which they were sent. Each
    proxy adds on the right whom it was called by, so what stands left of the first stranger may
    be invented. Without trusted proxies the header means nothing.

    >>> proxies = trusted_networks("10.0.0.0/8")
    >>> client_address("10.0.0.1", ["6.6.6.6, 203.0.113.9, 10.0.0.7"], proxies)
    '203.0.113.9'
    >>> client_address("203.0.113.9", ["6.6.6.6"], proxies)
    '203.0.113.9'
    """
    nearest = _address(peer or "")
    if nearest is None:
        return UNKNOWN
    hops = [hop for value in forwarded_for for hop in value.split(",")]
    while hops and _is_trusted(nearest, trusted):
        before = _address(hops.pop().strip())
        if before is None:
            break  # a proxy of ours writes addresses: this one's caller is not known
        nearest = before
    return str(nearest)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise Invalid(
            "LEASEHOLD_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, separated"
            f" by commas; {text!r} is neither (a network's bits after its prefix are zero)"
        ) from None


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address  # one caller, one address, whichever socket it came in by


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)

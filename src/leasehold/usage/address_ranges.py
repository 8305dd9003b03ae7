"""Address ranges: from which addresses an API key may be used, compared as numbers."""

import ipaddress
import re
import socket
from bisect import bisect_right
from collections.abc import Iterable

from leasehold.errors import Invalid

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# ipaddress reads more: scopes (fe80::1%eth0), and masks, of which 0.0.0.255 has two meanings.
_TEXT = re.compile(r"[0-9A-Fa-f.:]{2,45}(?:/[0-9]{1,3})?")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # RFC 4291 §2.5.5.2
_MAPPED_BITS = 0xFFFF << 32
_IPV4_BITS = 32


def canonical(text: str) -> str:
    """The one spelling of an address or a CIDR range; Invalid says what is wrong with another.

    An IPv4 address written as IPv6 is the IPv4 address.

    >>> [canonical(text) for text in ("203.0.113.9", "2001:DB8::/32", "::ffff:10.0.0.0/104")]
    ['203.0.113.9/32', '2001:db8::/32', '10.0.0.0/8']
    """
    network = _network(text)
    _check_host_bits(text, network)
    return str(_unmapped(network))


class AddressRanges:
    """Networks in their canonical spelling, ready to be asked."""

    __slots__ = ("_ipv4", "_ipv6")

    def __init__(self, networks: Iterable[str]) -> None:
        known = [ipaddress.ip_network(text) for text in networks]
        self._ipv4 = _merged(network for network in known if network.version == 4)
        self._ipv6 = _merged(network for network in known if network.version == 6)

    def includes(self, address: str) -> bool:
        """Whether the address is in one of them; what is no address, as "unknown", is in none.

        >>> AddressRanges(["10.0.0.0/8"]).includes("::ffff:10.1.2.3")
        True
        """
        # socket.inet_pton takes a tenth of the time of ipaddress.ip_address.
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            number = int.from_bytes(socket.inet_pton(family, address))
        except (OSError, ValueError):
            return False
        starts, ends = self._ipv4
        if family == socket.AF_INET6:
            if number >> _IPV4_BITS == _MAPPED_BITS >> _IPV4_BITS:
                number -= _MAPPED_BITS
            else:
                starts, ends = self._ipv6
        place = bisect_right(starts, number) - 1
        return place >= 0 and number <= ends[place]


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text if _TEXT.fullmatch(text) else "", strict=False)
    except ValueError:
        raise Invalid(
            f"{text[:100]!r} is no address, nor a range such as 203.0.113.0/24 or 2001:db8::/32",
            field="addresses",
        ) from None


def _check_host_bits(text: str, network: Network) -> None:
    address, slash, _ = text.partition("/")
    if slash and ipaddress.ip_address(address) != network.network_address:
        raise Invalid(
            f"{text} has bits set after its prefix: the range is {network}, the address alone is"
            f" {address}",
            field="addresses",
        )


def _unmapped(network: Network) -> Network:
    if isinstance(network, ipaddress.IPv4Network) or not network.subnet_of(_MAPPED):
        return network
    number = int(network.network_address) - _MAPPED_BITS
    return ipaddress.IPv4Network((number, network.prefixlen - 96))


def _merged(networks: Iterable[Network]) -> tuple[list[int], list[int]]:
    """Where the ranges start and end (inclusive), in order and without overlaps."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted((int(net[0]), int(net[-1])) for net in networks):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends

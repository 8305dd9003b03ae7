"""Whose address counts: the nearest that is no trusted proxy."""

import pytest

from leasehold.errors import Invalid
from leasehold.web.account.client_address import client_address, trusted_networks

PROXIES = trusted_networks("10.0.0.0/8, 192.0.2.1, 2001:db8::/32")


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    assert client_address("203.0.113.9", ["6.6.6.6"], trusted_networks("")) == "203.0.113.9"


def test_a_stranger_cannot_say_that_it_comes_from_elsewhere() -> None:
    assert client_address("203.0.113.9", ["6.6.6.6"], PROXIES) == "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6", "203.0.113.9,192.0.2.1 , 10.0.0.2"], "203.0.113.9"),
        (["2001:db8:ffff::1, 2a00::1"], "2a00::1"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["10.0.0.3"], "10.0.0.3"),
    ],
)
def test_a_trusted_proxy_says_who_called_it(forwarded_for: list[str], address: str) -> None:
    assert client_address("10.0.0.1", forwarded_for, PROXIES) == address


@pytest.mark.parametrize("nonsense", ["", "unknown", "6.6.6.6, _hidden", "6.6.6.6,"])
def test_what_is_no_address_is_nobody_elses_word_for_it(nonsense: str) -> None:
    assert client_address("10.0.0.1", [nonsense], PROXIES) == "10.0.0.1"


def test_an_ipv4_proxy_is_known_on_a_socket_of_both_kinds() -> None:
    assert client_address("::ffff:10.0.0.1", ["203.0.113.9"], PROXIES) == "203.0.113.9"


def test_a_server_without_peer_addresses_says_so() -> None:
    assert client_address(None, ["203.0.113.9"], PROXIES) == "unknown"


@pytest.mark.parametrize("text", ["localhost", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0 10.0.0.1"])
def test_a_setting_that_cannot_be_read_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(Invalid, match="LEASEHOLD_TRUSTED_PROXIES"):
        trusted_networks(text)

"""Callers with neither key nor token: so many calls a day for each address."""

from leasehold.usage.unregistered import Unregistered
from tests.usage.metering import START, Hands


def test_an_address_has_so_many_calls_a_day() -> None:
    hands = Hands(START + 86_400 - 10)
    unregistered = Unregistered(hands, 2)

    today = [unregistered.take("203.0.113.9") for _ in range(4)]
    other = unregistered.take("203.0.113.10")
    hands.second += 10
    tomorrow = [unregistered.take("203.0.113.9") for _ in range(3)]

    assert [None, None, 10, 10] == today
    assert other is None
    assert [None, None, 86_400] == tomorrow


def test_a_network_of_ipv6_is_one_caller_and_so_are_both_spellings_of_ipv4() -> None:
    unregistered = Unregistered(Hands(), 1)
    first = [unregistered.take(a) for a in ("2001:db8::1", "203.0.113.9", "2001:db8:0:1::1")]

    same = [unregistered.take(a) for a in ("2001:db8:0:0:ffff::", "::ffff:203.0.113.9")]

    assert [None] * 3 == first
    assert None not in same


def test_what_is_no_address_is_one_caller() -> None:
    unregistered = Unregistered(Hands(), 1)

    assert unregistered.take("unknown") is None
    assert unregistered.take("x" * 10_000) == 86_400


def test_of_many_addresses_those_not_seen_for_longest_are_forgotten() -> None:
    unregistered = Unregistered(Hands(), 1, remembered=100)
    for n in range(100):
        unregistered.take(f"10.0.0.{n}")
    unregistered.take("10.0.0.0")  # refused, and seen

    for n in range(99):
        unregistered.take(f"10.0.1.{n}")

    assert unregistered.take("10.0.0.0") == 86_400
    assert unregistered.take("10.0.0.1") is None
    assert len(unregistered._taken) == 100  # noqa: SLF001  # the bound itself


def test_zero_is_no_limit() -> None:
    unregistered = Unregistered(Hands(), 0)

    assert {None} == {unregistered.take("203.0.113.9") for _ in range(100)}

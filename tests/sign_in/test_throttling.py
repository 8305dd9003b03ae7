"""Throttling: guessing is slow from anywhere, and nobody can lock the owner out."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from leasehold.errors import Error
from leasehold.sign_in import known_browsers, reset, sign_in, tries
from leasehold.sign_in.errors import Refused, Throttled
from leasehold.sign_in.model import SignedIn
from leasehold.storage.committer import Committer
from tests.sign_in.world import (
    ADA,
    BOX,
    DAY,
    EVE,
    PASSWORD,
    WRONG,
    World,
    browser,
    token_of,
)

FEW = 12


@pytest.fixture
def few_tries_of_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Far fewer than there are: each costs a hash."""
    monkeypatch.setattr(tries, "PASSWORD_OF_ADDRESS", replace(tries.PASSWORD_OF_ADDRESS, size=FEW))


def guess(
    world: World, *, times: int, email: str = ADA, address: str = "198.51.100.{}"
) -> Counter[str]:
    """How often each answer came, to wrong passwords from ever another address."""
    answers: Counter[str] = Counter()
    for number in range(times):
        try:
            world.try_password(WRONG, email=email, caller=browser(address.format(number)))
        except Error as error:
            answers[type(error).__name__] += 1
    return answers


def test_an_account_is_guessed_ten_times_and_then_rarely(world: World) -> None:
    assert {"Refused": 10, "Throttled": 3} == guess(world, times=13)

    world.clock.advance(tries.PASSWORD_OF_ACCOUNT.pace_seconds)

    assert {"Refused": 1, "Throttled": 2} == guess(world, times=3)


def test_64_parallel_guesses_are_no_more_than_the_bucket_holds(world: World) -> None:
    async def storm() -> Counter[str]:
        answers = await asyncio.gather(
            *(
                sign_in.with_password(
                    world.server,
                    email=ADA,
                    password=WRONG,
                    caller=browser(f"198.51.100.{number}"),
                )
                for number in range(64)
            ),
            return_exceptions=True,
        )
        return Counter(type(answer).__name__ for answer in answers)

    assert {"Refused": 10, "Throttled": 54} == world.run(storm())


@pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
def test_two_servers_on_one_database_share_the_buckets(world: World) -> None:
    async def storm() -> Counter[str]:
        committer = Committer()
        committer.start(world.engine.open_lanes(world.clock.now))
        second = replace(world.server, committer=committer)
        answers = await asyncio.gather(
            *(
                sign_in.with_password(
                    [world.server, second][number % 2],
                    email=ADA,
                    password=WRONG,
                    caller=browser(f"198.51.100.{number}"),
                )
                for number in range(64)
            ),
            return_exceptions=True,
        )
        await committer.close()
        return Counter(type(answer).__name__ for answer in answers)

    assert {"Refused": 10, "Throttled": 54} == world.run(storm())


def test_a_throttled_caller_is_told_when_to_come_back_and_then_may(world: World) -> None:
    guess(world, times=10)

    with pytest.raises(Throttled, match="Try again in 3 minutes") as refusal:
        world.try_password()

    assert 180 == refusal.value.retry_after
    world.clock.advance(refusal.value.retry_after - 1)
    with pytest.raises(Throttled, match="Try again in 1 second"):
        world.try_password()
    world.clock.advance(1)
    assert isinstance(world.try_password(), SignedIn)


def test_the_right_password_is_not_tried_either_once_the_bucket_is_empty(world: World) -> None:
    guess(world, times=10)

    with pytest.raises(Throttled):
        world.try_password(PASSWORD)


def test_a_stranger_cannot_lock_the_owner_out_of_a_browser_they_know(world: World) -> None:
    known = world.sign_in().known_browser

    guess(world, times=30)

    assert isinstance(world.try_password(caller=browser(known=known)), SignedIn)


@pytest.mark.usefixtures("few_tries_of_address")
def test_a_stranger_at_the_same_address_cannot_lock_the_owner_out(world: World) -> None:
    known = world.sign_in(caller=browser("203.0.113.9")).known_browser
    for number in range(FEW + 5):
        guess(world, times=1, email=f"x{number}@example.com", address="203.0.113.9")

    assert isinstance(world.try_password(caller=browser("203.0.113.9", known=known)), SignedIn)


def test_a_stranger_cannot_lock_the_owner_out_of_a_link_by_mail(world: World) -> None:
    guess(world, times=30)
    world.run(reset.request(world.server, ADA, browser()))
    (message,) = world.mail()

    signed_in = world.run(
        reset.complete(
            world.server,
            token=token_of(message),
            password="new password",
            caller=browser(),
            ends_access=True,
        )
    )

    assert isinstance(signed_in, SignedIn)
    again = world.try_password("new password", caller=browser(known=signed_in.known_browser))
    assert isinstance(again, SignedIn)


def test_a_known_browser_has_ten_tries_too(world: World) -> None:
    known = world.sign_in().known_browser

    for _ in range(10):
        with pytest.raises(Refused):
            world.try_password(WRONG, caller=browser(known=known))
    with pytest.raises(Throttled):
        world.try_password(PASSWORD, caller=browser(known=known))

    assert isinstance(world.try_password(), SignedIn)  # they were not the other browsers'


def test_ones_own_success_pays_for_no_guesses(world: World) -> None:
    guess(world, times=9)

    world.sign_in()

    assert {"Refused": 1, "Throttled": 4} == guess(world, times=5)


def test_successes_cost_nothing(world: World) -> None:
    for _ in range(15):
        world.sign_in()


@pytest.mark.usefixtures("few_tries_of_address")
def test_one_address_cannot_try_many_accounts(world: World) -> None:
    answers: Counter[str] = Counter()
    for number in range(FEW + 5):
        answers += guess(
            world, times=1, email=f"x{number}@example.com", address=f"2001:db8::{number:x}"
        )

    assert {"Refused": FEW, "Throttled": 5} == answers
    assert isinstance(world.try_password(caller=browser("2001:db8:0:1::1")), SignedIn)


def test_throttling_does_not_tell_whether_an_account_exists(world: World) -> None:
    assert guess(world, times=12) == guess(world, times=12, email="nobody@example.com")


def test_the_cookie_of_a_known_browser_is_good_for_its_person_only(world: World) -> None:
    world.add(EVE)
    eves = world.sign_in(email=EVE).known_browser
    guess(world, times=10)

    with pytest.raises(Throttled):
        world.try_password(caller=browser(known=eves))


def test_a_known_browser_is_forgotten_after_half_a_year(world: World) -> None:
    known = world.sign_in().known_browser
    world.clock.advance(known_browsers.LIFE_SECONDS)

    guess(world, times=10)

    with pytest.raises(Throttled):
        world.try_password(caller=browser(known=known))


def test_no_changed_cookie_makes_a_browser_known(small_world: World) -> None:
    user, now = small_world.user(), small_world.clock.now()
    known = small_world.sign_in().known_browser
    expiry, nonce, mac = known.split(".")

    assert nonce == known_browsers.recognise(BOX, now, user.id, known)
    for text in (
        *("", None, "x", "\ud800", f"{int(expiry) + DAY}.{nonce}.{mac}"),
        *(f"{expiry}.{nonce[::-1]}.{mac}", f"{expiry}.{nonce}.{mac[::-1]}", known + "\n"),
        *(f"0{known}", known.replace("1", "\u0661"), known[:-1]),
    ):
        assert known_browsers.recognise(BOX, now, user.id, text) is None
    assert known_browsers.recognise(BOX, now, user.id + 1, known) is None


def test_buckets_do_not_show_whose_they_are() -> None:
    first = tries.bucket(BOX, tries.PASSWORD_OF_ACCOUNT, ADA)

    assert ADA.encode() not in first.digest
    assert first.digest != tries.bucket(BOX, tries.CODE_OF_ACCOUNT, ADA).digest


def test_who_was_once_in_cannot_make_known_browsers_to_guess_with(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each sign-in makes another one, which would bring ten tries of its own."""
    monkeypatch.setattr(tries, "PASSWORD_OF_BROWSERS", replace(tries.PASSWORD_OF_BROWSERS, size=12))
    made = [world.sign_in().known_browser for _ in range(3)]
    answers: Counter[str] = Counter()

    for known in made * 6:
        try:
            world.try_password(WRONG, caller=browser(known=known))
        except Error as error:
            answers[type(error).__name__] += 1

    assert {"Refused": 12, "Throttled": 6} == answers
    assert isinstance(world.try_password(), SignedIn)  # they were not the other browsers' either

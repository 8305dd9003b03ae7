"""Signing in with a password: who gets in, and what nobody learns by trying."""

import asyncio
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from leasehold.accounts import passwords, users
from leasehold.entropy import Entropy
from leasehold.errors import Error, Invalid, Unavailable
from leasehold.sign_in import browser_sessions, password_change, sign_in
from leasehold.sign_in.errors import AuthenticationTooOld, Refused
from leasehold.sign_in.model import SignedIn
from leasehold.sign_in.password_pool import PasswordPool
from tests.sign_in.world import ADA, EVE, PASSWORD, WRONG, World, browser

NEW = "battery staple"


def test_the_right_password_begins_a_session(world: World) -> None:
    signed_in = world.try_password(PASSWORD, email=" ADA@example.com ")

    assert isinstance(signed_in, SignedIn)
    session = world.session(signed_in.cookie)
    assert session == signed_in.session
    assert session is not None
    assert (ADA, "password", world.user().subject) == (
        session.email,
        session.method,
        session.subject,
    )


def test_unknown_disabled_passwordless_and_wrong_are_one_answer(world: World) -> None:
    world.add("off@example.com")
    world.do(lambda tx, now: users.disable(tx, now, "off@example.com"))
    world.add("passkey@example.com", password_hash=None)

    answers = set()
    for email, password in [
        (ADA, WRONG),
        ("nobody@example.com", PASSWORD),
        ("off@example.com", PASSWORD),
        ("passkey@example.com", PASSWORD),
        ("no address \0\ud800", PASSWORD),
    ]:
        with pytest.raises(Refused) as refusal:
            world.try_password(password, email=email)
        answers.add((refusal.value.message, refusal.value.reason, refusal.value.field))

    assert 1 == len(answers)


def test_the_hash_is_computed_whoever_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, kept: str, password: bytes) -> bool:
        verified.append(kept)
        return verify(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for email in (ADA, "nobody@example.com", "no address"):
        with pytest.raises(Refused):
            world.try_password(WRONG, email=email)

    assert 3 == len(verified)
    assert not any(passwords.needs_rehash(kept) for kept in verified)  # all cost the same


def test_a_password_kept_with_other_parameters_is_hashed_anew(world: World) -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    world.do(lambda tx, _: users.set_password_hash(tx, ADA, weaker))

    world.sign_in()

    kept = world.user().password_hash
    assert kept is not None
    assert not passwords.needs_rehash(kept)
    assert passwords.check(kept, PASSWORD)


def test_a_password_that_was_changed_while_it_was_checked_lets_nobody_in(world: World) -> None:
    class Overtaken(PasswordPool):
        async def check(
            self, password_hash: str | None, password: str, *, is_known: bool = False
        ) -> bool:
            is_right = await super().check(password_hash, password, is_known=is_known)
            await world.server.committer.write(
                lambda tx, _: users.set_password_hash(tx, ADA, "another")
            )
            return is_right

    world.server = replace(world.server, passwords=Overtaken(Entropy()))

    with pytest.raises(Refused):
        world.try_password()


def test_too_many_at_once_are_told_to_come_back(small_world: World) -> None:
    pool = PasswordPool(Entropy(), threads=1, max_waiting=1)

    async def crowd() -> list[bool | BaseException]:
        checks = [pool.check(None, "x") for _ in range(5)]
        return await asyncio.gather(*checks, return_exceptions=True)

    answers = small_world.run(crowd())

    assert [False, False] == answers[:2]
    assert all(isinstance(answer, Unavailable) for answer in answers[2:])
    assert small_world.run(pool.check(None, "x")) is False  # there is room again
    pool.close()


def test_a_crowd_of_strangers_does_not_keep_a_known_browser_waiting(world: World) -> None:
    pool = PasswordPool(Entropy(), threads=1, max_waiting=0)
    known = world.sign_in().known_browser
    world.server = replace(world.server, passwords=pool)

    async def crowd() -> tuple[object, ...]:
        stranger = asyncio.create_task(pool.check(None, "x"))
        await asyncio.sleep(0)  # it is under way
        return await asyncio.gather(
            stranger,
            sign_in.with_password(world.server, email=ADA, password=PASSWORD, caller=browser()),
            sign_in.with_password(
                world.server, email=ADA, password=PASSWORD, caller=browser(known=known)
            ),
            return_exceptions=True,
        )

    first, unknown, own = world.run(crowd())

    assert first is False
    assert isinstance(unknown, Unavailable)
    assert isinstance(own, SignedIn)


def test_a_change_keeps_this_browser_and_ends_all_others(world: World) -> None:
    here, there = world.sign_in(), world.sign_in()

    ended = world.run(
        password_change.change(world.server, here.session, old=PASSWORD, new=NEW, ends_access=True)
    )

    assert 1 == ended
    assert world.session(here.cookie)
    assert world.session(there.cookie) is None
    assert isinstance(world.try_password(NEW), SignedIn)
    with pytest.raises(Refused):
        world.try_password(PASSWORD)


@pytest.mark.parametrize("ends_access", [True, False])
def test_a_change_ends_what_was_given_to_clients_if_that_is_wanted(
    world: World, *, ends_access: bool
) -> None:
    session = world.sign_in().session

    world.run(
        password_change.change(
            world.server, session, old=PASSWORD, new=NEW, ends_access=ends_access
        )
    )

    assert ([session.user_id] if ends_access else []) == world.ended_access


def test_a_change_needs_the_present_password(world: World) -> None:
    session = world.sign_in().session

    for old in (WRONG, "", None):
        with pytest.raises(Refused, match="present password"):
            world.run(
                password_change.change(world.server, session, old=old, new=NEW, ends_access=True)
            )

    assert isinstance(world.try_password(PASSWORD), SignedIn)


def test_the_present_password_cannot_be_guessed_from_a_session(world: World) -> None:
    session = world.sign_in().session
    refusals = []

    for _ in range(12):
        with pytest.raises(Error) as refusal:
            world.run(
                password_change.change(world.server, session, old=WRONG, new=NEW, ends_access=True)
            )
        refusals.append(refusal.value.reason)

    assert ["authError"] * 10 + ["rateLimitExceeded"] * 2 == refusals


def test_a_new_password_that_will_not_do_costs_nothing(world: World) -> None:
    session = world.sign_in().session

    for _ in range(12):
        with pytest.raises(Invalid, match="too short"):
            world.run(
                password_change.change(
                    world.server, session, old=PASSWORD, new="short", ends_access=True
                )
            )

    assert 0 == world.run(
        password_change.change(world.server, session, old=PASSWORD, new=NEW, ends_access=True)
    )


def test_who_has_no_password_sets_one_with_a_fresh_proof_only(world: World) -> None:
    user = world.add(EVE, password_hash=None)
    signed_in = world.do(
        lambda tx, now: browser_sessions.begin(
            tx, now, world.server.secret_box, Entropy(), user, method="passkey", caller=browser()
        )
    )
    world.clock.advance(16 * 60)

    with pytest.raises(AuthenticationTooOld):
        world.run(
            password_change.change(
                world.server, signed_in.session, old=None, new=NEW, ends_access=True
            )
        )

    world.clock.advance(-15 * 60)
    world.run(
        password_change.change(world.server, signed_in.session, old=None, new=NEW, ends_access=True)
    )
    assert isinstance(world.try_password(NEW, email=EVE), SignedIn)


def test_nothing_that_is_secret_is_shown(world: World) -> None:
    signed_in = world.sign_in()

    assert signed_in.cookie not in repr(signed_in)
    assert signed_in.known_browser not in repr(signed_in)
    assert signed_in.known_browser not in repr(browser(known=signed_in.known_browser))


def test_signing_in_is_one_way_to_confirm_who_it_is(world: World) -> None:
    signed_in = world.sign_in()
    world.clock.advance(3600)

    async def confirm() -> object:
        session = await browser_sessions.current(world.server, signed_in.cookie)
        assert session is not None
        assert not session.is_recent(world.clock.now())
        return await sign_in.with_password(
            world.server, email=ADA, password=PASSWORD, caller=browser(session=session)
        )

    again = world.run(confirm())

    assert isinstance(again, SignedIn)
    assert again.session.id == signed_in.session.id  # what waits for this session goes on
    assert again.session.is_recent(world.clock.now())
    assert world.session(signed_in.cookie) is None  # whoever knew the old cookie is out
    assert world.session(again.cookie)

"""Browser sessions: how they begin, last, are listed and end."""

import pytest

from leasehold.accounts import users
from leasehold.sign_in import browser_sessions, sweep
from leasehold.sign_in.model import From, SignedIn
from tests.sign_in.world import ADA, BOX, DAY, EVE, PASSWORD, World, browser

MINUTE = 60_000_000  # microseconds


def test_each_browser_has_a_session_of_its_own_and_the_last_seen_comes_first(
    world: World,
) -> None:
    first = world.sign_in(caller=From("203.0.113.9", "Firefox on Linux", None)).session
    second = world.sign_in(caller=From("2001:db8::1", "Safari\x00\n\u202eevil", None)).session

    listed = world.do(
        lambda tx, now: browser_sessions.of_user(tx, now, first.user_id, limits=world.server.limits)
    )

    assert [second, first] == listed
    assert ("2001:db8::1", "Safari   evil") == (second.address, second.user_agent)


def test_no_part_of_the_cookie_is_kept_or_shown(world: World) -> None:
    signed_in = world.sign_in()

    assert signed_in.session.id not in signed_in.cookie
    assert len(signed_in.cookie) == 43


@pytest.mark.parametrize("cookie", [None, "", "x", "\ud800" * 43, "a" * 42 + "\0", "a" * 43])
def test_any_other_cookie_is_nobodys(small_world: World, cookie: str | None) -> None:
    small_world.sign_in()

    assert small_world.session(cookie or "") is None


def test_a_cookie_that_was_planted_before_does_not_become_the_persons(world: World) -> None:
    world.add(EVE)
    planted = world.sign_in(email=EVE)

    ada = world.sign_in(caller=browser(session=planted.session))

    assert ada.session.id != planted.session.id
    assert world.session(planted.cookie) is None
    found = world.session(ada.cookie)
    assert found is not None
    assert ADA == found.email


def test_an_ended_session_is_not_brought_back_by_a_new_proof(world: World) -> None:
    old = world.sign_in()
    world.do(lambda tx, now: browser_sessions.end(tx, now, old.session.user_id, old.session.id))

    new = world.sign_in(caller=browser(session=old.session))

    assert new.session.id != old.session.id
    assert world.session(old.cookie) is None


def test_an_idle_session_ends(world: World) -> None:
    world.set(browser_session_idle_days=2)
    signed_in = world.sign_in()

    world.clock.advance(2 * DAY - 10)
    assert world.session(signed_in.cookie)
    world.clock.advance(2 * DAY - 10)  # it was seen just now
    assert world.session(signed_in.cookie)
    world.clock.advance(2 * DAY + 10)
    assert world.session(signed_in.cookie) is None


def test_a_session_ends_however_much_it_was_used_unless_it_was_confirmed(world: World) -> None:
    world.set(browser_session_idle_days=2, browser_session_days=3)
    used, confirmed = world.sign_in(), world.sign_in()

    for _ in range(4):
        world.clock.advance(DAY - 10)
        live = world.session(used.cookie), world.session(confirmed.cookie)
        if live[1]:
            renewed = world.try_password(PASSWORD, caller=browser(session=live[1]))
            assert isinstance(renewed, SignedIn)
            confirmed = renewed

    assert world.session(used.cookie) is None
    assert world.session(confirmed.cookie)


def test_a_session_is_noted_as_seen_once_a_minute(world: World) -> None:
    signed_in = world.sign_in()
    seen = []

    for _ in range(5):
        world.clock.advance(25)
        session = world.session(signed_in.cookie)
        assert session is not None
        seen.append(session.seen_at - signed_in.session.created_at)

    # The third look wrote, and from the fourth on that is what is found.
    assert [0, 0, 0] == seen[:3]
    assert MINUTE < seen[3] == seen[4]


def test_a_person_ends_one_of_their_sessions_and_nobody_elses(world: World) -> None:
    world.add(EVE)
    here, there, eves = world.sign_in(), world.sign_in(), world.sign_in(email=EVE)
    user_id = here.session.user_id

    def end(session_id: str) -> bool:
        return world.do(lambda tx, now: browser_sessions.end(tx, now, user_id, session_id))

    assert end(there.session.id)
    assert not end(there.session.id)
    assert not end(eves.session.id)
    assert not end("\0")
    assert world.session(here.cookie)
    assert world.session(there.cookie) is None
    assert world.session(eves.cookie)


def test_a_person_ends_all_sessions_but_the_one_they_sit_at(world: World) -> None:
    world.add(EVE)
    here, there, eves = world.sign_in(), world.sign_in(), world.sign_in(email=EVE)

    ended = world.do(
        lambda tx, now: browser_sessions.end_all(
            tx, now, here.session.user_id, kept=here.session.id
        )
    )

    assert 1 == ended
    assert world.session(here.cookie)
    assert world.session(there.cookie) is None
    assert world.session(eves.cookie)


def test_a_disabled_person_is_signed_out_for_good(world: World) -> None:
    signed_in = world.sign_in()

    world.do(lambda tx, now: users.disable(tx, now, ADA))
    assert world.session(signed_in.cookie) is None
    world.do(lambda tx, _: users.enable(tx, ADA))

    assert world.session(signed_in.cookie) is None


def test_the_cookie_of_another_installation_is_nobodys(small_world: World) -> None:
    signed_in = small_world.sign_in()
    other = type(BOX)(b"o" * 32)

    found = small_world.do(
        lambda tx, now: browser_sessions.find(
            tx, now, other, signed_in.cookie, limits=small_world.server.limits
        )
    )

    assert found is None


def test_what_nobody_can_use_is_swept_and_nothing_else(world: World) -> None:
    world.set(browser_session_idle_days=2)
    old = world.sign_in()
    world.clock.advance(2 * DAY + 1)
    live = world.sign_in()

    def run() -> int:
        return world.do(lambda tx, now: sweep.sweep(tx, now, 10, limits=world.server.limits))

    assert 1 + 2 == run()  # the session, and the buckets of the first sign-in, full again
    assert 0 == run()
    assert world.session(old.cookie) is None
    assert world.session(live.cookie)


def test_who_signs_in_for_ever_fills_no_table(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sessions, "MAX_SESSIONS", 3)
    world.add(EVE)
    eves = world.sign_in(email=EVE)
    oldest, *_, newest = [_a_second_later(world) for _ in range(5)]

    kept = world.do(
        lambda tx, now: browser_sessions.of_user(
            tx, now, newest.session.user_id, limits=world.server.limits
        )
    )

    assert 3 == len(kept)
    assert newest.session == kept[0]
    assert world.session(oldest.cookie) is None
    assert world.session(eves.cookie) is not None


def test_those_that_have_ended_make_room_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sessions, "MAX_SESSIONS", 2)
    kept = _a_second_later(world)
    ended = _a_second_later(world).session
    world.do(lambda tx, now: browser_sessions.end(tx, now, ended.user_id, ended.id))

    _a_second_later(world)

    assert world.session(kept.cookie) is not None


def _a_second_later(world: World) -> SignedIn:
    world.clock.advance(1)
    return world.sign_in()

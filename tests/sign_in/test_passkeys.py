"""Passkeys: a software authenticator registers and signs in, and tries what it must not."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from fido2.utils import websafe_encode

from leasehold.accounts import users
from leasehold.errors import Conflict, Error, Invalid, NotFound
from leasehold.sign_in import browser_sessions, passkeys, tries
from leasehold.sign_in.errors import AuthenticationTooOld, Refused, Throttled
from leasehold.sign_in.model import BrowserSession, Passkey, SignedIn
from tests.sign_in.authenticator import UP, UV, Authenticator
from tests.sign_in.world import ADA, EVE, ISSUER, WRONG, World, browser

Json = dict[str, Any]


def authenticator(**changes: Any) -> Authenticator:  # noqa: ANN401  # whatever the test gets wrong
    return Authenticator(**{"origin": ISSUER, "rp_id": "queue.example.com"} | changes)


def options_to_add(world: World, session: BrowserSession) -> Json:
    """What reaches the page's script: JSON."""
    options = world.run(passkeys.begin_registration(world.server, session))
    return dict(json.loads(json.dumps(options)))


def add(
    world: World, own: Authenticator, session: BrowserSession | None = None, name: str = "Laptop"
) -> Passkey:
    session = session or world.sign_in().session
    response = own.create(options_to_add(world, session))
    return world.run(
        passkeys.finish_registration(world.server, session, name=name, response=response)
    )


def challenge(world: World) -> Json:
    options = world.run(passkeys.begin_sign_in(world.server, browser()))
    return dict(json.loads(json.dumps(options)))


def finish(world: World, response: Json) -> SignedIn:
    return world.run(passkeys.finish_sign_in(world.server, response, caller=browser()))


def sign_in(world: World, own: Authenticator) -> SignedIn:
    return finish(world, own.get(challenge(world)))


def test_a_passkey_lets_its_person_in_without_password_and_second_factor(world: World) -> None:
    own = authenticator()
    add(world, own)
    world.switch_totp_on()

    signed_in = sign_in(world, own)

    assert (ADA, "passkey") == (signed_in.session.email, signed_in.session.method)
    assert world.session(signed_in.cookie)


def test_the_options_ask_for_a_discoverable_key_and_a_verified_user(world: World) -> None:
    session = world.sign_in().session
    add(world, authenticator(), session)

    options = options_to_add(world, session)

    assert {"id": "queue.example.com", "name": "Leasehold"} == options["rp"]
    assert ADA == options["user"]["name"]
    assert websafe_encode(session.subject.encode()) == options["user"]["id"]
    assert "required" == options["authenticatorSelection"]["residentKey"]
    assert "required" == options["authenticatorSelection"]["userVerification"]
    assert "none" == options["attestation"]
    assert 1 == len(options["excludeCredentials"])
    asked = challenge(world)
    assert ("queue.example.com", "required") == (asked["rpId"], asked["userVerification"])
    assert "allowCredentials" not in asked  # nobody is named, so nobody is given away
    assert asked["challenge"] != options["challenge"]


def test_a_person_without_password_signs_in_with_a_passkey(world: World) -> None:
    user = world.add(EVE, password_hash=None)
    first = world.do(
        lambda tx, now: browser_sessions.begin(
            tx,
            now,
            world.server.secret_box,
            world.server.entropy,
            user,
            method="password",
            caller=browser(),
        )
    )
    own = authenticator()
    add(world, own, first.session)

    assert EVE == sign_in(world, own).session.email


def test_guessed_passwords_never_block_a_passkey(world: World) -> None:
    own = authenticator()
    add(world, own)
    for number in range(30):
        with pytest.raises(Error):
            world.try_password(WRONG, caller=browser(f"198.51.100.{number}"))

    assert ADA == sign_in(world, own).session.email


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://queue.example.com.evil.example"},
        {"origin": "https://evil.queue.example.com"},
        {"origin": "https://queue.example.com:8443"},
        {"origin": "http://queue.example.com"},
        {"rp_id": "example.com"},
        {"flags": UP},  # a stolen phone, whose finger was not asked for
        {"flags": UV},
        {"cross_origin": True},
    ],
    ids=str,
)
def test_what_is_not_signed_for_us_and_by_the_person_is_refused(
    world: World, wrong: dict[str, Any]
) -> None:
    own = authenticator()
    add(world, own)

    with pytest.raises(Refused):
        sign_in(world, replace(own, **wrong))
    with pytest.raises(Refused):
        add(world, authenticator(**wrong))

    user_id = world.user().id
    assert 1 == len(world.do(lambda tx, _: passkeys.of_user(tx, user_id)))


def test_a_challenge_is_good_once(world: World) -> None:
    own = authenticator()
    add(world, own)
    asked = challenge(world)
    finish(world, own.get(asked))

    with pytest.raises(Refused):
        finish(world, own.get(asked))


def test_a_challenge_is_used_up_by_a_wrong_answer_too(world: World) -> None:
    own = authenticator()
    add(world, own)
    asked = challenge(world)
    with pytest.raises(Refused):
        finish(world, replace(own, flags=UP).get(asked))

    with pytest.raises(Refused):
        finish(world, own.get(asked))


def test_one_answer_given_eight_times_at_once_lets_one_in(world: World) -> None:
    own = authenticator(counts=False)
    add(world, own)
    response = own.get(challenge(world))

    async def storm() -> Counter[str]:
        answers = await asyncio.gather(
            *(passkeys.finish_sign_in(world.server, response, caller=browser()) for _ in range(8)),
            return_exceptions=True,
        )
        return Counter(type(answer).__name__ for answer in answers)

    assert {"SignedIn": 1, "Refused": 7} == world.run(storm())


def test_a_challenge_is_good_for_five_minutes(world: World) -> None:
    own = authenticator()
    add(world, own)
    asked = challenge(world)
    world.clock.advance(passkeys.CHALLENGE_SECONDS)

    with pytest.raises(Refused):
        finish(world, own.get(asked))


def test_a_challenge_that_we_did_not_give_is_refused(world: World) -> None:
    own = authenticator()
    add(world, own)

    with pytest.raises(Refused):
        finish(world, own.get({"challenge": websafe_encode(b"x" * 32)}))


def test_a_challenge_to_add_is_none_to_sign_in_and_the_other_way_round(world: World) -> None:
    own = authenticator()
    add(world, own)
    session = world.sign_in().session
    to_add = options_to_add(world, session)
    to_sign_in = challenge(world) | {"user": to_add["user"]}

    with pytest.raises(Refused):
        finish(world, own.get(to_add))
    with pytest.raises(Refused):
        world.run(
            passkeys.finish_registration(
                world.server, session, name="x", response=authenticator().create(to_sign_in)
            )
        )


def test_a_challenge_to_add_is_good_in_its_own_browser_session_only(world: World) -> None:
    world.add(EVE)
    ada, eve = world.sign_in().session, world.sign_in(email=EVE).session
    response = authenticator().create(options_to_add(world, ada))

    with pytest.raises(Refused):
        world.run(passkeys.finish_registration(world.server, eve, name="x", response=response))


def test_a_signature_of_another_key_is_refused(world: World) -> None:
    own = authenticator()
    add(world, own)
    forged = authenticator(
        credential_id=own.credential_id, user_handle=own.user_handle, count=own.count
    )

    with pytest.raises(Refused):
        sign_in(world, forged)


def test_a_passkey_speaks_for_its_own_person_only(world: World) -> None:
    world.add(EVE)
    own = authenticator()
    add(world, own, world.sign_in(email=EVE).session)

    for handle in (world.user(ADA).subject.encode(), b""):
        with pytest.raises(Refused):
            sign_in(world, replace(own, user_handle=handle))


def test_a_count_that_does_not_grow_is_a_copy(world: World) -> None:
    own = authenticator()
    add(world, own)
    copy = replace(own)
    sign_in(world, own)
    sign_in(world, own)

    with pytest.raises(Refused):
        sign_in(world, copy)

    sign_in(world, own)


def test_an_authenticator_that_never_counts_is_taken(world: World) -> None:
    own = authenticator(counts=False)
    add(world, own)

    sign_in(world, own)

    assert ADA == sign_in(world, own).session.email


def test_a_disabled_person_does_not_get_in_with_a_passkey(world: World) -> None:
    own = authenticator()
    add(world, own)
    world.do(lambda tx, now: users.disable(tx, now, ADA))

    with pytest.raises(Refused):
        sign_in(world, own)


def test_a_deleted_passkey_is_unknown(world: World) -> None:
    own = authenticator()
    session = world.sign_in().session
    passkey = add(world, own, session)

    world.run(passkeys.delete(world.server, session, passkey.id))

    with pytest.raises(Refused):
        sign_in(world, own)


def test_nobody_touches_anothers_passkey(world: World) -> None:
    world.add(EVE)
    passkey = add(world, authenticator())
    eve = world.sign_in(email=EVE).session

    for number in (passkey.id, 0, 2**80):
        with pytest.raises(NotFound):
            world.run(passkeys.delete(world.server, eve, number))
        with pytest.raises(NotFound):
            world.run(passkeys.rename(world.server, eve, number, "mine"))


def test_a_passkey_has_the_name_that_its_person_gives_it(world: World) -> None:
    session = world.sign_in().session
    passkey = add(world, authenticator(), session, name=" Blue   key ")

    world.run(passkeys.rename(world.server, session, passkey.id, "Red key"))

    (kept,) = world.do(lambda tx, _: passkeys.of_user(tx, session.user_id))
    assert ("Blue key", "Red key") == (passkey.name, kept.name)
    for name in ("", " ", "x" * 61, "a\0b", "\u202e"):
        with pytest.raises(Invalid):
            world.run(passkeys.rename(world.server, session, passkey.id, name))


def test_a_passkey_is_added_once(world: World) -> None:
    own = authenticator()
    add(world, own)

    with pytest.raises(Conflict):
        add(world, own)


def test_a_person_has_a_limited_number_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "MAX_PASSKEYS", 2)
    session = world.sign_in().session
    for _ in range(2):
        add(world, authenticator(), session)

    with pytest.raises(Conflict, match="delete one first"):
        options_to_add(world, session)


def test_changes_want_a_fresh_proof(world: World) -> None:
    session = world.sign_in().session
    passkey = add(world, authenticator(), session)
    response = authenticator().create(options_to_add(world, session))
    world.clock.advance(16 * 60)

    for change in (
        passkeys.begin_registration(world.server, session),
        passkeys.finish_registration(world.server, session, name="x", response=response),
        passkeys.delete(world.server, session, passkey.id),
    ):
        with pytest.raises(AuthenticationTooOld):
            world.run(change)


def test_a_passkey_confirms_who_it_is(world: World) -> None:
    own = authenticator()
    signed_in = world.sign_in()
    add(world, own, signed_in.session)
    world.clock.advance(3600)

    again = world.run(
        passkeys.finish_sign_in(
            world.server, own.get(challenge(world)), caller=browser(session=signed_in.session)
        )
    )

    assert again.session.id == signed_in.session.id
    assert again.session.is_recent(world.clock.now())


def test_challenges_are_not_given_without_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(tries.CHALLENGES_OF_ADDRESS, size=20)
    monkeypatch.setattr(tries, "CHALLENGES_OF_ADDRESS", few)

    async def storm() -> Counter[str]:
        answers = await asyncio.gather(
            *(passkeys.begin_sign_in(world.server, browser()) for _ in range(few.size + 5)),
            return_exceptions=True,
        )
        return Counter(type(answer).__name__ for answer in answers)

    assert {"dict": 20, "Throttled": 5} == world.run(storm())
    with pytest.raises(Throttled):
        challenge(world)
    world.run(passkeys.begin_sign_in(world.server, browser("198.51.100.7")))


HOSTILE: list[Any] = [
    {},
    {"id": 7, "rawId": 7, "response": 7},
    {"rawId": "AA", "response": None},
    {"rawId": "AA", "response": {"clientDataJSON": "AA", "attestationObject": "AA"}},
    {"rawId": "ä", "response": {"clientDataJSON": "{}", "authenticatorData": "", "signature": ""}},
    {"rawId": "AA", "response": {"clientDataJSON": websafe_encode(b"[" * 50_000)}},
    {"rawId": "AA", "response": {"clientDataJSON": websafe_encode(b'{"type":1}')}},
    {"rawId": ["AA"], "response": {"clientDataJSON": {"a": "b"}, "attestationObject": [1]}},
    {
        "rawId": "AA",
        "response": {
            "clientDataJSON": websafe_encode(b'{"type":1,"challenge":"AA","origin":[]}'),
            "authenticatorData": websafe_encode(b"\0" * 37),
            "signature": "AA",
            "userHandle": "AA",
            "attestationObject": websafe_encode(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        },
    },
]


@pytest.mark.parametrize("response", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_stranger_sends_is_refused(small_world: World, response: Json) -> None:
    session = small_world.sign_in().session

    with pytest.raises(Refused):
        finish(small_world, response)
    with pytest.raises(Refused):
        small_world.run(
            passkeys.finish_registration(small_world.server, session, name="x", response=response)
        )


def test_every_cut_answer_is_refused(small_world: World) -> None:
    own = authenticator()
    session = small_world.sign_in().session
    for name in ("clientDataJSON", "attestationObject"):
        response = own.create(options_to_add(small_world, session))
        for cut in (0, 1, 50, len(response["response"][name]) - 3):
            changed = response["response"] | {name: response["response"][name][:cut]}
            with pytest.raises(Refused):
                small_world.run(
                    passkeys.finish_registration(
                        small_world.server,
                        session,
                        name="x",
                        response=response | {"response": changed},
                    )
                )


@pytest.mark.parametrize(
    ("issuer", "is_possible"),
    [
        ("https://queue.example.com", True),
        ("https://queue.example.com:8443", True),
        ("http://localhost:8080", True),
        ("http://queue.example.com", False),
        ("http://127.0.0.1:8080", False),
        ("https://203.0.113.9", False),
        ("https://[2001:db8::1]", False),
    ],
)
def test_passkeys_are_possible_where_browsers_allow_them(issuer: str, *, is_possible: bool) -> None:
    assert is_possible == passkeys.are_possible(issuer)


def test_where_they_are_not_possible_that_is_said(small_world: World) -> None:
    small_world.server = replace(small_world.server, issuer="http://127.0.0.1:8080")

    with pytest.raises(Invalid, match="by a name over https"):
        challenge(small_world)

"""Registration, invitations and new passwords by mail: what a link can do, once, and what not."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Error, Forbidden, Invalid, NotFound
from leasehold.settings import from_environment
from leasehold.sign_in import links, registration, reset, sign_in
from leasehold.sign_in.errors import LinkInvalid, Refused, Throttled
from leasehold.sign_in.model import From, SecondFactorNeeded, SignedIn
from leasehold.sign_in.server import SignInServer
from tests.sign_in.world import ADA, BOX, EVE, ISSUER, PASSWORD, World, browser, token_of

NEW = "battery staple"


@pytest.fixture
def open_world(world: World) -> World:
    """Where anybody may register."""
    world.set(registration="open")
    return world


def register(
    world: World, token: str, *, password: str | None = NEW, name: str = "Eve"
) -> SignedIn:
    return world.run(
        registration.complete(
            world.server, token=token, name=name, password=password, caller=browser()
        )
    )


def ask(world: World, email: str = EVE, caller: From | None = None) -> None:
    world.run(registration.request(world.server, email, caller or browser()))


def ask_reset(world: World, email: str = ADA, caller: From | None = None) -> None:
    world.run(reset.request(world.server, email, caller or browser()))


def set_password(world: World, token: str, password: str = NEW) -> SignedIn | SecondFactorNeeded:
    return world.run(
        reset.complete(
            world.server, token=token, password=password, caller=browser(), ends_access=True
        )
    )


def invite(world: World, email: str = EVE) -> str:
    link = world.do(
        lambda tx, now: registration.invite(tx, now, Entropy(), BOX, email=email, issuer=ISSUER)
    )
    return link.partition("?token=")[2]


def test_whoever_reads_the_mail_adds_the_account_and_is_signed_in(open_world: World) -> None:
    ask(open_world, " Eve@Example.com")
    (message,) = open_world.mail()

    signed_in = register(open_world, token_of(message), name=" Eve  Adams ")

    assert EVE == message.to
    assert message.link.startswith(f"{ISSUER}{links.REGISTER_PATH}?token=")
    assert (EVE, "Eve Adams") == (signed_in.session.email, signed_in.session.name)
    assert open_world.session(signed_in.cookie)
    assert open_world.user(EVE).email_verified_at is not None
    assert isinstance(open_world.try_password(NEW, email=EVE), SignedIn)


def test_nobody_is_added_by_asking(open_world: World) -> None:
    ask(open_world)

    with pytest.raises(NotFound):
        open_world.user(EVE)


def test_an_account_that_is_there_gets_a_mail_that_says_so(open_world: World) -> None:
    ask(open_world, ADA)

    (message,) = open_world.mail()

    assert "account already" in message.subject
    assert "token=" not in message.text


def test_registration_is_by_invitation_unless_it_is_open(world: World) -> None:
    with pytest.raises(Forbidden, match="by invitation"):
        ask(world)

    assert [] == world.mail()


def test_a_setting_that_is_neither_stops_the_server() -> None:
    with pytest.raises(Invalid, match="LEASEHOLD_REGISTRATION must be invitation or open"):
        from_environment({"LEASEHOLD_REGISTRATION": "opne"})
    assert "open" == from_environment({"LEASEHOLD_REGISTRATION": "open"}).registration


def test_a_link_from_when_it_was_open_is_no_good_once_it_is_closed(open_world: World) -> None:
    ask(open_world)
    (message,) = open_world.mail()
    open_world.set(registration="invitation")

    with pytest.raises(LinkInvalid):
        register(open_world, token_of(message))


def test_an_invited_person_adds_their_account(world: World) -> None:
    signed_in = register(world, invite(world))

    assert EVE == signed_in.session.email
    assert world.user(EVE).email_verified_at is not None


def test_nobody_is_invited_twice_to_one_account(world: World) -> None:
    with pytest.raises(Conflict, match="already a user"):
        invite(world, ADA)


def test_an_account_without_password_waits_for_its_passkey(world: World) -> None:
    register(world, invite(world), password=None)

    assert world.user(EVE).password_hash is None
    with pytest.raises(Refused):
        world.try_password("", email=EVE)


def test_looking_at_a_link_uses_nothing_up(world: World) -> None:
    token = invite(world)

    for _ in range(3):  # the receiver's mail scanner, a preview, and the receiver
        assert EVE == world.run(registration.invited_email(world.server, token))

    register(world, token)
    assert world.run(registration.invited_email(world.server, token)) is None


def test_a_link_is_good_once(world: World) -> None:
    token = invite(world)
    register(world, token)

    with pytest.raises(LinkInvalid):
        register(world, token)


def test_the_first_link_that_is_used_ends_its_like(world: World) -> None:
    first, second = invite(world), invite(world)
    register(world, first)

    with pytest.raises(LinkInvalid):
        register(world, second)


def test_one_link_used_eight_times_at_once_adds_one_account(world: World) -> None:
    token = invite(world)

    async def storm() -> Counter[str]:
        answers = await asyncio.gather(
            *(
                registration.complete(
                    world.server, token=token, name="", password=NEW, caller=browser()
                )
                for _ in range(8)
            ),
            return_exceptions=True,
        )
        return Counter(type(answer).__name__ for answer in answers)

    assert {"SignedIn": 1, "LinkInvalid": 7} == world.run(storm())


def test_a_password_that_will_not_do_leaves_the_link_good(world: World) -> None:
    token = invite(world)
    with pytest.raises(Invalid, match="too short"):
        register(world, token, password="short")
    with pytest.raises(Invalid, match="name"):
        register(world, token, name="\0")

    assert EVE == register(world, token).session.email


def test_an_account_that_came_meanwhile_is_not_taken_over(world: World) -> None:
    token = invite(world)
    world.add(EVE)

    with pytest.raises(Conflict, match="sign in"):
        register(world, token)

    assert isinstance(world.try_password(PASSWORD, email=EVE), SignedIn)


@pytest.mark.parametrize(
    ("purpose", "seconds"), [(links.INVITATION, 7 * 86_400), (links.RESET, 3600)]
)
def test_a_link_expires(world: World, purpose: str, seconds: int) -> None:
    token = world.do(
        lambda tx, now: links.issue(tx, now, Entropy(), BOX, purpose=purpose, email=ADA)
    )
    world.clock.advance(seconds)

    with pytest.raises(LinkInvalid):
        register(world, token)
    with pytest.raises(LinkInvalid):
        set_password(world, token)


def test_a_link_is_good_for_what_it_was_sent_for_only(world: World) -> None:
    ask_reset(world)
    (message,) = world.mail()

    with pytest.raises(LinkInvalid):
        register(world, token_of(message))
    with pytest.raises(LinkInvalid):
        set_password(world, invite(world))
    assert isinstance(set_password(world, token_of(message)), SignedIn)


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "\ud800" * 43, "a" * 42 + "\0", "a" * 99_999])
def test_any_other_token_is_no_link(small_world: World, token: str) -> None:
    with pytest.raises(LinkInvalid):
        register(small_world, token)
    with pytest.raises(LinkInvalid):
        set_password(small_world, token)
    assert small_world.run(reset.email_of(small_world.server, token)) is None


def test_a_forgotten_password_is_set_anew_and_all_browsers_are_signed_out(world: World) -> None:
    old = world.sign_in()
    ask_reset(world)
    (message,) = world.mail()

    signed_in = set_password(world, token_of(message))

    assert message.link.startswith(f"{ISSUER}{links.RESET_PATH}?token=")
    assert isinstance(signed_in, SignedIn)
    assert world.session(signed_in.cookie)
    assert world.session(old.cookie) is None
    assert isinstance(world.try_password(NEW), SignedIn)
    with pytest.raises(Refused):
        world.try_password(PASSWORD)


def test_a_mailbox_alone_does_not_replace_the_second_factor(world: World) -> None:
    secret, _ = world.switch_totp_on()
    ask_reset(world)
    (message,) = world.mail()

    needed = set_password(world, token_of(message))

    assert isinstance(needed, SecondFactorNeeded)
    signed_in = world.run(
        sign_in.with_totp(
            world.server, step_cookie=needed.cookie, code=world.code(secret), caller=browser()
        )
    )
    assert "password+totp" == signed_in.session.method


def test_nobody_learns_by_asking_for_a_password_who_has_an_account(world: World) -> None:
    world.add("off@example.com")
    world.do(lambda tx, now: users.disable(tx, now, "off@example.com"))

    for email in (ADA, "nobody@example.com", "off@example.com"):
        ask_reset(world, email)

    assert [ADA] == [message.to for message in world.mail()]


def test_the_answer_does_not_wait_for_the_mail(world: World) -> None:
    """Else its time would say whether there was any."""

    async def scenario() -> int:
        await reset.request(world.server, ADA, browser())
        return len(world.letters.messages)

    assert 0 == world.run(scenario())
    assert 1 == len(world.mail())


def test_a_person_disabled_meanwhile_sets_no_password(world: World) -> None:
    ask_reset(world)
    (message,) = world.mail()
    world.do(lambda tx, now: users.disable(tx, now, ADA))

    with pytest.raises(LinkInvalid):
        set_password(world, token_of(message))


Ask = Callable[[SignInServer, str, From], Coroutine[Any, Any, None]]


@pytest.mark.parametrize("request_mail", [registration.request, reset.request])
def test_no_mailbox_is_flooded_from_however_many_addresses(
    open_world: World, request_mail: Ask
) -> None:
    answers: Counter[str] = Counter()
    for number in range(6):
        try:
            open_world.run(request_mail(open_world.server, ADA, browser(f"198.51.100.{number}")))
        except Error as error:
            answers[type(error).__name__] += 1

    assert {"Throttled": 3} == answers
    assert 3 == len(open_world.mail())


@pytest.mark.parametrize("request_mail", [registration.request, reset.request])
def test_nobody_floods_many_mailboxes(open_world: World, request_mail: Ask) -> None:
    for number in range(20):
        open_world.run(request_mail(open_world.server, f"x{number}@example.com", browser()))

    with pytest.raises(Throttled):
        open_world.run(request_mail(open_world.server, "x20@example.com", browser()))


def test_the_limit_of_a_mailbox_does_not_tell_whether_there_is_an_account(world: World) -> None:
    for email in (ADA, "nobody@example.com"):
        for _ in range(3):
            ask_reset(world, email)
        with pytest.raises(Throttled):
            ask_reset(world, email)


def test_the_mail_says_nothing_that_whoever_asked_could_choose(open_world: World) -> None:
    caller = From("203.0.113.9", "Visit https://evil.example now", None)

    ask(open_world, caller=caller)
    ask_reset(open_world, caller=caller)

    for message in open_world.mail():
        assert "evil" not in message.text
        assert message.text.count("://") == 2  # who we are, and the link
        assert message.text.isascii()


@pytest.mark.parametrize("email", ["", "ada", "a@b@c", "a@b.c\r\nBcc: eve@example.com", "\ud800"])
def test_what_is_no_address_gets_no_mail(open_world: World, email: str) -> None:
    with pytest.raises(Invalid):
        ask(open_world, email)
    with pytest.raises(Invalid):
        ask_reset(open_world, email)


def test_a_link_to_register_makes_us_hash_nothing_where_there_is_an_account(world: World) -> None:
    """It stays good, so it could be used to keep those threads busy that known browsers need."""
    token = invite(world)
    world.add(EVE)
    world.server.passwords.close()

    with pytest.raises(Conflict, match="already an account"):
        register(world, token)

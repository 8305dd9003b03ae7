"""The second factor: authenticator apps, recovery codes, and the step between."""

import asyncio
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest

from leasehold.accounts import users
from leasehold.errors import Conflict, Error
from leasehold.sign_in import (
    password_change,
    recovery_codes,
    rows,
    second_steps,
    sign_in,
    totp,
    totp_code,
    tries,
)
from leasehold.sign_in.errors import AuthenticationTooOld, StepExpired, Throttled, WrongCode
from leasehold.sign_in.model import SecondFactorNeeded, SignedIn
from tests.sign_in.world import ADA, EVE, PASSWORD, World, browser, secret_of

# RFC 6238 appendix B, SHA-1: Unix seconds and the code of eight digits.
RFC_SECRET = b"12345678901234567890"
RFC_CODES = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES.items())
def test_a_code_is_the_one_of_the_rfc(seconds: int, code: str) -> None:
    assert code == totp_code.code(RFC_SECRET, seconds // 30, digits=8)
    assert seconds // 30 == totp_code.matching_step(RFC_SECRET, seconds, code[2:])


def test_a_code_is_good_half_a_minute_early_and_late_and_no_longer() -> None:
    code = totp_code.code(RFC_SECRET, 100)

    steps = [totp_code.matching_step(RFC_SECRET, step * 30, code) for step in range(97, 104)]

    assert [None, None, 100, 100, 100, None, None] == steps


@pytest.mark.parametrize("text", ["", "28708", "2870820", "28708a", "२८७०८२", "\ud800", "-28708"])
def test_what_is_no_code_is_wrong(text: str) -> None:
    assert totp_code.matching_step(RFC_SECRET, 59, text) is None


def test_spaces_in_a_code_do_no_harm() -> None:
    assert 1 == totp_code.matching_step(RFC_SECRET, 59, " 287 082 ")


def give(world: World, cookie: str, code: str) -> SignedIn:
    return world.run(
        sign_in.with_totp(world.server, step_cookie=cookie, code=code, caller=browser())
    )


def recover(world: World, cookie: str, code: str) -> SignedIn:
    return world.run(
        sign_in.with_recovery_code(world.server, step_cookie=cookie, code=code, caller=browser())
    )


def test_a_setup_is_what_apps_read(world: World) -> None:
    setup = world.run(totp.begin(world.server, world.sign_in().session))

    uri = urlsplit(setup.uri)
    assert ("otpauth", "totp") == (uri.scheme, uri.netloc)
    assert "/Leasehold%20queue.example.com:ada%40example.com" == uri.path
    assert {
        "secret": [setup.secret],
        "issuer": ["Leasehold queue.example.com"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    } == parse_qs(uri.query)
    assert setup.secret not in repr(setup)


def test_it_is_off_until_a_first_code_confirms_it(world: World) -> None:
    session = world.sign_in().session
    setup = world.run(totp.begin(world.server, session))

    with pytest.raises(WrongCode):
        world.run(totp.confirm(world.server, session, "000000"))

    assert isinstance(world.try_password(), SignedIn)
    assert setup == world.run(totp.pending(world.server, session))


def test_the_password_alone_then_lets_nobody_in(world: World) -> None:
    secret, _ = world.switch_totp_on()

    needed = world.try_password()

    assert isinstance(needed, SecondFactorNeeded)
    assert world.session(needed.cookie) is None  # the step cannot be skipped
    signed_in = give(world, needed.cookie, world.code(secret))
    assert "password+totp" == signed_in.session.method
    assert world.session(signed_in.cookie)


def test_the_page_between_knows_whose_step_it_is(world: World) -> None:
    world.switch_totp_on()
    cookie = world.second_step()

    step = world.run(sign_in.second_step(world.server, cookie))

    assert step is not None
    assert (ADA, 10) == (step.email, step.recovery_codes_left)
    assert world.run(sign_in.second_step(world.server, "a" * 43)) is None
    assert world.run(sign_in.second_step(world.server, None)) is None


def test_a_code_is_good_once(world: World) -> None:
    secret, _ = world.switch_totp_on()
    code = world.code(secret)
    give(world, world.second_step(), code)

    with pytest.raises(WrongCode):
        give(world, world.second_step(), code)


def test_an_earlier_code_is_no_good_after_a_later_one(world: World) -> None:
    secret, _ = world.switch_totp_on()
    earlier = world.code(secret)
    give(world, world.second_step(), world.code(secret, steps=1))

    with pytest.raises(WrongCode):
        give(world, world.second_step(), earlier)


def test_the_code_that_switched_it_on_is_used_up(world: World) -> None:
    secret, _ = world.switch_totp_on()

    with pytest.raises(WrongCode):
        give(world, world.second_step(), world.code(secret, steps=-1))


def test_one_code_given_eight_times_at_once_lets_one_in(world: World) -> None:
    secret, _ = world.switch_totp_on()
    steps = [world.second_step() for _ in range(8)]
    code = world.code(secret)

    async def storm() -> Counter[str]:
        answers = await asyncio.gather(
            *(
                sign_in.with_totp(world.server, step_cookie=step, code=code, caller=browser())
                for step in steps
            ),
            return_exceptions=True,
        )
        return Counter(type(answer).__name__ for answer in answers)

    assert {"SignedIn": 1, "WrongCode": 7} == world.run(storm())


def test_a_step_is_good_for_one_session(world: World) -> None:
    secret, codes = world.switch_totp_on()
    step = world.second_step()
    give(world, step, world.code(secret))

    with pytest.raises(StepExpired):
        recover(world, step, codes[0])


def test_a_step_has_five_tries(world: World) -> None:
    secret, _ = world.switch_totp_on()
    step = world.second_step()

    for _ in range(second_steps.MAX_TRIES):
        with pytest.raises(WrongCode):
            give(world, step, "000000")

    with pytest.raises(StepExpired):
        give(world, step, world.code(secret))


def test_parallel_guesses_of_one_step_are_five_too(world: World) -> None:
    world.switch_totp_on()
    step = world.second_step()

    async def storm() -> Counter[str]:
        answers = await asyncio.gather(
            *(
                sign_in.with_totp(world.server, step_cookie=step, code="000000", caller=browser())
                for _ in range(30)
            ),
            return_exceptions=True,
        )
        return Counter(type(answer).__name__ for answer in answers)

    assert {"WrongCode": 5, "StepExpired": 25} == world.run(storm())


def test_new_steps_bring_no_more_than_ten_guesses_to_an_account(world: World) -> None:
    secret, _ = world.switch_totp_on()
    answers: Counter[str] = Counter()

    for _ in range(3):
        step = world.second_step()
        for _ in range(4):
            try:
                give(world, step, "000000")
            except Error as error:
                answers[type(error).__name__] += 1

    assert {"WrongCode": 10, "Throttled": 2} == answers
    with pytest.raises(Throttled):
        give(world, world.second_step(), world.code(secret))


def test_who_knows_the_password_cannot_lock_the_owners_browser_out(world: World) -> None:
    secret, _ = world.switch_totp_on()
    known = give(world, world.second_step(), world.code(secret)).known_browser
    world.clock.advance(30)
    for _ in range(3):
        step = world.second_step()
        for _ in range(4):
            with pytest.raises(Error):
                give(world, step, "000000")

    own = browser(known=known)
    signed_in = world.run(
        sign_in.with_totp(
            world.server,
            step_cookie=world.second_step(caller=own),
            code=world.code(secret),
            caller=own,
        )
    )

    assert world.session(signed_in.cookie)


def test_a_step_ends_after_ten_minutes(world: World) -> None:
    secret, _ = world.switch_totp_on()
    step = world.second_step()
    world.clock.advance(second_steps.LIFE_SECONDS)

    with pytest.raises(StepExpired):
        give(world, step, world.code(secret))


def test_a_step_ends_with_the_password_that_it_followed(world: World) -> None:
    secret, _ = world.switch_totp_on()
    here = give(world, world.second_step(), world.code(secret))
    world.clock.advance(30)
    step = world.second_step()

    world.run(
        password_change.change(
            world.server, here.session, old=PASSWORD, new="battery staple", ends_access=True
        )
    )

    with pytest.raises(StepExpired):
        give(world, step, world.code(secret))


def test_a_disabled_person_does_not_get_through_the_second_step(world: World) -> None:
    secret, _ = world.switch_totp_on()
    step = world.second_step()
    world.do(lambda tx, now: users.disable(tx, now, ADA))

    with pytest.raises(StepExpired):
        give(world, step, world.code(secret))


def test_ones_own_app_does_not_open_anothers_step(world: World) -> None:
    world.add(EVE)
    eves_secret, eves_codes = world.switch_totp_on(EVE)
    world.switch_totp_on()
    step = world.second_step()

    with pytest.raises(WrongCode):
        give(world, step, world.code(eves_secret))
    with pytest.raises(WrongCode):
        recover(world, step, eves_codes[0])


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "\ud800" * 43, "a" * 42 + "\0"])
def test_any_other_cookie_admits_to_no_step(small_world: World, cookie: str) -> None:
    small_world.switch_totp_on()

    with pytest.raises(StepExpired):
        give(small_world, cookie, "000000")


def test_there_are_ten_recovery_codes_each_good_once(world: World) -> None:
    _, codes = world.switch_totp_on()

    signed_in = recover(world, world.second_step(), codes[3])

    assert 10 == len(set(codes))
    assert "password+recovery" == signed_in.session.method
    assert 9 == world.do(lambda tx, _: recovery_codes.left(tx, signed_in.session.user_id))
    with pytest.raises(WrongCode):
        recover(world, world.second_step(), codes[3])
    recover(world, world.second_step(), codes[4])


def test_a_recovery_code_may_be_written_in_any_way(world: World) -> None:
    _, codes = world.switch_totp_on()

    recover(world, world.second_step(), codes[0].upper().replace("-", " "))
    recover(world, world.second_step(), f" {codes[1].replace('-', '')}\n")


@pytest.mark.parametrize("code", ["", "-", "\0\ud800", "x" * 100_000])
def test_what_is_no_recovery_code_is_wrong(small_world: World, code: str) -> None:
    small_world.switch_totp_on()

    with pytest.raises(WrongCode):
        recover(small_world, small_world.second_step(), code)


def test_new_recovery_codes_end_the_old_ones(world: World) -> None:
    _, old = world.switch_totp_on()
    session = recover(world, world.second_step(), old[0]).session

    new = world.run(recovery_codes.regenerate(world.server, session))

    assert not set(old) & set(new)
    with pytest.raises(WrongCode):
        recover(world, world.second_step(), old[1])
    recover(world, world.second_step(), new[0])


def test_recovery_codes_belong_to_a_second_factor(world: World) -> None:
    with pytest.raises(Conflict):
        world.run(recovery_codes.regenerate(world.server, world.sign_in().session))


def test_switching_it_off_ends_the_codes_too(world: World) -> None:
    secret, _ = world.switch_totp_on()
    session = give(world, world.second_step(), world.code(secret)).session

    world.run(totp.switch_off(world.server, session))

    assert isinstance(world.try_password(), SignedIn)
    assert 0 == world.do(lambda tx, _: recovery_codes.left(tx, session.user_id))


def test_it_is_switched_on_once(world: World) -> None:
    secret, _ = world.switch_totp_on()
    session = give(world, world.second_step(), world.code(secret)).session

    with pytest.raises(Conflict, match="on already"):
        world.run(totp.begin(world.server, session))
    with pytest.raises(Conflict, match="nothing to confirm"):
        world.run(totp.confirm(world.server, session, world.code(secret)))
    assert world.run(totp.pending(world.server, session)) is None


def test_changes_want_a_fresh_proof(world: World) -> None:
    secret, _ = world.switch_totp_on()
    signed_in = give(world, world.second_step(), world.code(secret))
    world.clock.advance(16 * 60)
    session = world.session(signed_in.cookie)
    assert session is not None

    for change in (
        totp.switch_off(world.server, session),
        recovery_codes.regenerate(world.server, session),
        totp.begin(world.server, session),
        totp.confirm(world.server, session, "000000"),
    ):
        with pytest.raises(AuthenticationTooOld, match="confirm again"):
            world.run(change)


def test_confirming_who_it_is_takes_the_second_factor_too(world: World) -> None:
    secret, _ = world.switch_totp_on()
    signed_in = give(world, world.second_step(), world.code(secret))
    world.clock.advance(3600)
    here = browser(session=world.session(signed_in.cookie))

    step = world.second_step(caller=here)
    still = world.session(signed_in.cookie)
    assert still is not None
    assert not still.is_recent(world.clock.now())
    again = world.run(
        sign_in.with_totp(world.server, step_cookie=step, code=world.code(secret), caller=here)
    )

    assert again.session.id == signed_in.session.id
    assert again.session.is_recent(world.clock.now())


def test_the_secret_is_not_in_the_database(world: World) -> None:
    session = world.sign_in().session
    setup = world.run(totp.begin(world.server, session))

    found = world.do(lambda tx, _: rows.unconfirmed_totp(tx, session.user_id))

    assert found is not None
    assert secret_of(setup.secret) not in found[0]


def test_who_knows_the_password_cannot_guess_with_browsers_that_were_let_in_before(
    world: World,
) -> None:
    """They may have made as many as they liked, while the password was all that it took."""
    made = [world.sign_in().known_browser for _ in range(3)]
    world.switch_totp_on()
    answers: Counter[str] = Counter()

    for number in range(30):
        caller = browser(known=made[number % 3])
        cookie = world.second_step(caller=caller)
        try:
            world.run(
                sign_in.with_totp(world.server, step_cookie=cookie, code="000000", caller=caller)
            )
        except Error as error:
            answers[type(error).__name__] += 1

    assert {"WrongCode": tries.CODE_OF_BROWSERS.size, "Throttled": 10} == answers

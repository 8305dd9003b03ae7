"""Authorization code grant: what a code is good for, and what it is not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from leasehold import token_text
from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.oauth2 import authorization_codes, jwt, token
from leasehold.oauth2.authorization_codes import PREFIX
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants.grant import Answer
from leasehold.oauth2.model import TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.oauth2.signing_keys import SigningKeys
from tests.oauth2.granting import (
    ADA,
    BACK,
    DAY,
    IDENTITY,
    VERIFIER,
    Granting,
    a_client,
    at_once,
    basic,
)
from tests.oauth2.world import BOX, ISSUER, SCOPE, refusal, running


def test_a_code_is_exchanged_for_an_access_token_and_a_refresh_token(granting: Granting) -> None:
    response = granting.exchange(granting.code())

    assert ("Bearer", 3600, SCOPE) == (response.token_type, response.expires_in, response.scope)
    assert granting.world.is_good(response.access_token)
    assert response.refresh_token is not None
    assert granting.is_live(response.refresh_token)
    assert response.id_token is None


def test_the_token_stands_for_the_user_at_the_client_of_its_project(granting: Granting) -> None:
    found = granting.world.find(granting.tokens().access_token)

    assert found is not None
    assert (granting.user.subject, ADA, granting.client.id, "app") == (
        found.subject,
        found.email,
        found.client_id,
        found.project_id,
    )
    assert (granting.user.id, True) == (found.user_id, found.offline)


def test_without_offline_access_there_is_no_refresh_token(granting: Granting) -> None:
    response = granting.tokens(offline=False)

    assert response.refresh_token is None
    assert granting.world.is_good(response.access_token)


def test_secrets_are_not_in_what_may_be_logged(small_granting: Granting) -> None:
    response = small_granting.tokens(scope=f"{SCOPE} {IDENTITY}")

    secrets = (response.access_token, response.refresh_token, response.id_token)
    assert not any(str(secret) in repr(response) for secret in secrets)


def test_with_openid_an_id_token_says_who_signed_in(granting: Granting) -> None:
    people = granting.by("grace@example.com", name="Grace Hopper")
    response = people.exchange(people.code(scope=f"{IDENTITY} {SCOPE}", nonce="n-0S6"))

    _, claims = jwt.parts(response.id_token or "")

    now = granting.world.now
    assert {
        "iss": ISSUER,
        "azp": people.client.id,
        "aud": people.client.id,
        "sub": people.user.subject,
        "email": "grace@example.com",
        "email_verified": True,
        "name": "Grace Hopper",
        "nonce": "n-0S6",
        "auth_time": now - 5,
        "iat": now,
        "exp": now + 3600,
    } == {name: value for name, value in claims.items() if name != "at_hash"}
    assert 22 == len(str(claims["at_hash"]))


def test_once_the_code_is_spent_the_id_token_needs_nothing_more_of_the_database(
    granting: Granting,
) -> None:
    world, form = granting.world, granting.code_form(granting.code(scope="openid"))

    async def exchange(server: AuthorizationServer) -> Answer:
        async with running(world.engine, world.hands.clock) as closed:
            keys = SigningKeys(closed, BOX, Entropy(), days=30)
        return await token.exchange(form, replace(server, signing_keys=keys))

    response = world.serve(exchange)

    assert response.id_token


def test_the_id_token_tells_no_more_than_the_scopes_allow(small_granting: Granting) -> None:
    response = small_granting.tokens(scope="openid")

    _, claims = jwt.parts(response.id_token or "")

    assert {"iss", "azp", "aud", "sub", "auth_time", "at_hash", "iat", "exp"} == claims.keys()


def test_an_address_that_nobody_verified_is_told_as_such(small_granting: Granting) -> None:
    people = small_granting.by("new@example.com", email_verified=False)

    _, claims = jwt.parts(people.tokens(scope="openid email").id_token or "")

    assert False is claims["email_verified"]


def test_the_client_may_say_who_it_is_in_the_header(small_granting: Granting) -> None:
    form = small_granting.code_form(small_granting.code(), client_id=None, client_secret=None)
    header = basic(small_granting.client.id, small_granting.secret)

    response = small_granting.world.post_as(header, form)

    assert small_granting.world.is_good(response.access_token)


def test_a_public_client_needs_no_secret_but_the_verifier(granting: Granting) -> None:
    page = granting.of(a_client(type="browser", javascript_origins=()))

    without = page.refusal_of_code(page.code(), client_secret=None, code_verifier=None)
    response = page.exchange(page.code(), client_secret=None)

    assert "invalid_grant" == without
    assert granting.world.is_good(response.access_token)


def test_another_scope_in_the_exchange_changes_nothing(small_granting: Granting) -> None:
    response = small_granting.exchange(small_granting.code(), scope=f"{SCOPE}.consumer nonsense")

    assert SCOPE == response.scope


# -- bound to client, redirect URI and verifier


def test_another_clients_code_is_refused_and_stays_good_for_its_own(granting: Granting) -> None:
    thief, code = granting.of(a_client()), granting.code()

    assert "invalid_grant" == thief.refusal_of_code(code)
    assert granting.world.is_good(granting.exchange(code).access_token)


def test_another_clients_use_of_a_used_code_does_not_end_the_owners_tokens(
    granting: Granting,
) -> None:
    thief, code = granting.of(a_client()), granting.code()
    owned = granting.exchange(code)

    assert "invalid_grant" == thief.refusal_of_code(code)

    assert granting.world.is_good(owned.access_token)
    assert [] == granting.world.forgotten


@pytest.mark.parametrize(
    "sent",
    [None, f"{BACK}/", f"{BACK}?x=1", BACK.upper(), "https://evil.example.com/back", "ключ"],
)
def test_another_redirect_uri_than_the_requests_is_refused(
    small_granting: Granting, sent: str | None
) -> None:
    assert "invalid_grant" == small_granting.refusal_of_code(
        small_granting.code(), redirect_uri=sent
    )


def test_a_code_that_was_asked_for_without_a_redirect_uri_needs_none(
    small_granting: Granting,
) -> None:
    code = small_granting.code(redirect_uri="")

    assert small_granting.exchange(code, redirect_uri=None).access_token


@pytest.mark.parametrize(
    ("verifier", "code"),
    [
        (None, "invalid_grant"),
        ("w" * 43, "invalid_grant"),
        (VERIFIER + "v", "invalid_grant"),
        (VERIFIER[:-1], "invalid_request"),
        ("v" * 129, "invalid_request"),
        ("v" * 42 + "!", "invalid_request"),
        ("v" * 42 + "é", "invalid_request"),
        ("v" * 42 + "\n", "invalid_request"),
    ],
)
def test_another_verifier_is_refused(
    small_granting: Granting, verifier: str | None, code: str
) -> None:
    assert code == small_granting.refusal_of_code(small_granting.code(), code_verifier=verifier)


def test_a_verifier_for_a_code_without_a_challenge_is_refused(small_granting: Granting) -> None:
    code = small_granting.code(challenge=None, method=None)

    assert "invalid_grant" == small_granting.refusal_of_code(code)
    assert small_granting.exchange(code, code_verifier=None).access_token


def test_a_plain_verifier_is_compared_as_it_is(small_granting: Granting) -> None:
    code = small_granting.code(challenge="p" * 128, method="plain")

    assert "invalid_grant" == small_granting.refusal_of_code(code, code_verifier="p" * 127)
    assert small_granting.exchange(code, code_verifier="p" * 128).access_token


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"client_id": "x"}, "invalid_client"),
        ({"client_assertion": "x"}, "invalid_client"),
        ({"grant_type": None}, "invalid_request"),
    ],
)
def test_a_client_that_does_not_prove_who_it_is_gets_nothing(
    small_granting: Granting, change: dict[str, str | None], code: str
) -> None:
    form = small_granting.code_form(small_granting.code(), **change)

    assert code == refusal(lambda: small_granting.world.post(**form))[0]


# -- for a minute, and once


def test_a_code_is_good_for_a_minute(granting: Granting) -> None:
    first, second = granting.code(), granting.code()
    granting.world.hands.seconds += 59
    response = granting.exchange(first)
    granting.world.hands.seconds += 1

    assert "invalid_grant" == granting.refusal_of_code(second)
    assert granting.world.is_good(response.access_token)


def test_a_second_use_is_refused_and_ends_what_the_first_has_given(granting: Granting) -> None:
    code = granting.code()
    first = granting.exchange(code)
    later = granting.refresh(first.refresh_token)
    other = granting.tokens()

    assert "invalid_grant" == granting.refusal_of_code(code)

    ended = [first.access_token, later.access_token]
    assert not any(granting.world.is_good(text) for text in ended)
    assert "invalid_grant" == granting.refusal_of_refresh(first.refresh_token)
    assert 2 == len(granting.world.forgotten)
    assert granting.world.is_good(other.access_token)


def test_a_second_use_is_noticed_after_the_codes_minute_and_with_the_clock_set_back(
    granting: Granting,
) -> None:
    early, late = granting.code(), granting.code()
    of_early, of_late = granting.exchange(early), granting.exchange(late)

    granting.world.hands.seconds += 600
    assert "invalid_grant" == granting.refusal_of_code(late)
    granting.world.hands.set_back(900)
    assert "invalid_grant" == granting.refusal_of_code(early)

    texts = (of_early.refresh_token or "", of_late.refresh_token or "")
    assert [False, False] == [granting.is_live(text) for text in texts]


def test_who_cannot_prove_that_the_code_is_theirs_cannot_end_its_tokens(
    granting: Granting,
) -> None:
    code = granting.code()
    first = granting.exchange(code)

    granting.refusal_of_code(code, code_verifier="w" * 43)
    granting.refusal_of_code(code, redirect_uri="https://evil.example.com/")
    granting.refusal_of_code(code, client_secret="wrong")

    assert granting.world.is_good(first.access_token)


def test_of_fifty_exchanges_of_one_code_at_once_at_most_one_succeeds(granting: Granting) -> None:
    code = granting.code()

    answers = at_once(granting.world, [granting.code_form(code)] * 50)

    given = [answer for answer in answers if isinstance(answer, TokenResponse)]
    assert 1 == len(given)
    assert {"invalid_grant"} == {
        answer.code for answer in answers if isinstance(answer, OAuthError)
    }
    assert not granting.world.is_good(given[0].access_token)  # forty-nine others had the code, too


# -- when anything has ended meanwhile


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (Granting.disable_user, "invalid_grant"),
        (Granting.revoke_consent, "invalid_grant"),
        (Granting.delete_client, "invalid_client"),
    ],
)
def test_a_code_is_refused_when_what_it_came_of_has_ended(
    granting: Granting, end: Callable[[Granting], object], code: str
) -> None:
    text = granting.code()

    end(granting)

    assert code == granting.refusal_of_code(text)


def test_a_code_of_a_consent_that_was_taken_back_does_not_live_by_a_new_one(
    granting: Granting,
) -> None:
    old = granting.code()
    granting.revoke_consent()
    granting.code()

    assert "invalid_grant" == granting.refusal_of_code(old)


def test_a_user_who_is_enabled_again_may_go_on(granting: Granting) -> None:
    code = granting.code()
    granting.disable_user()
    assert "invalid_grant" == granting.refusal_of_code(code)

    granting.world.do(lambda tx, _now: users.enable(tx, ADA))

    assert granting.exchange(code).access_token


def test_every_prefix_of_a_code_is_refused(small_granting: Granting) -> None:
    code = small_granting.code()
    short = [code[:length] for length in range(len(code))]
    spoilt = [*short, code + "A", code.swapcase(), f" {code}", code + "\n", code * 2]

    assert not any(token_text.is_well_formed(PREFIX, text) for text in spoilt)
    assert "invalid_grant" == small_granting.refusal_of_code(code[:-1])
    assert "invalid_grant" == small_granting.refusal_of_code(small_granting.refresh_token())


def test_the_sweeper_removes_codes_a_day_after_their_minute(granting: Granting) -> None:
    granting.exchange(granting.code())
    granting.code()
    granting.world.hands.seconds += 60
    granting.world.hands.seconds += DAY
    kept = granting.world.do(lambda tx, now: authorization_codes.sweep(tx, now, 10))
    granting.world.hands.seconds += 1

    swept = [
        granting.world.do(lambda tx, now: authorization_codes.sweep(tx, now, 1)) for _ in "123"
    ]

    assert (0, [1, 1, 0]) == (kept, swept)

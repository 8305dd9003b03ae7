"""Refresh grant: tokens that last, tokens that rotate, and everything that ends them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from leasehold.accounts import users
from leasehold.oauth2 import access_tokens, consents, jwt, refresh_tokens, token_families
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.model import TokenResponse
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import ADA, DAY, Granting, a_client, at_once
from tests.oauth2.world import SCOPE


def test_a_lasting_refresh_token_gives_access_tokens_and_stays_the_same(
    granting: Granting,
) -> None:
    token = granting.refresh_token()

    responses = [granting.refresh(token) for _ in range(2)]

    assert all(granting.world.is_good(response.access_token) for response in responses)
    assert [None, None] == [response.refresh_token for response in responses]
    assert {SCOPE} == {response.scope for response in responses}


def test_a_rotating_one_is_replaced_with_each_use(granting: Granting) -> None:
    shop = granting.rotating()
    first = shop.refresh_token()

    response = shop.refresh(first)

    second = response.refresh_token or ""
    assert second not in ("", first)
    assert [False, True] == [shop.is_live(token) for token in (first, second)]
    assert granting.world.is_good(response.access_token)


def test_a_new_id_token_says_when_the_user_signed_in_and_repeats_no_nonce(
    granting: Granting,
) -> None:
    first = granting.exchange(granting.code(scope="openid", nonce="once"))
    signed_in = granting.world.now - 5
    granting.world.hands.seconds += 600

    again = granting.refresh(first.refresh_token)

    _, claims = jwt.parts(again.id_token or "")
    assert (signed_in, granting.world.now) == (claims["auth_time"], claims["iat"])
    assert "nonce" not in claims


@pytest.mark.parametrize("extra", [{"rapt": "x"}, {"anything": "1"}, {"code": "x"}])
def test_unknown_parameters_are_ignored(small_granting: Granting, extra: dict[str, str]) -> None:
    assert small_granting.refresh(small_granting.refresh_token(), **extra).access_token


# -- scopes


def test_fewer_scopes_may_be_asked_for_and_the_next_time_all_again(granting: Granting) -> None:
    both = f"{SCOPE} {SCOPE}.consumer"
    token = granting.refresh_token(scope=both)

    scopes = [
        granting.refresh(token, scope=f"{SCOPE}.consumer").scope,
        granting.refresh(token, scope=both).scope,
        granting.refresh(token).scope,
    ]

    assert [f"{SCOPE}.consumer", both, both] == scopes


@pytest.mark.parametrize("wider", [f"{SCOPE} openid", f"{SCOPE}.consumer", "x", f"{SCOPE} x", " "])
def test_more_scopes_than_the_user_agreed_to_are_refused_and_the_token_stays_good(
    small_granting: Granting, wider: str
) -> None:
    shop = small_granting.rotating()
    token = shop.refresh_token()

    assert "invalid_scope" == shop.refusal_of_refresh(token, scope=wider)
    assert shop.is_live(token)


def test_a_wider_consent_does_not_widen_the_tokens_of_before(granting: Granting) -> None:
    token = granting.refresh_token()
    granting.code(scope=f"{SCOPE} openid")

    assert "invalid_scope" == granting.refusal_of_refresh(token, scope="openid")
    assert SCOPE == granting.refresh(token).scope


# -- bound to the client


def test_another_clients_refresh_token_is_refused_and_its_family_lives_on(
    granting: Granting,
) -> None:
    token, thief = granting.refresh_token(), granting.of(a_client())

    assert "invalid_grant" == thief.refusal_of_refresh(token)
    assert granting.refresh(token).access_token


def test_another_clients_use_of_a_replaced_token_does_not_end_the_family(
    granting: Granting,
) -> None:
    owner, thief = granting.rotating(), granting.rotating()
    first = owner.refresh_token()
    second = owner.refresh(first).refresh_token or ""

    assert "invalid_grant" == thief.refusal_of_refresh(first)
    assert owner.is_live(second)


@pytest.mark.parametrize("secret", ["wrong", None, ""])
def test_without_the_clients_secret_it_is_worth_nothing(
    small_granting: Granting, secret: str | None
) -> None:
    token = small_granting.refresh_token()

    assert "invalid_client" == small_granting.refusal_of_refresh(token, client_secret=secret)
    assert small_granting.is_live(token)


# -- reuse


def test_a_second_use_of_a_replaced_token_ends_the_whole_family(granting: Granting) -> None:
    shop = granting.rotating()
    opened = shop.tokens()
    second = shop.refresh(opened.refresh_token)
    third = shop.refresh(second.refresh_token)
    other_family = shop.refresh_token()

    assert "invalid_grant" == shop.refusal_of_refresh(opened.refresh_token)

    texts = [response.access_token for response in (opened, second, third)]
    assert not any(granting.world.is_good(text) for text in texts)
    assert not shop.is_live(third.refresh_token or "")
    assert "invalid_grant" == shop.refusal_of_refresh(third.refresh_token)
    assert 3 == len(granting.world.forgotten)
    assert shop.is_live(other_family)


def test_of_fifty_refreshes_of_one_rotating_token_at_once_at_most_one_succeeds(
    granting: Granting,
) -> None:
    shop = granting.rotating()
    token = shop.refresh_token()

    answers = at_once(granting.world, [shop.refresh_form(token)] * 50)

    given = [answer for answer in answers if isinstance(answer, TokenResponse)]
    assert 1 == len(given)
    assert {"invalid_grant"} == {
        answer.code for answer in answers if isinstance(answer, OAuthError)
    }
    assert not shop.is_live(given[0].refresh_token or "")


def test_fifty_refreshes_of_one_lasting_token_at_once_all_succeed(granting: Granting) -> None:
    token = granting.refresh_token()
    granting.world.hands.seconds += 600  # so that each would note the use

    answers = at_once(granting.world, [granting.refresh_form(token)] * 50)

    assert all(isinstance(answer, TokenResponse) for answer in answers)


# -- ends


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (Granting.disable_user, "invalid_grant"),
        (Granting.revoke_consent, "invalid_grant"),
        (Granting.delete_client, "invalid_client"),
    ],
)
def test_a_refresh_token_is_refused_when_what_it_came_of_has_ended(
    granting: Granting, end: Callable[[Granting], object], code: str
) -> None:
    opened = granting.tokens()

    end(granting)

    assert code == granting.refusal_of_refresh(opened.refresh_token)
    assert not granting.world.is_good(opened.access_token)


def test_a_changed_password_ends_all_that_the_user_gave_and_nobody_elses(
    granting: Granting,
) -> None:
    grace = granting.by("grace@example.com")
    opened, of_grace = granting.tokens(), grace.tokens()

    def change(tx: Transaction, now: int) -> list[bytes]:
        return consents.revoke_all_of_user(tx, now, granting.user.id, "password")

    ended = granting.world.do(change)

    assert 1 == len(ended)
    assert not granting.world.is_good(opened.access_token)
    assert "invalid_grant" == granting.refusal_of_refresh(opened.refresh_token)
    assert [] == granting.world.do(lambda tx, _now: consents.of_user(tx, granting.user.id))
    assert grace.refresh(of_grace.refresh_token).access_token


def test_a_new_consent_does_not_bring_old_tokens_back(granting: Granting) -> None:
    old = granting.refresh_token()
    granting.revoke_consent()

    new = granting.refresh_token()

    assert [False, True] == [granting.is_live(token) for token in (old, new)]
    assert "invalid_grant" == granting.refusal_of_refresh(old)


def test_revoked_stays_revoked_when_the_clock_is_set_back(granting: Granting) -> None:
    opened = granting.tokens()
    granting.world.hands.seconds += 600
    granting.revoke_consent()

    granting.world.hands.set_back(1200)

    assert "invalid_grant" == granting.refusal_of_refresh(opened.refresh_token)
    assert not granting.world.is_good(opened.access_token)


def test_an_enabled_user_has_the_refresh_tokens_of_before(granting: Granting) -> None:
    token = granting.refresh_token()
    granting.disable_user()
    assert "invalid_grant" == granting.refusal_of_refresh(token)

    granting.world.do(lambda tx, _now: users.enable(tx, ADA))

    assert granting.refresh(token).access_token


def test_a_token_that_is_not_used_ends_after_half_a_year(granting: Granting) -> None:
    granting.go_to_production()
    used, unused = granting.refresh_token(), granting.refresh_token()
    granting.world.hands.seconds += 100 * DAY
    granting.refresh(used)
    granting.world.hands.seconds += 80 * DAY

    assert [True, False] == [granting.is_live(token) for token in (used, unused)]
    assert "invalid_grant" == granting.refusal_of_refresh(unused)
    assert granting.refresh(used).access_token


def test_tokens_of_a_project_in_testing_end_after_a_week_however_much_they_are_used(
    granting: Granting,
) -> None:
    token = granting.refresh_token()
    granting.world.hands.seconds += 7 * DAY - 1
    granting.refresh(token)
    granting.world.hands.seconds += 1

    assert "invalid_grant" == granting.refusal_of_refresh(token)


def test_rotation_does_not_lengthen_the_week(granting: Granting) -> None:
    shop = granting.rotating()
    token: str | None = shop.refresh_token()
    for _ in range(7):
        token = shop.refresh(token).refresh_token
        granting.world.hands.seconds += DAY

    assert "invalid_grant" == shop.refusal_of_refresh(token)


def test_beyond_the_most_that_one_person_may_give_to_one_client_the_oldest_ends(
    granting: Granting,
) -> None:
    few = replace(granting.world, settings=Settings(refresh_tokens_per_client=2))
    shop, other = replace(granting, world=few), granting.of(a_client())
    of_another = other.refresh_token()
    opened = [shop.tokens() for _ in range(4)]

    assert [False, False, True, True] == [shop.is_live(one.refresh_token or "") for one in opened]
    assert not granting.world.is_good(opened[0].access_token)
    assert 2 == len(few.forgotten)
    assert other.is_live(of_another)


def test_tokens_without_offline_access_do_not_count(granting: Granting) -> None:
    few = replace(granting.world, settings=Settings(refresh_tokens_per_client=1))
    shop = replace(granting, world=few)
    kept = shop.refresh_token()

    online = [shop.tokens(offline=False) for _ in range(3)]

    assert shop.is_live(kept)
    assert all(granting.world.is_good(response.access_token) for response in online)


# -- form


def test_every_prefix_of_a_refresh_token_fails(small_granting: Granting) -> None:
    token = small_granting.refresh_token()

    assert refresh_tokens.is_well_formed(token)
    prefixes = (token[:length] for length in range(len(token)))
    assert not any(map(refresh_tokens.is_well_formed, prefixes))
    for length in (4, 40, len(token) - 1):
        assert "invalid_grant" == small_granting.refusal_of_refresh(token[:length])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token + "A",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token.swapcase(),
        lambda token: token.replace("l", "\u217c", 1),  # a Roman numeral that looks like an l
        lambda token: token + "\0",
        lambda token: "\ud800" + token,
        lambda token: token * 2,
        lambda _token: "x" * 60_000,
    ],
)
def test_a_refresh_token_that_was_extended_or_spelled_otherwise_fails(
    small_granting: Granting, spoil: Callable[[str], str]
) -> None:
    token = small_granting.refresh_token()

    assert "invalid_grant" == small_granting.refusal_of_refresh(spoil(token))


def test_an_access_token_is_no_refresh_token(small_granting: Granting) -> None:
    token = small_granting.tokens().access_token

    assert "invalid_grant" == small_granting.refusal_of_refresh(token)


# -- what is kept


def test_it_is_known_to_the_minute_when_a_consent_was_last_used(granting: Granting) -> None:
    token = granting.refresh_token()
    first = last_used(granting)
    granting.world.hands.seconds += 59
    granting.refresh(token)
    within = last_used(granting)
    granting.world.hands.seconds += 1
    granting.refresh(token)

    assert (0, 60) == (within - first, last_used(granting) - first)


def test_sweeping_removes_families_their_tokens_and_consents_a_day_after_their_end(
    granting: Granting,
) -> None:
    shop = granting.rotating()
    ended, kept = shop.refresh_token(), granting.refresh_token()
    shop.refresh(ended)
    shop.tokens(offline=False)
    shop.revoke_consent()

    assert [0, 0, 0] == swept(granting)
    granting.world.hands.seconds += DAY + 3601

    # Two refresh tokens; but families and consents wait for their access tokens.
    assert [2, 0, 0] == swept(granting)
    sweep_access_tokens(granting)
    assert [0, 2, 1] == swept(granting)
    assert granting.is_live(kept)


def test_families_that_are_idle_end_and_are_swept(granting: Granting) -> None:
    granting.go_to_production()
    token = granting.refresh_token()
    granting.world.hands.seconds += 181 * DAY

    idle = [
        granting.world.do(lambda tx, now: token_families.end_idle(tx, now, 10, idle_days=180))
        for _ in range(2)
    ]
    sweep_access_tokens(granting)
    granting.world.hands.seconds += 2 * DAY

    assert [1, 0] == idle
    assert [1, 1, 0] == swept(granting)
    assert granting.find_refresh_token(token) is None
    assert 1 == len(granting.world.do(lambda tx, _now: consents.of_user(tx, granting.user.id)))


def test_replaced_tokens_are_remembered_for_a_month(granting: Granting) -> None:
    granting.go_to_production()
    shop = granting.rotating()
    first = shop.refresh_token()
    second = shop.refresh(first).refresh_token or ""
    granting.world.hands.seconds += 30 * DAY
    before = swept(granting)[0]
    granting.world.hands.seconds += 1

    assert (0, 1) == (before, swept(granting)[0])
    assert shop.find_refresh_token(first) is None
    assert shop.is_live(second)


def last_used(granting: Granting) -> int:
    """Seconds."""
    found = granting.world.do(lambda tx, _now: consents.of_user(tx, granting.user.id))
    assert found[0].last_used_at is not None
    return found[0].last_used_at // 1_000_000


def swept(granting: Granting) -> list[int]:
    """How many refresh tokens, families and consents are swept."""
    do = granting.world.do
    return [
        do(lambda tx, now: refresh_tokens.sweep(tx, now, 10)),
        do(lambda tx, now: token_families.sweep(tx, now, 10)),
        do(lambda tx, now: consents.sweep(tx, now, 10)),
    ]


def sweep_access_tokens(granting: Granting) -> None:
    granting.world.do(lambda tx, now: access_tokens.sweep(tx, now, 100))

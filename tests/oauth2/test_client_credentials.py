"""Client credentials grant: a web client gets a token for itself."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from leasehold.entropy import Entropy
from leasehold.oauth2 import access_tokens, clients
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.model import TokenResponse
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import Granting, a_client, at_once, basic
from tests.oauth2.world import BOX, SCOPE, refusal

GRANT_TYPE = "client_credentials"


@pytest.fixture
def shop(granting: Granting) -> Granting:
    """A client that may."""
    return granting.of(a_client(client_credentials=True))


@pytest.fixture
def small_shop(small_granting: Granting) -> Granting:
    return small_granting.of(a_client(client_credentials=True))


def ask(shop: Granting, **changes: str | None) -> TokenResponse:
    return shop.world.post(**shop.form(**({"grant_type": GRANT_TYPE, "scope": SCOPE} | changes)))


def refused(shop: Granting, **changes: str | None) -> str:
    return refusal(lambda: ask(shop, **changes))[0]


def delete_secret(shop: Granting) -> None:
    def delete(tx: Transaction, now: int) -> None:
        first = clients.secrets_of(tx, shop.client.id)[0]
        clients.delete_secret(tx, now, shop.client.id, first.id)

    shop.world.do(delete)


def switch_off(shop: Granting) -> None:
    def change(tx: Transaction, _now: int) -> None:
        found = clients.find_to_change(tx, shop.client.id)
        clients.change(tx, replace(found, client_credentials=False))

    shop.world.do(change)


def test_a_client_gets_a_token_for_itself_and_no_refresh_token(shop: Granting) -> None:
    response = ask(shop)

    found = shop.world.find(response.access_token)
    assert ("Bearer", 3600, SCOPE) == (response.token_type, response.expires_in, response.scope)
    assert (None, None) == (response.refresh_token, response.id_token)
    assert found is not None
    assert (shop.client.id, shop.client.id, shop.client.email, "app") == (
        found.client_id,
        found.subject,
        found.email,
        found.project_id,
    )
    assert shop.world.is_good(response.access_token)


def test_its_secret_may_come_in_the_header(small_shop: Granting) -> None:
    header = basic(small_shop.client.id, small_shop.secret)
    form = {"grant_type": [GRANT_TYPE], "scope": [SCOPE]}

    assert small_shop.world.post_as(header, form).access_token


def test_a_client_that_is_not_registered_for_it_is_refused(granting: Granting) -> None:
    assert "unauthorized_client" == refused(granting)


@pytest.mark.parametrize("with_secret", [True, False])
@pytest.mark.parametrize("type_", ["installed", "browser"])
def test_a_public_client_is_refused_with_and_without_its_secret(
    small_granting: Granting, type_: str, *, with_secret: bool
) -> None:
    public = small_granting.of(a_client(type=type_, redirect_uris=("http://127.0.0.1/",)))
    secret = public.secret if with_secret else None

    assert "unauthorized_client" == refused(public, client_secret=secret or None)


@pytest.mark.parametrize(
    "scope",
    [
        *(None, "", "x", "openid", "email", f"{SCOPE} profile", f"{SCOPE} offline_access"),
        "https://www.googleapis.com/auth/cloud-taskqueue",
        f"{SCOPE} https://www.googleapis.com/auth/cloud-taskqueue.consumer",
        "https://www.googleapis.com/auth/userinfo.email",
    ],
)
def test_only_scopes_of_apis_and_at_least_one(small_shop: Granting, scope: str | None) -> None:
    assert "invalid_scope" == refused(small_shop, scope=scope)


@pytest.mark.parametrize(
    "secret", ["wrong", "", None, "\0", "lhs_", "a" * 60_000, "\ud800", "пароль"]
)
def test_a_wrong_secret_is_refused(small_shop: Granting, secret: str | None) -> None:
    assert "invalid_client" == refused(small_shop, client_secret=secret)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (Granting.delete_client, "invalid_client"),
        (delete_secret, "invalid_client"),
        (switch_off, "unauthorized_client"),
    ],
)
def test_nothing_is_given_once_the_client_its_secret_or_its_right_is_gone(
    shop: Granting, end: Callable[[Granting], object], code: str
) -> None:
    end(shop)

    assert code == refused(shop)


@pytest.mark.parametrize("end", [Granting.delete_client, delete_secret])
def test_tokens_end_with_the_client_and_with_the_secret_that_gave_them(
    shop: Granting, end: Callable[[Granting], object]
) -> None:
    token = ask(shop).access_token

    end(shop)

    assert not shop.world.is_good(token)


def test_the_other_secrets_tokens_live_on(shop: Granting) -> None:
    new = shop.world.do(lambda tx, now: clients.add_secret(tx, now, Entropy(), BOX, shop.client.id))
    by_old, by_new = ask(shop), ask(replace(shop, secret=new.text))

    delete_secret(shop)

    tokens = (by_old.access_token, by_new.access_token)
    assert [False, True] == [shop.world.is_good(token) for token in tokens]


def test_many_at_once_get_as_many_tokens(shop: Granting) -> None:
    form = shop.form(grant_type=GRANT_TYPE, scope=SCOPE)

    answers = at_once(shop.world, [form] * 50)

    tokens = {answer.access_token for answer in answers if isinstance(answer, TokenResponse)}
    assert 50 == len(tokens)


def test_a_refusal_among_many_hinders_nobody_else(shop: Granting) -> None:
    good = shop.form(grant_type=GRANT_TYPE, scope=SCOPE)
    bad = shop.form(grant_type=GRANT_TYPE, scope=SCOPE, client_secret="wrong")

    answers = at_once(shop.world, [good, bad] * 10)

    assert [TokenResponse, OAuthError] * 10 == [
        TokenResponse if isinstance(answer, TokenResponse) else OAuthError for answer in answers
    ]


def test_only_the_digest_of_the_token_is_kept(small_shop: Granting) -> None:
    text = ask(small_shop).access_token

    found = small_shop.world.find(text)

    assert found is not None
    assert access_tokens.digest(text) == found.digest
    assert text not in repr(found)

"""Tokens of people and of clients at the Task Queue API: which open it, and until when."""

import pytest

from leasehold.entropy import Entropy
from leasehold.oauth2 import clients, scopes
from tests.oauth2.granting import BACK, VERIFIER, a_client
from tests.oauth2.shop import Shop
from tests.oauth2.world import SCOPE
from tests.running_server import PROJECT, SECRET_BOX, RunningServer


@pytest.fixture
def shop(server: RunningServer) -> Shop:
    new = a_client(project_id=PROJECT, client_credentials=True)
    client, secret = server.do(lambda tx, now: clients.create(tx, now, Entropy(), SECRET_BOX, new))
    assert secret is not None
    server.queue_for(client.email)
    return Shop(server, client, secret.text)


def test_what_a_person_gave_opens_their_queue_and_nothing_else_of_it_does(shop: Shop) -> None:
    tokens = shop.allowed(f"{SCOPE} openid")

    statuses = [shop.status(tokens[name]) for name in ("access_token", "refresh_token", "id_token")]

    assert [200, 401, 401] == statuses


def test_a_client_for_itself_may_do_what_the_queue_lets_its_address_do(shop: Shop) -> None:
    token = shop.ask(grant_type="client_credentials", scope=SCOPE)["access_token"]

    assert 200 == shop.status(token)


def test_a_token_without_the_apis_scope_opens_nothing(shop: Shop) -> None:
    assert 403 == shop.status(shop.allowed("openid")["access_token"])


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_after_a_revocation_the_next_request_is_refused(shop: Shop, which: str) -> None:
    first, second = shop.allowed(SCOPE), shop.allowed(SCOPE)
    before = [shop.status(tokens["access_token"]) for tokens in (first, second)]

    shop.post("/revoke", token=first[which])

    after = [shop.status(tokens["access_token"]) for tokens in (first, second)]
    assert ([200, 200], [401, 401]) == (before, after)


def test_after_the_reuse_of_a_code_the_next_request_is_refused(shop: Shop) -> None:
    code = shop.server.do(lambda tx, now: shop.code(tx, now, scopes.TASKQUEUE))
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "client_id": shop.client.id,
        "client_secret": shop.secret,
    }
    token = shop.post("/token", **form).json()["access_token"]
    before = shop.status(token)

    again = shop.post("/token", **form)

    assert (200, 400, 401) == (before, again.status_code, shop.status(token))

"""Tokens of people and of clients at the Task Queue API: which open it, and until when."""

from dataclasses import dataclass

import pytest
import requests

from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.oauth2 import authorization_codes, clients, consents, scopes
from leasehold.oauth2.client_model import Client
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import BACK, VERIFIER, a_client, challenge_of
from tests.oauth2.world import SCOPE
from tests.running_server import OWNER, PROJECT, SECRET_BOX, RunningServer

TASKS = f"{PROJECT}/taskqueues/q/tasks"


@dataclass(frozen=True, slots=True)
class Shop:
    """A web client of the project, on a running server."""

    server: RunningServer
    client: Client
    secret: str

    def post(self, path: str, **form: str) -> requests.Response:
        return requests.post(f"{self.server.url}{path}", data=form, timeout=30)

    def ask(self, **form: str) -> dict[str, str]:
        credentials = {"client_id": self.client.id, "client_secret": self.secret}
        response = self.post("/token", **credentials, **form)
        assert 200 == response.status_code
        answer: dict[str, str] = response.json()
        return answer

    def allowed(self, scope: str) -> dict[str, str]:
        """The tokens that the project's owner gives."""
        code = self.server.do(lambda tx, now: self.code(tx, now, scopes.mask(scope)))
        return self.ask(
            grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier=VERIFIER
        )

    def code(self, tx: Transaction, now: int, granted: int) -> str:
        owner = users.require(tx, OWNER)
        consent = consents.give(tx, now, user_id=owner.id, client_id=self.client.id, scopes=granted)
        return authorization_codes.issue(
            tx,
            now,
            SECRET_BOX,
            Entropy(),
            consent_id=consent.id,
            client_id=self.client.id,
            redirect_uri=BACK,
            scopes=granted,
            code_challenge=challenge_of(VERIFIER),
            challenge_method="S256",
            nonce=None,
            authenticated_at=now,
            offline=True,
        )

    def status(self, token: str) -> int:
        return self.server.call("GET", TASKS, token=token).status_code


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

"""A web client on a running server, and the tokens that it gets there."""

from dataclasses import dataclass

import requests

from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.oauth2 import authorization_codes, consents, scopes
from leasehold.oauth2.client_model import Client
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import BACK, VERIFIER, challenge_of
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

"""Clients as the tests register and use them: the verbs with what is always the same filled in."""

from dataclasses import dataclass, field

from leasehold.entropy import Entropy
from leasehold.oauth2 import client_auth, clients
from leasehold.oauth2.client_auth import AuthenticatedClient
from leasehold.oauth2.client_model import Client, ClientType, NewClient, NewSecret
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction

NOW = 1_700_000_000_000_000  # microseconds
BOX = SecretBox(b"k" * KEY_BYTES)
CALLBACK = "https://app.example.com/callback"


@dataclass(frozen=True, slots=True)
class Registry:
    """The clients of a database."""

    tx: Transaction
    entropy: Entropy = field(default_factory=Entropy)

    def create(
        self,
        client_type: ClientType,
        *redirect_uris: str,
        name: str = "Printer",
        project_id: str = "shop",
        **more: bool | tuple[str, ...] | None,
    ) -> tuple[Client, str]:
        """A client and its secret, "" when it has none."""
        new = NewClient(
            project_id=project_id,
            type=client_type,
            name=name,
            redirect_uris=redirect_uris,
            **more,  # type: ignore[arg-type]  # each has its field's type
        )
        client, secret = clients.create(self.tx, NOW, self.entropy, BOX, new)
        return client, secret.text if secret else ""

    def web(self) -> tuple[Client, str]:
        return self.create("web", CALLBACK)

    def add_secret(self, client: Client) -> NewSecret:
        return clients.add_secret(self.tx, NOW, self.entropy, BOX, client.id)

    def authenticate(self, *, header: str | None = None, **form: str) -> AuthenticatedClient:
        return client_auth.authenticate(self.tx, BOX, form=form, authorization_header=header)

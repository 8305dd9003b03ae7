"""The rows of clients and what belongs to them: the only file that runs client_rows.sql."""

from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import Client, ClientSecret, ConsentScreen, Delegation, Logo
from leasehold.storage import statements
from leasehold.storage.transaction import Row, Transaction

SQL = statements.load(__package__, "client_rows.sql")


def insert_client(tx: Transaction, client: Client) -> bool:
    """Whether it is new; False when its id or its e-mail address is taken."""
    row = tx.one(
        SQL.insert_client,
        project_id=client.project_id,
        type=client.type,
        email=client.email,
        now=client.created_at,
        **_changeable(client),
    )
    return row is not None


def client_by_id(tx: Transaction, client_id: str) -> Client | None:
    """Never a deleted one."""
    row = tx.one(SQL.client_by_id, id=client_id)
    return _client(row) if row else None


def lock_client(tx: Transaction, client_id: str) -> bool:
    """Whether the client is there; nobody else changes it until the commit."""
    return tx.one(SQL.lock_client, id=client_id) is not None


def clients_of(tx: Transaction, project_id: str) -> list[Client]:
    return [_client(row) for row in tx.all(SQL.clients_of, project_id=project_id)]


def count_clients(tx: Transaction, project_id: str) -> int:
    row = tx.one(SQL.count_clients, project_id=project_id)
    return int(row[0]) if row else 0


def update_client(tx: Transaction, client: Client) -> bool:
    return tx.run(SQL.update_client, **_changeable(client)) > 0


def delete_client(tx: Transaction, now: int, client_id: str) -> bool:
    return tx.run(SQL.delete_client, id=client_id, now=now) > 0


def client_and_secret(
    tx: Transaction, client_id: str, digest: bytes
) -> tuple[Client, int | None] | None:
    """The client, and the id of its secret of that digest, if it has it; None for no client."""
    row = tx.one(SQL.client_and_secret, id=client_id, digest=digest)
    return (_client(row[:-1]), row[-1]) if row else None


def secrets_of(tx: Transaction, client_id: str) -> list[ClientSecret]:
    """Oldest first."""
    return [ClientSecret(*row) for row in tx.all(SQL.secrets_of, client_id=client_id)]


def secrets_of_project(tx: Transaction, project_id: str) -> dict[str, list[ClientSecret]]:
    """By client id; each client's oldest first."""
    secrets: dict[str, list[ClientSecret]] = {}
    for client_id, *secret in tx.all(SQL.secrets_of_project, project_id=project_id):
        secrets.setdefault(client_id, []).append(ClientSecret(*secret))
    return secrets


def insert_secret(
    tx: Transaction, now: int, *, client_id: str, digest: bytes, ending: str
) -> ClientSecret:
    row = tx.one(SQL.insert_secret, client_id=client_id, digest=digest, ending=ending, now=now)
    assert row is not None  # nothing can be in its way
    return ClientSecret(row[0], ending, now)


def delete_secret(tx: Transaction, now: int, *, client_id: str, secret_id: int) -> bool:
    return tx.run(SQL.delete_secret, id=secret_id, client_id=client_id, now=now) > 0


def count_consents(tx: Transaction, client_id: str) -> int:
    row = tx.one(SQL.count_consents, client_id=client_id)
    return int(row[0]) if row else 0


def consent_screen_of(tx: Transaction, project_id: str) -> ConsentScreen | None:
    row = tx.one(SQL.consent_screen_of, project_id=project_id)
    return ConsentScreen(*row) if row else None


def put_consent_screen(tx: Transaction, screen: ConsentScreen) -> None:
    """Everything but the logo; it stays verified only if people are shown the same as before."""
    tx.run(
        SQL.put_consent_screen,
        project_id=screen.project_id,
        name=screen.name,
        support_email=screen.support_email,
        home_page=screen.home_page,
        privacy_link=screen.privacy_link,
        terms_link=screen.terms_link,
        stage=screen.stage,
    )


def logo_of(tx: Transaction, project_id: str) -> Logo | None:
    row = tx.one(SQL.logo_of, project_id=project_id)
    return Logo(row[0], bytes(row[1])) if row else None


def set_logo(tx: Transaction, project_id: str, logo: Logo | None) -> None:
    tx.run(
        SQL.set_logo,
        project_id=project_id,
        logo=logo.content if logo else None,
        logo_type=logo.type if logo else None,
    )


def set_verified(tx: Transaction, project_id: str, verified_at: int | None) -> None:
    tx.run(SQL.set_verified, project_id=project_id, verified_at=verified_at)


def testers_of(tx: Transaction, project_id: str) -> list[str]:
    return [row[0] for row in tx.all(SQL.testers_of, project_id=project_id)]


def insert_tester(tx: Transaction, project_id: str, email: str) -> None:
    tx.run(SQL.insert_tester, project_id=project_id, email=email)


def delete_tester(tx: Transaction, project_id: str, email: str) -> bool:
    return tx.run(SQL.delete_tester, project_id=project_id, email=email) > 0


def may_consent(tx: Transaction, project_id: str, email: str) -> bool:
    return tx.one(SQL.may_consent, project_id=project_id, email=email) is not None


def insert_delegation(
    tx: Transaction, now: int, *, service_account_id: str, domain: str, granted: int
) -> int | None:
    """The new one's id; None when the account has one for the domain."""
    row = tx.one(
        SQL.insert_delegation,
        service_account_id=service_account_id,
        domain=domain,
        scopes=scopes.text(granted),
        now=now,
    )
    return row[0] if row else None


def all_delegations(tx: Transaction) -> list[Delegation]:
    """By domain, then by account."""
    return [_delegation(row) for row in tx.all(SQL.all_delegations)]


def delegations_of_project(tx: Transaction, project_id: str) -> list[Delegation]:
    """By domain, then by account."""
    return [_delegation(row) for row in tx.all(SQL.delegations_of_project, project_id=project_id)]


def delegation_by_account(
    tx: Transaction, *, service_account_id: str, domain: str
) -> Delegation | None:
    row = tx.one(SQL.delegation_by_account, service_account_id=service_account_id, domain=domain)
    return _delegation(row) if row else None


def delete_delegation(tx: Transaction, now: int, *, service_account_id: str, domain: str) -> bool:
    return (
        tx.run(
            SQL.delete_delegation,
            service_account_id=service_account_id,
            domain=domain,
            now=now,
        )
        > 0
    )


def _changeable(client: Client) -> dict[str, object]:
    return {
        "id": client.id,
        "name": client.name,
        "redirect_uris": "\n".join(client.redirect_uris),
        "javascript_origins": "\n".join(client.javascript_origins),
        "rotates": int(client.rotates),
        "client_credentials": int(client.client_credentials),
        "implicit": int(client.implicit),
    }


def _client(row: Row) -> Client:
    (
        client_id,
        project_id,
        type_,
        name,
        email,
        redirect_uris,
        javascript_origins,
        rotates,
        client_credentials,
        implicit,
        created_at,
        deleted_at,
    ) = row
    return Client(
        client_id,
        project_id,
        type_,
        name,
        email,
        tuple(redirect_uris.splitlines()),
        tuple(javascript_origins.splitlines()),
        rotates=bool(rotates),
        client_credentials=bool(client_credentials),
        implicit=bool(implicit),
        created_at=created_at,
        deleted_at=deleted_at,
    )


def _delegation(row: Row) -> Delegation:
    delegation_id, domain, account_id, email, granted, created_at = row
    return Delegation(delegation_id, domain, account_id, email, scopes.mask(granted), created_at)

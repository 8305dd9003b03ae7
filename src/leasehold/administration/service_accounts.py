"""Administration of service accounts: programs' accounts of a project, and their keys."""

import json
import re
from dataclasses import dataclass, field

from leasehold.accounts import key_file, projects, service_accounts
from leasehold.accounts.key_file import GOOGLE_UNIVERSE, KeyPair
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.entropy import Entropy
from leasehold.errors import Invalid
from leasehold.storage.transaction import Transaction

_UNIVERSE = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")


@dataclass(frozen=True, slots=True)
class AccountWithKeys:
    """A service account, and how many keys are good for it."""

    account: ServiceAccount
    keys: int


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key, at the one moment at which its private half is known."""

    account: ServiceAccount
    key: ServiceAccountKey
    private_pem: str = field(repr=False)

    def file(self, issuer: str, *, universe_domain: str = GOOGLE_UNIVERSE) -> dict[str, str]:
        """The key file, as JSON, of a server of this URL. Raises Invalid for the universe."""
        return key_file.key_file(
            self.account,
            self.key,
            self.private_pem,
            issuer,
            universe_domain=checked_universe(universe_domain),
        )

    def file_text(self, issuer: str, *, universe_domain: str = GOOGLE_UNIVERSE) -> str:
        """The same as it is written to the disk. Raises likewise."""
        return json.dumps(self.file(issuer, universe_domain=universe_domain), indent=2) + "\n"


def create(
    tx: Transaction, now: int, actor: Actor, *, entropy: Entropy, project_id: str, name: str
) -> ServiceAccount:
    """Adds an account, as yet without keys.

    Raises NotFound for the project, Invalid for the name, Conflict when the project has one of
    that name, or `service_accounts.MAX_ACCOUNTS`.
    """
    authority.require(tx, actor, project_id)
    account = service_accounts.create(tx, now, entropy, project_id=project_id, name=name)
    _record(tx, now, actor, "create", account, after=_description(account, keys=[]))
    return account


def find_or_create(
    tx: Transaction, now: int, actor: Actor, *, entropy: Entropy, project_id: str, name: str
) -> ServiceAccount:
    """The project's account of that name, added if there is none. Raises as `create` does."""
    authority.require(tx, actor, project_id)
    there = service_accounts.find(tx, service_accounts.email_of(project_id, name))
    if there is not None:
        return there
    return create(tx, now, actor, entropy=entropy, project_id=project_id, name=name)


def list_accounts(tx: Transaction, actor: Actor, *, project_id: str) -> list[AccountWithKeys]:
    """The project's accounts, disabled ones too, by name: at most MAX_ACCOUNTS. NotFound."""
    authority.require(tx, actor, project_id)
    keys = service_accounts.count_keys(tx, project_id)
    return [
        AccountWithKeys(account, keys.get(account.id, 0))
        for account in service_accounts.list_accounts(tx, project_id)
    ]


def get(tx: Transaction, actor: Actor, *, project_id: str, email: str) -> AccountWithKeys:
    """The account. Raises NotFound, in the same words for one of another project."""
    account = _require(tx, actor, project_id, email)
    return AccountWithKeys(account, len(service_accounts.keys_of(tx, account.email)))


def project_of(tx: Transaction, actor: Actor, email: str) -> str:
    """The id of the account's project, for the operator, who may name it by its address alone.

    Raises Forbidden for everybody else, NotFound.
    """
    authority.require_operator(actor)
    return service_accounts.require(tx, email).project_id


def disable(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str
) -> ServiceAccount:
    """Switches the account off and revokes its tokens for good; again is no error. NotFound."""
    before = _require(tx, actor, project_id, email)
    service_accounts.disable(tx, now, before.email)
    after = service_accounts.require(tx, before.email)
    if before != after:
        _record(tx, now, actor, "disable", after, before=_state(before), after=_state(after))
    return after


def enable(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str
) -> ServiceAccount:
    """Switches it on again: its keys are good, its old tokens are not. Raises NotFound."""
    before = _require(tx, actor, project_id, email)
    service_accounts.enable(tx, before.email)
    after = service_accounts.require(tx, before.email)
    if before != after:
        _record(tx, now, actor, "enable", after, before=_state(before), after=_state(after))
    return after


def delete(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str
) -> ServiceAccount:
    """Removes the account with its keys and tokens; returns what it was. Raises NotFound."""
    account = _require(tx, actor, project_id, email)
    keys = [key.id for key in service_accounts.keys_of(tx, account.email)]
    service_accounts.delete(tx, now, account.email)
    _record(tx, now, actor, "delete", account, before=_description(account, keys=keys))
    return account


def list_keys(
    tx: Transaction, actor: Actor, *, project_id: str, email: str
) -> list[ServiceAccountKey]:
    """The public halves of its keys, oldest first. Raises NotFound."""
    account = _require(tx, actor, project_id, email)
    return service_accounts.keys_of(tx, account.email)


def create_key(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    entropy: Entropy,
    pair: KeyPair,
    project_id: str,
    email: str,
) -> MadeKey:
    """Lets whoever gets the key file act as the account. `generate_key_pair` before, outside.

    Raises NotFound, and Conflict when the account has `service_accounts.MAX_KEYS`.
    """
    account = _require(tx, actor, project_id, email)
    projects.lock(tx, project_id)  # two that add a key take turns, so that both count all
    key = service_accounts.add_key(
        tx,
        now,
        entropy,
        email=account.email,
        public_key=pair.public_pem,
        certificate=pair.certificate_pem,
    )
    _record(tx, now, actor, "keys.create", account, after={"key": key.id})
    return MadeKey(account, key, pair.private_pem)


def delete_key(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str, key_id: str
) -> ServiceAccount:
    """Removes the key and revokes the tokens that were given for it. Raises NotFound."""
    account = _require(tx, actor, project_id, email)
    service_accounts.delete_key_of(tx, now, account.email, key_id)
    _record(tx, now, actor, "keys.delete", account, before={"key": key_id})
    return account


def delete_other_keys(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str, kept: str
) -> int:
    """Removes all its keys but the one with the id `kept`; how many. Raises NotFound for both.

    With `create_key` before, once its file is safe, this replaces a key.
    """
    account = _require(tx, actor, project_id, email)
    keys = [key.id for key in service_accounts.keys_of(tx, account.email)]
    if kept not in keys:
        raise service_accounts.unknown_key(account.email, kept)
    count = service_accounts.delete_other_keys(tx, now, account.email, kept=kept)
    for key_id in keys:
        if key_id != kept:
            _record(tx, now, actor, "keys.delete", account, before={"key": key_id})
    return count


def checked_universe(domain: str) -> str:
    """The universe domain of a key file, as it is. Raises Invalid for what is no domain."""
    if not _UNIVERSE.fullmatch(domain):
        raise Invalid(
            "a domain has labels with dots between, e.g. tasks.example.com", field="universe_domain"
        )
    return domain


def _require(tx: Transaction, actor: Actor, project_id: str, email: str) -> ServiceAccount:
    authority.require(tx, actor, project_id)
    return service_accounts.require_of(tx, project_id, email)


def _record(
    tx: Transaction,
    now: int,
    actor: Actor,
    act: str,
    account: ServiceAccount,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        tx,
        now,
        actor,
        action=f"serviceAccounts.{act}",
        project_id=account.project_id,
        target=f"serviceAccounts/{account.email}",
        before=before,
        after=after,
    )


def _state(account: ServiceAccount) -> dict[str, object]:
    return {"state": "active" if account.is_active else "disabled"}


def _description(account: ServiceAccount, *, keys: list[str]) -> dict[str, object]:
    return {"name": account.name, "client_id": account.id, "keys": keys} | _state(account)

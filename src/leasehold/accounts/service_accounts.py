"""Service accounts: programs' accounts, and the keys with which they prove who they are."""

import re

from leasehold.accounts import configuration, projects, rows
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.storage.transaction import Transaction

MAX_ACCOUNTS = 500  # of one project
MAX_KEYS = 10  # of one account, as Google has it
EMAIL_SUFFIX = "iam.leasehold.internal"  # .internal is nobody's: no mail can go there

_MAX_SAID = 420  # characters of an unknown address; no account has a longer one
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
# Strangers name accounts and keys, and not every text may be sent to every database.
_EMAIL = re.compile(rf"[a-z][a-z0-9-]{{0,62}}@[a-z][a-z0-9.-]{{0,320}}\.{re.escape(EMAIL_SUFFIX)}")
_KEY_ID = re.compile(r"[0-9a-f]{40}")


def email_of(project_id: str, name: str) -> str:
    """The address of a service account; a project's domain comes after the project.

    >>> email_of("app", "robot")
    'robot@app.iam.leasehold.internal'
    >>> email_of("example.com:app", "robot")
    'robot@app.example.com.iam.leasehold.internal'
    """
    domain, _, project = project_id.rpartition(":")
    return "@".join([name, ".".join(filter(None, [project, domain, EMAIL_SUFFIX]))])


def create(
    tx: Transaction, now: int, entropy: Entropy, *, project_id: str, name: str
) -> ServiceAccount:
    """Adds an account, as yet without keys.

    Raises Invalid for the name, NotFound for the project, Conflict when the project has one of
    that name, or MAX_ACCOUNTS already.
    """
    if not _NAME.fullmatch(name):
        raise Invalid(
            "a service account's name has 1 to 63 lower-case letters, digits and hyphens and"
            " begins with a letter",
            field="name",
        )
    projects.lock(tx, project_id)
    email = email_of(project_id, name)
    if find(tx, email) is None and len(list_accounts(tx, project_id)) >= MAX_ACCOUNTS:
        raise Conflict(
            f"{project_id} has {MAX_ACCOUNTS} service accounts: delete one first", field="project"
        )
    account = ServiceAccount(_new_id(entropy), project_id, email, name, created_at=now)
    if not rows.insert_service_account(tx, account):
        raise Conflict(f"there is already a service account {email}", field="name")
    configuration.touch(tx)
    return account


def list_accounts(tx: Transaction, project_id: str) -> list[ServiceAccount]:
    """The project's accounts, disabled ones too but none that was deleted, by name."""
    return rows.service_accounts_of(tx, project_id)


def find(tx: Transaction, email: str) -> ServiceAccount | None:
    """The account, disabled or not; None when there is none, or it was deleted."""
    return rows.service_account_by_email(tx, email) if _EMAIL.fullmatch(email) else None


def require(tx: Transaction, email: str) -> ServiceAccount:
    """The account that the caller named, in any case. Raises NotFound when there is none."""
    account = find(tx, email.strip().lower())
    if account is None:
        raise _unknown(email)
    return account


def require_of(tx: Transaction, project_id: str, email: str) -> ServiceAccount:
    """The project's account that the caller named, in any case.

    Raises NotFound for another project's too: word for word as when there is none.
    """
    account = find(tx, email.strip().lower())
    if account is None or account.project_id != project_id:
        raise _unknown(email)
    return account


def find_or_create(
    tx: Transaction, now: int, entropy: Entropy, *, project_id: str, name: str
) -> ServiceAccount:
    """The project's account of that name, added if there is none. Raises as `create` does."""
    account = find(tx, email_of(project_id, name))
    return account or create(tx, now, entropy, project_id=project_id, name=name)


def disable(tx: Transaction, now: int, email: str) -> None:
    """Switches the account off and revokes its tokens for good; again is no error.

    Raises NotFound.
    """
    # The account's row first: whoever is storing a token holds it, so no token slips through.
    _revoke_all(tx, now, rows.disable_service_account(tx, now, email), email)


def enable(tx: Transaction, email: str) -> None:
    """Switches the account on again; its keys are good, its old tokens are not. NotFound."""
    if rows.enable_service_account(tx, email) is None:
        raise _unknown(email)
    configuration.touch(tx)


def delete(tx: Transaction, now: int, email: str) -> None:
    """Removes the account with its keys and tokens; its name may then be used again.

    Raises NotFound.
    """
    _revoke_all(tx, now, rows.delete_service_account(tx, now, email), email)


def add_key(
    tx: Transaction, now: int, entropy: Entropy, *, email: str, public_key: str, certificate: str
) -> ServiceAccountKey:
    """Lets whoever has the private half of the PEM `public_key` act as the account.

    The certificate is what others are given, who verify what the account has signed.
    Raises NotFound, and Conflict when the account has MAX_KEYS already.
    """
    if len(keys_of(tx, email)) >= MAX_KEYS:
        raise Conflict(
            f"service account {email} has {MAX_KEYS} keys: delete one first", field="key"
        )
    key_id = entropy.bytes(20).hex()
    account_id = rows.insert_key(
        tx, now, key_id=key_id, email=email, public_key=public_key, certificate=certificate
    )
    if account_id is None:
        raise _unknown(email)
    configuration.touch(tx)
    return ServiceAccountKey(key_id, account_id, public_key, certificate, created_at=now)


def find_key(tx: Transaction, key_id: str) -> ServiceAccountKey | None:
    """The key; None when there is none, or it was deleted. Its account may have been deleted."""
    return rows.key_by_id(tx, key_id) if _KEY_ID.fullmatch(key_id) else None


def keys_of(tx: Transaction, email: str) -> list[ServiceAccountKey]:
    """The account's keys, oldest first; none for an unknown account."""
    return rows.keys_of(tx, email) if _EMAIL.fullmatch(email) else []


def count_keys(tx: Transaction, project_id: str) -> dict[str, int]:
    """How many keys each of the project's accounts has, by the account's id; nothing for none."""
    return rows.count_keys(tx, project_id)


def delete_key(tx: Transaction, now: int, key_id: str) -> None:
    """Removes the key and revokes every token that was given for it. Raises NotFound."""
    if not rows.delete_key(tx, now, key_id):
        raise NotFound("there is no such key: look at the account's list of keys", field="key")
    rows.revoke_tokens_of_key(tx, now, key_id)
    configuration.touch(tx)


def delete_key_of(tx: Transaction, now: int, email: str, key_id: str) -> None:
    """Removes a key as `delete_key` does, but NotFound when it is not this account's."""
    if key_id not in {key.id for key in keys_of(tx, email)}:
        raise unknown_key(email, key_id)
    delete_key(tx, now, key_id)


def delete_other_keys(tx: Transaction, now: int, email: str, *, kept: str) -> int:
    """Removes every key of the account but the one with the id `kept`; how many."""
    others = [key.id for key in keys_of(tx, email) if key.id != kept]
    for key_id in others:
        delete_key(tx, now, key_id)
    return len(others)


def unknown_key(email: str, key_id: str) -> NotFound:
    """What is raised for a key that the account has not: there may be none, or another's."""
    return NotFound(
        f"service account {email} has no key {key_id[:100]!r}: look at its list of keys",
        field="key",
    )


def _revoke_all(tx: Transaction, now: int, account_id: str | None, email: str) -> None:
    if account_id is None:
        raise _unknown(email)
    rows.revoke_tokens_of_account(tx, now, account_id)
    configuration.touch(tx)


def _new_id(entropy: Entropy) -> str:
    """21 digits, the first of them 1: clients take them for a number, and keep them as text."""
    return f"1{int.from_bytes(entropy.bytes(16)) % 10**20:020d}"


def _unknown(email: str) -> NotFound:
    return NotFound(f"there is no service account {email[:_MAX_SAID]!r}", field="email")

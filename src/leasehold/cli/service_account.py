"""`leasehold service-account`: accounts of programs, and the key files that they are given."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import click

from leasehold.accounts.key_file import GOOGLE_UNIVERSE, KeyPair, generate_key_pair
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.administration import service_accounts
from leasehold.administration.actor import Actor
from leasehold.administration.service_accounts import AccountWithKeys, MadeKey
from leasehold.cli import issuer as server_issuer
from leasehold.cli import output
from leasehold.cli.arguments import project_option
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.cli.issuer import checked_issuer
from leasehold.cli.private_file import private_file
from leasehold.entropy import Entropy
from leasehold.errors import Invalid
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

F = TypeVar("F", bound=Callable[..., None])
FindAccount = Callable[[Transaction, int], ServiceAccount]


class Act(Protocol):
    """What is done to one account."""

    def __call__(
        self, tx: Transaction, now: int, actor: Actor, /, *, project_id: str, email: str
    ) -> ServiceAccount: ...


_email_argument = click.argument("email")


def _checked_domain(_context: click.Context, _option: click.Parameter, domain: str) -> str:
    try:
        return service_accounts.checked_universe(domain)
    except Invalid as refusal:
        raise click.BadParameter(refusal.message) from refusal


def _key_file_options(function: F) -> F:
    for option in (
        click.option("--force", is_flag=True, help="Replace the key file if it is there already."),
        server_issuer.option,
        click.option(
            "--universe-domain",
            default=GOOGLE_UNIVERSE,
            show_default=True,
            metavar="DOMAIN",
            callback=_checked_domain,
            help="With another one, Google's libraries sign their tokens themselves: see"
            " docs/google-clients.md.",
        ),
        click.option(
            "--key-file",
            "path",
            required=True,
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Where to write the new key; only its owner may read the file.",
        ),
    ):
        function = option(function)
    return function


@click.group("service-account", cls=Group)
def command() -> None:
    """Make accounts for programs, and look after their keys."""


@command.command()
@click.argument("name")
@project_option
@_key_file_options
@existing
@output.json_option
def create(
    engine: Engine,
    name: str,
    project_id: str,
    path: Path,
    issuer: str | None,
    universe_domain: str,
    *,
    force: bool,
) -> None:
    r"""Make an account for a program, and a key file. If it is there, it gets one more key.

    Google's client libraries read the file. It is the only copy of the private key.

    \b
    Example:
      leasehold service-account create worker --project shop --key-file worker.json
    """
    account, key = new_key(
        engine,
        lambda tx, now: service_accounts.find_or_create(
            tx, now, operator(), entropy=Entropy(), project_id=project_id, name=name
        ),
        path,
        issuer=checked_issuer(engine, issuer),
        universe_domain=universe_domain,
        force=force,
    )
    output.done(
        {**_value(account), "key": key.id, "key_file": str(path)},
        f"Service account {account.email} has a new key in {path}.",
        f"Next: leasehold queue grant QUEUE --project {project_id} --role consumer {account.email}",
    )
    _note_if_disabled(account)


@command.command("list")
@project_option
@existing
@output.json_option
def list_(engine: Engine, project_id: str) -> None:
    r"""List a project's service accounts.

    \b
    Example:
      leasehold service-account list --project shop
    """

    def run(tx: Transaction, _now: int) -> list[AccountWithKeys]:
        return service_accounts.list_accounts(tx, operator(), project_id=project_id)

    output.listing(
        [{**_value(listed.account), "keys": listed.keys} for listed in read(engine, run)],
        {"email": "E-mail", "state": "State", "keys": "Keys", "created_at": "Made"},
        nothing=f"Project {project_id} has no service accounts:"
        " leasehold service-account create makes one.",
    )


@command.command()
@_email_argument
@existing
@output.json_option
def disable(engine: Engine, email: str) -> None:
    r"""Switch an account off. Its tokens are good no longer.

    \b
    Example:
      leasehold service-account disable worker@shop.iam.leasehold.internal
    """
    account = transact(engine, partial(_act, service_accounts.disable, email=email))
    output.done(
        _value(account),
        f"Service account {account.email} is disabled, and its tokens are revoked.",
        f"Next: leasehold service-account enable {account.email} lets it get tokens again.",
    )


@command.command()
@_email_argument
@existing
@output.json_option
def enable(engine: Engine, email: str) -> None:
    r"""Switch an account on again. Its keys are good; it needs new tokens.

    \b
    Example:
      leasehold service-account enable worker@shop.iam.leasehold.internal
    """
    account = transact(engine, partial(_act, service_accounts.enable, email=email))
    output.done(_value(account), f"Service account {account.email} may get tokens with its keys.")


@command.command()
@_email_argument
@existing
@output.json_option
def delete(engine: Engine, email: str) -> None:
    r"""Delete an account with its keys and tokens.

    \b
    Example:
      leasehold service-account delete worker@shop.iam.leasehold.internal
    """
    account = transact(engine, partial(_act, service_accounts.delete, email=email))
    output.done(
        {"email": account.email, "project": account.project_id, "deleted": True},
        f"Service account {account.email} was deleted; its keys and tokens are good no longer.",
        "Queues still name it: a new account of its name has its roles, unless you revoke them.",
    )


@command.command()
@_email_argument
@existing
@output.json_option
def keys(engine: Engine, email: str) -> None:
    r"""List an account's keys, oldest first.

    \b
    Example:
      leasehold service-account keys worker@shop.iam.leasehold.internal
    """

    def run(tx: Transaction, _now: int) -> list[ServiceAccountKey]:
        actor = operator()
        project_id = service_accounts.project_of(tx, actor, email)
        return service_accounts.list_keys(tx, actor, project_id=project_id, email=email)

    output.listing(
        [
            {"key": key.id, "created_at": output.instant(key.created_at)}
            for key in read(engine, run)
        ],
        {"key": "Key", "created_at": "Made"},
        nothing="It has no keys: leasehold service-account rotate-key makes one.",
    )


@command.command("rotate-key")
@_email_argument
@_key_file_options
@click.option("--keep-old", is_flag=True, help="Leave the older keys and their tokens good.")
@existing
@output.json_option
def rotate_key(
    engine: Engine,
    email: str,
    path: Path,
    issuer: str | None,
    universe_domain: str,
    *,
    force: bool,
    keep_old: bool,
) -> None:
    r"""Make a new key for an account; once its file is written the older keys are deleted.

    \b
    Example:
      leasehold service-account rotate-key worker@shop.iam.leasehold.internal \
        --key-file worker-2.json
    """
    account, key = new_key(
        engine,
        lambda tx, _: _account(tx, email),
        path,
        issuer=checked_issuer(engine, issuer),
        universe_domain=universe_domain,
        force=force,
    )
    deleted = 0
    if not keep_old:
        deleted = transact(engine, partial(_delete_others, account=account, kept=key.id))
    output.done(
        {**_value(account), "key": key.id, "key_file": str(path), "keys_deleted": deleted},
        f"Service account {account.email} has a new key in {path}.",
        "Its older keys are good still: leasehold service-account delete-key ends one."
        if keep_old
        else f"Older keys that were deleted: {deleted}. Give the new file to the program now.",
    )
    _note_if_disabled(account)


@command.command("delete-key")
@_email_argument
@click.argument("key_id")
@existing
@output.json_option
def delete_key(engine: Engine, email: str, key_id: str) -> None:
    r"""Delete one key of an account, and revoke the tokens that were given for it.

    \b
    Example:
      leasehold service-account delete-key worker@shop.iam.leasehold.internal \
        3f786850e387550fdab836ed7e6dc881de23001b
    """
    account = transact(engine, partial(_delete_key, email=email, key_id=key_id))
    output.done(
        {"email": account.email, "key": key_id, "deleted": True},
        f"Key {key_id} of {account.email} was deleted, and its tokens are revoked.",
    )


def new_key(
    engine: Engine,
    find_account: FindAccount,
    path: Path,
    *,
    issuer: str,
    universe_domain: str,
    force: bool,
) -> tuple[ServiceAccount, ServiceAccountKey]:
    """Registers a key whose file is safely on the disk; when that fails there is no key."""
    pair = generate_key_pair()
    registered: list[MadeKey] = []
    try:
        with private_file(path, overwrite=force) as write:

            def register(tx: Transaction, now: int) -> MadeKey:
                made = _create_key(tx, now, account=find_account(tx, now), pair=pair)
                # Before the commit: a key whose file could not be written was never there.
                write(made.file_text(issuer, universe_domain=universe_domain))
                return made

            registered.append(transact(engine, register))
    except BaseException:
        for made in registered:
            transact(engine, partial(_delete_key, email=made.account.email, key_id=made.key.id))
        raise
    return registered[0].account, registered[0].key


def _account(tx: Transaction, email: str) -> ServiceAccount:
    """The account that the command names by its address alone. Raises NotFound."""
    actor = operator()
    project_id = service_accounts.project_of(tx, actor, email)
    return service_accounts.get(tx, actor, project_id=project_id, email=email).account


def _act(act: Act, tx: Transaction, now: int, *, email: str) -> ServiceAccount:
    """Does this to the account that the command names by its address alone."""
    actor = operator()
    project_id = service_accounts.project_of(tx, actor, email)
    return act(tx, now, actor, project_id=project_id, email=email)


def _create_key(tx: Transaction, now: int, *, account: ServiceAccount, pair: KeyPair) -> MadeKey:
    return service_accounts.create_key(
        tx,
        now,
        operator(),
        entropy=Entropy(),
        pair=pair,
        project_id=account.project_id,
        email=account.email,
    )


def _delete_key(tx: Transaction, now: int, *, email: str, key_id: str) -> ServiceAccount:
    return _act(partial(service_accounts.delete_key, key_id=key_id), tx, now, email=email)


def _delete_others(tx: Transaction, now: int, *, account: ServiceAccount, kept: str) -> int:
    return service_accounts.delete_other_keys(
        tx, now, operator(), project_id=account.project_id, email=account.email, kept=kept
    )


def _note_if_disabled(account: ServiceAccount) -> None:
    if not account.is_active:
        output.note(f"the account is disabled: leasehold service-account enable {account.email}")


def _value(account: ServiceAccount) -> output.Value:
    return {
        "email": account.email,
        "name": account.name,
        "project": account.project_id,
        "client_id": account.id,
        "state": "active" if account.is_active else "disabled",
        "created_at": output.instant(account.created_at),
    }

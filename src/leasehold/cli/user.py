"""`leasehold user`: people, who own projects and sign in with a password."""

import sys
from functools import partial

import click

from leasehold.accounts import passwords, users
from leasehold.accounts.model import User
from leasehold.cli import output
from leasehold.cli.arguments import EMAIL
from leasehold.cli.database import existing, made_if_missing, read, transact
from leasehold.cli.group import Group
from leasehold.entropy import Entropy
from leasehold.errors import Invalid
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

_MAX_STDIN_BYTES = 16 * 1024  # far more than the longest password has

_password_stdin = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input, one line, instead of asking for it.",
)


@click.group("user", cls=Group)
def command() -> None:
    """Add people, and say who may sign in."""


@command.command()
@click.argument("email", type=EMAIL)
@_password_stdin
@made_if_missing
@output.json_option
def create(engine: Engine, email: str, *, password_stdin: bool) -> None:
    r"""Add a person. Asks twice for a password of at least 8 characters.

    Makes the database if there is none.

    \b
    Examples:
      leasehold user create ada@example.com
      pass show leasehold | leasehold user create ada@example.com --password-stdin
    """
    password_hash = _new_password_hash(from_stdin=password_stdin)
    user = transact(
        engine,
        partial(
            users.create,
            entropy=Entropy(),
            email=email,
            password_hash=password_hash,
            email_verified=True,  # the operator vouches for the address
        ),
    )
    output.done(
        _value(user),
        f"User {user.email} was added.",
        f"Next: leasehold project create PROJECT --owner {user.email}",
    )


@command.command("list")
@existing
@output.json_option
def list_(engine: Engine) -> None:
    r"""List everybody, disabled people too.

    \b
    Example:
      leasehold user list
    """
    found = read(engine, lambda tx, _: users.list_users(tx))
    output.listing(
        [_value(user) for user in found],
        {"email": "E-mail", "state": "State", "created_at": "Added"},
        nothing="There is nobody yet: leasehold user create EMAIL adds somebody.",
    )


@command.command()
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def disable(engine: Engine, email: str) -> None:
    r"""Take a person's right to sign in away. Their projects and queues stay as they are.

    \b
    Example:
      leasehold user disable ada@example.com
    """

    def run(tx: Transaction, now: int) -> User:
        users.disable(tx, now, email)
        return users.require(tx, email)

    user = transact(engine, run)
    output.done(
        _value(user),
        f"User {email} can no longer sign in.",
        "Projects keep them as a member: leasehold project remove-member PROJECT EMAIL ends that.",
    )


@command.command()
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def enable(engine: Engine, email: str) -> None:
    r"""Give a disabled person the right to sign in back.

    \b
    Example:
      leasehold user enable ada@example.com
    """

    def run(tx: Transaction, _now: int) -> User:
        users.enable(tx, email)
        return users.require(tx, email)

    user = transact(engine, run)
    output.done(_value(user), f"User {email} can sign in again, with the password they had.")


@command.command("set-password")
@click.argument("email", type=EMAIL)
@_password_stdin
@existing
@output.json_option
def set_password(engine: Engine, email: str, *, password_stdin: bool) -> None:
    r"""Give a person a new password. Asks for it twice; the old one is good no longer.

    \b
    Example:
      leasehold user set-password ada@example.com
    """
    user = read(engine, lambda tx, _: users.require(tx, email))
    password_hash = _new_password_hash(from_stdin=password_stdin)
    transact(engine, lambda tx, _: users.set_password_hash(tx, email, password_hash))
    output.done(_value(user), f"User {email} has a new password; it is good from now on.")


def _new_password_hash(*, from_stdin: bool) -> str:
    if from_stdin:
        password = _line_of_stdin()
    else:
        password = click.prompt(
            "Password", hide_input=True, confirmation_prompt="The same again", err=True
        )
    return passwords.hash_password(Entropy(), password)


def _line_of_stdin() -> str:
    data = sys.stdin.buffer.read(_MAX_STDIN_BYTES)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Invalid("the password on standard input is not UTF-8 text") from None
    line = text.removesuffix("\n").removesuffix("\r")
    if "\n" in line:
        raise Invalid("standard input has more than one line: give the password alone")
    return line


def _value(user: User) -> output.Value:
    return {
        "email": user.email,
        "state": "active" if user.disabled_at is None else "disabled",
        "created_at": output.instant(user.created_at),
        "disabled_at": output.instant(user.disabled_at),
    }

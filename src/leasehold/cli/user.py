"""`leasehold user`: people, who own projects and sign in."""

import sys
import warnings
from getpass import GetPassWarning

import click

from leasehold.accounts import passwords
from leasehold.accounts.model import User
from leasehold.administration import users
from leasehold.cli import issuer as server_issuer
from leasehold.cli import output, secret_key_file
from leasehold.cli.arguments import EMAIL
from leasehold.cli.database import existing, made_if_missing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.cli.issuer import checked_issuer
from leasehold.entropy import Entropy
from leasehold.errors import Invalid
from leasehold.settings import from_environment
from leasehold.sign_in.model import BrowserSession, SessionLimits
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
@click.option("--name", default="", help="What to call them; they can change it.")
@_password_stdin
@made_if_missing
@output.json_option
def create(engine: Engine, email: str, *, name: str, password_stdin: bool) -> None:
    r"""Add a person. Asks twice for a password of at least 8 characters.

    Makes the database if there is none.

    \b
    Examples:
      leasehold user create ada@example.com
      pass show leasehold | leasehold user create ada@example.com --password-stdin
    """
    password_hash = _new_password_hash(from_stdin=password_stdin)

    def run(tx: Transaction, now: int) -> User:
        return users.create(
            tx,
            now,
            operator(),
            entropy=Entropy(),
            email=email,
            name=name,
            password_hash=password_hash,
        )

    user = transact(engine, run)
    output.done(
        _value(user),
        f"User {user.email} was added.",
        f"Next: leasehold project create PROJECT --owner {user.email}",
    )


@command.command()
@click.argument("email", type=EMAIL)
@server_issuer.option
@made_if_missing
@output.json_option
def invite(engine: Engine, email: str, issuer: str | None) -> None:
    r"""Print a link with which a person adds their own account. It is good once, for a week.

    Whoever has the link can use it: send it to nobody else.

    \b
    Example:
      leasehold user invite ada@example.com --issuer https://tasks.example.com
    """
    box = secret_key_file.unlock_for_command(engine)
    base = checked_issuer(engine, issuer)

    def run(tx: Transaction, now: int) -> str:
        return users.invite(
            tx, now, operator(), entropy=Entropy(), box=box, email=email, issuer=base
        )

    link = transact(engine, run)
    output.done(
        {"email": email, "link": link}, f"Send this link to {email}, and nobody else:", link
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
    found = read(engine, lambda tx, _: users.list_users(tx, operator()))
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
    r"""Take a person's right to sign in away, and sign them out of every browser.

    The clients that they gave access are refused as long as they are disabled. Their projects and
    queues stay as they are.

    \b
    Example:
      leasehold user disable ada@example.com
    """
    user = transact(engine, lambda tx, now: users.disable(tx, now, operator(), email=email))
    output.done(
        _value(user),
        f"User {email} can no longer sign in, and was signed out of every browser.",
        "The clients that they gave access are refused until: leasehold user enable " + email,
        "Projects keep them as a member: leasehold project remove-member PROJECT EMAIL ends that.",
    )


@command.command()
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def enable(engine: Engine, email: str) -> None:
    r"""Give a disabled person the right to sign in back, and their clients the access.

    \b
    Example:
      leasehold user enable ada@example.com
    """
    user = transact(engine, lambda tx, now: users.enable(tx, now, operator(), email=email))
    output.done(
        _value(user),
        f"User {email} can sign in again, with the password they had.",
        "The clients that they gave access have it again.",
    )


@command.command("set-password")
@click.argument("email", type=EMAIL)
@_password_stdin
@click.option(
    "--keep-access",
    is_flag=True,
    help="Leave the clients the access that the person gave them.",
)
@existing
@output.json_option
def set_password(engine: Engine, email: str, *, password_stdin: bool, keep_access: bool) -> None:
    r"""Give a person a new password. Asks for it twice; the old one is good no longer.

    They are signed out of every browser, and the clients that they gave access lose it, unless
    --keep-access is given.

    \b
    Example:
      leasehold user set-password ada@example.com
    """
    read(engine, lambda tx, _: users.get(tx, operator(), email=email))  # before the question
    password_hash = _new_password_hash(from_stdin=password_stdin)

    def change(tx: Transaction, now: int) -> User:
        return users.set_password(
            tx,
            now,
            operator(),
            email=email,
            password_hash=password_hash,
            keep_access=keep_access,
        )

    user = transact(engine, change)
    output.done(
        _value(user),
        f"User {email} has a new password, and was signed out of every browser.",
        "The clients that they gave access keep it."
        if keep_access
        else "The clients that they gave access have lost it.",
    )


@command.command("reset-second-factor")
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def reset_second_factor(engine: Engine, email: str) -> None:
    r"""Switch a person's authenticator app and recovery codes off, for who has lost both.

    Make sure that it is them who ask: from then on the password alone lets somebody in.

    \b
    Example:
      leasehold user reset-second-factor ada@example.com
    """
    was_on = transact(
        engine, lambda tx, now: users.reset_second_factor(tx, now, operator(), email=email)
    )
    output.done(
        {"email": email, "was_on": was_on},
        f"User {email} signs in with the password alone, and was signed out of every browser."
        if was_on
        else f"User {email} had no second factor; they were signed out of every browser.",
    )


@command.command()
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def sessions(engine: Engine, email: str) -> None:
    r"""List the browsers in which a person is signed in.

    \b
    Example:
      leasehold user sessions ada@example.com
    """
    limits = SessionLimits.of(from_environment())

    def run(tx: Transaction, now: int) -> list[BrowserSession]:
        return users.sessions(tx, now, operator(), email=email, limits=limits)

    output.listing(
        [_session_value(session) for session in read(engine, run)],
        {
            "seen_at": "Last seen",
            "address": "Address",
            "method": "Signed in with",
            "user_agent": "Browser",
        },
        nothing=f"{email} is signed in nowhere.",
    )


@command.command("sign-out")
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def sign_out(engine: Engine, email: str) -> None:
    r"""Sign a person out of every browser.

    \b
    Example:
      leasehold user sign-out ada@example.com
    """
    ended = transact(engine, lambda tx, now: users.sign_out(tx, now, operator(), email=email))
    browsers = "1 browser" if ended == 1 else f"{ended} browsers"
    output.done({"email": email, "ended": ended}, f"{email} was signed out of {browsers}.")


def _new_password_hash(*, from_stdin: bool) -> str:
    password = _line_of_stdin() if from_stdin else _asked_for()
    return passwords.hash_password(Entropy(), password)


def _asked_for() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            password: str = click.prompt(
                "Password", hide_input=True, confirmation_prompt="The same again", err=True
            )
        except GetPassWarning:  # what is typed would be seen
            raise click.UsageError(
                "there is no terminal to ask at: give the password with --password-stdin"
            ) from None
    return password


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
        "name": user.name,
        "state": "active" if user.disabled_at is None else "disabled",
        "created_at": output.instant(user.created_at),
        "disabled_at": output.instant(user.disabled_at),
    }


def _session_value(session: BrowserSession) -> output.Value:
    return {
        "id": session.id,
        "method": session.method,
        "address": session.address,
        "user_agent": session.user_agent,
        "created_at": output.instant(session.created_at),
        "authenticated_at": output.instant(session.authenticated_at),
        "seen_at": output.instant(session.seen_at),
    }

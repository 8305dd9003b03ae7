"""`leasehold delegation`: service accounts that may act for the users of a whole domain."""

import click

from leasehold.administration import delegations
from leasehold.cli import output
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import Delegation
from leasehold.storage.engine import Engine

_account_argument = click.argument("email", metavar="SERVICE_ACCOUNT")
_domain_option = click.option(
    "--domain", required=True, help="What comes after the @ of the users' addresses."
)


@click.group("delegation", cls=Group)
def command() -> None:
    """Let service accounts act for the users of a domain."""


@command.command()
@_account_argument
@_domain_option
@click.option(
    "--scope",
    "scope",
    multiple=True,
    required=True,
    metavar="URL",
    help=f"What it may do for them, like {scopes.text(scopes.CONSUMER)}. Repeatable.",
)
@existing
@output.json_option
def add(engine: Engine, email: str, domain: str, scope: tuple[str, ...]) -> None:
    r"""Let a service account act for every user of a domain, without asking them.

    The users' administrator must agree: the account can do within these scopes what any of them
    may do.

    \b
    Example:
      leasehold delegation add worker@shop.iam.leasehold.internal --domain example.com \
        --scope https://www.googleapis.com/auth/taskqueue.consumer
    """
    delegation = transact(
        engine,
        lambda tx, now: delegations.add(
            tx, now, operator(), account_email=email, domain=domain, scope=" ".join(scope)
        ),
    )
    output.done(
        _value(delegation),
        f"{delegation.email} may act for users of {delegation.domain}.",
        f"Next: its program names the user, as with_subject('somebody@{delegation.domain}') does.",
    )


@command.command("list")
@existing
@output.json_option
def list_(engine: Engine) -> None:
    r"""List who may act for the users of which domain.

    \b
    Example:
      leasehold delegation list
    """
    output.listing(
        [
            _value(delegation)
            for delegation in read(
                engine, lambda tx, _: delegations.list_delegations(tx, operator())
            )
        ],
        {"domain": "Domain", "email": "Service account", "scopes": "Scopes", "created_at": "Made"},
        nothing="No service account may act for others: leasehold delegation add lets one.",
    )


@command.command()
@_account_argument
@_domain_option
@existing
@output.json_option
def remove(engine: Engine, email: str, domain: str) -> None:
    r"""Take it back; the tokens that the account has for users of the domain end at once.

    \b
    Example:
      leasehold delegation remove worker@shop.iam.leasehold.internal --domain example.com
    """
    delegation = transact(
        engine,
        lambda tx, now: delegations.remove(tx, now, operator(), account_email=email, domain=domain),
    )
    output.done(
        {**_value(delegation), "removed": True},
        f"{delegation.email} may no longer act for users of {delegation.domain}.",
    )


def _value(delegation: Delegation) -> output.Value:
    return {
        "domain": delegation.domain,
        "email": delegation.email,
        "scopes": [scope.url for scope in scopes.of(delegation.scopes)],
        "created_at": output.instant(delegation.created_at),
    }

"""`leasehold consent-screen`: what people are told about a project that asks them for access."""

from pathlib import Path

import click

from leasehold.administration import consent_screens
from leasehold.administration.consent_screens import ScreenAndTesters, ScreenChanges
from leasehold.cli import output
from leasehold.cli.arguments import EMAIL, project_argument
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.errors import Invalid
from leasehold.oauth2.client_model import STAGES
from leasehold.oauth2.logos import MAX_BYTES
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

_LABELS = {
    "project": "Project",
    "name": "Name",
    "support_email": "Support",
    "home_page": "Home page",
    "privacy_link": "Privacy",
    "terms_link": "Terms",
    "logo": "Logo",
    "stage": "Stage",
    "testers": "Testers",
    "verified_at": "Verified",
}


@click.group("consent-screen", cls=Group)
def command() -> None:
    """Say who asks, when a project's clients ask people for access."""


@command.command()
@project_argument
@existing
@output.json_option
def show(engine: Engine, project_id: str) -> None:
    r"""Show what people are told, and who may be asked.

    \b
    Example:
      leasehold consent-screen show shop
    """
    shown = read(engine, lambda tx, _: consent_screens.get(tx, operator(), project_id=project_id))
    output.details(_value(shown), _LABELS)


@command.command("set")
@project_argument
@click.option("--name", help="Who asks: the name of the application, or of its maker.")
@click.option("--support-email", type=EMAIL, help="Whom people can ask.")
@click.option("--home-page", metavar="URL", help="Where people can read about it.")
@click.option("--privacy-link", metavar="URL", help="What it does with people's data.")
@click.option("--terms-link", metavar="URL", help="Its terms of service.")
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    help="testing: only testers and the project's members are asked. production: everybody.",
)
@click.option(
    "--logo",
    "logo",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"A PNG, JPEG or WebP picture of at most {MAX_BYTES // 1024} KiB.",
)
@click.option("--no-logo", is_flag=True, help="Remove the logo.")
@existing
@output.json_option
def set_(
    engine: Engine,
    project_id: str,
    logo: Path | None,
    *,
    no_logo: bool,
    **settings: str | None,
) -> None:
    r"""Change what people are told; what is not given stays. "" removes a link.

    What is shown anew is not verified, until the server's operator runs `verify` again.

    \b
    Example:
      leasehold consent-screen set shop --name "Photo printer" \
        --support-email help@example.com --privacy-link https://printer.example.com/privacy \
        --stage production
    """
    changes = ScreenChanges(**settings)  # type: ignore[arg-type]  # the stage is one of the choices
    if logo and no_logo:
        raise click.UsageError("--logo and --no-logo exclude each other")
    if changes == ScreenChanges() and not logo and not no_logo:
        raise click.UsageError("say what to change, for example --name 'Photo printer'")
    picture = _read(logo) if logo else None

    def run(tx: Transaction, now: int) -> ScreenAndTesters:
        actor = operator()
        changed = consent_screens.update(tx, now, actor, project_id=project_id, changes=changes)
        if picture is None and not no_logo:
            return changed
        return consent_screens.set_logo(tx, now, actor, project_id=project_id, content=picture)

    value = _value(transact(engine, run))
    output.done(
        value,
        f"People who are asked by project {project_id} see: {value['name']}.",
        "It is verified."
        if value["verified_at"]
        else f"They are told that it is not verified: leasehold consent-screen verify {project_id}",
    )
    if value["stage"] == "testing":
        output.note(
            "it is in testing: only its members and testers are asked"
            f" (leasehold consent-screen add-tester {project_id} EMAIL)"
        )


@command.command("add-tester")
@project_argument
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def add_tester(engine: Engine, project_id: str, email: str) -> None:
    r"""Let a person say yes to the project's clients while it is in testing.

    \b
    Example:
      leasehold consent-screen add-tester shop eve@example.com
    """

    def run(tx: Transaction, now: int) -> ScreenAndTesters:
        return consent_screens.add_tester(tx, now, operator(), project_id=project_id, email=email)

    output.done(_value(transact(engine, run)), f"{email} is a tester of project {project_id}.")


@command.command("remove-tester")
@project_argument
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def remove_tester(engine: Engine, project_id: str, email: str) -> None:
    r"""Take that back.

    \b
    Example:
      leasehold consent-screen remove-tester shop eve@example.com
    """

    def run(tx: Transaction, now: int) -> ScreenAndTesters:
        return consent_screens.remove_tester(
            tx, now, operator(), project_id=project_id, email=email
        )

    output.done(
        _value(transact(engine, run)), f"{email} is no tester of project {project_id} any more."
    )


@command.command()
@project_argument
@click.option("--withdraw", is_flag=True, help="It is not verified any more.")
@existing
@output.json_option
def verify(engine: Engine, project_id: str, *, withdraw: bool) -> None:
    r"""Vouch for what people are told, as the server's operator. A change of it ends that.

    \b
    Example:
      leasehold consent-screen verify shop
    """

    def run(tx: Transaction, now: int) -> ScreenAndTesters:
        act = consent_screens.withdraw_verification if withdraw else consent_screens.verify
        return act(tx, now, operator(), project_id=project_id)

    value = _value(transact(engine, run))
    output.done(
        value,
        f"{value['name']} (project {project_id}) is shown as"
        f" {'not verified' if withdraw else 'verified'}.",
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # more is refused anyway
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from error


def _value(shown: ScreenAndTesters) -> output.Value:
    screen = shown.screen
    return {
        "project": screen.project_id,
        "name": screen.name,
        "support_email": screen.support_email,
        "home_page": screen.home_page,
        "privacy_link": screen.privacy_link,
        "terms_link": screen.terms_link,
        "logo": screen.logo_type,
        "stage": screen.stage,
        "testers": list(shown.testers),
        "verified_at": output.instant(screen.verified_at),
    }

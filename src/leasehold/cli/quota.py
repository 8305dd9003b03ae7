"""`leasehold quota`: how many calls a project may make."""

import re
from functools import partial

import click

from leasehold.administration import quotas as administration
from leasehold.cli import output
from leasehold.cli.arguments import project_option
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.settings import from_environment
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction
from leasehold.usage import quotas
from leasehold.usage.quotas import Override, Quota, Source

BAR = 10  # characters
NO_LIMIT = "none"


class _Most(click.ParamType[int | None]):
    name = "limit"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        """A number, which may be written 50_000 or 50,000; None for `none`."""
        if value == NO_LIMIT:
            return None
        digits = value.replace("_", "").replace(",", "")
        if not re.fullmatch("[0-9]{1,15}", digits):
            self.fail(f"{value!r} is neither a whole number nor {NO_LIMIT}", param, ctx)
        return int(digits)


_quota_argument = click.argument("quota", type=click.Choice(list(quotas.QUOTAS)))


@click.group("quota", cls=Group)
def command() -> None:
    """Say how many calls a project may make."""


@command.command()
@project_option
@existing
@output.json_option
def show(engine: Engine, project_id: str) -> None:
    r"""Show a project's quotas, and what of them is used in the running day or minute.

    Used is what the servers have set aside for themselves so far: up to a hundredth for each of
    them may not be spent yet. Defaults are read from this command's environment.

    \b
    Example:
      leasehold quota show --project shop
    """
    settings = from_environment()

    def run(tx: Transaction, now: int) -> list[Quota]:
        return administration.list_quotas(
            tx, now, operator(), project_id=project_id, settings=settings
        )

    found = read(engine, run)
    if output.is_json_wanted():
        output.listing([_value(quota) for quota in found], {}, nothing="")
    else:
        output.listing(
            [_shown(quota) for quota in found],
            {"quota": "Quota", "limit": "Limit", "from": "From", "used": "Used now", "why": "Why"},
            nothing="There are no quotas.",
        )


@command.command("set")
@_quota_argument
@click.argument("limit", metavar=f"NUMBER|{NO_LIMIT}", type=_Most())
@project_option
@click.option("--why", required=True, help="For whoever asks later; it is shown with the limit.")
@existing
@output.json_option
def set_(engine: Engine, quota: str, limit: int | None, project_id: str, why: str) -> None:
    r"""Give a project another limit than the default. Servers notice within a second.

    calls_per_day and calls_per_minute are for the whole project, calls_per_user for each of its
    users in 100 seconds. The project's admins may lower what you set, and not raise it.

    \b
    Example:
      leasehold quota set calls_per_day 100000 --project shop --why "trial until May"
    """
    override = transact(
        engine,
        partial(_set, project_id=project_id, quota=quota, most=limit, why=why),
    )
    output.done(
        {"project": project_id, "quota": quota, **_override_value(override)},
        f"{quota} of project {project_id} is {_number(limit)} now.",
        f"Next: leasehold quota show --project {project_id}",
    )


@command.command()
@_quota_argument
@project_option
@click.option(
    "--source",
    type=click.Choice(["operator", "project"]),
    default="operator",
    show_default=True,
    help="Whose limit: yours as the operator, or the project's own.",
)
@existing
@output.json_option
def remove(engine: Engine, quota: str, project_id: str, source: Source) -> None:
    r"""Take a limit back: the default holds again.

    \b
    Example:
      leasehold quota remove calls_per_day --project shop
    """
    transact(
        engine,
        lambda tx, now: administration.remove(
            tx, now, operator(), project_id=project_id, quota=quota, source=source
        ),
    )
    output.done(
        {"project": project_id, "quota": quota, "source": source, "removed": True},
        f"The {source}'s {quota} of project {project_id} was removed.",
    )


def _set(
    tx: Transaction, now: int, *, project_id: str, quota: str, most: int | None, why: str
) -> Override:
    return administration.set_limit(
        tx,
        now,
        operator(),
        project_id=project_id,
        quota=quota,
        most=most,
        why=why,
        settings=from_environment(),
    )


def _value(quota: Quota) -> output.Value:
    return {
        "quota": quota.name,
        "window_seconds": quota.seconds,
        "default": quota.default,
        "operator": quota.operator and _override_value(quota.operator),
        "project": quota.project and _override_value(quota.project),
        "limit": quota.effective,
        "decided_by": quota.decided_by,
        "drawn": quota.drawn,
        "window_ends": output.instant(quota.window_ends),
    }


def _override_value(override: Override) -> output.Value:
    return {
        "source": override.source,
        "limit": override.most,
        "set_by": override.set_by,
        "set_at": output.instant(override.set_at),
        "why": override.why,
    }


def _shown(quota: Quota) -> output.Value:
    override = {"operator": quota.operator, "project": quota.project}.get(quota.decided_by)
    return {
        "quota": quota.name,
        "limit": _number(quota.effective),
        "from": quota.decided_by if override is None else f"{override.source}, {override.set_by}",
        "used": _bar(quota),
        "why": override and override.why,
    }


def _bar(quota: Quota) -> str:
    share = quotas.used_share(quota)
    if share is None:
        return "" if quota.drawn is None else f"{quota.drawn:,}"
    full = round(share * BAR)
    return f"{'█' * full}{'░' * (BAR - full)} {quota.drawn:,} of {quota.effective:,}"


def _number(limit: int | None) -> str:
    return "no limit" if limit is None else f"{limit:,}"

"""`leasehold usage`: what a project's callers did, and what its queues held, over time."""

from collections.abc import Mapping, Sequence

import click

from leasehold.administration import usage
from leasehold.cli import output
from leasehold.cli.arguments import project_option
from leasehold.cli.bars import bars
from leasehold.cli.database import existing, operator, read
from leasehold.cli.group import Group
from leasehold.cli.moment import span
from leasehold.clock import MICROSECONDS, Clock
from leasehold.storage.engine import Engine
from leasehold.usage.count_rows import DIMENSIONS
from leasehold.usage.periods import PERIODS, SECONDS, Period, parse_instant
from leasehold.usage.report_forms import columns, csv_form, json_form, line_forms
from leasehold.usage.reports import Report, StoredReport

# How many periods are shown when --since is not given: an hour, a day, a month.
_USUAL: dict[Period, int] = {"minute": 60, "hour": 24, "day": 30}

_HEADINGS = {
    "minute": "Minute (UTC)",
    "hour": "Hour (UTC)",
    "day": "Day (UTC)",
    "api": "API",
    "method": "Method",
    "credential": "Credential",
    "api_key": "API key",
    "email": "E-mail",
    "outcome": "Outcome",
    "queue": "Queue",
    "calls": "Calls",
    "errors": "Errors",
    "cost": "Cost",
    "p50_ms": "p50 ms",
    "p90_ms": "p90 ms",
    "p99_ms": "p99 ms",
    "average_tasks": "Tasks",
    "most_tasks": "at most",
    "average_bytes": "Bytes",
    "most_bytes": "at most",
}

_since_option = click.option(
    "--since",
    metavar="TIME",
    help="The first day (2026-11-01) or time (2026-11-01T12:30Z), in UTC, or how long ago (7d). The"
    " last hour, day or month, by the period, when it is not given.",
)
_until_option = click.option(
    "--until", metavar="TIME", help="The first day or time that is left out. Now, if not given."
)
_csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")


@click.group("usage", cls=Group)
def command() -> None:
    """See what callers did, and what queues held, over time."""


@command.command()
@project_option
@_since_option
@_until_option
@click.option(
    "--period",
    type=click.Choice(PERIODS),
    default="day",
    show_default=True,
    help="By what calls are added up.",
)
@click.option(
    "--by",
    multiple=True,
    type=click.Choice(DIMENSIONS),
    help="Show a line for each value of it. Repeatable.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="NAME=VALUE",
    help="Count only calls that have exactly this; names as for --by. Repeatable.",
)
@click.option("--latency", is_flag=True, help="Show how long calls took, to about 10 per cent.")
@_csv_option
@existing
@output.json_option
def report(  # noqa: PLR0913  # click gives one for each option
    engine: Engine,
    project_id: str,
    since: str | None,
    until: str | None,
    period: Period,
    by: tuple[str, ...],
    where: tuple[str, ...],
    *,
    latency: bool,
    as_csv: bool,
) -> None:
    r"""Show a project's calls, refused ones among them, and what they cost.

    An outcome is `done`, or why a call was refused. The cost is that of calls that were done.

    \b
    Examples:
      leasehold usage report --project shop --since 2026-11-01 --by method
      leasehold usage report --project shop --period hour --by outcome \
        --where method=taskqueue.tasks.lease
    """
    _check_form(as_csv=as_csv)
    filters = _filters(where)
    first, last = _times(since, until, period)
    found = read(
        engine,
        lambda tx, now: usage.report(
            tx,
            now,
            operator(),
            project_id=project_id,
            since=first,
            until=last,
            period=period,
            by=by,
            filters=filters,
            latency=latency,
        ),
    )
    if _is_printed(found, as_csv=as_csv):
        return
    _table(
        found,
        [line.calls for line in found.lines],
        nothing=f"Project {project_id} had no such calls in that time: try an earlier --since"
        f"{', or fewer --where' if where else ''}.",
    )
    if found.lines:
        output.done({}, f"\nTogether: {_together(found)}.")


@command.command()
@project_option
@_since_option
@_until_option
@click.option(
    "--period",
    type=click.Choice(["hour", "day"]),
    default="day",
    show_default=True,
    help="By what it is averaged.",
)
@click.option("--by-queue", is_flag=True, help="Show a line for each queue.")
@click.option("--queue", metavar="QUEUE", help="Count only what this queue held.")
@_csv_option
@existing
@output.json_option
def storage(
    engine: Engine,
    project_id: str,
    since: str | None,
    until: str | None,
    period: Period,
    queue: str | None,
    *,
    by_queue: bool,
    as_csv: bool,
) -> None:
    r"""Show what a project's queues held: tasks and bytes of payload, on average and at most.

    \b
    Example:
      leasehold usage storage --project shop --since 2026-11-01 --by-queue
    """
    _check_form(as_csv=as_csv)
    first, last = _times(since, until, period)
    found = read(
        engine,
        lambda tx, now: usage.stored(
            tx,
            now,
            operator(),
            project_id=project_id,
            since=first,
            until=last,
            period=period,
            by_queue=by_queue,
            queue=queue,
        ),
    )
    if not _is_printed(found, as_csv=as_csv):
        _table(
            found,
            [round(line.average_bytes) for line in found.lines],
            nothing=f"Nothing was stored for project {project_id} in that time: try an earlier"
            " --since. A running server looks once a minute.",
        )


def _check_form(*, as_csv: bool) -> None:
    if as_csv and output.is_json_wanted():
        raise click.UsageError("choose --json or --csv")


def _filters(where: Sequence[str]) -> dict[str, str]:
    filters: dict[str, str] = {}
    for text in where:
        name, equals, value = text.partition("=")
        if not equals or name in filters:
            raise click.BadOptionUsage(
                "where", f"--where takes NAME=VALUE, each name once, not {text!r}"
            )
        filters[name] = value
    return filters


def _times(since: str | None, until: str | None, period: Period) -> tuple[int, int]:
    """In microseconds."""
    now = Clock().now()
    last = now if until is None else _time(until, now, field="until")
    if since is not None:
        return _time(since, now, field="since"), last
    usual = (_USUAL[period] - 1) * SECONDS[period] * MICROSECONDS
    return max(0, last - usual), last


def _time(text: str, now: int, *, field: str) -> int:
    ago = span(text)
    return parse_instant(text, field=field) if ago is None else max(0, now - ago)


def _is_printed(found: Report | StoredReport, *, as_csv: bool) -> bool:
    if as_csv:
        click.echo(csv_form(found), nl=False)
        return True
    if output.is_json_wanted():
        output.done(json_form(found))
        return True
    return False


def _table(found: Report | StoredReport, sizes: Sequence[int], *, nothing: str) -> None:
    period = found.times.period
    values: list[dict[str, object]] = [
        {**{name: _number(value) for name, value in form.items()}, period: _when(form[period])}
        for form in line_forms(found)
    ]
    headings: Mapping[str, str] = {name: _HEADINGS[name] for name in columns(found)}
    drawn = bars(sizes)
    if drawn is not None:
        values = [value | {"bar": bar} for value, bar in zip(values, drawn, strict=True)]
        headings = {**headings, "bar": ""}
    output.listing(values, headings, nothing=nothing)


def _number(value: object) -> object:
    # From a hundred on nobody reads digits after the point.
    return round(value) if isinstance(value, float) and value >= 100 else value


def _when(text: object) -> str:
    """2026-11-01T12:30:00Z as 2026-11-01 12:30; of a day that begins, the day alone."""
    return str(text)[:16].replace("T", " ").removesuffix(" 00:00")


def _together(found: Report) -> str:
    calls, errors, cost = (
        sum(numbers)
        for numbers in zip(*((n.calls, n.errors, n.cost) for n in found.lines), strict=True)
    )
    return (
        f"{calls:,} {'call' if calls == 1 else 'calls'}, {errors:,} of them refused, cost {cost:,}"
    )

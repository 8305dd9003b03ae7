"""What `leasehold audit` is told: which entries are wanted, and a head that was noted."""

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime

import click

from leasehold.administration.audit import Search
from leasehold.administration.audit_chain import Head
from leasehold.cli.arguments import PROJECT_ID
from leasehold.cli.moment import span
from leasehold.clock import MICROSECONDS, Clock

Command = Callable[..., None]

_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


class _Past(click.ParamType[int]):
    name = "past"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The instant in microseconds; without an offset it is UTC."""
        before = span(value)
        if before is not None:
            return Clock().now() - before
        try:
            at = datetime.fromisoformat(value)
            return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * MICROSECONDS)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r}: write a day (2026-11-30), an instant (2026-11-30T12:00Z), or how long"
                " ago (90m, 12h, 30d)",
                param,
                ctx,
            )


class _Head(click.ParamType[Head]):
    name = "head"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Head:
        """A head as `verify` and `export` print it."""
        match = _HEAD.fullmatch(value.strip().lower())
        if match is None:
            self.fail(f"{value!r} is not NUMBER:HASH, as `verify` prints it", param, ctx)
        return Head(int(match[1]), match[2])


HEAD = _Head()
_PAST = _Past()

_OPTIONS = (
    click.option(
        "--project",
        "project_id",
        metavar="PROJECT",
        type=PROJECT_ID,
        help="Only acts on this project.  [default: all]",
    ),
    click.option("--actor", default="", metavar="NAME", help="Only what this one did."),
    click.option(
        "--action",
        default="",
        metavar="PREFIX",
        help="Only actions that begin so: queues. for all on queues, queues.delete for one.",
    ),
    click.option("--target", default="", metavar="TARGET", help="Only acts on queues/resize, say."),
    click.option(
        "--since", type=_PAST, metavar="WHEN", help="Only from then on: 2026-11-30, or 7d for ago."
    ),
    click.option("--until", type=_PAST, metavar="WHEN", help="Only what was before then."),
)


def search_options(command: Command) -> Command:
    """Adds the options of a search, and hands the command `project_id` and `wanted`."""

    @functools.wraps(command)
    def run(  # click gives one for each option
        *args: object,
        actor: str,
        action: str,
        target: str,
        since: int | None,
        until: int | None,
        **options: object,
    ) -> None:
        wanted = Search(actor=actor, action=action, target=target, since=since, until=until)
        command(*args, wanted=wanted, **options)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run

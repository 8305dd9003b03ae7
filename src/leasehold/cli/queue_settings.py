"""The options that set a queue's settings, when it is made and later."""

import functools
from collections.abc import Callable
from typing import Generic, TypeVar

import click
from msgspec import UNSET, UnsetType

from leasehold.administration.queues import QueueSettings

T = TypeVar("T")
N = TypeVar("N", int, float)
Command = Callable[..., None]


class _Limit(click.ParamType[N | UnsetType | None], Generic[N]):
    """A number, or `none` for no limit."""

    def __init__(self, number: click.ParamType[N]) -> None:
        self._number: click.ParamType[N] = number
        self.name = f"{number.name} or none"

    def convert(
        self,
        value: str | UnsetType,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> N | UnsetType | None:
        """None for `none`; what was not given stays so."""
        if value is UNSET or isinstance(value, UnsetType):
            return UNSET
        return None if value == "none" else self._number.convert(value, param, ctx)


_OPTIONS = (
    click.option("--retry-limit", type=int, help="Leases until a task is dropped; 0 is no limit."),
    click.option(
        "--tombstone-seconds", type=int, help="How long the name of a deleted task stays taken."
    ),
    click.option(
        "--requests-per-second",
        type=_Limit(click.FLOAT),
        default=UNSET,
        metavar="NUMBER|none",
        help="API calls that may name the queue, each second on average; none: no limit.",
    ),
    click.option(
        "--max-tasks",
        type=_Limit(click.INT),
        default=UNSET,
        metavar="NUMBER|none",
        help="Tasks that it may hold, leased ones included; none: no limit.",
    ),
    click.option(
        "--max-bytes",
        type=_Limit(click.INT),
        default=UNSET,
        metavar="NUMBER|none",
        help="Bytes of payload that its tasks may have together; none: no limit.",
    ),
)


def settings_options(command: Command) -> Command:
    """Adds the options, and hands the command `settings`: those that were given."""

    @functools.wraps(command)
    def run(
        *args: object,
        retry_limit: int | None,
        tombstone_seconds: int | None,
        requests_per_second: float | UnsetType | None,
        max_tasks: int | UnsetType | None,
        max_bytes: int | UnsetType | None,
        **options: object,
    ) -> None:
        settings = QueueSettings(
            task_retry_limit=if_given(retry_limit),
            tombstone_seconds=if_given(tombstone_seconds),
            requests_per_second=requests_per_second,
            max_tasks=max_tasks,
            max_bytes=max_bytes,
        )
        command(*args, settings=settings, **options)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


def if_given(value: T | None) -> T | UnsetType:
    """What an option without a default says: None means that it was not given."""
    return UNSET if value is None else value

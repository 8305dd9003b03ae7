"""Chores: small operations that a server runs again and again, so that nothing piles up."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from leasehold.errors import Error
from leasehold.storage.committer import Committer
from leasehold.storage.group import Operation

LONGEST_PAUSE = 60.0  # seconds between attempts while the database fails

_log = logging.getLogger("leasehold.chores")


@dataclass(frozen=True, slots=True)
class Chore:
    """An operation that does a little and says how much; 0 means that nothing is left to do."""

    name: str
    operation: Operation[int]
    every_seconds: float


async def run_chores(committer: Committer, chores: Sequence[Chore]) -> None:
    """Runs each chore at its pace until cancelled; any number of processes may do so."""
    async with asyncio.TaskGroup() as group:
        for chore in chores:
            group.create_task(_run(committer, chore))


async def _run(committer: Committer, chore: Chore) -> None:
    failures = 0
    while True:
        try:
            done = await committer.chore(chore.operation)
            failures = 0
        except Exception as error:  # a mistake in one chore must not stop the others
            failures += 1
            done = 0
            detail = error.detail or error.message if isinstance(error, Error) else repr(error)
            _log.warning("chore.failed %s times=%d %s", chore.name, failures, detail)
        longest = max(LONGEST_PAUSE, chore.every_seconds)
        pause = min(chore.every_seconds * 2 ** min(failures, 20), longest)
        await asyncio.sleep(0.01 if done else pause)

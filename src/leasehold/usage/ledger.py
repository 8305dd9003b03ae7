"""The ledger: every call with a good credential is written down, in the transaction that it is.

Its rows are only ever added, a few for each group of calls, so that no two calls wait for one of
them; `fold` adds them up. The committer is given `record`.
"""

from collections.abc import Sequence

from leasehold.clock import MICROSECONDS
from leasehold.errors import Error
from leasehold.storage.committer import Committer
from leasehold.storage.group import Verb
from leasehold.storage.transaction import Transaction
from leasehold.usage import count_rows
from leasehold.usage.charge import Charge
from leasehold.usage.count_rows import EntryRow

DONE = ""  # the outcome of a call that was not refused
MINUTE = 60  # seconds
MAX_OUTCOME = 64  # characters; every reason of ours is shorter


class Refusal:
    """Why a call was refused before it reached a verb, in the word that reports show."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


_REFUSALS = (Error, Refusal)


def record(tx: Transaction, now: int, entries: Sequence[tuple[Charge, object]]) -> None:
    """Writes down the calls of one group: a row for each distinct charge and outcome."""
    # Every call of the server passes here: that nearly all are done saves half of the time.
    done: dict[Charge, int] = {}
    refused: dict[tuple[Charge, str], int] = {}
    for charge, outcome in entries:
        if isinstance(outcome, _REFUSALS):
            key = charge, outcome.reason[:MAX_OUTCOME]
            refused[key] = refused.get(key, 0) + 1
        else:
            done[charge] = done.get(charge, 0) + 1
    minute = now // MICROSECONDS // MINUTE * MINUTE
    rows = [_row(minute, charge, DONE, calls) for charge, calls in done.items()]
    rows += [_row(minute, *key, calls) for key, calls in refused.items()]
    count_rows.add_entries(tx, rows)


def _row(minute: int, charge: Charge, outcome: str, calls: int) -> EntryRow:
    return EntryRow(
        minute,
        charge.project_id,
        charge.api,
        charge.method,
        charge.credential,
        charge.api_key,
        charge.email,
        outcome,
        calls,
        calls * charge.cost,
    )


def _nothing_to_run(
    tx: Transaction,  # noqa: ARG001  # every verb is given it
    now: int,  # noqa: ARG001  # likewise
    outcomes: Sequence[Refusal | None],
) -> Sequence[Refusal | None]:
    return outcomes


# Calls that were answered or refused before they reached a verb: they change nothing, and are
# counted. The engines have no lane of this name, so it runs on that of ordinary changes.
ANSWERED: Verb[Refusal | None, Refusal | None] = Verb("answered", _nothing_to_run)


async def count(committer: Committer, charge: Charge, reason: str) -> None:
    """Counts a call that no verb will see; returns once that is durable, so that it may be told.

    `reason` DONE: it was answered from memory. Raises Unavailable when it cannot be counted: then
    the caller is told that instead.
    """
    await committer.call(ANSWERED, Refusal(reason) if reason else None, charge)

"""The ledger: what each group of calls leaves behind, and how no statement on it gets slow."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from leasehold.clock import Clock
from leasehold.errors import NotFound, Unavailable
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.group import Ledger
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import PARAMETER, Statement, parse
from leasehold.storage.transaction import Row, Transaction
from leasehold.usage import count_rows, ledger, reports
from leasehold.usage.charge import Charge
from leasehold.usage.count_rows import CountRow, LatencyRow
from leasehold.usage.ledger import Refusal
from tests.storage.notes import committing
from tests.usage.accounting import LEASE, Accounting, accounting
from tests.usage.stored import Stored, store

SQL = parse("""
-- name: entries
select minute, credential, outcome, calls, cost
  from usage_entries
 order by id
""")

NOON = 1_793_707_200  # 2026-11-03 12:00, as the accounts have it

LEASE_OF_TWO = Charge("shop", "taskqueue", "taskqueue.tasks.lease", "other", "", "o@example.com", 2)


@pytest.fixture
def accounts(database_url: str) -> Iterator[Accounting]:
    with accounting(database_url) as made:
        yield made


@pytest.fixture
def engine(database_url: str) -> Engine:
    opened = open_engine(database_url)
    migrate(opened)
    return opened


def entries(accounts: Accounting) -> list[Row]:
    return accounts.do(lambda tx, _: tx.all(SQL.entries))


def test_equal_charges_of_a_group_become_one_row_for_each_outcome(accounts: Accounting) -> None:
    group = [
        (LEASE, ["a task"]),
        (LEASE_OF_TWO, None),
        (replace_nothing(LEASE), []),
        (LEASE, NotFound("no such queue")),
        (LEASE_OF_TWO, None),
        (LEASE, Refusal("dailyLimitExceeded")),
    ]

    accounts.do(lambda tx, now: ledger.record(tx, now, group))

    assert [
        (NOON, "worker", "", 2, 2),
        (NOON, "other", "", 2, 4),
        (NOON, "worker", "notFound", 1, 1),
        (NOON, "worker", "dailyLimitExceeded", 1, 1),
    ] == entries(accounts)


def replace_nothing(charge: Charge) -> Charge:
    """An equal charge that is another object."""
    return Charge(*(getattr(charge, name) for name in charge.__struct_fields__))


def test_a_group_counts_for_the_minute_in_which_it_began(accounts: Accounting) -> None:
    for time in ("11:59:59", "12:00:00", "12:00:59", "12:01:00"):
        accounts.at(f"2026-11-03 {time}").call()

    assert [NOON - 60, NOON, NOON, NOON + 60] == [row[0] for row in entries(accounts)]


def test_no_outcome_is_longer_than_a_report_can_show(accounts: Accounting) -> None:
    accounts.do(lambda tx, now: ledger.record(tx, now, [(LEASE, Refusal("x" * 1_000))]))

    assert "x" * ledger.MAX_OUTCOME == entries(accounts)[0][2]


def test_a_call_refused_before_any_verb_is_counted_when_its_caller_hears_of_it(
    accounts: Accounting,
) -> None:
    async def scenario() -> list[Row]:
        async with served(accounts.engine) as committer:
            await ledger.count(committer, LEASE, "keyInvalid")
            return entries(accounts)

    assert [("worker", "keyInvalid", 1, 1)] == [row[1:] for row in asyncio.run(scenario())]


def test_many_refused_at_once_are_one_row(accounts: Accounting) -> None:
    async def scenario() -> None:
        async with served(accounts.engine) as committer:
            refusals = [ledger.count(committer, LEASE, "keyInvalid") for _ in range(200)]
            await asyncio.gather(*refusals)

    asyncio.run(scenario())

    assert 200 == sum(row[3] for row in entries(accounts))
    if accounts.engine.name == "sqlite":  # there the group is known: all that wait
        assert 1 == len(entries(accounts))


def test_a_refusal_that_cannot_be_counted_is_not_told(accounts: Accounting) -> None:
    async def scenario() -> None:
        async with served(accounts.engine) as committer:
            await committer.close()
            await ledger.count(committer, LEASE, "keyInvalid")

    with pytest.raises(Unavailable):
        asyncio.run(scenario())

    assert [] == entries(accounts)


class served:  # noqa: N801  # reads as a function where it is used
    """A committer with the ledger, as a server has it."""

    def __init__(self, engine: Engine) -> None:
        record: Ledger = ledger.record
        self._engine = engine
        self._committer = Committer(ledger=record)

    async def __aenter__(self) -> Committer:
        self._committer.start(self._engine.open_lanes(Clock().now))
        return self._committer

    async def __aexit__(self, *_: object) -> None:
        await self._committer.close()


# What may be read from end to end: usage_entries, which holds the calls of a few seconds.
SHORT = {"usage_entries"}

# What SQLite calls what it was given with the statement, and parts of the statement itself.
NO_TABLES = {"CONSTANT", "rows", "counted", "found", "shown"}

ONE_CELL = {"bigint": 1, "text": "x", "bytes": b"x"}
# What a report asks for; every other parameter is 1.
ASKED: dict[str, object] = {
    "project_id": "p1",
    "period": "hour",
    "since": 0,
    "until": 90_000,
    "most": reports.MAX_LINES + 1,
    **dict.fromkeys(("queue", *count_rows.DIMENSIONS)),
}


def plan(engine: Engine, statement: Statement) -> str:
    """How a server's lane would run it, as the engine words it."""
    word = "explain query plan" if engine.name == "sqlite" else "explain (costs off)"
    explaining = replace(statement, text=f"{word}\n{statement.text}")

    def explain(tx: Transaction, now: int) -> str:  # noqa: ARG001  # every operation is given the time
        if statement.rows:
            found = tx.many(explaining, [[ONE_CELL[column.type] for column in statement.rows]])
        else:
            names = PARAMETER.findall(statement.text)
            found = tx.all(explaining, **{name: ASKED.get(name, 1) for name in names})
        return "\n".join(str(row[-1]) for row in found)

    async def scenario() -> str:
        async with committing(engine) as committer:
            return await committer.read(explain)

    return asyncio.run(scenario())


@pytest.mark.parametrize("statement", list(count_rows.SQL), ids=lambda statement: statement.name)
def test_no_statement_walks_a_whole_table(engine: Engine, statement: Statement) -> None:
    shown = plan(engine, statement)

    if engine.name == "sqlite":
        walked = re.findall(r"^SCAN (\w+)", shown, re.MULTILINE)
    else:
        walked = re.findall(r"Seq Scan on (\w+)", shown)
    assert set(walked) <= SHORT | NO_TABLES, shown


REPORTS = [
    *("count_counts", "report_calls", "count_latencies", "report_latencies"),
    *("count_stored", "largest_stored", "report_stored", "report_stored_by_queue"),
]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_reads_only_its_project_its_period_and_its_time(engine: Engine, name: str) -> None:
    fill(engine)

    shown = plan(engine, getattr(count_rows.SQL, name))

    if engine.name == "sqlite":
        assert re.search(r"SEARCH usage_\w+ USING [A-Z ]+ \(project_id=\? AND period=\?", shown)
        assert "AND starts>? AND starts<?)" in shown
    else:
        assert re.search(r"Index (Only )?Scan using usage_\w+_pkey", shown), shown


def fill(engine: Engine) -> None:
    """Some hours of some projects: of a table that is empty PostgreSQL reads any index."""
    connection = engine.connect()
    tx = connection.begin()
    hours = [(hour * 3_600, f"p{project}") for hour in range(100) for project in range(99)]
    who = ("api", "m", "c", "", "e", "")
    count_rows.add_counts(tx, [CountRow("hour", *hour, *who, 1, 1) for hour in hours])
    count_rows.add_latencies(tx, [LatencyRow("hour", *hour, *who, 1, 1) for hour in hours])
    store(tx, [Stored("hour", *hour, "q", 1, 1, 1, 1) for hour in hours])
    connection.commit()
    connection.begin()
    connection.run_script("analyze")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("name", ["sweep_counts", "sweep_latencies"])
def test_sweeping_looks_for_what_is_old_by_age(engine: Engine, name: str) -> None:
    shown = plan(engine, getattr(count_rows.SQL, name))

    assert "_by_age" in shown

"""The benchmark in small: it runs to its end on both engines and reports everything."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bench import accounting, authorization, report
from bench.accounting import weigh
from bench.authorization import COMPARED, compare
from bench.load import WrongReply
from bench.measure import Plan, measure
from bench.report import OPERATIONS, Gate, Report, interval_of_median
from tests.postgres import PostgresServer

# A lease of no seconds gives its tasks back at once, so that no round waits for the last one's.
TINY = Plan(
    connections=(2,),
    rounds=1,
    seconds=0.2,
    warm_up_seconds=0.2,
    backlog=500,
    lease_seconds=0,
    short_rounds=2,
    short_seconds=0.1,
)


def test_a_tiny_run_reports_every_operation(database_url: str, tmp_path: Path) -> None:
    measurement = measure(database_url, TINY, tmp_path)

    result = Report(
        at=report.now(), environment={"cores": "2"}, plan=TINY, measurements=[measurement]
    )
    console = Console(record=True, width=200, file=io.StringIO())
    report.show(result, console)
    text = console.export_text()
    saved = json.loads(report.save(result, tmp_path).read_bytes())
    assert [sample.operation for sample in measurement.samples] == list(OPERATIONS)
    assert all(sample.per_second > 0 for sample in measurement.samples)
    assert all(operation in text for operation in OPERATIONS)
    assert saved["measurements"][0]["samples"][0]["of_floor"] == 1.0


@pytest.mark.long
def test_a_tiny_comparison_reports_both_servers(database_url: str, tmp_path: Path) -> None:
    comparison = compare(database_url, TINY, tmp_path)

    result = Report(
        at=report.now(),
        environment={"cores": "2"},
        plan=TINY,
        measurements=[],
        comparisons=[comparison],
    )
    console = Console(record=True, width=200, file=io.StringIO())
    report.show(result, console)
    text = console.export_text()
    saved = json.loads(report.save(result, tmp_path).read_bytes())
    done = [(turn.operation, turn.who) for turn in comparison.turns]
    compared = [(operation, who) for operation in COMPARED for who in ("peer", "ours")]
    assert [*compared, ("jwt bearer", "ours"), ("task get", "ours")] == done
    assert all(turn.per_second > 0 for turn in comparison.turns)
    assert all(operation in text for operation in authorization.OPERATIONS)
    gates = [gate.operation for gate in report.gates(result)]
    assert gates == (list(COMPARED) if comparison.engine == "sqlite" else [])
    assert saved["comparisons"][0]["turns"][1]["of_peer"] > 0


@pytest.fixture
def two_databases(
    engine_name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> dict[accounting.Who, str]:
    """Two empty ones of one engine."""
    if engine_name == "sqlite":
        return {"off": str(tmp_path / "off.db"), "on": str(tmp_path / "on.db")}
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return {"off": server.create_database(), "on": server.create_database()}


@pytest.mark.long
def test_a_tiny_weighing_of_accounting_counts_every_call(
    two_databases: dict[accounting.Who, str], tmp_path: Path
) -> None:
    weighed = weigh(two_databases, TINY, tmp_path)

    result = Report(
        at=report.now(),
        environment={"cores": "2"},
        plan=TINY,
        measurements=[],
        accountings=[weighed],
    )
    console = Console(record=True, width=200, file=io.StringIO())
    report.show(result, console)
    text = console.export_text()
    saved = json.loads(report.save(result, tmp_path).read_bytes())
    done = [(stint.operation, stint.who) for stint in weighed.stints]
    each = [(operation, who) for operation in accounting.OPERATIONS for who in ("off", "on")]
    assert each * weighed.rounds == done
    assert all(stint.per_second > 0 for stint in weighed.stints)
    assert weighed.calls >= sum(stint.replies for stint in weighed.stints if stint.who == "on")
    assert f"in its report: {weighed.calls:,} calls" in text
    gates = [str(gate).split(" (")[0] for gate in report.gates(result)]
    assert all("with accounting" in gate for gate in gates)
    assert len(gates) == (len(accounting.OPERATIONS) if weighed.engine == "sqlite" else 0)
    assert saved["accountings"][0]["stints"][1]["of_off"] > 0


def test_calls_that_are_not_in_the_report_end_the_run() -> None:
    insert: tuple[str, ...] = ("taskqueue.tasks.insert", "key", "done")

    with pytest.raises(WrongReply, match=r"answered were .*: 10}, but reported are .*: 9}"):
        accounting.check_report({insert: 9}, {insert: 10})


def test_accounting_may_cost_a_twentieth() -> None:
    assert Gate("insert", share=0.95, required=report.COUNTED_SHARE).is_met
    missed = Gate("insert", share=0.9499, required=report.COUNTED_SHARE, how="with accounting")

    assert "MISSED: insert with accounting 94.9% of 95% (sqlite, 32 connections)" == str(missed)


def test_more_rounds_tell_a_median_more_closely() -> None:
    few, many = interval_of_median(range(10)), interval_of_median(range(0, 10_000, 10))

    assert few == (0, 9)
    assert many == (4680, 5310)


def test_a_peer_that_is_faster_is_a_gate_missed() -> None:
    assert Gate("introspection", share=1.0, required=1.0).is_met
    assert not Gate("introspection", share=0.99, required=1.0).is_met


def test_a_gate_below_its_share_is_missed() -> None:
    assert Gate("insert", share=0.30).is_met
    assert not Gate("insert", share=0.29).is_met

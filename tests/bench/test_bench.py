"""The benchmark in small: it runs to its end on both engines and reports everything."""

import io
import json
from pathlib import Path

from rich.console import Console

from bench import authorization, report
from bench.authorization import COMPARED, compare
from bench.measure import Plan, measure
from bench.report import OPERATIONS, Gate, Report

# A lease of no seconds gives its tasks back at once, so that no round waits for the last one's.
TINY = Plan(
    connections=(2,),
    rounds=1,
    seconds=0.2,
    warm_up_seconds=0.2,
    backlog=500,
    lease_seconds=0,
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


def test_a_peer_that_is_faster_is_a_gate_missed() -> None:
    assert Gate("introspection", share=1.0, required=1.0).is_met
    assert not Gate("introspection", share=0.99, required=1.0).is_met


def test_a_gate_below_its_share_is_missed() -> None:
    assert Gate("insert", share=0.30).is_met
    assert not Gate("insert", share=0.29).is_met

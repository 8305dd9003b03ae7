"""The benchmark in small: it runs to its end on both engines and reports everything."""

import io
import json
from pathlib import Path

from rich.console import Console

from bench import report
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


def test_a_gate_below_its_share_is_missed() -> None:
    assert Gate("insert", share=0.30).is_met
    assert not Gate("insert", share=0.29).is_met

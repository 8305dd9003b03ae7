"""A report's forms for programs: a value for JSON, and CSV that a spreadsheet may open."""

import csv
import io
from collections.abc import Mapping, Sequence

from leasehold.usage.latency import Percentiles
from leasehold.usage.periods import shown
from leasehold.usage.reports import Line, Report, StoredLine, StoredReport
from leasehold.usage.spreadsheet import as_text

Form = dict[str, object]


def json_form(report: Report | StoredReport) -> Form:
    """The report as a value that JSON can hold; times as 2026-11-01T00:00:00Z."""
    return {
        "project": report.project_id,
        "period": report.times.period,
        "since": shown(report.times.since),
        "until": shown(report.times.until),
        "lines": line_forms(report),
    }


def line_forms(report: Report | StoredReport) -> list[Form]:
    """Its lines, each with the keys that are the columns of the CSV."""
    if isinstance(report, Report):
        return [_line(report, line) for line in report.lines]
    return [_stored_line(report, line) for line in report.lines]


def csv_form(report: Report | StoredReport) -> str:
    """The report as CSV (RFC 4180) with a line of headings, also when there are no others.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, columns(report))
    writer.writeheader()
    for form in line_forms(report):
        writer.writerow({key: as_text(value) for key, value in form.items()})
    return file.getvalue()


def columns(report: Report | StoredReport) -> Sequence[str]:
    """The names of what a line has, in order."""
    if isinstance(report, StoredReport):
        queue = ["queue"] if report.by_queue else []
        sizes = ["average_tasks", "most_tasks", "average_bytes", "most_bytes"]
        return [report.times.period, *queue, *sizes]
    latency = ["p50_ms", "p90_ms", "p99_ms"] if report.has_latency else []
    return [report.times.period, *report.by, "calls", "errors", "cost", *latency]


def _line(report: Report, line: Line) -> Form:
    form: Form = {report.times.period: shown(line.starts)}
    form |= zip(report.by, line.values, strict=True)
    form |= {"calls": line.calls, "errors": line.errors, "cost": line.cost}
    if report.has_latency:
        form |= _milliseconds(line.latency)
    return form


def _milliseconds(latency: Percentiles | None) -> Mapping[str, object]:
    if latency is None:
        return dict.fromkeys(("p50_ms", "p90_ms", "p99_ms"))
    return {
        "p50_ms": round(latency.p50 * 1000, 2),
        "p90_ms": round(latency.p90 * 1000, 2),
        "p99_ms": round(latency.p99 * 1000, 2),
    }


def _stored_line(report: StoredReport, line: StoredLine) -> Form:
    form: Form = {report.times.period: shown(line.starts)}
    if report.by_queue:
        form["queue"] = line.queue
    return form | {
        "average_tasks": round(line.average_tasks, 2),
        "most_tasks": line.most_tasks,
        "average_bytes": round(line.average_bytes, 2),
        "most_bytes": line.most_bytes,
    }

"""A report: medians, the table that a terminal shows, the gates, and the file that keeps it."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import floor, sqrt
from pathlib import Path
from statistics import median, quantiles

import msgspec
from rich.console import Console
from rich.table import Table

from bench.accounting import OPERATIONS as COUNTED_OPERATIONS
from bench.accounting import Accounting, Stint
from bench.accounting import Operation as CountedOperation
from bench.authorization import COMPARED, CONNECTIONS, Comparison, Turn
from bench.authorization import OPERATIONS as OAUTH_OPERATIONS
from bench.authorization import Operation as OAuthOperation
from bench.measure import Measurement, Operation, Plan, Sample

OPERATIONS: tuple[Operation, ...] = ("constant", "insert", "lease 1", "lease 100", "delete")

GATE_ENGINE = "sqlite"
GATE_CONNECTIONS = 32
GATE_SHARE = 0.30  # of the constant's rate
BUSY = 0.15  # share of the machine that others may use before ratios say little
GATED: tuple[Operation, ...] = ("insert", "lease 1", "delete")
COUNTED_SHARE = 0.95  # of the rate without accounting
PEER_SHARE = 1.00  # of the peer's rate: ours is durable, the peer is not, and ours is no slower


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run."""

    at: datetime
    environment: dict[str, str]
    plan: Plan
    measurements: list[Measurement]
    comparisons: list[Comparison] = field(default_factory=list)
    accountings: list[Accounting] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Gate:
    """A share of what an operation is compared with that must be reached, and what was."""

    operation: Operation | OAuthOperation | CountedOperation
    share: float
    required: float = GATE_SHARE
    connections: int = GATE_CONNECTIONS
    how: str = ""  # which of an operation's gates, where that is not clear

    @property
    def is_met(self) -> bool:
        return self.share >= self.required

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "MISSED"
        where = f"{GATE_ENGINE}, {self.connections} connections"
        operation = f"{self.operation} {self.how}".strip()
        # Never rounded up to what is required.
        share = floor(self.share * 1000) / 1000
        return f"{verdict}: {operation} {share:.1%} of {self.required:.0%} ({where})"


def environment(directory: Path, file_system: str, **more: str) -> dict[str, str]:
    """Facts about this machine; `more` are those that only the caller knows."""
    return {
        "cores": str(os.cpu_count()),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "disk": f"{directory} ({file_system or 'unknown file system'})",
        **more,
    }


def gates(report: Report) -> list[Gate]:
    """The gates that this run can answer; none when it has not measured there."""
    of_floor = [
        Gate(operation, median(sample.of_floor for sample in samples))
        for measurement in report.measurements
        if measurement.engine == GATE_ENGINE
        for operation in GATED
        if (samples := measurement.of(operation, GATE_CONNECTIONS))
    ]
    of_peer = [
        Gate(operation, median(_of_peer(turns)), PEER_SHARE, CONNECTIONS)
        for comparison in report.comparisons
        if comparison.engine == GATE_ENGINE
        for operation in COMPARED
        if (turns := comparison.of(operation, "ours"))
    ]
    of_off = [
        Gate(operation, median(shares), COUNTED_SHARE, how="with accounting")
        for accounting in report.accountings
        if accounting.engine == GATE_ENGINE
        for operation in COUNTED_OPERATIONS
        if (shares := accounting.shares(operation))
    ]
    return of_floor + of_peer + of_off


def show(report: Report, console: Console) -> None:
    """Prints everything but the gates."""
    for name, value in report.environment.items():
        console.print(f"{name}: {value}", highlight=False)
    for measurement in report.measurements:
        console.print(_table(report, measurement))
        console.print(_below(measurement), highlight=False)
    for comparison in report.comparisons:
        console.print(_beside_the_peer(report, comparison))
        console.print(_below_comparison(comparison), highlight=False)
    for accounting in report.accountings:
        console.print(_with_and_without(accounting))
        console.print(_below_accounting(accounting), highlight=False)


def _table(report: Report, measurement: Measurement) -> Table:
    table = Table(title=f"{measurement.engine}: medians of {report.plan.rounds} rounds")
    table.add_column("conns", justify="right", no_wrap=True)
    table.add_column("operation", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for connections in report.plan.connections:
        for cells in _rows(measurement, connections):
            table.add_row(*cells)
        table.add_section()
    return table


def _rows(measurement: Measurement, connections: int) -> Iterator[list[str]]:
    for operation in OPERATIONS:
        samples = measurement.of(operation, connections)
        yield [str(connections), operation, *(cell(samples) for cell in _COLUMNS.values())]


def _below(measurement: Measurement) -> str:
    syncs = median(measurement.syncs_per_second)
    lines = [f"raw sync floor: {syncs:,.0f}/s of 1 KB appends", *_noise(measurement.others_cpu)]
    if measurement.log_bytes is not None:
        lines.append(f"largest log (-wal): {measurement.log_bytes / 1e6:,.1f} MB")
    return "\n".join(lines) + "\n"


def _beside_the_peer(report: Report, comparison: Comparison) -> Table:
    table = Table(
        title=f"authorization, {comparison.engine}, {CONNECTIONS} connections:"
        f" medians of {report.plan.rounds} rounds"
    )
    for name in ("operation", "who"):
        table.add_column(name, no_wrap=True)
    for name in _TURN_COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for operation in OAUTH_OPERATIONS:
        for who in ("peer", "ours"):
            if turns := comparison.of(operation, who):
                table.add_row(operation, who, *(cell(turns) for cell in _TURN_COLUMNS.values()))
        table.add_section()
    return table


def _below_comparison(comparison: Comparison) -> str:
    return "\n".join([_where(comparison.cores), *_noise(comparison.others_cpu)]) + "\n"


def _where(cores: tuple[int, int] | None) -> str:
    if cores is None:
        return "nothing pinned to a core: this machine has no two, or cannot do it"
    return f"servers on core {cores[0]}, load on core {cores[1]}"


def _with_and_without(accounting: Accounting) -> Table:
    table = Table(
        title=f"accounting, {accounting.engine}, {GATE_CONNECTIONS} connections:"
        f" medians of {accounting.rounds} short rounds"
    )
    for name in ("operation", "accounting"):
        table.add_column(name, no_wrap=True)
    for name in ("of off", "95 % sure", "half of rounds", "× CPU", *_STINT_COLUMNS):
        table.add_column(name, justify="right", no_wrap=True)
    for operation in COUNTED_OPERATIONS:
        on, off = accounting.of(operation, "on"), accounting.of(operation, "off")
        table.add_row(operation, "off", "", "", "", "1.000", *_cells(off))
        table.add_row(operation, "on", *_compared(accounting, operation), *_cells(on))
        table.add_section()
    return table


def _compared(accounting: Accounting, operation: CountedOperation) -> list[str]:
    shares = accounting.shares(operation)
    half = quantiles(shares * 2, n=4, method="inclusive")  # twice, as one alone has none
    low, high = interval_of_median(shares)
    return [
        f"{median(shares):.1%}",
        f"{low:.1%}-{high:.1%}",
        f"{half[0]:.0%}-{half[2]:.0%}",
        f"{median(accounting.cpu_shares(operation)):.3f}",
    ]


def interval_of_median(values: Sequence[float]) -> tuple[float, float]:
    """Two of the values, between which the true median lies with 95 % certainty.

    That holds for every distribution; of too few values it is all of them.

    >>> interval_of_median([3, 1, 2])
    (1, 3)
    >>> interval_of_median(range(100))
    (39, 60)
    """
    ordered = sorted(values)
    # Of n values the number below the median has the mean n / 2 and the deviation sqrt(n) / 2.
    below = max(0, floor((len(ordered) - 1.96 * sqrt(len(ordered))) / 2) - 1)
    return ordered[below], ordered[-1 - below]


def _below_accounting(accounting: Accounting) -> str:
    on, off = accounting.whole_us["on"], accounting.whole_us["off"]
    whole = f"all CPU of a server for each reply, between turns too: {on:.0f} µs, off {off:.0f} µs"
    lines = [
        f"{whole} (× {on / (off or 1.0):.3f})",
        f"answered with accounting, and by each method in its report: {accounting.calls:,} calls",
        _where(accounting.cores),
        *_noise(accounting.others_cpu),
        *_too_close(accounting),
    ]
    return "\n".join(lines) + "\n"


def _too_close(accounting: Accounting) -> list[str]:
    intervals = {name: interval_of_median(accounting.shares(name)) for name in COUNTED_OPERATIONS}
    close = [name for name, (low, high) in intervals.items() if low < COUNTED_SHARE < high]
    if not close:
        return []
    return [f"too close to {COUNTED_SHARE:.0%} to be sure of, either way: {', '.join(close)}"]


def _cells(stints: Sequence[Stint]) -> Iterator[str]:
    return (cell(stints) for cell in _STINT_COLUMNS.values())


def _stint_median(value: Callable[[Stint], float], form: str) -> Callable[[Sequence[Stint]], str]:
    return lambda stints: form.format(median(map(value, stints)))


_STINT_COLUMNS: dict[str, Callable[[Sequence[Stint]], str]] = {
    "per second": _stint_median(lambda stint: stint.per_second, "{:,.0f}"),
    "p50 ms": _stint_median(lambda stint: stint.p50_ms, "{:.2f}"),
    "p99 ms": _stint_median(lambda stint: stint.p99_ms, "{:.2f}"),
    "µs server": _stint_median(lambda stint: stint.server_us, "{:.0f}"),
    "µs client": _stint_median(lambda stint: stint.client_us, "{:.0f}"),
    "µs db": _stint_median(lambda stint: stint.database_us, "{:.0f}"),
}


def _noise(others_cpu: float) -> list[str]:
    lines = [f"other programs used {others_cpu:.0%} of the machine's CPU"]
    if others_cpu > BUSY:
        lines.append("that is much: look at the ratios of CPU, and run again on a quieter machine")
    return lines


def _of_peer(turns: Sequence[Turn]) -> list[float]:
    return [turn.of_peer for turn in turns if turn.of_peer is not None]


def _of_peer_text(turns: Sequence[Turn]) -> str:
    shares = _of_peer(turns)
    return f"{median(shares):.0%} ({min(shares):.0%}-{max(shares):.0%})" if shares else ""


def _cpu_of_peer_text(turns: Sequence[Turn]) -> str:
    shares = [turn.cpu_of_peer for turn in turns if turn.cpu_of_peer is not None]
    return f"{median(shares):.2f}" if shares else ""


def _turn_median(value: Callable[[Turn], float], form: str) -> Callable[[Sequence[Turn]], str]:
    return lambda turns: form.format(median(map(value, turns)))


_TURN_COLUMNS: dict[str, Callable[[Sequence[Turn]], str]] = {
    "of peer (range)": _of_peer_text,
    "× peer CPU": _cpu_of_peer_text,
    "per second": _turn_median(lambda turn: turn.per_second, "{:,.0f}"),
    "p50 ms": _turn_median(lambda turn: turn.p50_ms, "{:.2f}"),
    "p99 ms": _turn_median(lambda turn: turn.p99_ms, "{:.2f}"),
    "µs server": _turn_median(lambda turn: turn.server_us, "{:.0f}"),
    "µs client": _turn_median(lambda turn: turn.client_us, "{:.0f}"),
    "µs db": _turn_median(lambda turn: turn.database_us, "{:.0f}"),
}


def _median(value: Callable[[Sample], float], form: str) -> Callable[[Sequence[Sample]], str]:
    return lambda samples: form.format(median(map(value, samples)))


def _spread(samples: Sequence[Sample]) -> str:
    shares = [sample.of_floor for sample in samples]
    return f"{min(shares):.0%}-{max(shares):.0%}"


_COLUMNS: dict[str, Callable[[Sequence[Sample]], str]] = {
    "of floor": _median(lambda sample: sample.of_floor, "{:.0%}"),
    "range": _spread,
    "per second": _median(lambda sample: sample.per_second, "{:,.0f}"),
    "per reply": _median(lambda sample: sample.tasks_per_reply, "{:.0f}"),
    "p50 ms": _median(lambda sample: sample.p50_ms, "{:.2f}"),
    "p99 ms": _median(lambda sample: sample.p99_ms, "{:.2f}"),
    "× floor CPU": _median(lambda sample: sample.cpu_of_floor, "{:.1f}"),
    "µs server": _median(lambda sample: sample.server_us, "{:.0f}"),
    "µs client": _median(lambda sample: sample.client_us, "{:.0f}"),
    "µs db": _median(lambda sample: sample.database_us, "{:.0f}"),
}


def save(report: Report, directory: Path) -> Path:
    """Writes the run with all its samples; the file's name is its instant."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{report.at:%Y-%m-%dT%H%M%S}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return path


def now() -> datetime:
    """The instant of a report, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)

"""`python -m bench`: measures Leasehold against its own HTTP floor, the disk's, and a peer."""

import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import apsw
import click
import psutil
from rich.console import Console

from bench import disk, report
from bench.accounting import Accounting, weigh
from bench.authorization import Comparison, compare
from bench.measure import FULL, QUICK, Measurement, Plan, measure
from tests.node import NodeMissing
from tests.postgres import running_postgres

ENGINES = {"sqlite": ["sqlite"], "postgres": ["postgres"], "both": ["sqlite", "postgres"]}
SECTIONS = ("queue", "oauth", "accounting")
ALL = "all"
RESULTS = Path(__file__).parent / "results"

TABLE_WIDTH = 140  # characters, where no terminal says how many it has

# Kept over a restart by the file system standard, so it is on a disk; /tmp is often in memory.
ON_DISK = "/var/tmp"  # noqa: S108  # the directory made in it has a new name and one owner


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one section is measured on one engine."""

    directory: Path
    new_database: Callable[[], str]  # an empty one: a path, or a `postgresql://` URL
    postmaster: psutil.Process | None  # None on SQLite
    progress: Callable[[str], None]


def _parse_connections(
    context: click.Context,  # noqa: ARG001  # as click calls it
    parameter: click.Parameter,  # noqa: ARG001  # likewise
    text: str | None,
) -> tuple[int, ...] | None:
    if text is None:
        return None
    numbers = text.split(",")
    if not all(number.isdecimal() and 0 < int(number) <= 1000 for number in numbers):
        raise click.BadParameter("give numbers from 1 to 1000 with commas between, such as 1,32")
    return tuple(map(int, numbers))


@click.command()
@click.option("--quick", is_flag=True, help="Three minutes instead of fifteen.")
@click.option("--engine", type=click.Choice(list(ENGINES)), default="both", show_default=True)
@click.option("--section", type=click.Choice([*SECTIONS, ALL]), default=ALL, show_default=True)
@click.option(
    "--connections",
    callback=_parse_connections,
    help="Of the queue: such as 1,32,256, which is the default; with --quick it is 32.",
)
@click.option("--no-gzip", is_flag=True, help="Ask for replies that are not compressed.")
@click.option("--no-gates", is_flag=True, help="Only look: the status is 0 whatever was measured.")
@click.option("--save", is_flag=True, help="Keep the result in bench/results/.")
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=ON_DISK,
    show_default=True,
    help="Where the databases are made and removed again: on a disk.",
)
def main(
    *,
    quick: bool,
    engine: str,
    section: str,
    connections: tuple[int, ...] | None,
    no_gzip: bool,
    no_gates: bool,
    save: bool,
    directory: Path,
) -> None:
    """Measure throughput and latency; how to read it stands in docs/benchmarks.md.

    The status is 1 when a gate is missed.
    """
    if disk.is_in_memory(directory):
        raise click.UsageError(f"{directory} is in memory: name a --directory on a disk")
    console = _console()
    plan = QUICK if quick else FULL
    if connections is not None:
        plan = replace(plan, connections=connections)
    if no_gzip:
        plan = replace(plan, encoding="identity")
    run = _Run(plan, directory, console, SECTIONS if section == ALL else [section])
    try:
        result = run.report(ENGINES[engine])
    except NodeMissing as error:
        hint = "or measure without it: --section queue, --section accounting"
        raise click.ClickException(f"the peer cannot be had: {error}\n{hint}") from error
    report.show(result, console)
    if save:
        console.print(f"saved: {report.save(result, RESULTS)}")
    gates = report.gates(result)
    for gate in gates:
        console.print(str(gate), highlight=False)
    if not no_gates and not all(gate.is_met for gate in gates):
        sys.exit(1)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=TABLE_WIDTH)


@dataclass(frozen=True, slots=True)
class _Run:
    """What is measured, on what, and where it is shown."""

    plan: Plan
    directory: Path
    console: Console
    sections: Sequence[str]

    def report(self, engines: Sequence[str]) -> report.Report:
        at = report.now()
        facts = report.environment(
            self.directory,
            disk.file_system(self.directory),
            sqlite=apsw.sqlite_lib_version(),
            uvicorn=version("uvicorn"),
            replies="compressed" if "gzip" in self.plan.encoding else "not compressed",
        )
        measurements: list[Measurement] = []
        comparisons: list[Comparison] = []
        accountings: list[Accounting] = []
        for engine in engines:
            on = self._on_sqlite if engine == "sqlite" else self._on_postgres
            if "queue" in self.sections:
                with on(facts) as place:
                    measurements.append(self._measure(place))
            if "oauth" in self.sections:
                with on(facts) as place:
                    comparisons.append(self._compare(place))
            if "accounting" in self.sections:
                with on(facts) as place:
                    accountings.append(self._weigh(place))
        return report.Report(
            at=at,
            environment=facts,
            plan=self.plan,
            measurements=measurements,
            comparisons=comparisons,
            accountings=accountings,
        )

    def _measure(self, place: _Place) -> Measurement:
        return measure(
            place.new_database(),
            self.plan,
            place.directory,
            postmaster=place.postmaster,
            progress=place.progress,
        )

    def _compare(self, place: _Place) -> Comparison:
        return compare(
            place.new_database(),
            self.plan,
            place.directory,
            postmaster=place.postmaster,
            progress=place.progress,
        )

    def _weigh(self, place: _Place) -> Accounting:
        return weigh(
            {"off": place.new_database(), "on": place.new_database()},
            self.plan,
            place.directory,
            postmaster=place.postmaster,
            progress=place.progress,
        )

    @contextmanager
    def _on_sqlite(self, _facts: dict[str, str]) -> Iterator[_Place]:
        numbers = itertools.count(1)
        with (
            self.console.status("sqlite: starting") as status,
            tempfile.TemporaryDirectory(prefix="lh-bench-", dir=self.directory) as made,
        ):
            yield _Place(
                Path(made),
                lambda: f"{made}/leasehold-{next(numbers)}.db",
                postmaster=None,
                progress=lambda what: status.update(f"sqlite: {what}"),
            )

    @contextmanager
    def _on_postgres(self, facts: dict[str, str]) -> Iterator[_Place]:
        with (
            self.console.status("postgres: starting") as status,
            running_postgres(self.directory) as server,
            tempfile.TemporaryDirectory(prefix="lh-bench-", dir=self.directory) as made,
        ):
            facts["postgresql"] = str(server.installation.version)
            pid = int((server.directory / "data" / "postmaster.pid").read_text().split()[0])
            yield _Place(
                Path(made),
                server.create_database,
                postmaster=psutil.Process(pid),
                progress=lambda what: status.update(f"postgres: {what}"),
            )


if __name__ == "__main__":
    main()

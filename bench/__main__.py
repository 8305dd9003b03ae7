"""`python -m bench`: measures Leasehold against its own HTTP floor and the disk's."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import apsw
import click
import psutil
from rich.console import Console

from bench import disk, report
from bench.measure import FULL, QUICK, Measurement, Plan, measure
from tests.postgres import running_postgres

ENGINES = {"sqlite": ["sqlite"], "postgres": ["postgres"], "both": ["sqlite", "postgres"]}
RESULTS = Path(__file__).parent / "results"

TABLE_WIDTH = 140  # characters, where no terminal says how many it has

# Kept over a restart by the file system standard, so it is on a disk; /tmp is often in memory.
ON_DISK = "/var/tmp"  # noqa: S108  # the directory made in it has a new name and one owner


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
@click.option("--quick", is_flag=True, help="About 30 seconds instead of four minutes.")
@click.option("--engine", type=click.Choice(list(ENGINES)), default="both", show_default=True)
@click.option(
    "--connections",
    callback=_parse_connections,
    help="Such as 1,32,256, which is the default; with --quick it is 32.",
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
    result = _run(ENGINES[engine], plan, directory, console)
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


def _run(engines: list[str], plan: Plan, directory: Path, console: Console) -> report.Report:
    at = report.now()
    facts = report.environment(
        directory,
        disk.file_system(directory),
        sqlite=apsw.sqlite_lib_version(),
        uvicorn=version("uvicorn"),
        replies="compressed" if "gzip" in plan.encoding else "not compressed",
    )
    measurements = []
    for engine in engines:
        with console.status(f"{engine}: starting") as status:

            def progress(what: str, engine: str = engine) -> None:
                status.update(f"{engine}: {what}")

            if engine == "sqlite":
                measurements.append(_on_sqlite(plan, directory, progress))
            else:
                measurements.append(_on_postgres(plan, directory, progress, facts))
    return report.Report(at=at, environment=facts, plan=plan, measurements=measurements)


def _on_sqlite(plan: Plan, directory: Path, progress: Callable[[str], None]) -> Measurement:
    with tempfile.TemporaryDirectory(prefix="lh-bench-", dir=directory) as made:
        return measure(f"{made}/leasehold.db", plan, Path(made), progress=progress)


def _on_postgres(
    plan: Plan, directory: Path, progress: Callable[[str], None], facts: dict[str, str]
) -> Measurement:
    with (
        running_postgres(directory) as server,
        tempfile.TemporaryDirectory(prefix="lh-bench-", dir=directory) as made,
    ):
        facts["postgresql"] = str(server.installation.version)
        pid = int((server.directory / "data" / "postmaster.pid").read_text().split()[0])
        return measure(
            server.create_database(),
            plan,
            Path(made),
            postmaster=psutil.Process(pid),
            progress=progress,
        )


if __name__ == "__main__":
    main()

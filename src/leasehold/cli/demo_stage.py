"""Where `leasehold demo` plays: the processes on it, and what they do as lines on the terminal."""

import io
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import click
import msgspec
from rich.console import Console
from rich.text import Text

from leasehold.cli import demo_workers
from leasehold.cli.demo_workers import Telling
from leasehold.errors import Error

STOP_SECONDS = 25  # longer than a server lets requests under way finish
STYLES = {
    "demo": "bold",
    "producer": "green",
    "worker A": "yellow",
    "worker B": "cyan",
}
PROXIES = ("http_proxy", "https_proxy", "all_proxy")

# -P: what lies in the directory from which the demo is started must not be imported.
_PYTHON = (sys.executable, "-P", "-m")


class DemoFailed(Error):
    """Something did not happen as it should; the message says what."""

    reason = "demoFailed"


def use_database(path: Path) -> None:
    """Lets all commands and programs from now on work on this database, with default settings.

    Settings of the reader's own server do not count, nor does a proxy: all is on this machine.
    """
    for name in list(os.environ):
        # httplib2 compares NO_PROXY with host and port, so an address in it would not help.
        if name.startswith("LEASEHOLD_") or name.lower() in PROXIES:
            del os.environ[name]
    os.environ["LEASEHOLD_DATABASE"] = str(path)


class Program:
    """A process of ours. Its errors go to a file, its standard output to us."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @property
    def id(self) -> int:
        """Of the process."""
        return self._process.pid

    def begin(self) -> None:
        """Sends the line for which the programs of `demo_workers` wait."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already: reading from it says so
            self._process.stdin.write(b"begin\n")
            self._process.stdin.flush()

    def lines(self) -> Iterator[bytes]:
        """What it writes, as it writes it. Raises DemoFailed if it then ends with an error."""
        assert self._process.stdout is not None
        yield from self._process.stdout
        if self.wait() != 0:
            raise self.failed()

    def failed(self) -> DemoFailed:
        """The error that says that it ended, and what it said last."""
        words = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
        words = words or f"status {self.wait()}"  # negative: the signal that killed it
        return DemoFailed(f"{self.name} ended: {words} (see {self._log})")

    def wait(self) -> int:
        """Its status, once it has ended."""
        return self._process.wait()

    def kill(self) -> None:
        """Ends it with SIGKILL; it cannot clean anything up."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it in peace, or by SIGKILL when that takes too long."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


class Stage:
    """Runs commands and programs, and shows them. At its end no process of it is left."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._programs = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._programs.close()

    def heading(self, text: str) -> None:
        """A line that begins a part."""
        self._console.print()
        self._console.print(Text(f"{text}:", "bold underline"))

    def show(self, text: str) -> None:
        """Text as it is."""
        self._console.print(text)

    def say(self, who: str, text: str) -> None:
        """A line about one who acts; colour is not needed to tell them apart."""
        self._console.print(Text.assemble((f"{who:<9}", STYLES[who]), " ", text))

    def run(self, *arguments: str, stdin: Path | None = None) -> None:
        """Runs a `leasehold` command; shows it as one would type it, and what it says.

        `stdin` is a file for its standard input. Raises what the command raises.
        """
        self._show_command(arguments, stdin)
        said = io.StringIO()
        with redirect_stdout(said), _standard_input(stdin):
            root = click.get_current_context().find_root().command
            with root.make_context("leasehold", list(arguments)) as context:
                # Past the root group, which would word an error: that of `leasehold demo` does.
                click.Group.invoke(cast("click.Group", root), context)
        for line in said.getvalue().splitlines():
            if line and not line.startswith("Next:"):  # the next thing is what we do
                self.show(f"  {line}")

    def serve(self, port: int, *, lock: int) -> Program:
        """Starts the server and waits until it listens; `lock` stays open as long as it runs."""
        arguments = ["serve", "--port", str(port)]
        self._show_command(arguments)
        server = self._start("server", [*_PYTHON, "leasehold", *arguments], inherited=(lock,))
        self._programs.callback(server.stop)
        for line in server.lines():
            self.show(f"  {line.decode().strip()}")
            return server
        raise server.failed()

    def program(self, name: str, *arguments: str) -> Program:
        """Starts one of the programs of `demo_workers`, which waits until it is told to begin."""
        line = [*_PYTHON, demo_workers.__name__, *arguments]
        # A group of its own: Ctrl-C at the terminal is for us, and we end it.
        program = self._start(name, line, process_group=0)
        self._programs.callback(program.kill)
        return program

    def _show_command(self, arguments: Sequence[str], stdin: Path | None = None) -> None:
        source = f" < {shlex.quote(str(stdin))}" if stdin else ""
        self._console.print(Text(f"$ {shlex.join(['leasehold', *arguments])}{source}", "bold"))

    def _start(
        self,
        name: str,
        line: list[str],
        *,
        inherited: tuple[int, ...] = (),
        process_group: int | None = None,
    ) -> Program:
        log = self._directory / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603  # our own programs
                line,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=inherited,
                process_group=process_group,
            )
        return Program(name, process, log)

    def tellings(self, program: Program) -> Iterator[Telling]:
        """What the program does, shown as it does it, until it ends; DemoFailed if it fails."""
        for line in program.lines():
            telling = msgspec.json.decode(line, type=Telling)
            self.say(program.name, telling.says)
            yield telling


@contextmanager
def _standard_input(file: Path | None) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(file.read_bytes() if file else b""))
    try:
        yield
    finally:
        sys.stdin = before

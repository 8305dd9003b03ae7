"""Where `leasehold demo` plays: the processes on it, and what they do as lines on the terminal."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

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
LOCAL = "127.0.0.1,localhost"

# -P: what lies in the directory from which the demo is started must not be imported.
_PYTHON = (sys.executable, "-P", "-m")


class DemoFailed(Error):
    """Something did not happen as it should; the message says what."""

    reason = "demoFailed"


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
        try:
            self._process.stdin.write(b"begin\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended already: reading from it says so

    def lines(self) -> Iterator[bytes]:
        """What it writes, as it writes it. Raises DemoFailed if it then ends with an error."""
        assert self._process.stdout is not None
        yield from self._process.stdout
        if self.wait() != 0:
            raise self.failed()

    def failed(self) -> DemoFailed:
        """The error that says that it ended, and what it said last."""
        words = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
        return DemoFailed(f"the {self.name} ended: {words or 'without a word'} (see {self._log})")

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

    def __init__(self, directory: Path, database: Path) -> None:
        self._directory = directory
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._programs = ExitStack()
        # Settings of the user's own server are not for this one, nor is a proxy.
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("LEASEHOLD_")
        } | {"LEASEHOLD_DATABASE": str(database), "NO_PROXY": LOCAL, "no_proxy": LOCAL}

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

    def run(self, *arguments: str, stdin: str | None = None) -> None:
        """Runs a `leasehold` command and shows it as one would type it, and what it says.

        `stdin` is a secret, so a reader is shown a way to make one. Raises DemoFailed when the
        command fails.
        """
        source = "openssl rand -base64 18 | " if stdin is not None else ""
        self._console.print(Text(f"$ {source}{shlex.join(['leasehold', *arguments])}", "bold"))
        done = subprocess.run(  # noqa: S603  # our own command
            [*_PYTHON, "leasehold", *arguments],
            input=stdin or "",
            capture_output=True,
            text=True,
            env=self._environment,
            check=False,
        )
        for line in done.stdout.splitlines():
            if line.strip() and not line.startswith("Next:"):  # the next thing is what we do
                self.show(f"  {line}")
        if done.returncode != 0:
            words = done.stderr.strip().removeprefix("leasehold: ")
            raise DemoFailed(f"leasehold {arguments[0]} {arguments[1]} failed: {words}")

    def serve(self, port: int, *, lock: int) -> Program:
        """Starts the server and waits until it listens; `lock` stays open as long as it runs."""
        arguments = ["serve", "--port", str(port)]
        self._console.print(Text(f"$ {shlex.join(['leasehold', *arguments])}", "bold"))
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
                env=self._environment,
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

"""Servers in processes of their own on one database, which can be killed and started again."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

CHECKOUT = Path(__file__).parents[2]  # from where our programs are found

Address = tuple[str, int]


class ServerProcesses:
    """So many servers that run one command; `addresses` has None for one that is not there."""

    def __init__(self, command: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        self.addresses: list[Address | None] = []
        self._command = command
        self._log = log
        self._environment = {**os.environ, **environment}
        self._running: list[subprocess.Popen[str]] = []

    def start(self, number: int) -> None:
        """Starts so many at once, beside those that run; returns when all of them listen."""
        begun = [self._begin() for _ in range(number)]
        self._running += begun
        self.addresses += [self._address(process) for process in begun]

    def kill(self, index: int) -> None:
        """Kills one with SIGKILL. Callers may notice before this returns."""
        self._running[index].kill()
        self.addresses[index] = None
        self._running[index].wait()

    def replace(self, index: int) -> None:
        """Starts another one in the place of one that was killed."""
        _close(self._running[index])
        self._running[index] = self._begin()
        self.addresses[index] = self._address(self._running[index])

    def end(self) -> None:
        """Kills all."""
        for process in self._running:
            process.kill()
            _close(process)

    def _begin(self) -> subprocess.Popen[str]:
        with self._log.open("ab") as errors:
            return subprocess.Popen(
                self._command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self._environment,
                cwd=CHECKOUT,
            )

    def _address(self, process: subprocess.Popen[str]) -> Address:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("leasehold: listening on ")
        address = urlsplit(url)
        assert address.hostname is not None, self._log.read_text()
        assert address.port is not None, self._log.read_text()
        return address.hostname, address.port


def _close(process: subprocess.Popen[str]) -> None:
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def server_processes(
    command: Sequence[str], *, number: int, log: Path, **environment: str
) -> Iterator[ServerProcesses]:
    """Started servers; what they say on standard error is added to `log`."""
    servers = ServerProcesses(command, log, environment)
    try:
        servers.start(number)
        yield servers
    finally:
        servers.end()

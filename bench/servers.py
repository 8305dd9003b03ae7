"""Servers as processes of their own: started, watched for what CPU they use, stopped."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

CHECKOUT = Path(__file__).parents[1]
LEASEHOLD = ("leasehold", "serve", "--host", "127.0.0.1", "--port", "0")
FLOOR = ("bench.floor",)
STOP_SECONDS = 30


class ServerFailed(RuntimeError):
    """A server did not start; the message is its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `url` is its root, without a slash at the end."""

    url: str
    process: psutil.Process

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    def cpu_seconds(self) -> float:
        """CPU that the process has used, all its threads together."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def running(module: Sequence[str], database: str, log: Path) -> Iterator[Server]:
    """A server of this Python, `-m module`, on the database. Its errors go to the file `log`."""
    secret_key = {"LEASEHOLD_SECRET_KEY_FILE": str(log.absolute().with_name("secret.key"))}
    environment = {**os.environ, **secret_key, "LEASEHOLD_DATABASE": database}
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", *module],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            cwd=CHECKOUT,
        ) as process,
    ):
        try:
            assert process.stdout is not None  # it is a pipe
            _, found, url = process.stdout.readline().partition("listening on ")
            if not found:
                process.wait(STOP_SECONDS)
                raise ServerFailed(f"{' '.join(module)} did not start:\n{log.read_text()}")
            yield Server(url.strip(), psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def database_cpu_seconds(postmaster: psutil.Process) -> float:
    """CPU of a PostgreSQL server with all its processes, those that have ended included."""
    total = 0.0
    for process in [postmaster, *postmaster.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # in its parent's count from now on
        total += times.user + times.system + times.children_user + times.children_system
    return total

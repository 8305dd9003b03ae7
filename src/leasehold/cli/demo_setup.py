"""What `leasehold demo` sets up: a directory of its own, and in its database what commands make."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leasehold.accounts import projects, service_accounts, users
from leasehold.cli.database import open_database, read
from leasehold.cli.demo_stage import Stage
from leasehold.cli.demo_workers import MAIL, PROJECT, QUEUE
from leasehold.errors import Conflict, Invalid
from leasehold.storage.transaction import Transaction

OWNER = "ada@example.com"
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
  - writer_email: {PRODUCER}
"""


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
    def example(self) -> Path:
        """The program that leases the task which is left for the reader."""
        return self.path / "lease_one.py"


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
    has = _Inventory(directory.database)
    if not has.owner:
        # Nobody signs in with it: `leasehold user set-password` sets one that is known.
        password = secrets.token_urlsafe()
        stage.run("user", "create", OWNER, "--password-stdin", stdin=password)
    if not has.project:
        stage.run("project", "create", PROJECT, "--owner", OWNER)
    stage.run("api", "enable", "taskqueue", "--project", PROJECT)
    _new_key(stage, "producer", directory.producer_key, url, is_there=has.producer)
    _new_key(stage, "worker", directory.worker_key, url, is_there=has.worker)
    stage.run("queue", "apply", str(directory.queue_file), "--project", PROJECT)
    if has.project:  # what an earlier demo left there would make this one another story
        for queue in (QUEUE, MAIL):
            stage.run("queue", "purge", queue, "--project", PROJECT, "--yes")


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

    def __init__(self, database: Path) -> None:
        engine = open_database(str(database))

        def is_there(find: Callable[[Transaction], object]) -> bool:
            return read(engine, lambda tx, _: find(tx)) is not None

        self.owner = is_there(lambda tx: users.find(tx, OWNER))
        self.project = is_there(lambda tx: projects.find(tx, PROJECT))
        self.producer = is_there(lambda tx: service_accounts.find(tx, PRODUCER))
        self.worker = is_there(lambda tx: service_accounts.find(tx, WORKER))

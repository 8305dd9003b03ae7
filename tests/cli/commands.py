"""Runs commands in this process, on one database, as a shell would."""

import json
from typing import Any

from click.testing import CliRunner, Result

from leasehold.cli.database import transact
from leasehold.cli.main import command
from leasehold.entropy import Entropy
from leasehold.queues import configure, task_id
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.engine import open_engine
from leasehold.storage.transaction import Transaction

HOUR = 3_600_000_000  # microseconds


class Commands:
    """The `leasehold` command with its database set."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url

    def run(self, line: str, *, typed: str | bytes = "") -> Result:
        """Runs a command line (split at spaces) with `typed` on standard input.

        An exception that is no refusal comes out here, so that no test takes it for one.
        """
        environment = {"LEASEHOLD_DATABASE": self.database_url}
        return CliRunner().invoke(
            command, line.split(), input=typed, env=environment, catch_exceptions=False
        )

    def ok(self, line: str, *, typed: str | bytes = "") -> str:
        """What a command that must succeed prints."""
        result = self.run(line, typed=typed)
        assert 0 == result.exit_code, result.output
        return result.stdout

    def json(self, line: str, *, typed: str | bytes = "") -> Any:  # noqa: ANN401  # JSON is anything
        """The value that it prints with --json."""
        return json.loads(self.ok(f"{line} --json", typed=typed))

    def refused(self, line: str, *, typed: str | bytes = "") -> str:
        """The line with which it says that it could not."""
        result = self.run(line, typed=typed)
        assert 1 == result.exit_code, result.output
        return result.stderr

    def misused(self, line: str) -> str:
        """What is said about a command line that is no good."""
        result = self.run(line)
        assert 2 == result.exit_code, result.output
        return result.stderr

    def fill(self, name: str, count: int) -> None:
        """Inserts tasks into a queue of `shop`; the last of them is not yet available."""

        def run(tx: Transaction, now: int) -> None:
            queue = configure.find(tx, "shop", name)
            tasks = [NewTask(queue, b"x") for _ in range(count - 1)]
            tasks.append(NewTask(queue, b"last", eta=now + HOUR))
            insert(tx, now, tasks, task_id.load(tx, Entropy()), TaskNumbers())

        transact(open_engine(self.database_url), run)

    def count_tasks(self, name: str) -> int:
        """How many tasks a queue of `shop` holds."""
        return int(self.json(f"queue stats {name} --project shop")["total_tasks"])

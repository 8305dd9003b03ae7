"""What queues stored, written straight into the tables, as if it had been sampled."""

from collections.abc import Iterable
from typing import NamedTuple

from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction

_SQL = parse("""
-- name: store
-- rows: period text, starts bigint, p text, queue text, b bigint, t bigint, b2 bigint, t2 bigint
insert into usage_storage (period, starts, project_id, queue, byte_seconds, task_seconds,
                           most_bytes, most_tasks)
select period, starts, p, queue, b, t, b2, t2
  from {rows}

-- name: forget_projects
delete from usage_storage_by_project

-- name: add_projects
insert into usage_storage_by_project (period, starts, project_id, byte_seconds, task_seconds,
                                      most_bytes, most_tasks)
select period, starts, project_id, cast(sum(byte_seconds) as bigint),
       cast(sum(task_seconds) as bigint), cast(sum(most_bytes) as bigint),
       cast(sum(most_tasks) as bigint)
  from usage_storage
 group by period, starts, project_id

-- name: forget_months
delete from usage_storage_by_month

-- name: read_days
update usage_marks set months_since = sampled_until - sampled_until % 86400
""")


class Stored(NamedTuple):
    """What a queue held in an hour or a day."""

    period: str
    starts: int  # seconds since the Unix epoch
    project_id: str
    queue: str
    byte_seconds: int
    task_seconds: int
    most_bytes: int
    most_tasks: int


def store(tx: Transaction, rows: Iterable[Stored]) -> None:
    """Adds rows, and adds them up as a database that was made before there were totals."""
    tx.many(_SQL.store, rows)
    tx.run(_SQL.forget_projects)
    tx.run(_SQL.add_projects)
    tx.run(_SQL.forget_months)
    tx.run(_SQL.read_days)

"""A project as large as ours may become, written straight into the database's tables."""

from pathlib import Path

import apsw

QUEUES = 10_000
TASKS = 1_000_000  # in the queue `big`
LARGE = "big"
AUDIT_ENTRIES = 100_000

_SECOND = 1_000_000

_NUMBERS = """
create temp table numbers as
with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n + 1 < :most)
select n from numbers
"""

_QUEUES = """
insert into queues (id, project_id, name, mode, created_at, from_file, strict_leases,
                    tombstone_seconds)
select 1000 + n, :project, iif(n = 0, :large, printf('queue-%05d', n)), 'pull', :now, 0, 0, 604800
  from numbers where n < :queues
"""

_ROLES = """
insert into queue_acl (queue_id, role, email)
select 1000 + n, 'consumer', 'worker-' || n || '@example.com' from numbers where n < :queues
"""

_TASKS = """
insert into tasks (number, queue_id, eta, enqueued_at, retry_count, payload_bytes, name, tag)
select 1000 + n, 1000, :now - n * 1000 + iif(n % 10 = 0, 3600 * :second, 0), :now - n * 1000,
       n % 3, 7, null, iif(n % 2 = 0, 'size-' || (n % 7), null)
  from numbers
"""

_PAYLOADS = "insert into payloads (number, body) select 1000 + n, x'7b2261223a317d' from numbers"

_TOTALS = """
insert into queue_totals (queue_id, tasks, bytes)
select 1000 + n, iif(n = 0, :tasks, 0), iif(n = 0, :tasks * 7, 0) from numbers where n < :queues
"""

_LEASES = """
insert into queue_leases (queue_id, second, leased)
select 1000, :now / :second - n, 5 from numbers where n < 3600
"""

_HELD = """
insert into storage_held (project_id, queue, tasks, bytes)
select :project, printf('queue-%05d', n), 5, 500 from numbers where n < :queues
"""

_COUNTS = """
insert into usage_counts (period, starts, project_id, api, method, credential, api_key, email,
                          outcome, calls, cost)
select :period, (:now / :second / :width - n / 30) * :width, :project, 'taskqueue',
       'taskqueue.tasks.' || trim(substr('insertlease delete', 1 + n % 3 * 6, 6)),
       'client-' || (n / 3 % 10), '', 'worker-' || (n / 3 % 10) || '@example.com',
       iif(n % 4 = 0, 'notFound', ''), 7, 7
  from numbers where n < :periods * 30
"""

_LATENCIES = """
insert into usage_latencies (period, starts, project_id, api, method, credential, api_key, email,
                             outcome, step, calls)
select counts.period, counts.starts, counts.project_id, counts.api, counts.method,
       counts.credential, counts.api_key, counts.email, counts.outcome, numbers.n * 7, 1
  from usage_counts as counts, numbers where numbers.n < 5
"""

# Every queue has held something for this and the 30 days before.
_STORAGE = """
insert into usage_storage (period, starts, project_id, queue, byte_seconds, task_seconds,
                           most_bytes, most_tasks)
select 'day', (:now / :second / 86400 - n % 31) * 86400, :project,
       printf('queue-%05d', n / 31), 1000, 10, 500, 5
  from numbers where n < :queues * 31
"""

_STORAGE_BY_PROJECT = """
insert into usage_storage_by_project (period, starts, project_id, byte_seconds, task_seconds,
                                      most_bytes, most_tasks)
select period, starts, project_id, sum(byte_seconds), sum(task_seconds), sum(most_bytes),
       sum(most_tasks)
  from usage_storage
 where true
 group by period, starts, project_id
    on conflict do nothing
"""

_STORAGE_BY_MONTH = """
insert into usage_storage_by_month (starts, project_id, queue, high, low)
select unixepoch(starts, 'unixepoch', 'start of month') as month, project_id, queue, 0,
       sum(byte_seconds)
  from usage_storage
 where period = 'day' and starts < :now / :second / 86400 * 86400
 group by month, project_id, queue
"""

_SAMPLED = "update usage_marks set sampled_until = :now / :second / 60 * 60"

_ENTRIES = """
insert into audit_entries (number, at, actor_kind, actor, client_id, address, action, project_id,
                           target, before, after, hash)
select base.number + 1 + n, :now, 'person', 'ada@example.com', '', '127.0.0.1', 'queues.change',
       :project, 'queues/queue-' || (n % 977), '{"maxTasks": 1}', '{"maxTasks": 2}', hex(n)
  from numbers, (select number from audit_head) as base where n < :entries
"""

_HEAD = "update audit_head set number = number + :entries, at = :now"

_ADDED_UP = (_STORAGE_BY_PROJECT, _STORAGE_BY_MONTH, _SAMPLED)

# Minutes of a day, hours of a month, days of a year.
_PERIODS = [("minute", 60, 1_440), ("hour", 3_600, 720), ("day", 86_400, 365)]


def fill(path: Path, *, project_id: str, now: int) -> None:
    """Makes the project large; `now` in microseconds."""
    database = apsw.Connection(str(path))
    database.set_busy_timeout(10_000)
    values = {
        "project": project_id,
        "now": now,
        "second": _SECOND,
        "large": LARGE,
        "queues": QUEUES,
        "tasks": TASKS,
        "entries": AUDIT_ENTRIES,
        "most": TASKS,
    }
    database.execute(_NUMBERS, values)
    with database:
        for text in (_QUEUES, _ROLES, _TASKS, _PAYLOADS, _TOTALS, _LEASES, _HELD):
            database.execute(text, values)
        for period, width, periods in _PERIODS:
            more = {"period": period, "width": width, "periods": periods}
            database.execute(_COUNTS, values | more)
        for text in (_LATENCIES, _STORAGE, _ENTRIES, _HEAD, *_ADDED_UP):
            database.execute(text, values)
    database.close()

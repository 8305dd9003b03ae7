-- Stored bytes over time, price sheets, and what a month's bill is made of. One text for all engines.

-- name: marks
select sampled_until, swept_before
  from usage_marks

-- name: move_sampled_until
-- One winner: of several servers that want to add the same time exactly one touches the row.
update usage_marks
   set sampled_until = :until
 where sampled_until = :since

-- name: move_swept_before
update usage_marks
   set swept_before = :before
 where swept_before < :before

-- name: add_stored
insert into usage_storage as stored (period, starts, project_id, queue, byte_seconds,
                                     task_seconds, most_bytes, most_tasks)
select cast(:period as text), cast(:starts as bigint), project_id, queue,
       bytes * cast(:seconds as bigint), tasks * cast(:seconds as bigint), bytes, tasks
  from storage_held
 where true
    on conflict (project_id, period, starts, queue) do update
   set byte_seconds = stored.byte_seconds + excluded.byte_seconds,
       task_seconds = stored.task_seconds + excluded.task_seconds,
       most_bytes = case when stored.most_bytes < excluded.most_bytes
                         then excluded.most_bytes else stored.most_bytes end,
       most_tasks = case when stored.most_tasks < excluded.most_tasks
                         then excluded.most_tasks else stored.most_tasks end

-- name: add_stored_by_project
insert into usage_storage_by_project as stored (period, starts, project_id, byte_seconds,
                                                task_seconds, most_bytes, most_tasks)
select cast(:period as text), cast(:starts as bigint), project_id,
       cast(sum(bytes) * cast(:seconds as bigint) as bigint),
       cast(sum(tasks) * cast(:seconds as bigint) as bigint),
       cast(sum(bytes) as bigint), cast(sum(tasks) as bigint)
  from storage_held
 group by project_id
    on conflict (project_id, period, starts) do update
   set byte_seconds = stored.byte_seconds + excluded.byte_seconds,
       task_seconds = stored.task_seconds + excluded.task_seconds,
       most_bytes = case when stored.most_bytes < excluded.most_bytes
                         then excluded.most_bytes else stored.most_bytes end,
       most_tasks = case when stored.most_tasks < excluded.most_tasks
                         then excluded.most_tasks else stored.most_tasks end

-- name: add_day_to_month
insert into usage_storage_by_month as month (project_id, starts, queue, high, low)
select project_id, cast(:month as bigint), queue, byte_seconds / 4294967296,
       byte_seconds % 4294967296
  from usage_storage
 where period = 'day'
   and starts = :day
    on conflict (project_id, starts, queue) do update
   set high = month.high + excluded.high,
       low = month.low + excluded.low

-- name: forget_held
delete from storage_held

-- name: hold
-- rows: project_id text, queue text, tasks bigint, bytes bigint
insert into storage_held (project_id, queue, tasks, bytes)
select project_id, queue, tasks, bytes
  from {rows}

-- name: sweep_storage
delete from usage_storage
 where (project_id, period, starts, queue) in (
       select project_id, period, starts, queue
         from usage_storage
        where period = :period
          and starts < :before
        order by starts
        limit :max_rows)

-- name: sweep_storage_by_project
delete from usage_storage_by_project
 where (project_id, period, starts) in (
       select project_id, period, starts
         from usage_storage_by_project
        where period = :period
          and starts < :before
        order by starts
        limit :max_rows)

-- name: sweep_storage_by_month
delete from usage_storage_by_month
 where (project_id, starts, queue) in (
       select project_id, starts, queue
         from usage_storage_by_month
        where starts < :before
        order by starts
        limit :max_rows)

-- name: operations_of_month
-- One statement, so that what is being folded from one table into the other is counted once.
select api, method, cast(sum(cost) as bigint)
  from (
        select api, method, cost
          from usage_counts
         where project_id = :project_id
           and period = 'day'
           and starts >= :starts
           and starts < :ends
           and outcome = ''
         union all
        select api, method, cost
          from usage_entries
         where project_id = :project_id
           and minute >= :starts
           and minute < :ends
           and outcome = ''
       ) as calls
 group by api, method

-- name: storage_of_month
-- One statement, so that a day which goes into its month is counted once. Its parts: the days from
-- before there were months' rows, the days in the month's row, and the day that is not over.
select queue, cast(sum(high) as bigint), cast(sum(low) as bigint)
  from (
        select queue, byte_seconds / 4294967296 as high, byte_seconds % 4294967296 as low
          from usage_storage
         where project_id = :project_id
           and period = 'day'
           and starts >= :starts
           and starts < (select case when months_since < :ends then months_since else :ends end
                           from usage_marks)
         union all
        select queue, high, low
          from usage_storage_by_month
         where project_id = :project_id
           and starts = :starts
         union all
        select queue, byte_seconds / 4294967296, byte_seconds % 4294967296
          from usage_storage
         where project_id = :project_id
           and period = 'day'
           and starts >= (select case when sampled_until < :starts then :starts
                                      else sampled_until - sampled_until % 86400 end
                            from usage_marks)
           and starts < :ends
       ) as parts
 group by queue

-- name: is_month_used
-- Each part ends at the first row that it finds.
select 1
 where exists (
       select 1
         from usage_counts
        where project_id = :project_id
          and period = 'day'
          and starts >= :starts
          and starts < :ends
          and outcome = '')
    or exists (
       select 1
         from usage_storage
        where project_id = :project_id
          and period = 'day'
          and starts >= :starts
          and starts < :ends)

-- name: projects_of_month
select project_id
  from usage_counts
 where period = 'day' and starts >= :starts and starts < :ends and outcome = ''
 union
select project_id
  from usage_entries
 where minute >= :starts and minute < :ends and outcome = ''
 union
select project_id
  from usage_storage
 where period = 'day' and starts >= :starts and starts < :ends

-- name: put_price_sheet
-- A sheet whose month runs, or is over, stays as it is.
insert into price_sheets as kept (from_month, sheet, set_by, set_at)
values (:from_month, :sheet, :set_by, :now)
    on conflict (from_month) do update
   set sheet = excluded.sheet,
       set_by = excluded.set_by,
       set_at = excluded.set_at
 where kept.from_month > :running_month
returning id

-- name: price_sheets
select from_month, sheet, set_by, set_at
  from price_sheets

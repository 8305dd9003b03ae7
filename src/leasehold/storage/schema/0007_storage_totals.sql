-- What was stored, added up for pages that must not read each queue's days one by one.

create index usage_storage_by_queue on usage_storage (project_id, queue, period, starts);  -- serves report_stored_of_queue

-- All queues of a project together.
create table usage_storage_by_project (
  period       text not null,                  -- hour or day
  starts       {int} not null,
  project_id   text not null,
  byte_seconds {int} not null,
  task_seconds {int} not null,
  most_bytes   {int} not null,                 -- that they held at one time
  most_tasks   {int} not null,
  primary key (project_id, period, starts)
) {keyed_table};
create index usage_storage_by_project_by_age on usage_storage_by_project (period, starts);  -- serves sweep_storage_by_project
insert into usage_storage_by_project (period, starts, project_id, byte_seconds, task_seconds,
                                      most_bytes, most_tasks)
select period, starts, project_id, cast(sum(byte_seconds) as bigint),
       cast(sum(task_seconds) as bigint), cast(sum(most_bytes) as bigint),
       cast(sum(most_tasks) as bigint)
  from usage_storage
 group by period, starts, project_id;

-- The whole days of a month that are over, by queue. In two parts, for byte_seconds of a month may
-- be more than a bigint holds: high * 2^32 + low.
create table usage_storage_by_month (
  starts     {int} not null,
  project_id text not null,
  queue      text not null,
  high       {int} not null,
  low        {int} not null,
  primary key (project_id, starts, queue)
) {keyed_table};
create index usage_storage_by_month_by_age on usage_storage_by_month (starts);  -- serves sweep_storage_by_month

-- Days before this are in no month's row: they are read one by one.
alter table usage_marks add column months_since {int} not null default 0;
update usage_marks set months_since = sampled_until - sampled_until % 86400;

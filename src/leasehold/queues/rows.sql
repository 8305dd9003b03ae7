-- name: take_numbers
update task_numbers
   set next = next + :count
returning next - :count

-- name: claim_names
-- One winner: of two inserts of one name exactly one gets a row; a tombstone that has ended yields.
-- rows: queue_id bigint, name text, number bigint, named_at bigint
insert into task_names as taken (queue_id, name, number, named_at, free_at)
select queue_id, name, number, named_at, cast(null as bigint)
  from {rows}
 where true
    on conflict (queue_id, name) do update
   set number = excluded.number,
       named_at = excluded.named_at,
       free_at = null
 where taken.free_at <= excluded.named_at
returning number

-- name: insert_tasks
-- Not into a queue that was deleted, of which another process may not have heard yet.
-- rows: number bigint, queue_id bigint, eta bigint, enqueued_at bigint, payload_bytes bigint, name text, tag text
insert into tasks (number, queue_id, eta, enqueued_at, retry_count, payload_bytes, name, tag)
select number, queue_id, eta, enqueued_at, 0, payload_bytes, name, tag
  from {rows}
 where exists (select 1 from queues where queues.id = rows.queue_id and queues.deleted_at is null)
returning number

-- name: insert_payloads
-- rows: number bigint, body bytes
insert into payloads (number, body)
select number, body
  from {rows}

-- name: available_tasks
select number, eta, enqueued_at, retry_count, payload_bytes, name, tag
  from tasks
 where queue_id = :queue_id
   and eta >= :head
   and eta < :now
 order by eta, number
 limit :num_tasks
{skip_locked}

-- name: available_tasks_of_tag
select number, eta, enqueued_at, retry_count, payload_bytes, name, tag
  from tasks
 where queue_id = :queue_id
   and tag = :tag
   and eta < :now
 order by eta, number
 limit :num_tasks
{skip_locked}

-- name: lease_tasks
-- rows: number bigint, until bigint
update tasks
   set eta = rows.until,
       retry_count = tasks.retry_count + 1
  from {rows}
 where tasks.number = rows.number
returning tasks.number,
          (select payloads.body from payloads where payloads.number = tasks.number)

-- name: renew_lease
-- One conditional change: the lease runs, and is the caller's own if the caller says which it has.
update tasks
   set eta = :until
 where number = :number
   and queue_id = :queue_id
   and eta >= :now
   and eta = coalesce(cast(:lease_eta as bigint), eta)
returning number, eta, enqueued_at, retry_count, name, tag,
          (select payloads.body from payloads where payloads.number = tasks.number)

-- name: numbers_of_names
-- rows: queue_id bigint, name text
select task_names.queue_id, task_names.name, task_names.number
  from {rows}
  join task_names
    on task_names.queue_id = rows.queue_id
   and task_names.name = rows.name
 where task_names.free_at is null

-- name: lock_etas
-- rows: number bigint
select number, eta
  from tasks
 where number in (select rows.number from {rows})
{for_update}

-- name: delete_tasks
-- rows: number bigint
delete from tasks
 where number in (select rows.number from {rows})
returning number, queue_id, payload_bytes, name

-- name: delete_payloads
-- rows: number bigint
delete from payloads
 where number in (select rows.number from {rows})

-- name: bury_names
-- rows: queue_id bigint, name text, free_at bigint
update task_names
   set free_at = rows.free_at
  from {rows}
 where task_names.queue_id = rows.queue_id
   and task_names.name = rows.name

-- name: record_changes
-- rows: queue_id bigint, at bigint, leased bigint, tasks bigint, bytes bigint
insert into queue_changes (queue_id, at, leased, tasks, bytes)
select queue_id, at, leased, tasks, bytes
  from {rows}

-- name: find_task
select number, eta, enqueued_at, retry_count, name, tag,
       (select payloads.body from payloads where payloads.number = tasks.number)
  from tasks
 where number = :number
   and queue_id = :queue_id

-- name: list_tasks
select number, eta, enqueued_at, retry_count, name, tag, null
  from tasks
 where queue_id = :queue_id
 order by eta, number
 limit :num_tasks

-- name: tasks_after
-- From one task on to the next in the order of leases, as the index has them.
select number, eta, enqueued_at, retry_count, payload_bytes, name, tag
  from tasks
 where queue_id = :queue_id
   and (eta, number) > (cast(:after_eta as bigint), cast(:after_number as bigint))
   and eta < :before
 order by eta, number
 limit :num_tasks

-- name: tasks_of_tag_after
-- The eta has no upper bound here: with one SQLite would rather walk over all tasks by eta.
select number, eta, enqueued_at, retry_count, payload_bytes, name, tag
  from tasks
 where queue_id = :queue_id
   and tag = :tag
   and (eta, number) > (cast(:after_eta as bigint), cast(:after_number as bigint))
 order by eta, number
 limit :num_tasks

-- name: statistics
-- One statement, so that what is being folded from one table into another is counted once.
select cast(coalesce((select tasks from queue_totals where queue_id = :queue_id), 0)
         + coalesce((select sum(tasks) from queue_changes where queue_id = :queue_id), 0) as bigint),
       cast(coalesce((select bytes from queue_totals where queue_id = :queue_id), 0)
         + coalesce((select sum(bytes) from queue_changes where queue_id = :queue_id), 0) as bigint),
       (select min(eta) from tasks where queue_id = :queue_id),
       cast(coalesce((select sum(leased) from queue_leases
                       where queue_id = :queue_id and second > :minute_ago / 1000000), 0)
         + coalesce((select sum(leased) from queue_changes
                      where queue_id = :queue_id and at > :minute_ago), 0) as bigint),
       cast(coalesce((select sum(leased) from queue_leases
                       where queue_id = :queue_id and second > :hour_ago / 1000000), 0)
         + coalesce((select sum(leased) from queue_changes
                      where queue_id = :queue_id and at > :hour_ago), 0) as bigint)

-- name: contents
-- What queues hold. One statement, for the same reason.
-- rows: id bigint
select id,
       cast(coalesce((select tasks from queue_totals where queue_id = rows.id), 0)
         + coalesce((select sum(tasks) from queue_changes where queue_id = rows.id), 0) as bigint),
       cast(coalesce((select bytes from queue_totals where queue_id = rows.id), 0)
         + coalesce((select sum(bytes) from queue_changes where queue_id = rows.id), 0) as bigint)
  from {rows}

-- name: oldest_etas
-- By tasks_by_eta, once for each queue.
-- rows: id bigint
select id, (select min(eta) from tasks where queue_id = rows.id)
  from {rows}

-- name: state_counts
-- One statement, so that what is not to come is the rest of the total. Looks at :most tasks at most
-- of those to come, and at as many of the others.
select cast(coalesce((select tasks from queue_totals where queue_id = :queue_id), 0)
         + coalesce((select sum(tasks) from queue_changes where queue_id = :queue_id), 0) as bigint),
       (select count(*)
          from (select eta
                  from tasks
                 where queue_id = :queue_id
                   and eta < :now
                 order by eta
                 limit :most) as available),
       count(*),
       cast(coalesce(sum(case when retry_count > 0 then 1 else 0 end), 0) as bigint)
  from (select retry_count
          from tasks
         where queue_id = :queue_id
           and eta >= :now
         order by eta
         limit :most) as to_come

-- name: all_totals
select queues.project_id, queues.name,
       cast(coalesce((select tasks from queue_totals where queue_id = queues.id), 0)
         + coalesce((select sum(tasks) from queue_changes where queue_id = queues.id), 0) as bigint),
       cast(coalesce((select bytes from queue_totals where queue_id = queues.id), 0)
         + coalesce((select sum(bytes) from queue_changes where queue_id = queues.id), 0) as bigint)
  from queues
 where queues.deleted_at is null

-- name: stored_bytes
-- Of one project; one statement, for the same reason.
select cast(coalesce(sum(
         coalesce((select bytes from queue_totals where queue_id = queues.id), 0)
         + coalesce((select sum(bytes) from queue_changes where queue_id = queues.id), 0)
       ), 0) as bigint)
  from queues
 where queues.project_id = :project_id
   and queues.deleted_at is null

-- name: held
-- Tasks and bytes of one project; likewise.
select cast(coalesce(sum(
         coalesce((select tasks from queue_totals where queue_id = queues.id), 0)
         + coalesce((select sum(tasks) from queue_changes where queue_id = queues.id), 0)
       ), 0) as bigint),
       cast(coalesce(sum(
         coalesce((select bytes from queue_totals where queue_id = queues.id), 0)
         + coalesce((select sum(bytes) from queue_changes where queue_id = queues.id), 0)
       ), 0) as bigint)
  from queues
 where queues.project_id = :project_id
   and queues.deleted_at is null

-- name: full_projects
select projects.id
  from projects
 where projects.total_storage_limit is not null
   and projects.total_storage_limit <= (
         select coalesce(sum(
                  coalesce((select bytes from queue_totals where queue_id = queues.id), 0)
                  + coalesce((select sum(bytes) from queue_changes where queue_id = queues.id), 0)
                ), 0)
           from queues
          where queues.project_id = projects.id
            and queues.deleted_at is null)

-- name: take_changes
-- Of the oldest changes some; whoever deletes them adds them up in the same transaction.
delete from queue_changes
 where id in (select id from queue_changes order by id limit :max_rows)
returning queue_id, at, leased, tasks, bytes

-- name: add_totals
-- rows: queue_id bigint, tasks bigint, bytes bigint
insert into queue_totals as total (queue_id, tasks, bytes)
select queue_id, tasks, bytes
  from {rows}
 where true
    on conflict (queue_id) do update
   set tasks = total.tasks + excluded.tasks,
       bytes = total.bytes + excluded.bytes

-- name: add_leases
-- rows: queue_id bigint, second bigint, leased bigint
insert into queue_leases as total (queue_id, second, leased)
select queue_id, second, leased
  from {rows}
 where true
    on conflict (queue_id, second) do update
   set leased = total.leased + excluded.leased

-- name: sweep_leases
delete from queue_leases
 where second < :before_second

-- name: sweep_names
-- The last line again: an insert may have taken the name anew since it was found.
delete from task_names
 where (queue_id, name) in (select queue_id, name from task_names
                             where free_at < :now order by free_at limit :max_rows)
   and free_at < :now

-- name: tasks_enqueued_before
select number
  from tasks
 where queue_id = :queue_id
   and enqueued_at <= :before
 order by eta
 limit :max_rows

-- name: deleted_queue_with_tasks
select queues.id
  from queues
 where queues.deleted_at is not null
   and exists (select 1 from tasks where tasks.queue_id = queues.id)
 limit 1

-- name: insert_queue
insert into queues (project_id, name, mode, created_at, from_file, strict_leases,
                    task_retry_limit, tombstone_seconds, rate, bucket_size,
                    max_concurrent_requests, target, task_age_limit, min_backoff_seconds,
                    max_backoff_seconds, max_doublings, requests_per_second, max_tasks,
                    max_bytes)
values (:project_id, :name, :mode, :now, :from_file, :strict_leases,
        :task_retry_limit, :tombstone_seconds, :rate, :bucket_size,
        :max_concurrent_requests, :target, :task_age_limit, :min_backoff_seconds,
        :max_backoff_seconds, :max_doublings, :requests_per_second, :max_tasks,
        :max_bytes)
    on conflict do nothing
returning id

-- name: update_queue
update queues
   set mode = :mode,
       from_file = :from_file,
       strict_leases = :strict_leases,
       task_retry_limit = :task_retry_limit,
       tombstone_seconds = :tombstone_seconds,
       rate = :rate,
       bucket_size = :bucket_size,
       max_concurrent_requests = :max_concurrent_requests,
       target = :target,
       task_age_limit = :task_age_limit,
       min_backoff_seconds = :min_backoff_seconds,
       max_backoff_seconds = :max_backoff_seconds,
       max_doublings = :max_doublings,
       requests_per_second = :requests_per_second,
       max_tasks = :max_tasks,
       max_bytes = :max_bytes
 where id = :id

-- name: pause_queue
update queues
   set paused_at = coalesce(paused_at, :now)
 where id = :id

-- name: resume_queue
update queues
   set paused_at = null
 where id = :id

-- name: delete_queue
update queues
   set deleted_at = :now
 where id = :id
   and deleted_at is null

-- name: find_queue
select id, project_id, name, mode, created_at, paused_at, from_file, strict_leases,
       task_retry_limit, tombstone_seconds, rate, bucket_size, max_concurrent_requests, target,
       task_age_limit, min_backoff_seconds, max_backoff_seconds, max_doublings,
       requests_per_second, max_tasks, max_bytes
  from queues
 where project_id = :project_id
   and name = :name
   and deleted_at is null

-- name: queues_from_files
select id, project_id, name, mode, created_at, paused_at, from_file, strict_leases,
       task_retry_limit, tombstone_seconds, rate, bucket_size, max_concurrent_requests, target,
       task_age_limit, min_backoff_seconds, max_backoff_seconds, max_doublings,
       requests_per_second, max_tasks, max_bytes
  from queues
 where project_id = :project_id
   and from_file = 1
   and deleted_at is null

-- name: queues_named
-- rows: project_id text, name text
select queues.id, queues.project_id, queues.name, mode, created_at, paused_at, from_file,
       strict_leases, task_retry_limit, tombstone_seconds, rate, bucket_size,
       max_concurrent_requests, target, task_age_limit, min_backoff_seconds, max_backoff_seconds,
       max_doublings, requests_per_second, max_tasks, max_bytes
  from {rows}
  join queues
    on queues.project_id = rows.project_id
   and queues.name = rows.name
   and queues.deleted_at is null

-- name: queues_after
select id, project_id, name, mode, created_at, paused_at, from_file, strict_leases,
       task_retry_limit, tombstone_seconds, rate, bucket_size, max_concurrent_requests, target,
       task_age_limit, min_backoff_seconds, max_backoff_seconds, max_doublings,
       requests_per_second, max_tasks, max_bytes
  from queues
 where project_id = :project_id
   and deleted_at is null
   and name > :after_name
   and substr(name, 1, length(cast(:prefix as text))) = cast(:prefix as text)
 order by name
 limit :num_queues

-- name: count_queues
select count(*)
  from queues
 where project_id = :project_id
   and deleted_at is null

-- name: extent_of_queues
-- Stops counting at :most. A queue is as many rows as it has roles, or one.
select count(*), count(distinct running)
  from (select case when queues.from_file = 1 and queues.paused_at is null
                    then queues.id end as running
          from queues
          left join queue_acl on queue_acl.queue_id = queues.id
         where queues.project_id = :project_id
           and queues.deleted_at is null
         limit :most) as found

-- name: roles_of
-- By queues_by_name and the ACL's own key: three look-ups for each queue of the project.
select queues.name, queue_acl.role
  from queues
  join queue_acl
    on queue_acl.queue_id = queues.id
   and queue_acl.role in ('consumer', 'producer', 'admin')
   and queue_acl.email = :email
 where queues.project_id = :project_id
   and queues.deleted_at is null
 order by queues.name, queue_acl.role
 limit :most

-- name: names_among
-- rows: project_id text, name text
select queues.name
  from {rows}
  join queues
    on queues.project_id = rows.project_id
   and queues.name = rows.name
   and queues.deleted_at is null

-- name: acls_of
-- rows: queue_id bigint
select queue_acl.queue_id, queue_acl.role, queue_acl.email
  from {rows}
  join queue_acl
    on queue_acl.queue_id = rows.queue_id

-- name: clear_acl
delete from queue_acl
 where queue_id = :queue_id

-- name: grant_role
-- rows: queue_id bigint, role text, email text
insert into queue_acl (queue_id, role, email)
select queue_id, role, email
  from {rows}
 where true
    on conflict do nothing

-- name: revoke_role
delete from queue_acl
 where queue_id = :queue_id
   and role = :role
   and email = :email

-- name: add_entries
-- rows: minute bigint, project_id text, api text, method text, credential text, api_key text, email text, outcome text, calls bigint, cost bigint
insert into usage_entries (minute, project_id, api, method, credential, api_key, email, outcome,
                           calls, cost)
select minute, project_id, api, method, credential, api_key, email, outcome, calls, cost
  from {rows}

-- name: take_entries
-- Of the oldest entries some; whoever deletes them adds them up in the same transaction. Servers take
-- different ones: two that waited for each other's would be a deadlock, for a delete has no order.
delete from usage_entries
 where id in (select id from usage_entries order by id limit :max_rows {skip_locked})
returning minute, project_id, api, method, credential, api_key, email, outcome, calls, cost

-- name: add_counts
-- rows: period text, starts bigint, project_id text, api text, method text, credential text, api_key text, email text, outcome text, calls bigint, cost bigint
insert into usage_counts as total (period, starts, project_id, api, method, credential, api_key,
                                   email, outcome, calls, cost)
select period, starts, project_id, api, method, credential, api_key, email, outcome, calls, cost
  from {rows}
 where true
    on conflict (project_id, period, starts, api, method, credential, api_key, email, outcome)
    do update
   set calls = total.calls + excluded.calls,
       cost = total.cost + excluded.cost

-- name: add_latencies
-- rows: period text, starts bigint, project_id text, api text, method text, credential text, api_key text, email text, outcome text, step bigint, calls bigint
insert into usage_latencies as total (period, starts, project_id, api, method, credential, api_key,
                                      email, outcome, step, calls)
select period, starts, project_id, api, method, credential, api_key, email, outcome, step, calls
  from {rows}
 where true
    on conflict (project_id, period, starts, api, method, credential, api_key, email, outcome, step)
    do update
   set calls = total.calls + excluded.calls

-- name: sweep_counts
delete from usage_counts
 where (project_id, period, starts, api, method, credential, api_key, email, outcome) in (
       select project_id, period, starts, api, method, credential, api_key, email, outcome
         from usage_counts
        where period = :period
          and starts < :before
        limit :max_rows)

-- name: sweep_latencies
delete from usage_latencies
 where (project_id, period, starts, api, method, credential, api_key, email, outcome, step) in (
       select project_id, period, starts, api, method, credential, api_key, email, outcome, step
         from usage_latencies
        where period = :period
          and starts < :before
        limit :max_rows)

-- name: count_counts
-- How many rows a report would read; it stops counting at :most.
select count(*)
  from (select starts
          from usage_counts
         where project_id = :project_id
           and period = :period
           and starts >= :since
           and starts < :until
         limit :most) as found

-- name: count_latencies
select count(*)
  from (select starts
          from usage_latencies
         where project_id = :project_id
           and period = :period
           and starts >= :since
           and starts < :until
         limit :most) as found

-- name: count_stored
select count(*)
  from (select starts
          from usage_storage
         where project_id = :project_id
           and period = :period
           and starts >= :since
           and starts < :until
         limit :most) as found

-- name: report_calls
-- One statement, so that what is being folded from one table into the other is counted once. A
-- dimension that is not asked for is left empty, so that calls that differ only in it add up.
select starts, shown_api, shown_method, shown_credential, shown_api_key, shown_email,
       shown_outcome,
       cast(sum(calls) as bigint),
       cast(sum(case when outcome = '' then 0 else calls end) as bigint),
       cast(sum(case when outcome = '' then cost else 0 end) as bigint)
  from (select starts, outcome, calls, cost,
               case when :by_api = 1 then api else '' end as shown_api,
               case when :by_method = 1 then method else '' end as shown_method,
               case when :by_credential = 1 then credential else '' end as shown_credential,
               case when :by_api_key = 1 then api_key else '' end as shown_api_key,
               case when :by_email = 1 then email else '' end as shown_email,
               case when :by_outcome = 1 then outcome else '' end as shown_outcome
          from (select starts, api, method, credential, api_key, email, outcome, calls, cost
                  from usage_counts
                 where project_id = :project_id
                   and period = :period
                   and starts >= :since
                   and starts < :until
                 union all
                select minute / :seconds * :seconds, api, method, credential, api_key, email,
                       outcome, calls, cost
                  from usage_entries
                 where project_id = :project_id
                   and minute >= :since
                   and minute < :until) as counted
         where api = coalesce(cast(:api as text), api)
           and method = coalesce(cast(:method as text), method)
           and credential = coalesce(cast(:credential as text), credential)
           and api_key = coalesce(cast(:api_key as text), api_key)
           and email = coalesce(cast(:email as text), email)
           and outcome = coalesce(cast(:outcome as text), outcome)) as shown
 group by starts, shown_api, shown_method, shown_credential, shown_api_key, shown_email,
          shown_outcome
 limit :most

-- name: calls_by_value
-- Not added up: of many rows that is done in half the time by who reads them.
select starts, outcome,
       case cast(:by as text) when 'api' then api
                              when 'method' then method
                              when 'credential' then credential
                              when 'api_key' then api_key
                              when 'email' then email
                              else '' end,
       calls, cost
  from (select starts, api, method, credential, api_key, email, outcome, calls, cost
          from usage_counts
         where project_id = :project_id
           and period = :period
           and starts >= :since
           and starts < :until
         union all
        select minute / :seconds * :seconds, api, method, credential, api_key, email, outcome,
               calls, cost
          from usage_entries
         where project_id = :project_id
           and minute >= :since
           and minute < :until) as counted
 where api = coalesce(cast(:api as text), api)
   and method = coalesce(cast(:method as text), method)
   and credential = coalesce(cast(:credential as text), credential)
   and api_key = coalesce(cast(:api_key as text), api_key)
   and email = coalesce(cast(:email as text), email)
   and outcome = coalesce(cast(:outcome as text), outcome)

-- name: latency_steps
-- Likewise.
select starts, step, calls
  from usage_latencies
 where project_id = :project_id
   and period = :period
   and starts >= :since
   and starts < :until
   and api = coalesce(cast(:api as text), api)
   and method = coalesce(cast(:method as text), method)
   and credential = coalesce(cast(:credential as text), credential)
   and api_key = coalesce(cast(:api_key as text), api_key)
   and email = coalesce(cast(:email as text), email)
   and outcome = coalesce(cast(:outcome as text), outcome)

-- name: is_done
-- Whether such a call was done in the range.
select 1
  from (select method
          from usage_counts
         where project_id = :project_id
           and period = :period
           and starts >= :since
           and starts < :until
           and method = :method
           and outcome = ''
         union all
        select method
          from usage_entries
         where project_id = :project_id
           and minute >= :since
           and minute < :until
           and method = :method
           and outcome = '') as found
 limit 1

-- name: report_latencies
select starts, shown_api, shown_method, shown_credential, shown_api_key, shown_email,
       shown_outcome, step,
       cast(sum(calls) as bigint)
  from (select starts, step, calls,
               case when :by_api = 1 then api else '' end as shown_api,
               case when :by_method = 1 then method else '' end as shown_method,
               case when :by_credential = 1 then credential else '' end as shown_credential,
               case when :by_api_key = 1 then api_key else '' end as shown_api_key,
               case when :by_email = 1 then email else '' end as shown_email,
               case when :by_outcome = 1 then outcome else '' end as shown_outcome
          from usage_latencies
         where project_id = :project_id
           and period = :period
           and starts >= :since
           and starts < :until
           and api = coalesce(cast(:api as text), api)
           and method = coalesce(cast(:method as text), method)
           and credential = coalesce(cast(:credential as text), credential)
           and api_key = coalesce(cast(:api_key as text), api_key)
           and email = coalesce(cast(:email as text), email)
           and outcome = coalesce(cast(:outcome as text), outcome)) as shown
 group by starts, shown_api, shown_method, shown_credential, shown_api_key, shown_email,
          shown_outcome, step

-- name: report_stored
select starts, '', task_seconds, byte_seconds, most_tasks, most_bytes
  from usage_storage_by_project
 where project_id = :project_id
   and period = :period
   and starts >= :since
   and starts < :until

-- name: report_stored_of_queue
select starts, queue, task_seconds, byte_seconds, most_tasks, most_bytes
  from usage_storage
 where project_id = :project_id
   and queue = :queue
   and period = :period
   and starts >= :since
   and starts < :until

-- name: report_stored_by_queue
select starts, queue, task_seconds, byte_seconds, most_tasks, most_bytes
  from usage_storage
 where project_id = :project_id
   and period = :period
   and starts >= :since
   and starts < :until
 limit :most

-- name: largest_stored
-- The queues that held the most in the whole range.
select queue, cast(sum(task_seconds) as bigint), cast(sum(byte_seconds) as bigint),
       max(most_tasks), max(most_bytes)
  from usage_storage
 where project_id = :project_id
   and period = :period
   and starts >= :since
   and starts < :until
 group by queue
 order by sum(byte_seconds) desc, sum(task_seconds) desc, queue
 limit :most

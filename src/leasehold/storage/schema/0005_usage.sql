-- API keys, quota, accounting and billing.

create table api_keys (
  id               text not null primary key,  -- a random number: names the key, and opens nothing
  project_id       text not null,
  name             text not null,              -- what people call it
  addresses        text not null,              -- JSON list of networks in CIDR form; []: anywhere
  referrers        text not null,              -- JSON list of URL patterns; []: any page, or none
  apis             text not null,              -- JSON list; []: every API
  queues           text not null,              -- JSON list of PROJECT/QUEUE; []: every queue
  calls_per_minute {int},                      -- null: no limit of its own
  created_at       {int} not null,
  expires_at       {int},                      -- null: never
  deleted_at       {int}                       -- may be undeleted for 30 days, then it is swept
) {table};
create index api_keys_by_project on api_keys (project_id);  -- serves keys_of
create index api_keys_by_end on api_keys (deleted_at) where deleted_at is not null;  -- serves sweep_keys

-- What is sent as ?key=. A key has one, and while it is being rotated two.
create table api_key_strings (
  id         {row_number},
  key_id     text not null,
  digest     {bytes} not null unique,          -- keyed digest; the string itself is shown once
  hint       text not null,                    -- its last four characters, to tell two apart
  created_at {int} not null,
  ends_at    {int}                             -- null: good as long as the key is
) {table};
create index api_key_strings_by_key on api_key_strings (key_id);  -- serves strings_of
create index api_key_strings_by_end on api_key_strings (ends_at) where ends_at is not null;  -- serves sweep_ended_strings

-- What a project may spend instead of the server's defaults: who said so, and why.
create table quota_overrides (
  project_id text not null,
  quota      text not null,                    -- one of usage.quotas.QUOTAS
  source     text not null,                    -- operator: in place of the default; project: at most this
  most       {int},                            -- null: no limit
  set_by     text not null,
  set_at     {int} not null,
  why        text not null,
  primary key (project_id, quota, source)
) {table};

-- What was drawn from an allowance in its newest window. Servers draw in small portions and spend
-- those from memory.
create table allowances (
  bucket  text not null primary key,           -- what is limited: day/PROJECT, user/PROJECT/WHO, ...
  starts  {int} not null,                      -- of the window: seconds since the Unix epoch
  ends    {int} not null,
  drawn   {int} not null,                      -- by all servers together, in this window
  given   {int} not null,                      -- of that, by the newest draw
  most    {int} not null                       -- the limit, as the newest draw knew it
) {hot_table};
create index allowances_by_end on allowances (ends);  -- serves sweep_allowances

-- What each group of calls did. Only ever appended to by calls, and folded into the tables below a
-- few times a minute: so no two calls wait for one row.
create table usage_entries (
  id         {row_number},
  minute     {int} not null,                   -- its start: seconds since the Unix epoch
  project_id text not null,                    -- whose credential was used
  api        text not null,
  method     text not null,
  credential text not null,                    -- id of the client or service account; "" for a key alone
  api_key    text not null,                    -- id of the API key; "": none
  email      text not null,                    -- whom the token stands for; "" for a key alone
  outcome    text not null,                    -- "": it was done; else the reason of the refusal
  calls      {int} not null,
  cost       {int} not null                    -- units of quota
) {hot_table};

-- The same counts by minute, hour and day: each call is counted once in each.
create table usage_counts (
  period     text not null,                    -- minute, hour or day
  starts     {int} not null,                   -- seconds since the Unix epoch
  project_id text not null,
  api        text not null,
  method     text not null,
  credential text not null,
  api_key    text not null,
  email      text not null,
  outcome    text not null,
  calls      {int} not null,
  cost       {int} not null,
  primary key (project_id, period, starts, api, method, credential, api_key, email, outcome)
) {keyed_table};
create index usage_counts_by_age on usage_counts (period, starts);  -- serves sweep_counts

-- How long calls took: how many fell into each step of time. Written every few seconds from memory.
create table usage_latencies (
  period     text not null,
  starts     {int} not null,
  project_id text not null,
  api        text not null,
  method     text not null,
  credential text not null,
  api_key    text not null,
  email      text not null,
  outcome    text not null,
  step       {int} not null,                   -- see usage.latency: each step is a fifth longer than the last
  calls      {int} not null,
  primary key (project_id, period, starts, api, method, credential, api_key, email, outcome, step)
) {keyed_table};
create index usage_latencies_by_age on usage_latencies (period, starts);  -- serves sweep_latencies

-- What was stored, summed over time: bytes times seconds.
create table usage_storage (
  period       text not null,                  -- hour or day
  starts       {int} not null,
  project_id   text not null,
  queue        text not null,
  byte_seconds {int} not null,
  task_seconds {int} not null,
  most_bytes   {int} not null,
  most_tasks   {int} not null,
  primary key (project_id, period, starts, queue)
) {keyed_table};
create index usage_storage_by_age on usage_storage (period, starts);  -- serves sweep_storage

-- What each queue held when it was last looked at; one that held no task has no row.
create table storage_held (
  project_id text not null,
  queue      text not null,
  tasks      {int} not null,
  bytes      {int} not null,
  primary key (project_id, queue)
) {keyed_table};

-- How far usage is complete. One row: whoever moves sampled_until adds what was stored until then.
create table usage_marks (
  sampled_until {int} not null,                -- a whole minute, in seconds since the Unix epoch; 0: never
  swept_before  {int} not null                 -- of days before it usage may be gone; 0: all is there
) {table};
insert into usage_marks (sampled_until, swept_before) values (0, 0);

-- What things cost from a month on. Fixed once that month has begun, so a bill can be made again.
create table price_sheets (
  id         {row_number},
  from_month text not null unique,             -- 2026-11
  sheet      text not null,                    -- JSON, as usage.price_sheet writes it
  set_by     text not null,
  set_at     {int} not null
) {table};

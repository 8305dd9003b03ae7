-- Queues and their tasks. A lease rewrites only the narrow row in `tasks`.

create table queues (
  id                       {row_number},
  project_id               text not null,
  name                     text not null,
  mode                     text not null,     -- pull or push
  created_at               {int} not null,
  deleted_at               {int},            -- its tasks are swept away afterwards
  paused_at                {int},
  from_file                {int} not null,   -- 1: declared in a queue.yaml or queue.xml
  strict_leases            {int} not null,   -- 1: only the current lease may delete
  task_retry_limit         {int},            -- null: no limit
  tombstone_seconds        {int} not null,   -- how long a deleted task's name stays taken
  rate                     {real},             -- push: tasks per second
  bucket_size              {int},
  max_concurrent_requests  {int},
  target                   text,
  task_age_limit           {int},            -- seconds
  min_backoff_seconds      {real},
  max_backoff_seconds      {real},
  max_doublings            {int},
  requests_per_second      {real},           -- calls that name it; null, here and below: no limit
  max_tasks                {int},            -- that it may hold
  max_bytes                {int}             -- of their payloads
) {table};
create unique index queues_by_name on queues (project_id, name) where deleted_at is null;

create table queue_acl (
  queue_id {int} not null,
  role     text not null,                     -- consumer, producer or admin
  email    text not null,                     -- lower case
  primary key (queue_id, role, email)
) {keyed_table};

-- Numbers of tasks are handed out in blocks and never again.
create table task_numbers (
  next {int} not null
) {table};
insert into task_numbers (next) values (1);

create table tasks (
  number        {int} not null primary key,
  queue_id      {int} not null,
  eta           {int} not null,              -- may be leased from here on; a lease moves it on
  enqueued_at   {int} not null,
  retry_count   {int} not null,              -- leases so far
  payload_bytes {int} not null,
  name          text,                         -- null: its id is made from its number
  tag           text                          -- null: untagged
) {hot_table};
create index tasks_by_eta on tasks (queue_id, eta, number);                              -- serves available_tasks
create index tasks_by_tag on tasks (queue_id, tag, eta, number) where tag is not null;  -- serves available_tasks_of_tag

create table payloads (
  number {int} not null primary key,
  body   {bytes} not null
) {hot_table};

-- One row for each given name, from insert until its tombstone has aged: so a name is taken once,
-- whichever of several transactions comes first.
create table task_names (
  queue_id {int} not null,
  name     text not null,
  number   {int} not null,
  named_at {int} not null,
  free_at  {int},                            -- null while the task is there; then the tombstone's end
  primary key (queue_id, name)
) {hot_keyed_table};
create index task_names_by_end on task_names (free_at) where free_at is not null;  -- serves sweep_names

-- What each group did to each queue. Only ever appended to by the hot verbs, so that no two of
-- them wait for one row; folded into the two tables below a few times a minute.
create table queue_changes (
  id       {row_number},
  queue_id {int} not null,
  at       {int} not null,
  leased   {int} not null,
  tasks    {int} not null,
  bytes    {int} not null
) {hot_table};
create index queue_changes_by_queue on queue_changes (queue_id, at);  -- serves queue_statistics

create table queue_totals (
  queue_id {int} not null primary key,
  tasks    {int} not null,
  bytes    {int} not null
) {hot_table};

create table queue_leases (
  queue_id {int} not null,
  second   {int} not null,                   -- since the Unix epoch
  leased   {int} not null,
  primary key (queue_id, second)
) {hot_keyed_table};
create index queue_leases_by_age on queue_leases (second);  -- serves sweep_leases

-- What administrators did. Entries are appended, never changed; each holds the hash of the one before.

create table audit_entries (
  number     {int} not null primary key,       -- 1, 2, 3 ... without a gap
  at         {int} not null,                   -- never before the entry before
  actor_kind text not null,                    -- operator, person or service_account
  actor      text not null,                    -- e-mail address, or the operating system's user name
  client_id  text not null,                    -- by which client; "": console or command line
  address    text not null,                    -- where from
  action     text not null,                    -- queues.create, for example
  project_id text not null,                    -- "" when it is about no project
  target     text not null,                    -- what was acted upon: queues/resize, for example
  before     text,                             -- JSON; null when there was nothing
  after      text,                             -- JSON; null when there is nothing any more
  hash       text not null                     -- SHA-256 of all above and of the hash before, in hex
) {table};
create index audit_entries_by_project on audit_entries (project_id, number);  -- serves found_in_project
create index audit_entries_by_time on audit_entries (at, number);  -- serves first_since

-- The newest entry's number, instant and hash. One row, which takes the writers' turns.
create table audit_head (
  number {int} not null,
  at     {int} not null,
  hash   text not null
) {table};
insert into audit_head (number, at, hash) values (0, 0, '');

-- People, projects, service accounts and their keys.
-- Instants are microseconds since the Unix epoch; null means "not yet" or "never".

-- What this installation knows about itself: the issuer it was last started with, for example.
create table installation (
  key   text not null primary key,
  value text not null
) {table};

-- Counts every change that running servers must notice; they look at it twice a second.
create table configuration_version (
  version {int} not null
) {table};
insert into configuration_version (version) values (1);

create table users (
  id                {row_number},
  subject           text not null unique,  -- 21 digits: what clients know the person by
  email             text not null unique,  -- lower case
  name              text not null,         -- "" when it is not known
  password_hash     text,                  -- Argon2id, with its parameters; null: none was set
  email_verified_at {int},                 -- null: nobody has shown that mail reaches them there
  created_at        {int} not null,
  disabled_at       {int}
) {table};

create table projects (
  id                  text not null primary key,
  created_at          {int} not null,
  legacy_scopes       {int} not null,  -- 1: taskqueue.consumer may insert, as old documents say
  total_storage_limit {int},           -- bytes of all its tasks; null is no limit
  disabled_at         {int},           -- switched off: nothing of it is served, nothing is lost
  disabled_by_operator {int} not null default 0,  -- 1: its owners cannot switch it on
  deleted_at          {int}            -- likewise, and swept away later; its id stays taken
) {table};

create index projects_with_limit on projects (id) where total_storage_limit is not null;  -- serves full_projects

create index projects_by_end on projects (deleted_at) where deleted_at is not null;  -- serves projects_to_sweep

create table project_members (
  project_id text not null,
  user_id    {int} not null,
  role       text not null,             -- owner or admin
  primary key (project_id, user_id)
) {table};
create index project_members_by_user on project_members (user_id);  -- serves projects_of_user

create table project_apis (
  project_id text not null,
  api        text not null,
  enabled_at {int} not null,
  primary key (project_id, api)
) {table};

create table service_accounts (
  id           text not null primary key,  -- 21 digits: its client id
  project_id   text not null,
  email        text not null,
  name         text not null,
  created_at   {int} not null,
  disabled_at  {int},
  deleted_at   {int}                      -- its name may be used again, with a new id
) {table};
create unique index service_accounts_by_email on service_accounts (email) where deleted_at is null;
create index service_accounts_by_project on service_accounts (project_id);  -- serves service_accounts_of

create table service_account_keys (
  id                 text not null primary key,  -- the key file's private_key_id
  service_account_id text not null,
  public_key         text not null,              -- PEM; the private key is given out once and not kept
  certificate        text not null,              -- PEM; signed by the private key when that was made
  created_at         {int} not null,
  deleted_at         {int}
) {table};
create index service_account_keys_by_account on service_account_keys (service_account_id);  -- serves keys_of

-- Signing in: what people prove who they are with, and the browsers in which they did.
-- Instants are microseconds since the Unix epoch; null means "not yet" or "never".
-- All digests are keyed with the secret key file's key.

create table browser_sessions (
  id               text not null primary key,  -- may be shown; the cookie holds another secret
  digest           {bytes} not null unique,    -- of the cookie
  user_id          {int} not null,
  method           text not null,              -- password, password+totp, password+recovery, passkey
  user_agent       text not null,
  address          text not null,
  created_at       {int} not null,
  authenticated_at {int} not null,             -- the user proved last who they are
  seen_at          {int} not null,             -- to the minute
  ended_at         {int}
) {table};
create index browser_sessions_by_user on browser_sessions (user_id);  -- serves sessions_of_user
create index browser_sessions_by_age on browser_sessions (seen_at);   -- serves sweep_sessions

-- The right password was given, the second factor not yet.
create table second_steps (
  digest     {bytes} not null primary key,     -- of a cookie
  user_id    {int} not null,
  created_at {int} not null,
  expires_at {int} not null,
  tries      {int} not null,
  used_at    {int}
) {table};
create index second_steps_by_user on second_steps (user_id);         -- serves forget_second_steps
create index second_steps_by_expiry on second_steps (expires_at);  -- serves sweep_second_steps

create table totp_secrets (
  user_id      {int} not null primary key,
  sealed       {bytes} not null,               -- RFC 6238's shared secret
  created_at   {int} not null,
  confirmed_at {int},                          -- null: a first code was not given yet
  last_step    {int} not null                  -- no code of this time step or before is good again
) {table};

create table recovery_codes (
  user_id    {int} not null,
  digest     {bytes} not null,
  created_at {int} not null,
  used_at    {int},
  primary key (user_id, digest)
) {keyed_table};

create table passkeys (
  id            {row_number},
  user_id       {int} not null,
  credential_id {bytes} not null unique,
  public_key    {bytes} not null,              -- COSE
  sign_count    {int} not null,
  name          text not null,
  created_at    {int} not null,
  last_used_at  {int}
) {table};
create index passkeys_by_user on passkeys (user_id);  -- serves passkeys_of_user

create table passkey_challenges (
  digest     {bytes} not null primary key,     -- of the challenge
  purpose    text not null,                    -- register or sign_in
  user_id    {int},                            -- for whom a passkey is to be added
  state      text not null,                    -- the browser session for which it is, or ""
  created_at {int} not null,
  expires_at {int} not null
) {table};
create index passkey_challenges_by_expiry on passkey_challenges (expires_at);  -- serves sweep_challenges

-- Links that were sent by mail; each is good once.
create table email_links (
  digest     {bytes} not null primary key,
  purpose    text not null,                    -- invitation, registration or reset
  email      text not null,
  created_at {int} not null,
  expires_at {int} not null,
  used_at    {int}
) {table};
create index email_links_by_email on email_links (email);        -- serves use_links_of
create index email_links_by_expiry on email_links (expires_at);  -- serves sweep_links

-- A bucket of tries for each account, address and known browser.
create table sign_in_tries (
  digest  {bytes} not null primary key,        -- of what is counted
  full_at {int} not null                       -- when the bucket would be full again
) {table};
create index sign_in_tries_by_age on sign_in_tries (full_at);  -- serves sweep_tries

-- The authorization server: clients, consents, tokens, and the keys that it signs with.
-- Instants are microseconds since the Unix epoch; null means "not yet" or "never".
-- Digests of access tokens are SHA-256; all other digests are keyed with the secret key file's key.

-- The server's own keys, with which it signs ID tokens.
create table signing_keys (
  number      {int} not null primary key,  -- 1, 2, …: of two processes that add one, one succeeds
  kid         text not null unique,
  private_key {bytes} not null,            -- PKCS #8 (DER), sealed with the secret key file's key
  certificate text not null,               -- PEM; its public key is what clients verify with
  signs_from  {int} not null               -- published before that; signs until the next one does
) {table};

-- Who asks: what the consent screen says about a project.
create table consent_screens (
  project_id    text not null primary key,
  name          text not null,
  support_email text not null,
  home_page     text not null,             -- "" when there is none, as for each link
  privacy_link  text not null,
  terms_link    text not null,
  logo          {bytes},                   -- an image
  logo_type     text,                      -- its media type
  stage         text not null,             -- testing: listed testers only; or production
  verified_at   {int}                      -- when the server's operator vouched for it
) {table};

create table consent_testers (
  project_id text not null,
  email      text not null,                -- lower case
  primary key (project_id, email)
) {keyed_table};

create table clients (
  id                 text not null primary key,
  project_id         text not null,
  type               text not null,        -- web, installed or browser
  name               text not null,
  email              text not null unique, -- what ACLs name when it acts for itself
  redirect_uris      text not null,        -- one on each line
  javascript_origins text not null,        -- one on each line
  rotates            {int} not null,       -- 1: a refresh token is replaced whenever it is used
  client_credentials {int} not null,       -- 1: it may get tokens for itself
  implicit           {int} not null,       -- 1: implicit grant, where the server's switch is on too
  created_at         {int} not null,
  deleted_at         {int}
) {table};
create index clients_by_project on clients (project_id);  -- serves clients_of

create table client_secrets (
  id         {row_number},
  client_id  text not null,
  digest     {bytes} not null,
  ending     text not null,                -- its last four characters, by which people tell it
  created_at {int} not null,
  deleted_at {int}
) {table};
create index client_secrets_by_client on client_secrets (client_id);  -- serves secrets_of

-- Who of a domain may be acted for: domain-wide delegation.
create table delegations (
  id                 {row_number},
  domain             text not null,        -- lower case; of users' e-mail addresses
  service_account_id text not null,
  scopes             text not null,        -- space separated, as everywhere here
  created_at         {int} not null,
  deleted_at         {int}
) {table};
create unique index delegations_by_account on delegations (service_account_id, domain)
  where deleted_at is null;

-- A person's yes to a client; widened when the client is given more.
create table consents (
  id           {row_number},
  user_id      {int} not null,
  client_id    text not null,
  scopes       text not null,
  created_at   {int} not null,
  last_used_at {int},                      -- when a token of it was last given out
  revoked_at   {int}
) {table};
create unique index consents_by_user on consents (user_id, client_id) where revoked_at is null;
create index consents_by_client on consents (client_id);  -- serves count_consents
create index consents_revoked on consents (revoked_at) where revoked_at is not null;  -- serves sweep_consents

-- An authorization request that waits for its user's answer.
create table authorization_requests (
  digest             {bytes} not null primary key,
  browser_session_id text not null,
  user_id            {int} not null,
  client_id          text not null,
  parameters         text not null,        -- JSON; what was validated, not what was sent
  created_at         {int} not null,
  expires_at         {int} not null,
  answered_at        {int}
) {table};
create index authorization_requests_by_expiry on authorization_requests (expires_at);  -- serves sweep_requests
create index authorization_requests_by_session
  on authorization_requests (browser_session_id, created_at);                          -- serves forget_oldest_requests

create table authorization_codes (
  digest          {bytes} not null primary key,
  consent_id      {int} not null,
  client_id       text not null,
  redirect_uri    text not null,
  scopes          text not null,
  code_challenge  text,                    -- null: the client sent none
  challenge_method text,
  nonce           text,
  authenticated_at {int} not null,         -- when the user last proved who they are
  offline         {int} not null,          -- 1: a refresh token goes with it
  issued_at       {int} not null,
  expires_at      {int} not null,
  used_at         {int},
  family_id       {int}                    -- what its use has given
) {table};
create index authorization_codes_by_expiry on authorization_codes (expires_at);  -- serves sweep_codes

-- All tokens that came of one authorization; they end together.
create table token_families (
  id               {row_number},
  consent_id       {int} not null,
  client_id        text not null,
  user_id          {int} not null,
  scopes           text not null,
  authenticated_at {int} not null,
  offline          {int} not null,         -- 1: it has a refresh token
  created_at       {int} not null,
  last_used_at     {int} not null,         -- to the minute
  revoked_at       {int},
  revoked_because  text                    -- consent, code_reuse, refresh_reuse, cap, idle, password …
) {table};
create index token_families_by_consent on token_families (consent_id);           -- serves revoke_families_of_consent
create index token_families_by_user on token_families (user_id, client_id);      -- serves revoke_oldest_families
create index token_families_offline on token_families (last_used_at)
  where offline = 1 and revoked_at is null;                                      -- serves end_idle_families
create index token_families_online on token_families (last_used_at) where offline = 0;  -- serves sweep_online_families
create index token_families_revoked on token_families (revoked_at) where revoked_at is not null;  -- serves sweep_ended_families

create table refresh_tokens (
  digest      {bytes} not null primary key,
  family_id   {int} not null,
  issued_at   {int} not null,
  replaced_at {int}                        -- a rotating client's: when its successor was given
) {table};
create index refresh_tokens_by_family on refresh_tokens (family_id);  -- serves sweep_ended_refresh_tokens
create index refresh_tokens_replaced on refresh_tokens (replaced_at)
  where replaced_at is not null;                                      -- serves sweep_replaced_refresh_tokens

-- Whom a token stands for is either a service account (by a key of its own, or by a delegation for
-- a user), a user (through a family), or a client itself (by one of its secrets).
create table access_tokens (
  digest             {bytes} not null primary key,  -- SHA-256 of the token
  client_id          text not null,                 -- who was given it: a client or service account
  project_id         text not null,
  subject            text not null,
  email              text not null,
  scopes             text not null,
  issued_at          {int} not null,
  expires_at         {int} not null,
  revoked_at         {int},
  service_account_id text,
  key_id             text,                          -- the key that signed for it
  delegation_id      {int},
  user_id            {int},
  family_id          {int},
  secret_id          {int}
) {table};
create index access_tokens_by_account on access_tokens (service_account_id)
  where service_account_id is not null;                                       -- serves revoke_tokens_of_account
create index access_tokens_by_key on access_tokens (key_id) where key_id is not null;  -- serves revoke_tokens_of_key
create index access_tokens_by_family on access_tokens (family_id) where family_id is not null;
create index access_tokens_by_user on access_tokens (user_id) where user_id is not null;
create index access_tokens_by_secret on access_tokens (secret_id) where secret_id is not null;
create index access_tokens_by_expiry on access_tokens (expires_at);           -- serves sweep_tokens
create index access_tokens_revoked on access_tokens (revoked_at) where revoked_at is not null;  -- serves tokens_revoked_since

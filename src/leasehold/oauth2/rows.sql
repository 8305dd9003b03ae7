-- Access tokens and signing keys. One text for all engines.
-- A token is stored only for what is good, whose rows are held until the commit: who switches one
-- off at the same time either sees this token, or leaves no row to store for.

-- name: store_token_of_key
insert into access_tokens (
         digest, client_id, project_id, subject, email, scopes, issued_at, expires_at,
         service_account_id, key_id)
select :digest, good.id, good.project_id, good.id, good.email,
       cast(:scopes as text), cast(:issued_at as bigint), cast(:expires_at as bigint),
       good.id, good.key_id
  from (
        select accounts.id, accounts.project_id, accounts.email, keys.id as key_id
          from service_accounts as accounts
          join service_account_keys as keys on keys.service_account_id = accounts.id
         where accounts.id = :service_account_id and keys.id = :key_id
           and accounts.disabled_at is null and accounts.deleted_at is null
           and keys.deleted_at is null
        {for_share}
       ) as good
returning digest

-- name: store_token_of_delegation
insert into access_tokens (
         digest, client_id, project_id, subject, email, scopes, issued_at, expires_at,
         service_account_id, key_id, delegation_id, user_id)
select :digest, good.id, good.project_id, good.subject, good.email,
       cast(:scopes as text), cast(:issued_at as bigint), cast(:expires_at as bigint),
       good.id, good.key_id, good.delegation_id, good.user_id
  from (
        select accounts.id, accounts.project_id, keys.id as key_id, users.subject, users.email,
               delegations.id as delegation_id, users.id as user_id
          from service_accounts as accounts
          join service_account_keys as keys on keys.service_account_id = accounts.id
          join delegations on delegations.service_account_id = accounts.id
          join users on users.id = :user_id
         where accounts.id = :service_account_id and keys.id = :key_id
           and delegations.id = :delegation_id
           and accounts.disabled_at is null and accounts.deleted_at is null
           and keys.deleted_at is null and delegations.deleted_at is null
           and users.disabled_at is null
        {for_share}
       ) as good
returning digest

-- name: store_token_of_family
-- PostgreSQL holds the rows in the order of these joins, which is that of grant_rows.sql.
insert into access_tokens (
         digest, client_id, project_id, subject, email, scopes, issued_at, expires_at,
         user_id, family_id)
select :digest, good.client_id, good.project_id, good.subject, good.email,
       cast(:scopes as text), cast(:issued_at as bigint), cast(:expires_at as bigint),
       good.user_id, good.family_id
  from (
        select clients.id as client_id, clients.project_id, users.subject, users.email,
               users.id as user_id, families.id as family_id
          from users
          join clients on clients.deleted_at is null
          join consents on consents.user_id = users.id and consents.client_id = clients.id
          join token_families as families on families.consent_id = consents.id
         where families.id = :family_id
           and families.revoked_at is null and consents.revoked_at is null
           and users.disabled_at is null
        {for_share}
       ) as good
returning digest

-- name: store_tokens_of_secrets
-- rows: digest bytes, client_id text, project_id text, email text, scopes text, issued_at bigint, expires_at bigint, secret_id bigint
-- Of clients for themselves: each is its own subject. The secrets were checked in this transaction;
-- should one be deleted in another transaction meanwhile, token_by_digest says so.
insert into access_tokens (
         digest, client_id, project_id, subject, email, scopes, issued_at, expires_at, secret_id)
select digest, client_id, project_id, client_id, email, scopes, issued_at, expires_at, secret_id
  from {rows}
 where true

-- name: token_by_digest
select tokens.digest, tokens.client_id, tokens.project_id, tokens.subject, tokens.email,
       tokens.scopes, tokens.issued_at, tokens.expires_at,
       coalesce(tokens.revoked_at, accounts.deleted_at, accounts.disabled_at, keys.deleted_at,
                delegations.deleted_at, users.disabled_at, families.revoked_at,
                consents.revoked_at, clients.deleted_at, secrets.deleted_at,
                projects.disabled_at, projects.deleted_at,
                case when secrets.id is not null and clients.client_credentials = 0
                     then tokens.issued_at
                end),
       tokens.service_account_id, tokens.key_id, tokens.delegation_id, tokens.user_id,
       tokens.family_id, tokens.secret_id, coalesce(families.offline, 0)
  from access_tokens as tokens
  left join service_accounts as accounts on accounts.id = tokens.service_account_id
  left join service_account_keys as keys on keys.id = tokens.key_id
  left join delegations on delegations.id = tokens.delegation_id
  left join users on users.id = tokens.user_id
  left join token_families as families on families.id = tokens.family_id
  left join consents on consents.id = families.consent_id
  left join clients on clients.id = tokens.client_id
  left join client_secrets as secrets on secrets.id = tokens.secret_id
  left join projects on projects.id = tokens.project_id
 where tokens.digest = :digest

-- name: revoke_token
update access_tokens
   set revoked_at = :now
 where digest = :digest and revoked_at is null

-- name: tokens_revoked_since
select digest
  from access_tokens
 where revoked_at is not null and revoked_at >= :instant

-- name: sweep_tokens
delete from access_tokens
 where digest in (
       select digest
         from access_tokens
        where expires_at < :before
        order by expires_at
        limit :limit)

-- name: signing_keys
select kid, private_key, certificate, signs_from
  from signing_keys
 order by number

-- name: add_signing_key
-- Two processes that add one at the same time give it the same number: the second adds nothing.
insert into signing_keys (number, kid, private_key, certificate, signs_from)
select coalesce(max(number), 0) + 1, cast(:kid as text), :private_key,
       cast(:certificate as text),
       case when count(*) = 0 then cast(:now as bigint) else cast(:later as bigint) end
  from signing_keys
having count(*) = 0 or max(signs_from) <= :due
    on conflict do nothing
returning kid

-- name: sweep_signing_keys
delete from signing_keys
 where number < (
       select max(newer.number)
         from signing_keys as newer
        where newer.signs_from < :before)

-- name: forget_signing_keys
delete from signing_keys

-- name: forget_client_secrets
update client_secrets
   set deleted_at = :now
 where deleted_at is null

-- name: forget_codes
delete from authorization_codes

-- name: forget_requests
delete from authorization_requests

-- name: forget_offline_families
update token_families
   set revoked_at = :now,
       revoked_because = 'secret_key'
 where offline = 1 and revoked_at is null

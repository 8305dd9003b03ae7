-- Access tokens and signing keys. One text for all engines.

-- name: store_token
-- Only for an account and a key that are good, whose rows are held until the commit: who switches
-- one off at the same time either sees this token and revokes it, or leaves no row to store for.
insert into access_tokens (
         digest, service_account_id, key_id, project_id, email, client_id, scopes,
         issued_at, expires_at)
select :digest, good.account_id, good.key_id, good.project_id, good.email,
       cast(:client_id as text), cast(:scopes as text),
       cast(:issued_at as bigint), cast(:expires_at as bigint)
  from (
        select accounts.id as account_id, keys.id as key_id, accounts.project_id, accounts.email
          from service_accounts as accounts
          join service_account_keys as keys on keys.service_account_id = accounts.id
         where accounts.id = :service_account_id and keys.id = :key_id
           and accounts.disabled_at is null and accounts.deleted_at is null
           and keys.deleted_at is null
        {for_update}
       ) as good
returning digest

-- name: token_by_digest
select tokens.digest, tokens.service_account_id, tokens.key_id, tokens.project_id, tokens.email,
       tokens.client_id, tokens.scopes, tokens.issued_at, tokens.expires_at,
       coalesce(tokens.revoked_at, accounts.deleted_at, accounts.disabled_at, keys.deleted_at)
  from access_tokens as tokens
  join service_accounts as accounts on accounts.id = tokens.service_account_id
  join service_account_keys as keys on keys.id = tokens.key_id
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

-- Consents, authorization codes, token families and refresh tokens. One text for all engines.
-- Whoever holds several rows takes them in this order: user, client, code or refresh token,
-- consent, family, access tokens. So no two of them wait for each other.

-- name: hold_person
-- Until the commit nobody disables the user or deletes the client.
select users.id, users.subject, users.email, users.name, users.email_verified_at
  from users
  join clients on clients.id = :client_id
 where users.id = :user_id and users.disabled_at is null and clients.deleted_at is null
{for_share}

-- name: person_by_id
select id, subject, email, name, email_verified_at
  from users
 where id = :user_id

-- name: find_consent
select id, user_id, client_id, scopes, created_at, last_used_at
  from consents
 where user_id = :user_id and client_id = :client_id and revoked_at is null

-- name: hold_consent
-- The live consent, a new one if there is none; nobody else changes it until the commit.
insert into consents (user_id, client_id, scopes, created_at)
values (:user_id, :client_id, :scopes, :now)
    on conflict (user_id, client_id) where revoked_at is null
    do update set scopes = consents.scopes
returning id, user_id, client_id, scopes, created_at, last_used_at

-- name: widen_consent
update consents
   set scopes = :scopes
 where id = :id

-- name: use_consent
update consents
   set last_used_at = :now
 where id = :id and revoked_at is null

-- name: consents_of_user
select consents.id, clients.id, clients.name, clients.project_id, consents.scopes,
       consents.created_at, consents.last_used_at
  from consents
  join clients on clients.id = consents.client_id
 where consents.user_id = :user_id and consents.revoked_at is null
   and clients.deleted_at is null
 order by consents.id

-- name: revoke_consent
update consents
   set revoked_at = :now
 where id = :id and user_id = :user_id and revoked_at is null
returning id

-- name: revoke_consents_of_user
update consents
   set revoked_at = :now
 where user_id = :user_id and revoked_at is null

-- name: sweep_consents
delete from consents
 where id in (
       select consents.id
         from consents
        where consents.revoked_at < :before
          and not exists (
                select families.id
                  from token_families as families
                 where families.consent_id = consents.id)
        order by consents.revoked_at
        limit :limit)

-- name: insert_code
insert into authorization_codes (
         digest, consent_id, client_id, redirect_uri, scopes, code_challenge, challenge_method,
         nonce, authenticated_at, offline, issued_at, expires_at)
values (:digest, :consent_id, :client_id, :redirect_uri, :scopes, :code_challenge,
        :challenge_method, :nonce, :authenticated_at, :offline, :now, :expires_at)

-- name: code_by_digest
select codes.consent_id, codes.client_id, consents.user_id, codes.redirect_uri, codes.scopes,
       codes.code_challenge, codes.challenge_method, codes.nonce, codes.authenticated_at,
       codes.offline
  from authorization_codes as codes
  join consents on consents.id = codes.consent_id
 where codes.digest = :digest

-- name: use_code
-- One winner: of exchanges at the same time exactly one gets a row.
update authorization_codes
   set used_at = :now
 where digest = :digest and used_at is null and expires_at > :now
returning digest

-- name: set_family_of_code
update authorization_codes
   set family_id = :family_id
 where digest = :digest

-- name: family_of_used_code
select family_id
  from authorization_codes
 where digest = :digest and used_at is not null and family_id is not null

-- name: sweep_codes
delete from authorization_codes
 where digest in (
       select digest
         from authorization_codes
        where expires_at < :before
        order by expires_at
        limit :limit)

-- name: insert_family
insert into token_families (
         consent_id, client_id, user_id, scopes, authenticated_at, offline, created_at,
         last_used_at)
select good.id, good.client_id, good.user_id, cast(:scopes as text),
       cast(:authenticated_at as bigint), cast(:offline as bigint), cast(:now as bigint),
       cast(:now as bigint)
  from (
        select id, client_id, user_id
          from consents
         where id = :consent_id and revoked_at is null
        {for_share}
       ) as good
returning id, client_id, user_id

-- name: use_family
update token_families
   set last_used_at = :now
 where id = :id and revoked_at is null

-- name: revoke_family
update token_families
   set revoked_at = :now,
       revoked_because = :because
 where id = :id and revoked_at is null
returning id

-- name: revoke_families_of_consent
update token_families
   set revoked_at = :now,
       revoked_because = :because
 where consent_id = :consent_id and revoked_at is null

-- name: revoke_families_of_user
update token_families
   set revoked_at = :now,
       revoked_because = :because
 where user_id = :user_id and revoked_at is null

-- name: revoke_oldest_families
-- Those with refresh tokens that are more than the newest `kept`.
update token_families
   set revoked_at = :now,
       revoked_because = 'cap'
 where id in (
       select id
         from token_families
        where user_id = :user_id and client_id = :client_id
          and offline = 1 and revoked_at is null
        order by id desc
        limit :limit offset :kept)
returning id

-- name: revoke_tokens_of_family
update access_tokens
   set revoked_at = :now
 where family_id = :family_id and revoked_at is null
returning digest

-- name: revoke_tokens_of_consent
update access_tokens
   set revoked_at = :now
 where family_id in (
       select id
         from token_families
        where consent_id = :consent_id)
   and revoked_at is null
returning digest

-- name: revoke_tokens_of_families_of_user
-- Not those that service accounts got by a delegation.
update access_tokens
   set revoked_at = :now
 where user_id = :user_id and family_id is not null and revoked_at is null
returning digest

-- name: consent_of_live_family
select consents.id, consents.user_id
  from token_families as families
  join consents on consents.id = families.consent_id
 where families.id = :family_id and families.revoked_at is null

-- name: end_idle_families
update token_families
   set revoked_at = :now,
       revoked_because = 'idle'
 where id in (
       select id
         from token_families
        where offline = 1 and revoked_at is null and last_used_at < :before
        order by last_used_at
        limit :limit)

-- name: sweep_ended_families
-- Their tokens first: one without its family would look as if it had never had one.
delete from token_families
 where id in (
       select families.id
         from token_families as families
        where families.revoked_at < :before
          and not exists (
                select tokens.digest
                  from access_tokens as tokens
                 where tokens.family_id = families.id)
          and not exists (
                select refresh.digest
                  from refresh_tokens as refresh
                 where refresh.family_id = families.id)
        order by families.revoked_at
        limit :limit)

-- name: sweep_online_families
-- They have no refresh token, so they end with their access token.
delete from token_families
 where id in (
       select families.id
         from token_families as families
        where families.offline = 0 and families.last_used_at < :before
          and not exists (
                select tokens.digest
                  from access_tokens as tokens
                 where tokens.family_id = families.id)
        order by families.last_used_at
        limit :limit)

-- name: insert_refresh_token
insert into refresh_tokens (digest, family_id, issued_at)
values (:digest, :family_id, :now)

-- name: refresh_token_by_digest
select families.id, families.consent_id, families.client_id, families.user_id, families.scopes,
       families.authenticated_at, families.created_at, families.last_used_at,
       refresh.issued_at, refresh.replaced_at,
       coalesce(families.revoked_at, consents.revoked_at, users.disabled_at, clients.deleted_at),
       clients.project_id, coalesce(screens.stage, 'testing'), users.subject, users.email
  from refresh_tokens as refresh
  join token_families as families on families.id = refresh.family_id
  join consents on consents.id = families.consent_id
  join users on users.id = families.user_id
  join clients on clients.id = families.client_id
  left join consent_screens as screens on screens.project_id = clients.project_id
 where refresh.digest = :digest

-- name: replace_refresh_token
-- One winner: of refreshes at the same time exactly one gets a row.
update refresh_tokens
   set replaced_at = :now
 where digest = :digest and replaced_at is null
returning digest

-- name: sweep_replaced_refresh_tokens
delete from refresh_tokens
 where digest in (
       select digest
         from refresh_tokens
        where replaced_at < :before
        order by replaced_at
        limit :limit)

-- name: sweep_ended_refresh_tokens
delete from refresh_tokens
 where digest in (
       select refresh.digest
         from token_families as families
         join refresh_tokens as refresh on refresh.family_id = families.id
        where families.revoked_at < :before
        limit :limit)

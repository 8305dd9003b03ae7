-- Browser sessions, second factors, passkeys, links by mail and tries. One text for all engines.

-- name: insert_session
insert into browser_sessions
       (id, digest, user_id, method, user_agent, address, created_at, authenticated_at, seen_at)
values (:id, :digest, :user_id, :method, :user_agent, :address, :now, :now, :now)

-- name: renew_session
-- The same session with another cookie: whoever knew the old one is out.
update browser_sessions
   set digest = :digest, method = :method, user_agent = :user_agent, address = :address,
       authenticated_at = :now, seen_at = :now
 where id = :id and user_id = :user_id and ended_at is null
returning created_at

-- name: session_by_digest
select sessions.id, sessions.user_id, users.email, users.name, users.subject, sessions.method,
       sessions.user_agent, sessions.address, sessions.created_at, sessions.authenticated_at,
       sessions.seen_at
  from browser_sessions as sessions
  join users on users.id = sessions.user_id
 where sessions.digest = :digest and sessions.ended_at is null and users.disabled_at is null
   and sessions.seen_at > :seen_after and sessions.authenticated_at > :authenticated_after

-- name: sessions_of_user
select sessions.id, sessions.user_id, users.email, users.name, users.subject, sessions.method,
       sessions.user_agent, sessions.address, sessions.created_at, sessions.authenticated_at,
       sessions.seen_at
  from browser_sessions as sessions
  join users on users.id = sessions.user_id
 where sessions.user_id = :user_id and sessions.ended_at is null and users.disabled_at is null
   and sessions.seen_at > :seen_after and sessions.authenticated_at > :authenticated_after
 order by sessions.seen_at desc, sessions.id

-- name: see_session
-- Of many requests in a minute one writes.
update browser_sessions
   set seen_at = :now
 where id = :id and seen_at <= :due

-- name: end_session
update browser_sessions
   set ended_at = :now
 where id = :id and user_id = :user_id and ended_at is null

-- name: end_other_sessions
update browser_sessions
   set ended_at = :now
 where user_id = :user_id and id <> :kept and ended_at is null

-- name: forget_oldest_sessions
delete from browser_sessions
 where id in (
        select id
          from browser_sessions
         where user_id = :user_id and id <> :besides
         order by case when ended_at is null then 0 else 1 end, seen_at desc, id
         limit 1000 offset :others
       )

-- name: sweep_sessions
delete from browser_sessions
 where id in (
        select id
          from browser_sessions
         where seen_at <= :before
         limit :limit
       )

-- name: insert_second_step
insert into second_steps (digest, user_id, created_at, expires_at, tries)
values (:digest, :user_id, :now, :expires_at, 0)

-- name: second_step
select steps.user_id, users.email, steps.expires_at
  from second_steps as steps
  join users on users.id = steps.user_id
 where steps.digest = :digest and steps.used_at is null and steps.expires_at > :now
   and steps.tries < :max_tries and users.disabled_at is null

-- name: count_second_step_try
-- The try is counted before the code is looked at.
update second_steps
   set tries = tries + 1
 where digest = :digest and used_at is null and expires_at > :now and tries < :max_tries
returning user_id

-- name: use_second_step
update second_steps
   set used_at = :now
 where digest = :digest and used_at is null
returning user_id

-- name: forget_second_steps
delete from second_steps
 where user_id = :user_id

-- name: sweep_second_steps
delete from second_steps
 where digest in (
        select digest
          from second_steps
         where expires_at <= :before
         limit :limit
       )

-- name: begin_totp
-- A secret that was never confirmed gives way to the next one; a confirmed one does not.
insert into totp_secrets (user_id, sealed, created_at, last_step)
values (:user_id, :sealed, :now, 0)
    on conflict (user_id) do update
   set sealed = excluded.sealed, created_at = excluded.created_at
 where totp_secrets.confirmed_at is null
returning user_id

-- name: totp_secret
select sealed, confirmed_at, last_step
  from totp_secrets
 where user_id = :user_id

-- name: confirm_totp
-- Only the secret that the code belongs to: another page may have begun anew meanwhile.
update totp_secrets
   set confirmed_at = :now, last_step = :step
 where user_id = :user_id and confirmed_at is null and created_at = :created_at
returning user_id

-- name: unconfirmed_totp
select sealed, created_at
  from totp_secrets
 where user_id = :user_id and confirmed_at is null

-- name: use_totp_step
-- RFC 6238 §5.2: no second acceptance of a code; older steps end with it.
update totp_secrets
   set last_step = :step
 where user_id = :user_id and confirmed_at is not null and last_step < :step
returning user_id

-- name: delete_totp
delete from totp_secrets
 where user_id = :user_id

-- name: insert_recovery_codes
-- rows: user_id bigint, digest bytes, created_at bigint
insert into recovery_codes (user_id, digest, created_at)
select rows.user_id, rows.digest, rows.created_at
  from {rows}

-- name: use_recovery_code
update recovery_codes
   set used_at = :now
 where user_id = :user_id and digest = :digest and used_at is null
returning user_id

-- name: recovery_codes_left
select count(*)
  from recovery_codes
 where user_id = :user_id and used_at is null

-- name: delete_recovery_codes
delete from recovery_codes
 where user_id = :user_id

-- name: insert_challenge
insert into passkey_challenges (digest, purpose, user_id, state, created_at, expires_at)
values (:digest, :purpose, :user_id, :state, :now, :expires_at)

-- name: take_challenge
delete from passkey_challenges
 where digest = :digest and purpose = :purpose and state = :state
returning expires_at

-- name: sweep_challenges
delete from passkey_challenges
 where digest in (
        select digest
          from passkey_challenges
         where expires_at <= :before
         limit :limit
       )

-- name: insert_passkey
insert into passkeys (user_id, credential_id, public_key, sign_count, name, created_at)
values (:user_id, :credential_id, :public_key, :sign_count, :name, :now)
    on conflict do nothing
returning id

-- name: passkey_by_credential
select id, user_id, credential_id, public_key, sign_count, name, created_at, last_used_at
  from passkeys
 where credential_id = :credential_id

-- name: passkeys_of_user
select id, user_id, credential_id, public_key, sign_count, name, created_at, last_used_at
  from passkeys
 where user_id = :user_id
 order by created_at, id

-- name: use_passkey
-- WebAuthn §7.2 step 22: a count that does not grow may mean a copied authenticator.
update passkeys
   set sign_count = :sign_count, last_used_at = :now
 where id = :id
   and (sign_count < :sign_count or (sign_count = 0 and cast(:sign_count as bigint) = 0))
returning id

-- name: rename_passkey
update passkeys
   set name = :name
 where id = :id and user_id = :user_id

-- name: delete_passkey
delete from passkeys
 where id = :id and user_id = :user_id

-- name: insert_link
insert into email_links (digest, purpose, email, created_at, expires_at)
values (:digest, :purpose, :email, :now, :expires_at)

-- name: link
select purpose, email
  from email_links
 where digest = :digest and used_at is null and expires_at > :now

-- name: use_link
update email_links
   set used_at = :now
 where digest = :digest and used_at is null and expires_at > :now
returning purpose, email

-- name: use_links_of
-- Of several links for one thing the first that is used ends the others.
update email_links
   set used_at = :now
 where email = :email and purpose = :purpose and used_at is null

-- name: sweep_links
delete from email_links
 where digest in (
        select digest
          from email_links
         where expires_at <= :before
         limit :limit
       )

-- name: take_try
-- The bucket is kept as the instant at which it would be full again. An empty one gives no row.
insert into sign_in_tries (digest, full_at)
values (:digest, cast(:now as bigint) + cast(:pace as bigint))
    on conflict (digest) do update
   set full_at = case when sign_in_tries.full_at < cast(:now as bigint) then cast(:now as bigint)
                      else sign_in_tries.full_at end + cast(:pace as bigint)
 where sign_in_tries.full_at <= :latest
returning full_at

-- name: full_at
select full_at
  from sign_in_tries
 where digest = :digest

-- name: give_try_back
update sign_in_tries
   set full_at = full_at - :pace
 where digest = :digest

-- name: sweep_tries
-- A full bucket is as good as none.
delete from sign_in_tries
 where digest in (
        select digest
          from sign_in_tries
         where full_at <= :before
         limit :limit
       )

-- name: forget_second_step_rows
delete from second_steps

-- name: forget_totp_secrets
delete from totp_secrets

-- name: forget_recovery_codes
delete from recovery_codes

-- name: forget_challenges
delete from passkey_challenges

-- name: forget_links
delete from email_links

-- name: forget_tries
delete from sign_in_tries

-- name: forget_sessions
update browser_sessions
   set ended_at = :now
 where ended_at is null

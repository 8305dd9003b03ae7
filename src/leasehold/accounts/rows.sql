-- People, projects and service accounts. One text for all engines.

-- name: touch_configuration
update configuration_version
   set version = version + 1

-- name: configuration_version
select version
  from configuration_version

-- name: installation_value
select value
  from installation
 where key = :key

-- name: put_installation_value
insert into installation (key, value)
values (:key, :value)
    on conflict (key) do update set value = excluded.value

-- name: remove_installation_value
delete from installation
 where key = :key

-- name: propose_installation_value
insert into installation (key, value)
values (:key, :value)
    on conflict (key) do nothing

-- name: insert_user
insert into users (subject, email, name, password_hash, email_verified_at, created_at)
values (:subject, :email, :name, :password_hash, :email_verified_at, :now)
    on conflict do nothing
returning id

-- name: user_by_email
select id, subject, email, name, password_hash, email_verified_at, created_at, disabled_at
  from users
 where email = :email

-- name: user_by_id
select id, subject, email, name, password_hash, email_verified_at, created_at, disabled_at
  from users
 where id = :id

-- name: user_by_subject
select id, subject, email, name, password_hash, email_verified_at, created_at, disabled_at
  from users
 where subject = :subject

-- name: hold_user
-- Keeps everything apart that decides whether one person may sign in.
select id, subject, email, name, password_hash, email_verified_at, created_at, disabled_at
  from users
 where id = :id and disabled_at is null
{for_update}

-- name: all_users
select id, subject, email, name, password_hash, email_verified_at, created_at, disabled_at
  from users
 order by email

-- name: any_user
select id from users limit 1

-- name: disable_user
update users
   set disabled_at = coalesce(disabled_at, :now)
 where email = :email
returning id

-- name: enable_user
update users
   set disabled_at = null
 where email = :email

-- name: set_password_hash
update users
   set password_hash = :password_hash
 where email = :email

-- name: replace_password_hash
update users
   set password_hash = cast(:new as text)
 where id = :id and password_hash = :old

-- name: mark_email_verified
update users
   set email_verified_at = :now
 where id = :id and email_verified_at is null

-- name: set_name
update users
   set name = :name
 where id = :id

-- name: end_browser_sessions
update browser_sessions
   set ended_at = :now
 where user_id = :user_id and ended_at is null

-- name: forget_second_steps
delete from second_steps
 where user_id = :user_id

-- name: insert_project
insert into projects (id, created_at, legacy_scopes, total_storage_limit)
values (:id, :now, 0, null)
    on conflict do nothing
returning id

-- name: project_by_id
select id, created_at, legacy_scopes, total_storage_limit, disabled_at,
       disabled_by_operator, deleted_at
  from projects
 where id = :id

-- name: lock_project
-- Keeps two changes of one project's members apart.
select id
  from projects
 where id = :id
{for_update}

-- name: all_projects
select id, created_at, legacy_scopes, total_storage_limit, disabled_at,
       disabled_by_operator, deleted_at
  from projects
 order by id

-- name: projects_of_user
select projects.id, projects.created_at, projects.legacy_scopes, projects.total_storage_limit,
       projects.disabled_at, projects.disabled_by_operator, projects.deleted_at
  from project_members
  join projects on projects.id = project_members.project_id
 where project_members.user_id = :user_id
 order by projects.id

-- name: disable_project
update projects
   set disabled_at = coalesce(disabled_at, :now),
       disabled_by_operator = case when :by_operator = 1 then 1 else disabled_by_operator end
 where id = :id

-- name: enable_project
update projects
   set disabled_at = null,
       disabled_by_operator = 0
 where id = :id

-- name: delete_project
update projects
   set deleted_at = :now
 where id = :id and deleted_at is null

-- name: undelete_project
update projects
   set deleted_at = null
 where id = :id and deleted_at > :deleted_after

-- name: projects_to_sweep
-- Whoever has swept one takes its members away.
select id
  from projects
 where deleted_at is not null and deleted_at <= :deleted_before
   and exists (
         select members.user_id
           from project_members as members
          where members.project_id = projects.id)
 order by id
 limit 1

-- name: delete_members
delete from project_members
 where project_id = :project_id

-- name: set_legacy_scopes
update projects
   set legacy_scopes = :legacy_scopes
 where id = :id

-- name: set_total_storage_limit
update projects
   set total_storage_limit = :total_storage_limit
 where id = :id

-- name: members_of
select members.project_id, members.user_id, users.email, members.role
  from project_members as members
  join users on users.id = members.user_id
 where members.project_id = :project_id
 order by users.email

-- name: put_member
insert into project_members (project_id, user_id, role)
values (:project_id, :user_id, :role)
    on conflict (project_id, user_id) do update set role = excluded.role

-- name: delete_member
delete from project_members
 where project_id = :project_id and user_id = :user_id

-- name: owners_of
select count(*)
  from project_members
 where project_id = :project_id and role = 'owner'

-- name: enable_api
insert into project_apis (project_id, api, enabled_at)
values (:project_id, :api, :now)
    on conflict do nothing

-- name: disable_api
delete from project_apis
 where project_id = :project_id and api = :api

-- name: enabled_api
select enabled_at
  from project_apis
 where project_id = :project_id and api = :api

-- name: switched_on
-- A row for each API that is on, one without a name when there is none; no row unless the project is.
select apis.api
  from projects
  left join project_apis as apis on apis.project_id = projects.id
 where projects.id = :project_id
   and projects.disabled_at is null and projects.deleted_at is null

-- name: insert_service_account
insert into service_accounts (id, project_id, email, name, created_at)
values (:id, :project_id, :email, :name, :now)
    on conflict do nothing
returning id

-- name: service_account_by_email
select id, project_id, email, name, created_at, disabled_at, deleted_at
  from service_accounts
 where email = :email and deleted_at is null

-- name: service_accounts_of
select id, project_id, email, name, created_at, disabled_at, deleted_at
  from service_accounts
 where project_id = :project_id and deleted_at is null
 order by name

-- name: disable_service_account
update service_accounts
   set disabled_at = coalesce(disabled_at, :now)
 where email = :email and deleted_at is null
returning id

-- name: enable_service_account
update service_accounts
   set disabled_at = null
 where email = :email and deleted_at is null
returning id

-- name: delete_service_account
update service_accounts
   set deleted_at = :now
 where email = :email and deleted_at is null
returning id

-- name: insert_key
-- The account's row is held, so that the account cannot be deleted meanwhile.
insert into service_account_keys (id, service_account_id, public_key, certificate, created_at)
select cast(:id as text), account.id, cast(:public_key as text), cast(:certificate as text),
       cast(:now as bigint)
  from (
        select id
          from service_accounts
         where email = :email and deleted_at is null
        {for_share}
       ) as account
returning service_account_id

-- name: key_by_id
select id, service_account_id, public_key, certificate, created_at, deleted_at
  from service_account_keys
 where id = :id and deleted_at is null

-- name: keys_of
select keys.id, keys.service_account_id, keys.public_key, keys.certificate, keys.created_at,
       keys.deleted_at
  from service_account_keys as keys
  join service_accounts as accounts on accounts.id = keys.service_account_id
 where accounts.email = :email and accounts.deleted_at is null and keys.deleted_at is null
 order by keys.created_at, keys.id

-- name: count_keys
select accounts.id, count(*)
  from service_accounts as accounts
  join service_account_keys as keys on keys.service_account_id = accounts.id
 where accounts.project_id = :project_id and accounts.deleted_at is null
   and keys.deleted_at is null
 group by accounts.id

-- name: delete_key
update service_account_keys
   set deleted_at = :now
 where id = :id and deleted_at is null
returning id

-- name: revoke_tokens_of_account
update access_tokens
   set revoked_at = :now
 where service_account_id = :service_account_id and revoked_at is null

-- name: revoke_tokens_of_key
update access_tokens
   set revoked_at = :now
 where key_id = :key_id and revoked_at is null

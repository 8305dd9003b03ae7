-- Clients, their secrets, consent screens and delegations. One text for all engines.

-- name: insert_client
insert into clients (
         id, project_id, type, name, email, redirect_uris, javascript_origins,
         rotates, client_credentials, implicit, created_at)
values (:id, :project_id, :type, :name, :email, :redirect_uris, :javascript_origins,
        :rotates, :client_credentials, :implicit, :now)
    on conflict do nothing
returning id

-- name: client_by_id
select id, project_id, type, name, email, redirect_uris, javascript_origins,
       rotates, client_credentials, implicit, created_at, deleted_at
  from clients
 where id = :id and deleted_at is null

-- name: lock_client
-- Keeps two changes of one client apart.
select id
  from clients
 where id = :id and deleted_at is null
{for_update}

-- name: clients_of
select id, project_id, type, name, email, redirect_uris, javascript_origins,
       rotates, client_credentials, implicit, created_at, deleted_at
  from clients
 where project_id = :project_id and deleted_at is null
 order by name, id

-- name: count_clients
select count(*)
  from clients
 where project_id = :project_id and deleted_at is null

-- name: update_client
update clients
   set name = :name,
       redirect_uris = :redirect_uris,
       javascript_origins = :javascript_origins,
       rotates = :rotates,
       client_credentials = :client_credentials,
       implicit = :implicit
 where id = :id and deleted_at is null

-- name: delete_client
update clients
   set deleted_at = :now
 where id = :id and deleted_at is null

-- name: client_and_secret
-- A subquery, for SQLite takes three times as long for a join. The digest is keyed: how long it takes
-- to compare one tells a stranger nothing.
select id, project_id, type, name, email, redirect_uris, javascript_origins,
       rotates, client_credentials, implicit, created_at, deleted_at,
       (select secrets.id
          from client_secrets as secrets
         where secrets.client_id = clients.id and secrets.digest = :digest
           and secrets.deleted_at is null)
  from clients
 where id = :id and deleted_at is null

-- name: secrets_of
select id, ending, created_at
  from client_secrets
 where client_id = :client_id and deleted_at is null
 order by id

-- name: secrets_of_project
select secrets.client_id, secrets.id, secrets.ending, secrets.created_at
  from clients
  join client_secrets as secrets on secrets.client_id = clients.id
 where clients.project_id = :project_id and clients.deleted_at is null
   and secrets.deleted_at is null
 order by secrets.id

-- name: insert_secret
insert into client_secrets (client_id, digest, ending, created_at)
values (:client_id, :digest, :ending, :now)
returning id

-- name: delete_secret
update client_secrets
   set deleted_at = :now
 where id = :id and client_id = :client_id and deleted_at is null

-- name: count_consents
select count(*)
  from consents
 where client_id = :client_id and revoked_at is null

-- name: consent_screen_of
select project_id, name, support_email, home_page, privacy_link, terms_link, stage, logo_type,
       verified_at
  from consent_screens
 where project_id = :project_id

-- name: put_consent_screen
-- The operator vouched for what people were shown then, so what is shown anew is not verified.
insert into consent_screens (
         project_id, name, support_email, home_page, privacy_link, terms_link, stage)
values (:project_id, :name, :support_email, :home_page, :privacy_link, :terms_link, :stage)
    on conflict (project_id) do update
   set name = excluded.name,
       support_email = excluded.support_email,
       home_page = excluded.home_page,
       privacy_link = excluded.privacy_link,
       terms_link = excluded.terms_link,
       stage = excluded.stage,
       verified_at = case
         when consent_screens.name = excluded.name
          and consent_screens.support_email = excluded.support_email
          and consent_screens.home_page = excluded.home_page
          and consent_screens.privacy_link = excluded.privacy_link
          and consent_screens.terms_link = excluded.terms_link
         then consent_screens.verified_at
       end

-- name: logo_of
select logo_type, logo
  from consent_screens
 where project_id = :project_id and logo is not null

-- name: set_logo
update consent_screens
   set logo = :logo,
       logo_type = :logo_type,
       verified_at = null
 where project_id = :project_id

-- name: set_verified
update consent_screens
   set verified_at = :verified_at
 where project_id = :project_id

-- name: testers_of
select email
  from consent_testers
 where project_id = :project_id
 order by email

-- name: insert_tester
insert into consent_testers (project_id, email)
values (:project_id, :email)
    on conflict do nothing

-- name: delete_tester
delete from consent_testers
 where project_id = :project_id and email = :email

-- name: may_consent
select projects.id
  from projects
 where projects.id = :project_id
   and (exists (
          select screens.project_id
            from consent_screens as screens
           where screens.project_id = projects.id and screens.stage = 'production')
        or exists (
          select testers.email
            from consent_testers as testers
           where testers.project_id = projects.id and testers.email = :email)
        or exists (
          select members.user_id
            from project_members as members
            join users on users.id = members.user_id
           where members.project_id = projects.id and users.email = :email))

-- name: insert_delegation
insert into delegations (domain, service_account_id, scopes, created_at)
values (:domain, :service_account_id, :scopes, :now)
    on conflict do nothing
returning id

-- name: all_delegations
select delegations.id, delegations.domain, delegations.service_account_id, accounts.email,
       delegations.scopes, delegations.created_at
  from delegations
  join service_accounts as accounts on accounts.id = delegations.service_account_id
 where delegations.deleted_at is null and accounts.deleted_at is null
 order by delegations.domain, accounts.email

-- name: delegations_of_project
select delegations.id, delegations.domain, delegations.service_account_id, accounts.email,
       delegations.scopes, delegations.created_at
  from service_accounts as accounts
  join delegations on delegations.service_account_id = accounts.id
 where accounts.project_id = :project_id and accounts.deleted_at is null
   and delegations.deleted_at is null
 order by delegations.domain, accounts.email

-- name: delegation_by_account
select delegations.id, delegations.domain, delegations.service_account_id, accounts.email,
       delegations.scopes, delegations.created_at
  from delegations
  join service_accounts as accounts on accounts.id = delegations.service_account_id
 where delegations.service_account_id = :service_account_id and delegations.domain = :domain
   and delegations.deleted_at is null and accounts.deleted_at is null

-- name: delete_delegation
update delegations
   set deleted_at = :now
 where service_account_id = :service_account_id and domain = :domain and deleted_at is null

-- API keys and the strings by which they are sent. One text for all engines.

-- name: insert_key
insert into api_keys (
         id, project_id, name, addresses, referrers, apis, queues, calls_per_minute, created_at,
         expires_at)
values (:id, :project_id, :name, :addresses, :referrers, :apis, :queues, :calls_per_minute, :now,
        :expires_at)
    on conflict do nothing
returning id

-- name: key_by_id
select id, project_id, name, addresses, referrers, apis, queues, calls_per_minute, created_at,
       expires_at, deleted_at
  from api_keys
 where id = :id and (deleted_at is null or deleted_at > :deleted_after)

-- name: lock_key
-- Keeps two changes of one key apart.
select id
  from api_keys
 where id = :id
{for_update}

-- name: keys_of
select id, project_id, name, addresses, referrers, apis, queues, calls_per_minute, created_at,
       expires_at, deleted_at
  from api_keys
 where project_id = :project_id and (deleted_at is null or deleted_at > :deleted_after)

-- name: count_keys
select count(*)
  from api_keys
 where project_id = :project_id and (deleted_at is null or deleted_at > :deleted_after)

-- name: update_key
update api_keys
   set name = :name,
       addresses = :addresses,
       referrers = :referrers,
       apis = :apis,
       queues = :queues,
       calls_per_minute = :calls_per_minute,
       expires_at = :expires_at
 where id = :id and deleted_at is null

-- name: delete_key
update api_keys
   set deleted_at = :now
 where id = :id and deleted_at is null

-- name: undelete_key
update api_keys
   set deleted_at = null
 where id = :id and deleted_at > :deleted_after

-- name: key_by_digest
-- The digest is keyed: how long it takes to compare one tells a stranger nothing.
select keys.id, keys.project_id, keys.name, keys.addresses, keys.referrers, keys.apis, keys.queues,
       keys.calls_per_minute, keys.created_at, keys.expires_at, keys.deleted_at, strings.ends_at
  from api_key_strings as strings
  join api_keys as keys on keys.id = strings.key_id
  join projects on projects.id = keys.project_id
 where strings.digest = :digest
   and (strings.ends_at is null or strings.ends_at > :now)
   and keys.deleted_at is null
   and projects.disabled_at is null and projects.deleted_at is null

-- name: insert_string
insert into api_key_strings (key_id, digest, hint, created_at)
values (:key_id, :digest, :hint, :now)
returning id

-- name: strings_of
select id, hint, created_at, ends_at
  from api_key_strings
 where key_id = :key_id and (ends_at is null or ends_at > :now)
 order by id

-- name: strings_of_project
select strings.key_id, strings.id, strings.hint, strings.created_at, strings.ends_at
  from api_keys as keys
  join api_key_strings as strings on strings.key_id = keys.id
 where keys.project_id = :project_id and (strings.ends_at is null or strings.ends_at > :now)
 order by strings.id

-- name: end_string
update api_key_strings
   set ends_at = :ends_at
 where id = :id and key_id = :key_id and (ends_at is null or ends_at > :now)

-- name: end_strings
-- None lasts longer than it did.
update api_key_strings
   set ends_at = :ends_at
 where key_id = :key_id and (ends_at is null or ends_at > :ends_at)

-- name: forget_strings
update api_key_strings
   set ends_at = :now
 where ends_at is null or ends_at > :now

-- name: sweep_strings_of_deleted_keys
delete from api_key_strings
 where id in (
       select strings.id
         from api_keys as keys
         join api_key_strings as strings on strings.key_id = keys.id
        where keys.deleted_at <= :deleted_before
        order by strings.id
        limit :limit)

-- name: sweep_keys
-- Their strings first: one without its key would be nobody's.
delete from api_keys
 where id in (
       select keys.id
         from api_keys as keys
        where keys.deleted_at <= :deleted_before
          and not exists (
                select strings.id
                  from api_key_strings as strings
                 where strings.key_id = keys.id)
        order by keys.deleted_at
        limit :limit)

-- name: sweep_ended_strings
delete from api_key_strings
 where id in (
       select id
         from api_key_strings
        where ends_at <= :now
        order by ends_at
        limit :limit)

-- name: end_keys_of
-- As if deleted so long ago that the next sweep takes them.
update api_keys
   set deleted_at = 0
 where project_id = :project_id

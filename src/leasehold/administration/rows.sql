-- The audit log, and lists of projects. One text for all engines.

-- name: advance_head
-- Takes the writers' turns: the next one sees this number only after the commit.
update audit_head
   set number = number + 1,
       at = case when at > cast(:now as bigint) then at else cast(:now as bigint) end
returning number, at, hash

-- name: set_head_hash
update audit_head
   set hash = :hash

-- name: insert_entry
insert into audit_entries (number, at, actor_kind, actor, client_id, address, action, project_id,
                           target, before, after, hash)
values (:number, :at, :actor_kind, :actor, :client_id, :address, :action, :project_id,
        :target, :before, :after, :hash)

-- name: heads
select number, hash
  from audit_head

-- name: entries_among
-- In order, as the chain goes.
select entries.number, entries.at, entries.actor_kind, entries.actor, entries.client_id,
       entries.address, entries.action, entries.project_id, entries.target, entries.before,
       entries.after, entries.hash, coalesce(previous.hash, '')
  from audit_entries as entries
  left join audit_entries as previous on previous.number = entries.number - 1
 where entries.number >= :first and entries.number < :below
 order by entries.number
 limit :most

-- name: entry_past_head
-- One statement, so that a server that writes meanwhile is not taken for a forger.
select entries.number, entries.at, entries.actor_kind, entries.actor, entries.client_id,
       entries.address, entries.action, entries.project_id, entries.target, entries.before,
       entries.after, entries.hash, coalesce(previous.hash, '')
  from audit_entries as entries
  join audit_head as head on entries.number > head.number
  left join audit_entries as previous on previous.number = entries.number - 1
 order by entries.number
 limit 1

-- name: entry_by_number
select entries.number, entries.at, entries.actor_kind, entries.actor, entries.client_id,
       entries.address, entries.action, entries.project_id, entries.target, entries.before,
       entries.after, entries.hash, coalesce(previous.hash, '')
  from audit_entries as entries
  left join audit_entries as previous on previous.number = entries.number - 1
 where entries.number = :number

-- name: entries_by_number
-- rows: number bigint
select entries.number, entries.at, entries.actor_kind, entries.actor, entries.client_id,
       entries.address, entries.action, entries.project_id, entries.target, entries.before,
       entries.after, entries.hash, coalesce(previous.hash, '')
  from {rows}
  join audit_entries as entries on entries.number = rows.number
  left join audit_entries as previous on previous.number = rows.number - 1

-- name: last_number
select number
  from audit_entries
 order by number desc
 limit 1

-- name: first_since
select number
  from audit_entries
 where at >= :at
 order by at, number
 limit 1

-- name: found
-- The inner part bounds how many are looked at; of what was before and after only the size is.
select number, coalesce(octet_length(before), 0) + coalesce(octet_length(after), 0)
  from (
        select number, actor, action, target, before, after
          from audit_entries
         where number >= :lowest and number < :below
         order by number desc
         limit :most_looked_at
       ) as newest
 where (cast(:actor as text) = '' or actor = cast(:actor as text))
   and substr(action, 1, length(cast(:action as text))) = cast(:action as text)
   and (cast(:target as text) = '' or target = cast(:target as text))
 order by number desc
 limit :most

-- name: found_in_project
-- Likewise.
select number, coalesce(octet_length(before), 0) + coalesce(octet_length(after), 0)
  from (
        select number, actor, action, target, before, after
          from audit_entries
         where project_id = :project_id and number >= :lowest and number < :below
         order by number desc
         limit :most_looked_at
       ) as newest
 where (cast(:actor as text) = '' or actor = cast(:actor as text))
   and substr(action, 1, length(cast(:action as text))) = cast(:action as text)
   and (cast(:target as text) = '' or target = cast(:target as text))
 order by number desc
 limit :most

-- name: looked_at
select count(*), min(number)
  from (
        select number
          from audit_entries
         where number >= :lowest and number < :below
         order by number desc
         limit :most_looked_at
       ) as newest

-- name: looked_at_in_project
select count(*), min(number)
  from (
        select number
          from audit_entries
         where project_id = :project_id and number >= :lowest and number < :below
         order by number desc
         limit :most_looked_at
       ) as newest

-- name: project_ids
select id
  from projects
 where id > :after_id
   and (cast(:search as text) = '' or replace(id, cast(:search as text), '') <> id)
 order by id
 limit :most

-- name: project_ids_of_user
select members.project_id
  from project_members as members
  join users on users.id = members.user_id
 where users.email = :email and users.disabled_at is null and members.project_id > :after_id
   and (cast(:search as text) = ''
        or replace(members.project_id, cast(:search as text), '') <> members.project_id)
 order by members.project_id
 limit :most

-- name: count_owned
select count(*)
  from project_members
 where user_id = :user_id and role = 'owner'

-- Authorization requests that wait for an answer. One text for all engines.

-- name: insert_request
insert into authorization_requests (
         digest, browser_session_id, user_id, client_id, parameters, created_at, expires_at)
values (:digest, :session_id, :user_id, :client_id, :parameters, :now, :expires_at)

-- name: forget_oldest_requests
delete from authorization_requests
 where digest in (
       select digest
         from authorization_requests
        where browser_session_id = :session_id and digest <> :besides
        order by created_at desc
        limit 1000 offset :others)

-- name: answer_request
-- One answer: of two forms that are sent at the same time exactly one gets a row.
update authorization_requests
   set answered_at = :now
 where digest = :digest and browser_session_id = :session_id and user_id = :user_id
   and answered_at is null and expires_at > :now
returning parameters

-- name: sweep_requests
delete from authorization_requests
 where digest in (
       select digest
         from authorization_requests
        where expires_at < :before
        order by expires_at
        limit :limit)

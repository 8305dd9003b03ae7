-- name: overrides_of
select quota, source, most, set_by, set_at, why
  from quota_overrides
 where project_id = :project_id

-- name: put_override
insert into quota_overrides (project_id, quota, source, most, set_by, set_at, why)
values (:project_id, :quota, :source, :most, :set_by, :now, :why)
    on conflict (project_id, quota, source) do update
   set most = excluded.most,
       set_by = excluded.set_by,
       set_at = excluded.set_at,
       why = excluded.why

-- name: delete_override
delete from quota_overrides
 where project_id = :project_id
   and quota = :quota
   and source = :source

-- name: draw
-- Gives a portion of what is left, or the rest; no row when nothing is left. The three cases of a
-- row that is there: its window is over, and a new one begins; it is the window asked for, or one
-- that a server whose clock is ahead has begun already, which is drawn from; or it lies so far
-- ahead that a clock was wrong: it is moved back, and what was drawn stays drawn.
-- 600: see meter.AHEAD_SECONDS.
-- rows: bucket text, starts bigint, ends bigint, portion bigint, most bigint
insert into allowances as held (bucket, starts, ends, drawn, given, most)
select bucket, starts, ends, portion, portion, most
  from {rows}
 where true
    on conflict (bucket) do update
   set starts = case when held.starts > excluded.starts
                      and (held.starts <= excluded.ends or held.starts <= excluded.starts + 600)
                     then held.starts else excluded.starts end,
       ends = case when held.starts > excluded.starts
                    and (held.starts <= excluded.ends or held.starts <= excluded.starts + 600)
                   then held.ends else excluded.ends end,
       drawn = case when held.starts < excluded.starts then excluded.given
                    when held.drawn >= excluded.most then held.drawn
                    when excluded.most - held.drawn < excluded.given then excluded.most
                    else held.drawn + excluded.given end,
       given = case when held.starts < excluded.starts then excluded.given
                    when held.drawn >= excluded.most then 0
                    when excluded.most - held.drawn < excluded.given
                    then excluded.most - held.drawn
                    else excluded.given end,
       most = excluded.most
 where held.starts < excluded.starts
    or held.drawn < excluded.most
    or (held.starts > excluded.ends and held.starts > excluded.starts + 600)
returning bucket, starts, ends, drawn, given

-- name: drawn_from
-- rows: bucket text
select allowances.bucket, allowances.ends, allowances.drawn
  from {rows}
  join allowances
    on allowances.bucket = rows.bucket

-- name: sweep_allowances
-- The last line again: a new window may have begun since the row was found.
delete from allowances
 where bucket in (select bucket from allowances where ends < :before order by ends limit :max_rows)
   and ends < :before

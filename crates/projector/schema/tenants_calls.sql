-- Whose rows of `calls` are whose. The api sees those of the account it acts for
-- (`account.this_account()`), and with nothing set none; what works across accounts sees all.
-- The owner, who is the projector and the only writer, is not held to it: rows are copied in, and
-- PostgreSQL copies into no table whose policies hold for the writer (docs/adr/0009).

grant select on checkpoints, calls, turns, said, hourly, hourly_revenue to frontdesk_api;

alter table checkpoints enable row level security;
create policy of_everybody on checkpoints to frontdesk_api, frontdesk_workers, frontdesk_admin using (true);

alter table calls enable row level security;
create policy of_account on calls to frontdesk_api using (user_id = (select account.this_account()));
create policy of_service on calls to frontdesk_workers, frontdesk_admin using (true);

alter table turns enable row level security;
create policy of_account on turns to frontdesk_api using (user_id = (select account.this_account()));
create policy of_service on turns to frontdesk_workers, frontdesk_admin using (true);

alter table said enable row level security;
create policy of_account on said to frontdesk_api using (user_id = (select account.this_account()));
create policy of_service on said to frontdesk_workers, frontdesk_admin using (true);

alter table hourly enable row level security;
create policy of_account on hourly to frontdesk_api using (user_id = (select account.this_account()));
create policy of_service on hourly to frontdesk_workers, frontdesk_admin using (true);

alter table hourly_revenue enable row level security;
create policy of_account on hourly_revenue to frontdesk_api using (user_id = (select account.this_account()));
create policy of_service on hourly_revenue to frontdesk_workers, frontdesk_admin using (true);

-- The index of events names rooms and no accounts, so the api may not read it. This shows what had come
-- of a call's room by then to the account whose call it is. A room of a fixed name lives for weeks
-- (docs/adr/0006): of more than that many events, the first 64, among which the agent comes that answers
-- all its calls, and those nearest to the call. Not all of them are about this call: only their data says,
-- and whoever shows one must look (`calls_beside`).
create function events_of_call(asked uuid, known_at timestamptz, most bigint) returns setof event_index
    language sql stable security definer set search_path = pg_catalog
begin atomic
    select e.sequence, e.source, e.event_id, e.kind, e.aggregate, e.occurred_at, e.received_at
    from calls c
    cross join lateral (
        select i.*, coalesce(i.occurred_at, i.received_at) as happened_at,
            row_number() over (order by i.sequence) > 64 as is_later
        from event_index i
        where i.aggregate = c.room_sid
            -- Times are told in milliseconds, and who asks for one means the event that came within it.
            and (known_at is null or date_trunc('milliseconds', i.received_at) <= known_at)
    ) e
    where c.id = asked and c.user_id = account.this_account()
    -- By when it came as well: the sender's clock may be wrong.
    order by e.is_later, least(
            greatest(c.started_at - e.happened_at, e.happened_at - coalesce(c.ended_at, e.happened_at), interval '0'),
            greatest(c.started_at - e.received_at, e.received_at - coalesce(c.ended_at, e.received_at), interval '0')
        ), e.sequence
    limit most;
end;
revoke execute on function events_of_call from public;
grant execute on function events_of_call to frontdesk_api;

-- The keys of the other calls of a call's room, whosever they are: to tell its events from theirs, never
-- to be shown.
create function calls_beside(asked uuid) returns setof text
    language sql stable security definer set search_path = pg_catalog
begin atomic
    select o.call_key
    from calls c
    join calls o on o.room_sid = c.room_sid and o.id <> c.id
    where c.id = asked and c.user_id = account.this_account();
end;
revoke execute on function calls_beside from public;
grant execute on function calls_beside to frontdesk_api;

-- Finding words is no operator that PostgreSQL trusts with rows of other accounts, so under the policy
-- it would not use the index for it. This looks into the index and compares accounts itself. The word
-- of the account is asked for as well, or those of its days (since 1970, UTC; the first null: all):
-- then the index does not read what others said, or what was said on other days.
create function calls_saying(asked tsquery, first_day integer, last_day integer) returns setof uuid
    language sql stable security definer rows 2000
    set search_path = pg_catalog set enable_seqscan = off
begin atomic
    select s.call_id from said s
    where s.words @@ (asked && (
            select case when first_day is null then format('''@%s''', account.this_account())
                else string_agg(format('''@%s/%s''', account.this_account(), day), '|') end::tsquery
            from generate_series(coalesce(first_day, last_day), last_day) as day))
        and s.user_id = (select account.this_account());
end;
revoke execute on function calls_saying from public;
grant execute on function calls_saying to frontdesk_api;

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

-- The index of events names rooms and no accounts, so the api may not read it. This shows what is
-- known of a room to the account whose call it was.
create function events_of_call(asked uuid, most bigint) returns setof event_index
    language sql stable security definer set search_path = pg_catalog
begin atomic
    select e.* from event_index e
    where e.aggregate = (
        select c.room_sid from calls c where c.id = asked and c.user_id = account.this_account())
    order by e.sequence
    limit most;
end;
revoke execute on function events_of_call from public;
grant execute on function events_of_call to frontdesk_api;

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

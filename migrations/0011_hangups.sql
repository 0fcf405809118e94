-- Calls that somebody wanted to end from the dashboard: asked for twice within a moment, a call is asked
-- for once.
create table account.hangups (
    user_id uuid not null references account.users (id),
    -- A row of the read model `calls`, which may be built anew: nothing can refer to it.
    call_id uuid not null,
    asked_by uuid not null references account.users (id),
    asked_at timestamptz not null,
    primary key (user_id, call_id)
);
comment on table account.hangups is
    'Owner: api. When somebody last asked for a call to be ended; ops.effects says what became of it.';

grant select, insert, update (asked_by, asked_at) on account.hangups to frontdesk_api;
grant select on account.hangups to frontdesk_admin;
alter table account.hangups enable row level security;
alter table account.hangups force row level security;
create policy of_tenant on account.hangups to frontdesk_api
    using (user_id = (select account.this_account()));
do $$
declare reader name;
begin
    -- The owner of the tables runs migrations; administrators look across accounts.
    foreach reader in array array[current_user, 'frontdesk_admin']::name[] loop
        execute format('create policy %I on account.hangups to %I using (true)', 'of_' || reader, reader);
    end loop;
end
$$;

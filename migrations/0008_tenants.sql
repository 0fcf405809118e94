-- Who may see which rows is PostgreSQL's rule. The api acts for an account by setting
-- `app.user_id` (whose clients and calls) and `app.person_id` (who is signed in) for one transaction;
-- with nothing set nothing is seen. What must look across accounts is done under a role of its own:
-- frontdesk_auth to find out who somebody is, frontdesk_admin for administrators and for what the
-- service does by itself. No role bypasses row-level security.
do $$
declare name text;
begin
    foreach name in array array['frontdesk_auth', 'frontdesk_admin'] loop
        begin
            execute format('create role %I nologin', name);
        exception when duplicate_object or unique_violation then
            null;
        end;
        begin
            execute format('grant %I to current_user', name);
        exception when unique_violation then
            null;
        end;
    end loop;
end
$$;

-- Stable and inlined, so that a policy is planned as a comparison with a constant.
create function account.this_account() returns uuid language sql stable parallel safe as $$
    select nullif(current_setting('app.user_id', true), '')::uuid
$$;
create function account.this_person() returns uuid language sql stable parallel safe as $$
    select nullif(current_setting('app.person_id', true), '')::uuid
$$;

-- What each role may do at all. The api itself: the tables of tenants.
grant select on account.plans to frontdesk_api;
grant insert (id, user_id, name, profession, tenant_key, time_zone, voice, greeting, instructions, hours,
    transfer_number) on account.clients to frontdesk_api;
grant update (name, profession, time_zone, voice, greeting, instructions, hours, transfer_number, voice_sample,
    version, updated_at, deleted_at) on account.clients to frontdesk_api;
grant select, insert on account.client_changes to frontdesk_api;
grant select, insert, update, delete on account.members, account.invitations to frontdesk_api;
revoke insert, update, delete on account.users from frontdesk_api;
grant update (name, time_zone, locale, notify_new_call, notify_missed_call, notify_daily_summary,
    notify_payment_trouble, deletion_due_at) on account.users to frontdesk_api;
grant select on account.identities, account.sessions, account.api_keys, account.second_factors to frontdesk_api;
grant select, insert on account.exports, account.audit to frontdesk_api;
grant insert on account.outbox to frontdesk_api, frontdesk_auth, frontdesk_admin;
grant usage on all sequences in schema account to frontdesk_api, frontdesk_auth, frontdesk_admin;
grant usage on schema account, ops to frontdesk_api, frontdesk_auth, frontdesk_admin;

-- Finding out who somebody is.
grant select, insert, update, delete on account.signups, account.passwords, account.identities, account.sessions,
    account.refresh_tokens, account.api_keys, account.mail_tokens, account.second_factors, account.recovery_codes,
    account.login_failures to frontdesk_auth;
grant select on account.users, account.members to frontdesk_auth;
grant insert (id, email, name, billing_key, time_zone, locale) on account.users to frontdesk_auth;
grant update (email, deletion_due_at) on account.users to frontdesk_auth;
grant select, update on account.invitations to frontdesk_auth;
grant insert on account.members, account.audit to frontdesk_auth;
-- Whether somebody signed in with a browser of this name before.
grant select (actor_id, act, user_agent) on account.audit to frontdesk_auth;

-- Administrators, and the end of accounts.
grant select on all tables in schema account to frontdesk_admin;
revoke select on account.signups, account.passwords, account.refresh_tokens, account.mail_tokens,
    account.recovery_codes, account.login_failures from frontdesk_admin;
grant update (email, name, role, suspended_at, deletion_due_at, deleted_at) on account.users to frontdesk_admin;
grant update (name, voice, greeting, instructions, hours, transfer_number, voice_sample, version, updated_at,
    deleted_at) on account.clients to frontdesk_admin;
grant insert (number, client_id) on account.number_assignments to frontdesk_admin;
grant insert on account.client_changes, account.audit to frontdesk_admin;
grant delete on account.sessions, account.passwords, account.identities, account.refresh_tokens, account.mail_tokens,
    account.second_factors, account.recovery_codes, account.members to frontdesk_admin;
grant update (revoked_at) on account.api_keys, account.invitations to frontdesk_admin;
grant update on account.plans to frontdesk_admin;

-- Workers: addresses to write to, facts to relay, and their own memory.
grant select on account.signups, account.mail_tokens, account.invitations, account.members, account.outbox,
    account.exports, account.sessions, account.client_changes, account.plans to frontdesk_workers;
grant select, insert, update, delete on ops.exports, ops.effects to frontdesk_workers;
grant select on ops.exports to frontdesk_api, frontdesk_admin;
grant select on ops.effects to frontdesk_admin;

-- Which rows. A table is listed with the setting that must equal one of its columns.
do $$
declare
    tenant record;
    reader name;
begin
    for tenant in
        select * from (values
            ('clients', 'user_id = (select account.this_account())'),
            ('client_changes', 'user_id = (select account.this_account())'),
            ('members', 'account_id = (select account.this_account()) or user_id = (select account.this_person())'),
            ('invitations', 'account_id = (select account.this_account())'),
            ('exports', 'user_id = (select account.this_account())'),
            ('api_keys', 'account_id = (select account.this_account())'),
            ('audit', 'user_id = (select account.this_account()) or actor_id = (select account.this_person())'),
            ('identities', 'user_id = (select account.this_person())'),
            ('sessions', 'user_id = (select account.this_person())'),
            ('second_factors', 'user_id = (select account.this_person())'),
            ('number_assignments', 'user_id = (select account.this_account())'),
            ('users',
             'id = (select account.this_account()) or id = (select account.this_person()) '
             'or exists (select from account.members m where m.account_id = (select account.this_account()) '
             'and m.user_id = users.id)'),
            ('outbox', 'true'),
            ('signups', 'false'), ('passwords', 'false'), ('refresh_tokens', 'false'), ('mail_tokens', 'false'),
            ('recovery_codes', 'false'), ('login_failures', 'false')
        ) as listed (name, condition)
    loop
        execute format('alter table account.%I enable row level security', tenant.name);
        execute format('alter table account.%I force row level security', tenant.name);
        execute format('create policy of_tenant on account.%I to frontdesk_api using (%s)', tenant.name, tenant.condition);
        -- These look across accounts, and are bounded by what is granted above. The owner of the tables
        -- runs migrations and the functions of this schema.
        foreach reader in array array[current_user, 'frontdesk_auth', 'frontdesk_admin', 'frontdesk_workers',
            'frontdesk_projector']::name[]
        loop
            execute format('create policy %I on account.%I to %I using (true)', 'of_' || reader, tenant.name, reader);
        end loop;
    end loop;
end
$$;

alter table ops.exports enable row level security;
alter table ops.exports force row level security;
create policy of_tenant on ops.exports to frontdesk_api using (user_id = (select account.this_account()));
create policy of_workers on ops.exports to frontdesk_workers, frontdesk_admin using (true);

-- Numbers change hands through two functions: they see who has a number now, whoever that is, and tell
-- the caller no more than yes or no.
create function account.assign_number(asked text, to_client uuid) returns text
    language plpgsql security definer set search_path = pg_catalog as $$
declare
    holder uuid;
begin
    perform from account.clients
        where id = to_client and user_id = account.this_account() and deleted_at is null;
    if not found then
        return 'missing';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('number ' || asked, 0));
    select client_id into holder from account.number_assignments where number = asked
        order by assigned_at desc, id desc limit 1;
    if holder = to_client then
        return 'unchanged';
    elsif holder is not null then
        return 'taken';
    end if;
    insert into account.number_assignments (number, client_id) values (asked, to_client);
    return 'assigned';
end
$$;
create function account.release_number(asked text, from_client uuid) returns text
    language plpgsql security definer set search_path = pg_catalog as $$
declare
    holder uuid;
begin
    perform from account.clients where id = from_client and user_id = account.this_account();
    if not found then
        return 'missing';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('number ' || asked, 0));
    select client_id into holder from account.number_assignments where number = asked
        order by assigned_at desc, id desc limit 1;
    if holder is distinct from from_client then
        return 'missing';
    end if;
    insert into account.number_assignments (number, client_id) values (asked, null);
    return 'released';
end
$$;
revoke execute on function account.assign_number, account.release_number from public;
grant execute on function account.assign_number, account.release_number to frontdesk_api;
revoke insert on account.number_assignments from frontdesk_api;

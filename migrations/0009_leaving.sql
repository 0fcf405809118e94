-- The end of an account: what ending it must be able to find and to blank, and what the api may not
-- do to people and members even when a handler asks for it.

-- Whoever deletes somebody's rows must find them; nothing else of them is shown.
grant select (user_id) on account.passwords, account.refresh_tokens, account.mail_tokens, account.recovery_codes
    to frontdesk_admin;
grant delete on account.api_keys, account.invitations to frontdesk_admin;
grant update (profession) on account.clients to frontdesk_admin;
-- Rows that begin a history: accounts at their log-in's side, released numbers at the end of an account.
grant execute on function account.begins_at to frontdesk_auth, frontdesk_admin;

-- What a business told its receptionist goes with the account. That something was changed, when and by
-- whom, stays: no row of this history is lost, and none of a living account is touched.
drop trigger append_only on account.client_changes;
create trigger append_only before delete or truncate on account.client_changes
    for each statement execute function account.refuse_rewriting();
create function account.only_erase() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if (new.id, new.user_id, new.client_id, new.at, new.by_user, new.kind)
            is not distinct from (old.id, old.user_id, old.client_id, old.at, old.by_user, old.kind)
        and new.changes = '{}' and new.snapshot = '{}'
        and exists (select from account.users where id = old.user_id and deleted_at is not null)
    then
        return new;
    end if;
    raise exception 'account.% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger only_erased before update on account.client_changes
    for each row execute function account.only_erase();
grant update (changes, snapshot) on account.client_changes to frontdesk_admin;

-- The api sees colleagues and changes nobody but the person who asks; who becomes a member is decided
-- where invitations are checked.
create policy oneself on account.users as restrictive for update to frontdesk_api
    using (id = (select account.this_person()));
revoke insert on account.members from frontdesk_api;
create policy of_account on account.members as restrictive for update to frontdesk_api
    using (account_id = (select account.this_account()));

create index users_leaving on account.users (deletion_due_at)
    where deletion_due_at is not null and deleted_at is null;
create index users_newest on account.users (created_at desc, id desc);
create index clients_newest on account.clients (created_at desc, id desc);

-- As before, but the client is held until the number is its own: a client that is deleted in this very
-- moment would keep the number for ever.
create or replace function account.assign_number(asked text, to_client uuid) returns text
    language plpgsql security definer set search_path = pg_catalog as $$
declare
    holder uuid;
begin
    perform from account.clients
        where id = to_client and user_id = account.this_account() and deleted_at is null for share;
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

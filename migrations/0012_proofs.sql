-- What a strict reading of log-in found: proofs that grow younger, history that keeps addresses of who
-- left, and changes of members that a log-in which has just ended could still make.

-- When the log-in a family began with was proven. The family's first row cannot tell: it is swept after
-- thirty days. Families that are there already count as proven before any dangerous act.
alter table account.refresh_tokens add column proven_at timestamptz;
update account.refresh_tokens t set proven_at = (
    select min(f.created_at) - interval '15 minutes' from account.refresh_tokens f where f.family = t.family);
alter table account.refresh_tokens alter column proven_at set not null;

-- Keeps somebody's own log-in (a browser's session, or a program's family of tokens) from ending before
-- the transaction does. The api may look at sessions and at nothing of tokens, and change neither.
create function account.hold_login(session uuid, login uuid) returns boolean
    language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform from account.sessions where id = session and user_id = account.this_person() for share;
    if found then
        return true;
    end if;
    perform from account.refresh_tokens where family = login and user_id = account.this_person()
        order by token_hash limit 1 for share;
    return found;
end
$$;
revoke execute on function account.hold_login from public;
grant execute on function account.hold_login to frontdesk_api;

-- The record of acts stays what it is; where somebody who left came from, and with which browser, goes
-- with them. Nothing else of a row changes, and nothing of anybody who is still here.
drop trigger append_only on account.audit;
create trigger append_only before delete or truncate on account.audit
    for each statement execute function account.refuse_rewriting();
create function account.only_forget() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if (new.id, new.at, new.user_id, new.actor_id, new.actor_kind, new.act, new.subject, new.detail)
            is not distinct from (old.id, old.at, old.user_id, old.actor_id, old.actor_kind, old.act, old.subject, old.detail)
        and new.address is null and new.user_agent is null
        and exists (select from account.users
            where id = coalesce(old.actor_id, old.user_id) and deleted_at is not null)
    then
        return new;
    end if;
    raise exception 'account.% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger only_forgotten before update on account.audit
    for each row execute function account.only_forget();
grant update (address, user_agent) on account.audit to frontdesk_admin;

-- From where somebody signed in before: whose guesses a bound on the whole account does not stop.
grant select (address) on account.audit to frontdesk_auth;
create index audit_log_ins on account.audit (actor_id) include (address)
    where act in ('user.logged_in', 'user.signed_up');

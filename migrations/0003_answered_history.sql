-- Who had a number, a tenant key or a billing key at an instant is answered for ever: a projector
-- writes rows by the answer, and a rebuild must get the same one. So an instant is marked as
-- answered before it is, and nothing may join the history at a marked instant any more.
create table account.history_mark (
    only_row boolean primary key default true check (only_row),
    answered_until timestamptz not null default '-infinity'
);
insert into account.history_mark default values;
comment on table account.history_mark is
    'Owner: api. One row: what happened until here is answered. Moved by account.answer_until alone.';

-- Rows of calls and billing that are there already were made from answers.
do $$
declare
    read_model text;
    folded boolean;
begin
    foreach read_model in array array['calls', 'billing'] loop
        if to_regclass(read_model || '.checkpoints') is not null then
            execute format('select exists (select from %I.checkpoints where sequence > 0)', read_model)
                into folded;
            update account.history_mark set answered_until = clock_timestamp() where folded;
        end if;
    end loop;
end
$$;

-- Moves the mark to the latest of these instants and answers where it stands: what is asked about
-- instants up to there has its final answer in the rows that the next statement sees.
-- Providers' clocks run ahead of ours by seconds, so an instant may be to come; one that is more
-- than five minutes away is a wrong clock and moves nothing, or nobody could be given a number
-- until it has come.
create function account.answer_until(asked timestamptz[]) returns timestamptz
    language plpgsql security definer set search_path = pg_catalog as $$
declare
    latest timestamptz;
    reached timestamptz;
begin
    select max(instant) into latest from unnest(asked) as instant
        where instant <= clock_timestamp() + interval '5 minutes';
    -- Without a lock: whoever moved the mark here waited for what is written below it.
    select answered_until into strict reached from account.history_mark;
    if latest > reached then
        -- Waits for the transactions that are adding to the history (their lock is below).
        update account.history_mark set answered_until = greatest(answered_until, latest)
            returning answered_until into reached;
    end if;
    return reached;
end
$$;
revoke execute on function account.answer_until from public;
grant execute on function account.answer_until to frontdesk_projector;

-- When something begins that is being added to the history: at the instant given, else now.
create function account.begins_at(given timestamptz) returns timestamptz
    language plpgsql security definer set search_path = pg_catalog as $$
declare
    answered timestamptz;
begin
    -- Held until the transaction ends: whoever asks meanwhile waits, and then sees its rows.
    select answered_until into strict answered from account.history_mark for share;
    if given <= answered then
        raise exception 'the history of account is answered until %: nothing can begin at %', answered, given
            using hint = 'Leave the instant out: then it begins now.', errcode = 'check_violation';
    end if;
    return coalesce(given, greatest(clock_timestamp(), answered + interval '1 microsecond'));
end
$$;
revoke execute on function account.begins_at from public;
grant execute on function account.begins_at to frontdesk_api;

create function account.begin_assignment() returns trigger language plpgsql as $$
begin
    new.assigned_at = account.begins_at(new.assigned_at);
    return new;
end
$$;
create function account.begin_key() returns trigger language plpgsql as $$
begin
    new.created_at = account.begins_at(new.created_at);
    return new;
end
$$;

-- now() is when the transaction began: by its end, somebody may have asked about a later instant.
alter table account.number_assignments alter column assigned_at drop default;
alter table account.users alter column created_at drop default;
alter table account.clients alter column created_at drop default;
create trigger begins before insert on account.number_assignments
    for each row execute function account.begin_assignment();
create trigger begins before insert on account.users
    for each row execute function account.begin_key();
create trigger begins before insert on account.clients
    for each row execute function account.begin_key();

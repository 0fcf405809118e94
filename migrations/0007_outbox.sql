-- Facts on their way to the stream ACCOUNTS, what security-relevant acts left behind, and what
-- workers must remember.

create sequence account.outbox_ids;
create table account.outbox (
    -- Drawn by the trigger below, never by whoever writes.
    id bigint primary key,
    event_id uuid not null unique,
    -- Whose facts keep their order: a user, or a sign-up that is not one yet.
    partition_key uuid not null,
    -- The CloudEvents type.
    kind text not null,
    -- The CloudEvents subject: user, client, invitation …
    subject text not null,
    -- Ids and what changed; never an address, a number of a caller, a token.
    data jsonb not null,
    occurred_at timestamptz not null
);
comment on table account.outbox is
    'Owner: api. Written with the change it tells of; the relay takes what is stored in the stream out '
    'through account.outbox_published.';

-- Ids are drawn before the commit. Holding this until the end makes the facts of one key visible in
-- the order of their ids, so the relay cannot pass one by.
create function account.queue_outbox() returns trigger
    language plpgsql set search_path = pg_catalog as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('outbox ' || new.partition_key::text, 0));
    new.id = nextval('account.outbox_ids');
    perform pg_notify('outbox', '');
    return new;
end
$$;
create trigger queue before insert on account.outbox
    for each row execute function account.queue_outbox();

-- What is acknowledged by the stream is taken out; workers may do nothing else to the table.
create function account.outbox_published(published bigint[]) returns void
    language sql security definer set search_path = pg_catalog as $$
    delete from account.outbox where id = any(published)
$$;
revoke execute on function account.outbox_published from public;
grant execute on function account.outbox_published to frontdesk_workers;

create table account.audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    -- The account it concerns; null when it is nobody's (a failed login of a stranger).
    user_id uuid references account.users (id),
    -- Who did it; null for a stranger or the system.
    actor_id uuid references account.users (id),
    -- session, key, token, admin, system, stranger
    actor_kind text not null,
    -- user.logged_in, session.revoked, key.created …
    act text not null,
    -- What it was done to: an id, never a secret.
    subject text,
    address text,
    user_agent text,
    detail jsonb not null default '{}'
);
create index audit_of_user on account.audit (user_id, id desc);
create index audit_of_actor on account.audit (actor_id, id desc);
comment on table account.audit is 'Owner: api. Append-only: security-relevant acts.';

create function account.refuse_rewriting() returns trigger language plpgsql as $$
begin
    raise exception 'account.% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger append_only before update or delete or truncate on account.audit
    for each statement execute function account.refuse_rewriting();
create trigger append_only before update or delete or truncate on account.client_changes
    for each statement execute function account.refuse_rewriting();

create table account.exports (
    id uuid primary key,
    user_id uuid not null references account.users (id),
    requested_at timestamptz not null,
    requested_by uuid not null references account.users (id)
);
create index exports_of_user on account.exports (user_id, requested_at desc);
comment on table account.exports is 'Owner: api. Exports asked for; ops.exports says what became of them.';

create table ops.exports (
    id uuid primary key,
    user_id uuid not null,
    ready_at timestamptz,
    expires_at timestamptz,
    -- [{"name", "bytes", "sha256"}]
    files jsonb not null default '[]',
    -- In words for its owner, when it could not be made.
    failure text
);
comment on table ops.exports is 'Owner: workers. What became of exports.';

create table ops.effects (
    -- <event id>/<effect>: the same for every try, so an effect that was made is not made again.
    key text primary key,
    effect text not null,
    -- claimed, done, discarded
    state text not null check (state in ('claimed', 'done', 'discarded')),
    attempts integer not null default 1,
    claimed_at timestamptz not null,
    finished_at timestamptz,
    -- The last reason it did not succeed; never an address.
    reason text
);
create index effects_open on ops.effects (claimed_at) where state = 'claimed';
comment on table ops.effects is 'Owner: workers. Claimed before they are tried; their outcome after.';

-- What a client is told to say, who may change it, and what was changed.

create table account.plans (
    id text primary key check (id ~ '^[a-z_]{1,32}$'),
    name text not null,
    price_minor bigint not null check (price_minor >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- Null: as many as wanted.
    number_limit integer check (number_limit >= 0),
    -- What PayPal calls it; null until `paypal setup`.
    paypal_plan_id text unique,
    position smallint not null
);
comment on table account.plans is 'Owner: api. What can be subscribed to; changed without a release.';
insert into account.plans (id, name, price_minor, currency, number_limit, position) values
    ('solo', 'Solo', 29900, 'USD', 1, 1),
    ('pro', 'Pro', 49900, 'USD', 3, 2),
    ('white_label', 'White-Label', 79900, 'USD', null, 3);

alter table account.clients
    add column voice text not null default 'warm',
    add column greeting text not null default '',
    add column instructions text not null default '',
    -- {"monday": [{"from": "09:00", "to": "17:00"}], …} in the client's time zone; a day left out is closed.
    add column hours jsonb not null default '{}',
    add column transfer_number text check (transfer_number ~ '^\+[1-9][0-9]{3,14}$'),
    -- {"key", "name", "type", "bytes", "uploaded_at"}; the sound itself lies in the file store.
    add column voice_sample jsonb,
    -- Rises with each change: who saves what was changed meanwhile is told, not overwritten.
    add column version bigint not null default 1,
    add column updated_at timestamptz not null default now();
create index clients_of_user_by_name on account.clients (user_id, lower(name), id) where deleted_at is null;

create table account.client_changes (
    id bigint generated always as identity primary key,
    user_id uuid not null references account.users (id),
    client_id uuid not null references account.clients (id),
    at timestamptz not null,
    -- Who did it; null for the system.
    by_user uuid references account.users (id),
    -- created, edited, restored, deleted, number_assigned, number_released, voice_sample
    kind text not null,
    -- {"field": {"from": …, "to": …}}
    changes jsonb not null,
    -- The client as it then was: what a restore brings back.
    snapshot jsonb not null
);
create index client_changes_of_client on account.client_changes (client_id, id desc);
comment on table account.client_changes is 'Owner: api. Append-only: every change of a client with who and when.';

create table account.members (
    -- The account: its owner's user id.
    account_id uuid not null references account.users (id),
    user_id uuid not null references account.users (id),
    -- manager changes clients; reader looks.
    role text not null check (role in ('manager', 'reader')),
    joined_at timestamptz not null,
    primary key (account_id, user_id),
    check (account_id <> user_id)
);
create index members_of_user on account.members (user_id);
comment on table account.members is 'Owner: api. Who else may see or change an account''s clients.';

create table account.invitations (
    id uuid primary key,
    account_id uuid not null references account.users (id),
    email text not null,
    role text not null check (role in ('manager', 'reader')),
    token_hash bytea not null unique,
    invited_by uuid not null references account.users (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid references account.users (id),
    revoked_at timestamptz
);
create index invitations_of_account on account.invitations (account_id, created_at desc);
-- One open invitation for an address; a second replaces it.
create unique index invitations_open on account.invitations (account_id, lower(email))
    where accepted_at is null and revoked_at is null;
comment on table account.invitations is 'Owner: api. To become a member of an account.';

-- Whose history a row belongs to: a released number names no client any more, and its row must still
-- be found by the account that released it.
alter table account.number_assignments add column user_id uuid references account.users (id);
alter table account.number_assignments disable trigger append_only;
update account.number_assignments a set user_id = (
    select c.user_id from account.number_assignments held
    join account.clients c on c.id = held.client_id
    where held.number = a.number and (held.assigned_at, held.id) <= (a.assigned_at, a.id)
    order by held.assigned_at desc, held.id desc limit 1);
alter table account.number_assignments enable trigger append_only;
create index number_assignments_of_user on account.number_assignments (user_id, number, assigned_at desc, id desc);
create index number_assignments_of_client on account.number_assignments (client_id);

create function account.name_account() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    new.user_id = (select user_id from account.clients where id = new.client_id);
    if new.client_id is null then
        new.user_id = (select user_id from account.number_assignments where number = new.number
            order by assigned_at desc, id desc limit 1);
    end if;
    return new;
end
$$;
create trigger named before insert on account.number_assignments
    for each row execute function account.name_account();

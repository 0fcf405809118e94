create table account.users (
    id uuid primary key,
    email text not null unique,
    name text not null,
    -- What PayPal knows this user by (`custom_id`): opaque, never changed.
    billing_key text not null unique check (billing_key ~ '^[\x20-\x7e]{1,127}$'),
    time_zone text not null default 'UTC',
    created_at timestamptz not null default now()
);
comment on table account.users is 'Owner: api. People who sign up and pay.';

create table account.clients (
    id uuid primary key,
    user_id uuid not null references account.users (id),
    name text not null check (name <> ''),
    profession text not null,
    -- What a LiveKit dispatch rule carries as attribute `app.tenantId`: opaque, never changed.
    tenant_key text not null unique check (tenant_key <> ''),
    time_zone text not null default 'UTC',
    created_at timestamptz not null default now(),
    deleted_at timestamptz
);
create index clients_of_user on account.clients (user_id);
comment on table account.clients is 'Owner: api. One receptionist for one business.';

create table account.number_assignments (
    id bigint generated always as identity primary key,
    number text not null check (number ~ '^\+[1-9][0-9]{3,14}$'),
    -- Null releases the number.
    client_id uuid references account.clients (id),
    assigned_at timestamptz not null default now()
);
create index number_assignments_of_number on account.number_assignments (number, assigned_at);
comment on table account.number_assignments is
    'Owner: api. Append-only: who owned a number at an instant is the last row not after it. '
    'The projector reads it, so a changed row would change what a replay gives.';

create function account.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'account.number_assignments is append-only';
end
$$;
create trigger append_only before update or delete or truncate on account.number_assignments
    for each statement execute function account.refuse_change();

grant usage on schema account to frontdesk_api, frontdesk_projector, frontdesk_workers;
grant select, insert, update, delete on account.users, account.clients to frontdesk_api;
grant select, insert on account.number_assignments to frontdesk_api;
grant usage on all sequences in schema account to frontdesk_api;
grant select on account.users, account.clients, account.number_assignments
    to frontdesk_projector, frontdesk_workers;
grant usage on schema ops to frontdesk_workers;

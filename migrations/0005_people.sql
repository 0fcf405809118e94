-- People: how they prove who they are, and what they proved. What proves somebody (passwords,
-- tokens, keys, secrets) stands apart from account.users, which projector and workers read too.

alter table account.users
    add column role text not null default 'owner' check (role in ('owner', 'admin')),
    add column locale text not null default 'en-US',
    add column notify_new_call boolean not null default false,
    add column notify_missed_call boolean not null default true,
    add column notify_daily_summary boolean not null default true,
    add column notify_payment_trouble boolean not null default true,
    add column suspended_at timestamptz,
    -- The account goes at this instant unless its owner comes back.
    add column deletion_due_at timestamptz;
-- One mailbox, one account, however its letters are written.
create unique index users_of_address on account.users (lower(email));

-- An address that was not proven has no account: nothing can be attached to it before its owner
-- says so, and two people may try at once.
create table account.signups (
    id uuid primary key,
    email text not null,
    name text not null,
    time_zone text not null,
    locale text not null,
    password_hash text not null,
    -- SHA-256 of what the mail's link carries, and of the cookie of the browser that began.
    token_hash bytea not null unique,
    browser_hash bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index signups_of_address on account.signups (lower(email));
create index signups_over on account.signups (expires_at);
comment on table account.signups is 'Owner: api. Asked for and not yet proven; gone when proven or over.';

create table account.passwords (
    user_id uuid primary key references account.users (id),
    -- PHC string: argon2id with its parameters.
    hash text not null,
    changed_at timestamptz not null
);
comment on table account.passwords is 'Owner: api. Absent for people who only sign in through a provider.';

create table account.identities (
    provider text not null check (provider in ('google', 'github')),
    -- The provider's own name for the person, never the e-mail address.
    subject text not null,
    user_id uuid not null references account.users (id),
    -- As the provider showed it, for the person to recognise.
    email text not null,
    linked_at timestamptz not null,
    used_at timestamptz,
    primary key (provider, subject),
    unique (user_id, provider)
);
comment on table account.identities is 'Owner: api. Logins at providers linked to a user.';

create table account.sessions (
    id uuid primary key,
    -- SHA-256 of the cookie's 256 random bits.
    token_hash bytea not null unique,
    user_id uuid not null references account.users (id),
    -- Whose clients and calls the person looks at: their own, or an account they are a member of.
    account_id uuid not null references account.users (id),
    -- password, google, github, signup, reset
    method text not null,
    user_agent text not null,
    address text not null,
    created_at timestamptz not null,
    -- Kept to the minute: writing it at every request would cost more than the request.
    seen_at timestamptz not null,
    -- When a password or second factor was last shown; dangerous acts want it recent.
    proven_at timestamptz not null,
    expires_at timestamptz not null
);
create index sessions_of_user on account.sessions (user_id, created_at desc);
create index sessions_over on account.sessions (expires_at);
comment on table account.sessions is 'Owner: api. Signed-in browsers; a row that is deleted is signed out.';

create table account.refresh_tokens (
    token_hash bytea primary key,
    -- All tokens that follow from one login. One used twice ends its family.
    family uuid not null,
    user_id uuid not null references account.users (id),
    account_id uuid not null references account.users (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_of_family on account.refresh_tokens (family);
create index refresh_tokens_of_user on account.refresh_tokens (user_id);
create index refresh_tokens_over on account.refresh_tokens (expires_at);
comment on table account.refresh_tokens is 'Owner: api. Of programs that logged in; rotated at each use.';

create table account.api_keys (
    id uuid primary key,
    -- Shown in lists, so that its owner knows it again.
    prefix text not null unique,
    key_hash bytea not null unique,
    name text not null check (name <> ''),
    user_id uuid not null references account.users (id),
    account_id uuid not null references account.users (id),
    scopes text[] not null check (scopes <> '{}'),
    created_at timestamptz not null,
    expires_at timestamptz,
    used_at timestamptz,
    revoked_at timestamptz
);
create index api_keys_of_account on account.api_keys (account_id, created_at desc);
comment on table account.api_keys is 'Owner: api. Keys of programs; the key itself is shown once and not kept.';

-- Links in mails. What the link carries is derived from the id and a key that only processes know,
-- so the mail worker can write it, again and again the same, and no stream or table holds it.
create table account.mail_tokens (
    id uuid primary key,
    token_hash bytea not null unique,
    user_id uuid not null references account.users (id),
    purpose text not null check (purpose in ('reset_password', 'change_email')),
    -- The address it is about: for change_email the new one.
    email text not null,
    -- For change_email the address before, which is told.
    old_email text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index mail_tokens_of_user on account.mail_tokens (user_id, purpose);
create index mail_tokens_over on account.mail_tokens (expires_at);
comment on table account.mail_tokens is 'Owner: api. Single use, one purpose, one user, sixty minutes.';

create table account.second_factors (
    user_id uuid primary key references account.users (id),
    -- Sealed with a key derived from JWT_SECRET: nonce, ciphertext, tag.
    secret_sealed bytea not null,
    -- Null until the first code was shown.
    confirmed_at timestamptz,
    -- The time step last accepted: a code counts once.
    last_step bigint not null default 0,
    created_at timestamptz not null
);
comment on table account.second_factors is 'Owner: api. TOTP (RFC 6238).';

create table account.recovery_codes (
    user_id uuid not null references account.users (id),
    code_hash bytea not null,
    used_at timestamptz,
    primary key (user_id, code_hash)
);
comment on table account.recovery_codes is 'Owner: api. Each opens once in place of a TOTP code.';

-- Growing waits after failures. Keyed by a hash of the address that was tried, known or not, so that
-- the wait tells nobody whether there is an account.
create table account.login_failures (
    key bytea primary key,
    failures integer not null,
    last_at timestamptz not null,
    wait_until timestamptz not null
);
comment on table account.login_failures is 'Owner: api. Failed logins since the last success, by hash of what was tried.';

-- The read model `billing`, created empty in the schema named by search_path: `billing` itself or
-- the shadow a rebuild fills. Never migrated: a changed file is a new version, reached by a rebuild.

create table checkpoints (
    partition smallint primary key,
    sequence bigint not null,
    event_id text,
    event_hash bytea,
    stream_created_at timestamptz,
    as_of timestamptz,
    pending bigint not null default 0,
    updated_at timestamptz not null default now()
);
comment on table checkpoints is 'Owner: projector. Moves in the transaction that moves the rows.';

create table subscription_states (
    key text primary key,
    state bytea not null
);
comment on table subscription_states is 'Owner: projector. Aggregate Subscription by PayPal id, JSON bytes.';

create table sale_states (
    key text primary key,
    state bytea not null
);
comment on table sale_states is 'Owner: projector. Aggregate Sale by PayPal sale id, JSON bytes.';

create table subscriptions (
    id text primary key,
    user_id uuid,
    custom_id text,
    plan_id text,
    -- The plan's terms (its price, say) were changed for this subscription alone.
    plan_overridden boolean not null default false,
    -- PayPal's word; null while only its sales are known.
    status text,
    status_at timestamptz,
    -- [{"status", "at"}], in order.
    status_history jsonb not null,
    started_at timestamptz,
    -- The latest date PayPal named; a renewal names none, so it may be past.
    next_billing_at timestamptz,
    -- Access lasts until here, whatever the status says.
    paid_through timestamptz,
    -- Whether paid_through comes from PayPal's own date or is a sale's date plus one interval.
    paid_through_firm boolean not null default false,
    cancelled_at timestamptz,
    -- A payment failed after the last one that succeeded.
    past_due boolean not null default false,
    last_failed_at timestamptz,
    -- Null unless past due.
    next_retry_at timestamptz,
    failed_payments integer,
    outstanding_minor bigint,
    outstanding_currency text,
    last_payment_minor bigint,
    last_payment_currency text,
    last_payment_at timestamptz,
    payer_name text,
    payer_email text
);
create index subscriptions_of_user on subscriptions (user_id);
comment on table subscriptions is 'Owner: projector. One row per PayPal subscription.';

create table invoices (
    id text primary key,
    -- It is whoever's this is: the sale itself names the payer at times only, and may name another.
    subscription_id text,
    -- pending, paid, partially_refunded, refunded, reversed, failed
    status text not null,
    -- A dispute about it is open.
    disputed boolean not null,
    amount_minor bigint not null,
    -- Never more than the amount.
    refunded_minor bigint not null,
    fee_minor bigint,
    currency text not null,
    issued_at timestamptz not null
);
create index invoices_of_subscription on invoices (subscription_id, issued_at desc, id desc);
comment on table invoices is
    'Owner: projector. One row per PayPal sale for a subscription; minor units by PayPal''s exponents.';

create table payments (
    id text not null,
    -- Its own id where PayPal names no sale.
    sale_id text not null,
    -- Null while the sale is unknown, and for sales without a subscription.
    subscription_id text,
    -- By the sale's own word; null where there is a subscription to ask.
    user_id uuid,
    -- payment, refund, reversal
    kind text not null,
    -- PayPal's word: pending, denied, failed and cancelled have moved nothing.
    state text not null,
    -- Refunds and reversals are negative.
    amount_minor bigint not null,
    currency text not null,
    occurred_at timestamptz not null,
    -- PayPal may report one id as a payment and as its reversal.
    primary key (sale_id, kind, id)
);
create index payments_of_subscription on payments (subscription_id);
create index payments_of_user on payments (user_id);
comment on table payments is 'Owner: projector. Money movements: each sale, refund and reversal once.';

create table event_index (
    sequence bigint primary key,
    source text not null,
    event_id text not null,
    kind text not null,
    -- Subscription id, else sale id.
    aggregate text,
    occurred_at timestamptz,
    received_at timestamptz not null
);
create index event_index_of_aggregate on event_index (aggregate, sequence) where aggregate is not null;
comment on table event_index is
    'Owner: projector. Every message of the stream, duplicates included; the data stays in the stream.';

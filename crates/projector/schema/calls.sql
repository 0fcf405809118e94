-- The read model `calls`, created empty in the schema named by search_path: `calls` itself or the
-- shadow a rebuild fills. Never migrated: a changed file is a new version, reached by a rebuild.

create table checkpoints (
    partition smallint primary key,
    -- The last stream sequence folded; 0 before the first.
    sequence bigint not null,
    -- What stood there: a stream that was restored or replaced is noticed by it.
    event_id text,
    event_hash bytea,
    stream_created_at timestamptz,
    -- The event time the tables are current to, and how many messages were still to come.
    as_of timestamptz,
    pending bigint not null default 0,
    updated_at timestamptz not null default now()
);
comment on table checkpoints is 'Owner: projector. Moves in the transaction that moves the rows.';

create table room_session_states (
    key text primary key,
    state bytea not null
);
comment on table room_session_states is 'Owner: projector. Aggregate RoomSession by partition and room sid, JSON bytes.';

create table transcript_states (
    key text primary key,
    state bytea not null
);
comment on table transcript_states is 'Owner: projector. Aggregate Transcript by partition, room sid and call, JSON bytes.';

create table calls (
    id uuid,
    room_sid text not null,
    -- That of its room's events: with it its turns are told from those of a report that named
    -- another room.
    partition smallint not null,
    room_name text not null,
    call_key text not null,
    user_id uuid,
    client_id uuid,
    channel text not null,
    -- `inbound`, or `outbound` when we called: then caller_number is who was called.
    direction text not null default 'inbound',
    caller_number text,
    caller_name text,
    dialled_number text,
    agent_name text,
    state text not null,
    result text,
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz,
    ring_ms bigint,
    talk_ms bigint,
    end_code text,
    end_by text,
    end_words text,
    outcome_status text,
    outcome_label text,
    outcome_reason text,
    revenue_minor bigint,
    revenue_currency text,
    revenue_evidence text,
    summary text,
    sentiment_label text,
    sentiment_score double precision,
    sentiment_evidence text,
    tags text[] not null default '{}',
    transferred_to text,
    transferred_at timestamptz,
    stt_p50_ms bigint,
    llm_p50_ms bigint,
    tts_p50_ms bigint,
    e2e_p50_ms bigint,
    e2e_p95_ms bigint,
    turns bigint,
    usage jsonb,
    recording_state text,
    recording_location text,
    recording_ms bigint,
    -- A search knows calls by id and needs to know which are the newest: it need not fetch them for it.
    primary key (id) include (user_id, started_at)
);
-- Each begins with the account: a read is of one, and of its rows alone.
create index calls_newest on calls (user_id, started_at desc, id desc);
create index calls_of_client on calls (user_id, client_id, started_at desc, id desc);
-- Who else was in a room: asked for each room of an export.
create index calls_of_room on calls (room_sid);
create index calls_open on calls (user_id, started_at desc, id desc) where state <> 'ended';
-- What is looked for because it is rare. Without these a filter with few hits reads all calls of the
-- account; as they hold the rare rows alone, they cost a replay nothing that can be measured.
create index calls_unanswered on calls (user_id, result, started_at desc, id desc) where result <> 'answered';
create index calls_unsuccessful on calls (user_id, outcome_status, started_at desc, id desc)
    where outcome_status <> 'success';
create index calls_upset on calls (user_id, started_at desc, id desc) where sentiment_label = 'negative';
create index calls_outbound on calls (user_id, started_at desc, id desc) where direction = 'outbound';
create index calls_long on calls (user_id, started_at desc, id desc) where talk_ms > 600000;
comment on table calls is
    'Owner: projector. One row per SIP call or web visitor; times in UTC, durations in ms, money in minor units.';

create table turns (
    room_sid text not null,
    -- A report that names another room than its sid's is stored in that room's partition, and two
    -- projectors may write there: no row has two writers.
    partition smallint not null,
    id text not null,
    call_key text,
    position integer not null,
    at timestamptz,
    speaker text not null,
    text text,
    interrupted boolean not null,
    tool_name text,
    tool_arguments text,
    tool_output text,
    is_error boolean not null,
    e2e_ms bigint,
    user_id uuid,
    primary key (room_sid, partition, id)
);
comment on table turns is 'Owner: projector. What was said on a call, item by item.';

-- One row a call and not one a turn: a search asks for calls, and an index has a tenth of the entries.
create table said (
    call_id uuid primary key,
    user_id uuid,
    -- What caller and receptionist said, folded (crates/projector/src/calls/said.rs), and two words
    -- that stand for the account and for its day.
    words tsvector not null
);
-- Entries gather in a list before they are sorted in: that makes a replay several times faster. A
-- search reads the list from its beginning, so it may not grow beyond what is read in milliseconds.
create index said_words on said using gin (words) with (fastupdate = on, gin_pending_list_limit = 4096);
comment on table said is 'Owner: projector. The words said on a call, to find it by.';

create table hourly (
    client_id uuid not null,
    hour timestamptz not null,
    user_id uuid,
    calls bigint not null,
    answered bigint not null,
    missed bigint not null,
    abandoned bigint not null,
    failed bigint not null,
    talk_ms bigint not null,
    success bigint not null,
    positive bigint not null,
    neutral bigint not null,
    negative bigint not null,
    -- Calls by their median end-to-end latency; bounds in rollup.rs, the last one is open.
    latency bigint[] not null,
    primary key (client_id, hour)
);
create index hourly_of_user on hourly (user_id, hour);
comment on table hourly is
    'Owner: projector. Ended inbound calls by client and UTC hour of their start; the nil uuid is "unassigned".';

create table hourly_revenue (
    client_id uuid not null,
    hour timestamptz not null,
    currency text not null,
    user_id uuid,
    amount_minor bigint not null,
    primary key (client_id, hour, currency)
);
create index hourly_revenue_of_user on hourly_revenue (user_id, hour);
comment on table hourly_revenue is 'Owner: projector. Revenue of ended inbound calls, minor units.';

create table event_index (
    sequence bigint primary key,
    source text not null,
    event_id text not null,
    kind text not null,
    -- The aggregate it was folded into (room sid); null when it concerns none.
    aggregate text,
    occurred_at timestamptz,
    received_at timestamptz not null
);
create index event_index_of_aggregate on event_index (aggregate, sequence) where aggregate is not null;
comment on table event_index is
    'Owner: projector. Every message of the stream, duplicates included; the data stays in the stream.';

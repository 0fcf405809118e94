//! `events.jsonl`: every event about somebody as it is stored, in CloudEvents' JSON format.
//!
//! What the streams hold about others stays out. Of a room where callers of other accounts were too
//! [`RoomCalls`] says which events are the person's own.

use super::files::{File, Folder, Sink};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, Partition, PartitionSet, StreamName,
    nats::{Connection, Reader},
    sharing::RoomCalls,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::{FromRow, PgPool};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// Messages read at once; each may be 1 MiB.
const AT_ONCE: usize = 8;
/// Rows of the index in a page.
const PAGE: i64 = 1_000;
/// Rooms whose events are looked up together: about as many events as make a page.
const ROOMS_AT_ONCE: usize = 100;
const READ_AT_ONCE: usize = 256;
/// Silence of the stream before the export is tried again.
const PATIENCE: Duration = Duration::from_secs(3);

/// Writes them all: first accounts, then calls, then billing.
pub(super) async fn write(
    connection: &Connection,
    db: &PgPool,
    folder: &Folder,
    user: Uuid,
) -> anyhow::Result<File> {
    let mut sink = folder.file("events.jsonl").await?;
    accounts(connection, &mut sink, user).await?;
    calls(connection, db, &mut sink, user).await?;
    billing(connection, db, &mut sink, user).await?;
    Ok(sink.finish().await?)
}

/// The facts whose partition key is the person.
async fn accounts(connection: &Connection, sink: &mut Sink, user: Uuid) -> anyhow::Result<()> {
    let key = user.to_string();
    let partition = Partition::of(&key);
    // Where the partition ends now: what comes later belongs to the next export.
    let Some(last) = connection
        .last_stored(StreamName::Accounts, partition)
        .await?
    else {
        return Ok(());
    };
    let partitions = PartitionSet::one(partition);
    let mut reader = Reader::open(connection, StreamName::Accounts, &partitions, 1).await?;
    loop {
        let deliveries = reader.read(READ_AT_ONCE, PATIENCE).await?;
        anyhow::ensure!(!deliveries.is_empty(), "the stream ACCOUNTS fell silent");
        for delivery in deliveries {
            if let Ok(event) = delivery.envelope()
                && event.partition_key().as_deref() == Some(&key)
            {
                append(sink, &event).await?;
            }
            if delivery.sequence >= last.sequence {
                return Ok(());
            }
        }
    }
}

/// One of somebody's calls.
#[derive(FromRow)]
struct Call {
    started_at: DateTime<Utc>,
    id: Uuid,
    room_sid: String,
    /// Whether it is the first of their calls in its room: at that one the room is written.
    is_earliest: bool,
}

async fn calls(
    connection: &Connection,
    db: &PgPool,
    sink: &mut Sink,
    user: Uuid,
) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = page(db, user, after).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some((last.started_at, last.id));
        let first = page.into_iter().filter(|call| call.is_earliest);
        let sids: Vec<String> = first.map(|call| call.room_sid).collect();
        for some in sids.chunks(ROOMS_AT_ONCE) {
            rooms(connection, db, sink, user, some).await?;
        }
    }
}

/// The next calls, in the order of the index `calls_newest`. Which is the first of its room, is asked of the
/// index `calls_of_room`, once for each room: one may have thousands of calls. The page is cut first:
/// otherwise PostgreSQL reads all that is left of the account for each.
async fn page(
    db: &PgPool,
    user: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
) -> anyhow::Result<Vec<Call>> {
    sqlx::query_as(
        "with page as materialized (
            select started_at, id, room_sid from calls.calls
            where user_id = $1 and (started_at, id) > (coalesce($2, '-infinity'::timestamptz), $3)
            order by started_at, id limit $4),
        earliest as materialized (
            select room.room_sid, first.id
            from (select distinct room_sid from page) room
            cross join lateral (
                select o.id from calls.calls o
                where o.room_sid = room.room_sid and o.user_id = $1
                order by o.started_at, o.id limit 1) first)
        select page.*, earliest.id = page.id as is_earliest
        from page join earliest using (room_sid)
        order by page.started_at, page.id",
    )
    .bind(user)
    .bind(after.map(|(started_at, _)| started_at))
    .bind(after.map_or(Uuid::nil(), |(_, id)| id))
    .bind(PAGE)
    .fetch_all(db)
    .await
    .context("reading the rooms of an export")
}

/// Whose a call is.
#[derive(FromRow)]
struct Caller {
    room_sid: String,
    call_key: String,
    is_own: bool,
}

/// The keys of a room's calls: those of somebody, and all others.
#[derive(Default)]
struct Keys {
    own: Vec<String>,
    others: Vec<String>,
}

/// Writes what happened in these rooms: of those that somebody has alone together, then of each other.
async fn rooms(
    connection: &Connection,
    db: &PgPool,
    sink: &mut Sink,
    user: Uuid,
    sids: &[String],
) -> anyhow::Result<()> {
    let callers: Vec<Caller> = sqlx::query_as(
        // One room after the other, by its index: of a hundred at once PostgreSQL may read all calls.
        "select room.sid as room_sid, o.call_key, o.is_own
        from unnest($2::text[]) as room (sid)
        cross join lateral (
            select call_key, user_id is not distinct from $1 as is_own
            from calls.calls where room_sid = room.sid offset 0) o",
    )
    .bind(user)
    .bind(sids)
    .fetch_all(db)
    .await
    .context("reading whose the calls of a room are")?;
    let mut rooms = BTreeMap::<String, Keys>::new();
    for caller in callers {
        let Keys { own, others } = rooms.entry(caller.room_sid).or_default();
        if caller.is_own { own } else { others }.push(caller.call_key);
    }
    let (alone, shared): (BTreeMap<_, _>, BTreeMap<_, _>) = rooms
        .into_iter()
        .partition(|(_, keys)| keys.others.is_empty());
    let sids: Vec<String> = alone.keys().cloned().collect();
    let calls = RoomCalls::new(alone.into_values().flat_map(|keys| keys.own), []);
    indexed(connection, db, sink, StreamName::Calls, &sids, |event| {
        calls.is_own(event)
    })
    .await?;
    for (sid, keys) in shared {
        let calls = RoomCalls::new(keys.own, keys.others);
        indexed(connection, db, sink, StreamName::Calls, &[sid], |event| {
            calls.is_own(event)
        })
        .await?;
    }
    Ok(())
}

async fn billing(
    connection: &Connection,
    db: &PgPool,
    sink: &mut Sink,
    user: Uuid,
) -> anyhow::Result<()> {
    // A handful of subscriptions and a sale a month.
    let aggregates: Vec<String> = sqlx::query_scalar(
        "select id from billing.subscriptions where user_id = $1
        union
        select i.id from billing.invoices i join billing.subscriptions s on s.id = i.subscription_id
        where s.user_id = $1",
    )
    .bind(user)
    .fetch_all(db)
    .await
    .context("reading the subscriptions of an export")?;
    indexed(
        connection,
        db,
        sink,
        StreamName::Billing,
        &aggregates,
        |_| true,
    )
    .await
}

/// The events that were folded into these aggregates.
async fn indexed(
    connection: &Connection,
    db: &PgPool,
    sink: &mut Sink,
    of: StreamName,
    aggregates: &[String],
    is_own: impl Fn(&Envelope) -> bool,
) -> anyhow::Result<()> {
    // All are found by aggregate before the first is taken: in the order of the index PostgreSQL might
    // read everybody's events to find these.
    let sql = match of {
        StreamName::Billing => {
            "with own as materialized (
                select sequence from billing.event_index where aggregate = any($1) and sequence > $2)
            select sequence from own order by sequence limit $3"
        }
        _ => {
            "with own as materialized (
                select sequence from calls.event_index where aggregate = any($1) and sequence > $2)
            select sequence from own order by sequence limit $3"
        }
    };
    let mut after = 0_i64;
    loop {
        let sequences: Vec<i64> = sqlx::query_scalar(sql)
            .bind(aggregates)
            .bind(after)
            .bind(PAGE)
            .fetch_all(db)
            .await
            .context("reading which events belong to an export")?;
        let Some(last) = sequences.last() else {
            return Ok(());
        };
        after = *last;
        let mut stored = stream::iter(sequences)
            .map(|sequence| connection.stored(of, sequence.unsigned_abs()))
            .buffered(AT_ONCE);
        while let Some(message) = stored.try_next().await? {
            // Nothing there: it was erased.
            let event = message.and_then(|message| message.envelope);
            if let Some(event) = event.filter(&is_own) {
                append(sink, &event).await?;
            }
        }
    }
}

async fn append(sink: &mut Sink, event: &Envelope) -> anyhow::Result<()> {
    let mut line = event.to_json();
    line.push('\n');
    Ok(sink.write(line.as_bytes()).await?)
}

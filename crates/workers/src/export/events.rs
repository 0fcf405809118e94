//! `events.jsonl`: every event about somebody as it is stored, in CloudEvents' JSON format.
//!
//! What the streams hold about others stays out. A room's events are its owner's, unless callers of
//! other accounts were in it too: then only those that name one of the person's own calls and nobody
//! else's.

use super::files::{File, Folder, Sink};
use anyhow::Context as _;
use frontdesk_events::{
    Envelope, Partition, PartitionSet, StreamName,
    nats::{Connection, Reader},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::{FromRow, PgPool};
use std::time::Duration;
use uuid::Uuid;

/// Messages read at once; each may be 1 MiB.
const AT_ONCE: usize = 8;
/// Rows of the index in a page.
const PAGE: i64 = 1_000;
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

/// A room somebody had calls in.
#[derive(FromRow)]
struct Room {
    room_sid: String,
    own_calls: Vec<String>,
    calls_of_others: Vec<String>,
}

async fn calls(
    connection: &Connection,
    db: &PgPool,
    sink: &mut Sink,
    user: Uuid,
) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let rooms: Vec<Room> = sqlx::query_as(
            "select c.room_sid, array_agg(c.call_key) filter (where c.user_id = $1) as own_calls,
                coalesce(array_agg(c.call_key) filter (where c.user_id is distinct from $1), '{}') as calls_of_others
            from calls.calls c
            where c.room_sid in (select room_sid from calls.calls where user_id = $1 and room_sid > $2
                group by room_sid order by room_sid limit $3)
            group by c.room_sid order by c.room_sid",
        )
        .bind(user)
        .bind(&after)
        .bind(PAGE)
        .fetch_all(db)
        .await
        .context("reading the rooms of an export")?;
        let (shared, alone): (Vec<&Room>, Vec<&Room>) =
            rooms.iter().partition(|room| room.is_shared());
        let alone: Vec<String> = alone.iter().map(|room| room.room_sid.clone()).collect();
        indexed(connection, db, sink, StreamName::Calls, &alone, |_| true).await?;
        for room in shared {
            let sid = [room.room_sid.clone()];
            indexed(connection, db, sink, StreamName::Calls, &sid, |event| {
                room.is_own(event)
            })
            .await?;
        }
        match rooms.last() {
            Some(last) => after.clone_from(&last.room_sid),
            None => return Ok(()),
        }
    }
}

impl Room {
    fn is_shared(&self) -> bool {
        !self.calls_of_others.is_empty()
    }

    fn is_own(&self, event: &Envelope) -> bool {
        if !self.is_shared() {
            return true;
        }
        let text = String::from_utf8_lossy(event.data());
        // As a whole JSON text: one id may begin like another.
        let names = |call: &String| text.contains(&format!("\"{call}\""));
        self.own_calls.iter().any(names) && !self.calls_of_others.iter().any(names)
    }
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
        select i.id from billing.invoices i left join billing.subscriptions s on s.id = i.subscription_id
        where coalesce(s.user_id, i.user_id) = $1",
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
    let sql = match of {
        StreamName::Billing => {
            "select sequence from billing.event_index where aggregate = any($1) and sequence > $2
            order by sequence limit $3"
        }
        _ => {
            "select sequence from calls.event_index where aggregate = any($1) and sequence > $2
            order by sequence limit $3"
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

#[cfg(test)]
mod tests {
    use super::*;

    fn room(others: &[&str]) -> Room {
        Room {
            room_sid: "RM_1".to_owned(),
            own_calls: vec!["SCL_1".to_owned()],
            calls_of_others: others.iter().map(|&call| call.to_owned()).collect(),
        }
    }

    fn event(data: &str) -> Envelope {
        Envelope::new("1", "/livekit/x", "io.livekit.participant_joined")
            .unwrap()
            .with_data("application/json", data.to_owned())
    }

    #[test]
    fn of_a_room_shared_with_other_accounts_only_ones_own_events_are_taken() {
        let own = event(r#"{"participant":{"attributes":{"sip.callID":"SCL_1"}}}"#);
        let foreign = event(r#"{"participant":{"attributes":{"sip.callID":"SCL_12"}}}"#);
        let both = event(r#"{"calls":["SCL_1","SCL_12"]}"#);
        let neither = event(r#"{"room":{"sid":"RM_1"}}"#);
        let alone = room(&[]);
        assert!(
            [&own, &both, &neither]
                .into_iter()
                .all(|event| alone.is_own(event))
        );
        let shared = room(&["SCL_12"]);
        assert!(shared.is_own(&own));
        assert!(
            [&foreign, &both, &neither]
                .into_iter()
                .all(|event| !shared.is_own(event))
        );
    }
}

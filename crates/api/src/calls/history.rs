//! The events of a call's room as the stream keeps them, and the call as it becomes known by them.
//!
//! A room may hold calls of other accounts (docs/adr/0006). All its events are read, because when a call
//! was answered only the whole room can tell; what is shown of it is the call's own row, and of its
//! events those that are about this call alone.

use crate::{Api, moment::Moment};
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, StreamName,
    catalogue::livekit,
    nats::{Connection, admin::Stored},
    sharing::RoomCalls,
};
use frontdesk_projector::calls::{CallRow, Retelling, TurnRow};
use futures::{Stream, StreamExt as _, stream};
use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

/// The most events read: a room's first ones and those nearest to the call. A call has a few dozen; a
/// room with more is a fault of its sender, or one of a fixed name.
const MOST_EVENTS: i64 = 1_000;

/// How many payloads are read at once. Each may be 1 MiB and is dropped when it was heard.
const READ_AT_ONCE: usize = 16;

/// How long all payloads together may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// A message of the room by its line in the index.
pub(super) struct EventRow {
    pub(super) sequence: i64,
    pub(super) source: String,
    pub(super) event_id: String,
    pub(super) kind: String,
    pub(super) occurred_at: Option<Moment>,
    pub(super) received_at: Moment,
    /// Where it stands among the others.
    pub(super) stands_at: Moment,
    pub(super) duplicate: bool,
}

/// What the stream has of it.
pub(super) enum Content {
    Stored(Box<Stored>),
    Erased,
    /// The stream does not answer.
    Unread,
}

/// Which events there are, as the tables say.
pub(super) struct Index {
    /// In the order they were stored.
    pub(super) rows: Vec<EventRow>,
    /// Whether the room may have had more than are read.
    pub(super) is_cut: bool,
    /// The call before any of them was heard.
    pub(super) known: Known,
}

/// The events of a call that had come by an instant, or all; `None` when the account has no such call.
pub(super) async fn index(
    db: &mut PgConnection,
    id: Uuid,
    known_at: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<Index>> {
    let Some(call) = sqlx::query!(
        "select room_sid, partition, call_key, transferred_to from calls.calls where id = $1",
        id
    )
    .fetch_optional(&mut *db)
    .await?
    else {
        return Ok(None);
    };
    let rows = sqlx::query_as!(
        EventRow,
        r#"select sequence as "sequence!", source as "source!", event_id as "event_id!", kind as "kind!",
            occurred_at as "occurred_at?: Moment", received_at as "received_at!: Moment",
            -- LiveKit tells many of its times in whole seconds. Such an event happened somewhere within
            -- that second; if it also came within it, it stands where it came beside exact times.
            case
                when received_at between occurred_at and occurred_at + interval '999 milliseconds'
                    and occurred_at = date_trunc('second', occurred_at)
                    then received_at
                else coalesce(occurred_at, received_at)
            end as "stands_at!: Moment",
            row_number() over (partition by source, event_id order by sequence) > 1 as "duplicate!"
        from calls.events_of_call($1, $2, $3)
        order by sequence"#,
        id,
        known_at,
        MOST_EVENTS,
    )
    .fetch_all(&mut *db)
    .await?;
    let others = sqlx::query_scalar!(r#"select calls.calls_beside($1) as "key!""#, id)
        .fetch_all(&mut *db)
        .await?;
    Ok(Some(Index {
        is_cut: rows.len() as i64 >= MOST_EVENTS,
        rows,
        known: Known {
            retelling: Retelling::of(call.partition, &call.room_sid, &call.call_key),
            calls: RoomCalls::new([call.call_key], others),
            transferred_to: call.transferred_to,
        },
    }))
}

/// The messages themselves, in the same order.
pub(super) fn read(api: &Api, rows: Vec<EventRow>) -> impl Stream<Item = (EventRow, Content)> {
    let deadline = tokio::time::Instant::from_std(frontdesk_process::clock::monotonic() + PATIENCE);
    let nats = api.nats();
    stream::iter(rows)
        .map(move |row| async move {
            let read = tokio::time::timeout_at(deadline, content(nats, row.sequence)).await;
            (row, read.unwrap_or(Content::Unread))
        })
        .buffered(READ_AT_ONCE)
}

async fn content(nats: &Connection, sequence: i64) -> Content {
    match nats
        .stored(StreamName::Calls, sequence.unsigned_abs())
        .await
    {
        Ok(Some(stored)) => Content::Stored(Box::new(stored)),
        Ok(None) => Content::Erased,
        Err(error) => {
            tracing::warn!(
                sequence,
                error = format!("{error:#}"),
                "reading an event of a call"
            );
            Content::Unread
        }
    }
}

/// A call as far as it is known.
pub(super) struct Known {
    retelling: Retelling,
    calls: RoomCalls,
    /// To whom it was transferred, by all that is known now.
    transferred_to: Option<String>,
}

impl Known {
    /// Whether other calls were in the room.
    pub(super) fn is_shared(&self) -> bool {
        self.calls.is_shared()
    }

    /// Whether an event is about this call alone.
    pub(super) fn is_own(&self, event: &Envelope) -> bool {
        self.calls.is_own(event)
    }

    /// Takes an event in. Of what is read of a shared room another account's call may be missing, and
    /// what is recorded there would then seem to be of the only call there is.
    pub(super) fn hear(&mut self, event: &Envelope) {
        let recorded = matches!(
            event.kind(),
            livekit::EGRESS_STARTED | livekit::EGRESS_UPDATED | livekit::EGRESS_ENDED
        );
        if !(recorded && self.is_shared()) {
            self.retelling.hear(event);
        }
    }

    /// The call; `None` before anything was known of it. Its owner is not told by events alone.
    pub(super) fn call(&self) -> Option<CallRow> {
        let mut row = self.retelling.call()?;
        // For whom a phone was dialled is told from who is there, and somebody may be missing as above.
        if self.is_shared() && row.transferred_to != self.transferred_to {
            (row.transferred_to, row.transferred_at) = (None, None);
        }
        Some(row)
    }

    pub(super) fn turns(&self) -> Vec<TurnRow> {
        self.retelling.turns()
    }

    pub(super) fn turn_count(&self) -> usize {
        self.retelling.turn_count()
    }
}

//! `GET /api/calls/{id}/events`: every message the streams hold about a call's room, as received.
//!
//! The index says which they are; what each one says is read from the stream itself, so a repeat
//! or a late arrival shows as what it was.

use super::one::call_id;
use crate::{
    Api, answer,
    freshness::Freshness,
    moment::Moment,
    parameters::Parameters,
    problem::{MissingProblem, Problem, ReadProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use frontdesk_events::{StreamName, catalogue, nats::Connection};
use futures::{StreamExt as _, stream};
use serde::Serialize;
use sqlx::PgConnection;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// The most events shown, those stored first. A call has a few dozen; a room with more is a fault
/// of its sender, and its first thousand show that.
const MOST_EVENTS: i64 = 1_000;

/// How many payloads are read at once. Each may be 1 MiB and is dropped when it is described.
const READ_AT_ONCE: usize = 16;

/// How long all payloads together may take. What was not read by then says so.
const PATIENCE: Duration = Duration::from_secs(3);

/// Later than this after it happened, an event counts as late.
const LATE_MS: i64 = 2_000;

/// The events of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallEvents {
    /// In the order they happened; what came late stands where it belongs.
    pub items: Vec<CallEvent>,
    /// How current this is.
    pub freshness: Freshness,
}

/// One stored message.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallEvent {
    /// Its place in the stream CALLS.
    pub sequence: i64,
    /// The sender's id of it.
    pub event_id: String,
    /// Who sent it.
    #[schema(example = "/livekit/devkey")]
    pub source: String,
    /// Its type.
    #[schema(example = "io.livekit.participant_joined")]
    pub r#type: String,
    /// When it happened, by the sender's clock.
    pub happened_at: Option<Moment>,
    /// When we accepted it.
    pub received_at: Moment,
    /// Whether the same event was stored before.
    pub duplicate: bool,
    /// How long after it happened it came, when that is more than two seconds.
    pub late_ms: Option<i64>,
    /// In words.
    #[schema(example = "Caller joined the room")]
    pub summary: String,
}

/// Lists the source events of a call.
#[utoipa::path(
    get, operation_id = "list_call_events", path = "/api/calls/{id}/events", tag = "calls", params(("id" = Uuid, Path, description = "The call")),
    responses((status = 200, description = "The events, in the order they happened", body = CallEvents), MissingProblem, ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadCalls)?;
    let id = call_id(&id)?;
    given.finish()?;
    let freshness = api.board().calls();
    let rows = viewer
        .read(api.database(), Plan::Fixed, id, |db, id| {
            Box::pin(read(db, *id))
        })
        .await?;
    let rows = rows.ok_or_else(|| Problem::not_found("there is no call with this id"))?;
    let deadline = tokio::time::Instant::from_std(frontdesk_process::clock::monotonic() + PATIENCE);
    let nats = api.nats();
    let items: Vec<_> = stream::iter(rows)
        .map(|row| async move {
            let summary =
                tokio::time::timeout_at(deadline, summary(nats, row.sequence, &row.kind)).await;
            row.into_event(summary.unwrap_or_else(|_| NOT_READ.to_owned()))
        })
        .buffered(READ_AT_ONCE)
        .collect()
        .await;
    let size = 256 + items.len() * 400;
    Ok(answer::json(answer::written(
        &CallEvents { items, freshness },
        size,
    )))
}

/// Instead of words when the stream does not answer: the rest of the line is from the index and
/// still right.
const NOT_READ: &str = "The stream cannot be read at the moment";

async fn summary(nats: &Connection, sequence: i64, kind: &str) -> String {
    match nats
        .stored(
            StreamName::Calls,
            u64::try_from(sequence).unwrap_or_default(),
        )
        .await
    {
        Ok(Some(stored)) => {
            let data = stored
                .envelope
                .as_ref()
                .map_or(stored.payload.as_slice(), |envelope| envelope.data());
            catalogue::describe(kind, data)
        }
        Ok(None) => "Erased".to_owned(),
        Err(error) => {
            tracing::warn!(
                sequence,
                error = format!("{error:#}"),
                "reading an event for its summary"
            );
            NOT_READ.to_owned()
        }
    }
}

struct EventRow {
    sequence: i64,
    source: String,
    event_id: String,
    kind: String,
    occurred_at: Option<Moment>,
    received_at: Moment,
    duplicate: bool,
}

async fn read(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Vec<EventRow>>> {
    let known = sqlx::query_scalar!(r#"select 1 as "one!" from calls.calls where id = $1"#, id)
        .fetch_optional(&mut *db)
        .await?;
    if known.is_none() {
        return Ok(None);
    }
    let rows = sqlx::query_as!(
        EventRow,
        r#"select sequence as "sequence!", source as "source!", event_id as "event_id!", kind as "kind!",
            occurred_at as "occurred_at?: Moment", received_at as "received_at!: Moment",
            row_number() over (partition by source, event_id order by sequence) > 1 as "duplicate!"
        from calls.events_of_call($1, $2)
        -- LiveKit tells many of its times in whole seconds. Such an event happened somewhere within
        -- that second; if it also came within it, it stands where it came beside exact times.
        order by case
                when received_at between occurred_at and occurred_at + interval '999 milliseconds'
                    and occurred_at = date_trunc('second', occurred_at)
                    then received_at
                else coalesce(occurred_at, received_at)
            end, sequence"#,
        id,
        MOST_EVENTS,
    )
    .fetch_all(db)
    .await?;
    Ok(Some(rows))
}

impl EventRow {
    fn into_event(self, summary: String) -> CallEvent {
        let delay = self
            .occurred_at
            .map(|at| (self.received_at.0 - at.0).num_milliseconds());
        CallEvent {
            sequence: self.sequence,
            event_id: self.event_id,
            source: self.source,
            r#type: self.kind,
            happened_at: self.occurred_at,
            received_at: self.received_at,
            duplicate: self.duplicate,
            late_ms: delay.filter(|delay| *delay > LATE_MS),
            summary,
        }
    }
}

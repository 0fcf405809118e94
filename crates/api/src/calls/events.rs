//! `GET /api/calls/{id}/events`: every message the streams hold about a call, as received, and what each
//! of them changed.
//!
//! The index says which they are; what each one says is read from the stream itself, so a repeat
//! or a late arrival shows as what it was.

mod changes;

pub use changes::{Change, ChangedField, ChangedTo};

use self::changes::Changes;
use super::{
    history::{self, Content, EventRow, Index},
    one::call_id,
};
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
use frontdesk_events::{catalogue, nats::admin::Stored};
use futures::StreamExt as _;
use serde::Serialize;
use std::pin::pin;
use utoipa::ToSchema;

/// Later than this after it happened, an event counts as late.
const LATE_MS: i64 = 2_000;

/// The events of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallEvents {
    /// In the order they happened; what came late stands where it belongs.
    pub items: Vec<CallEvent>,
    /// Whether these are all. At most a thousand events of the room are read, its first ones and those
    /// nearest to the call; and in a room that other calls share, what cannot be read cannot be told from theirs.
    pub complete: bool,
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
    /// When we accepted it. As `as_of` it shows the call as this event left it.
    pub received_at: Moment,
    /// Whether the same event was stored before.
    pub duplicate: bool,
    /// How long after it happened it came, when that is more than two seconds.
    pub late_ms: Option<i64>,
    /// In words.
    #[schema(example = "Caller joined the room")]
    pub summary: String,
    /// What it changed when it came: of the first two hundred events, until one cannot be read.
    pub changes: Vec<Change>,
}

/// Lists the source events of a call.
///
/// Where other calls were in the same room, only events that are about this call alone.
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
    let index = viewer
        .read(api.database(), Plan::Fixed, id, |db, id| {
            Box::pin(history::index(db, *id, None))
        })
        .await?;
    let Index {
        rows,
        is_cut,
        known,
    } = index.ok_or_else(|| Problem::not_found("there is no call with this id"))?;
    let mut timeline = Timeline {
        items: Vec::with_capacity(rows.len().min(64)),
        complete: !is_cut,
        changes: Changes::of(known),
    };
    let mut events = pin!(history::read(&api, rows));
    while let Some((row, content)) = events.next().await {
        timeline.take(row, content);
    }
    let Timeline {
        mut items,
        complete,
        ..
    } = timeline;
    items.sort_by_key(|(stands_at, event)| (*stands_at, event.sequence));
    let items: Vec<_> = items.into_iter().map(|(_, event)| event).collect();
    let size = 256 + items.len() * 500;
    Ok(answer::json(answer::written(
        &CallEvents {
            items,
            complete,
            freshness,
        },
        size,
    )))
}

/// Instead of words when the stream does not answer: the rest of the line is from the index and
/// still right.
const NOT_READ: &str = "The stream cannot be read at the moment";

/// The list as it grows, event by event in the order they were stored.
struct Timeline {
    items: Vec<(Moment, CallEvent)>,
    complete: bool,
    changes: Changes,
}

impl Timeline {
    fn take(&mut self, row: EventRow, content: Content) {
        // What was not read may be about anybody.
        let is_shared = self.changes.known().is_shared();
        match content {
            Content::Stored(stored) => self.take_stored(row, &stored),
            Content::Erased if is_shared => {}
            Content::Erased => self.push(row, "Erased".to_owned(), Vec::new()),
            Content::Unread => {
                self.changes.end();
                if is_shared {
                    self.complete = false;
                } else {
                    self.push(row, NOT_READ.to_owned(), Vec::new());
                }
            }
        }
    }

    fn take_stored(&mut self, row: EventRow, stored: &Stored) {
        let Some(event) = &stored.envelope else {
            if !self.changes.known().is_shared() {
                let summary = catalogue::describe(&row.kind, &stored.payload);
                self.push(row, summary, Vec::new());
            }
            return;
        };
        if self.changes.known().is_own(event) {
            let summary = catalogue::describe(&row.kind, event.data());
            let changes = self.changes.by(event);
            self.push(row, summary, changes);
        } else {
            self.changes.pass(event);
        }
    }

    fn push(&mut self, row: EventRow, summary: String, changes: Vec<Change>) {
        let stands_at = row.stands_at;
        self.items
            .push((stands_at, row.into_event(summary, changes)));
    }
}

impl EventRow {
    fn into_event(self, summary: String, changes: Vec<Change>) -> CallEvent {
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
            changes,
        }
    }
}

//! `GET /api/admin/dead-letters`: events that a reader could not take, grouped by cause and listed.
//!
//! They are read from the stream DEAD itself, headers alone, each time somebody looks: there are few, and
//! nothing else could be wrong about them. Reading order: here, [`scan`] (reading them), [`one`] (one with
//! what it holds), [`acts`] (trying again, throwing away).

pub mod acts;
pub mod one;
pub(super) mod scan;

use super::{Administrator, LARGEST_LIMIT, USUAL_LIMIT};
use crate::{
    Api, answer,
    moment::Moment,
    parameters::{self, Parameters},
    problem::{Problem, ReadProblems},
};
use axum::{extract::State, response::Response};
use frontdesk_events::nats::Letter;
use scan::{Found, Wanted};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// One event that a reader could not take.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetter {
    /// Its place in the stream DEAD: what the other routes name it by.
    #[schema(example = 17)]
    pub sequence: u64,
    /// The stream of the event.
    #[schema(value_type = LetterStream)]
    pub stream: &'static str,
    /// The event's sequence in that stream.
    #[schema(example = 48213)]
    pub stream_sequence: u64,
    /// Who could not take it: the projections `calls` and `billing`, or `workers-` and a worker.
    #[schema(example = "workers-mail")]
    pub reader: String,
    /// The event's type; null when the message is no event.
    #[schema(example = "io.livekit.participant_joined")]
    pub event_type: Option<String>,
    /// The event's id.
    pub event_id: Option<String>,
    /// Who sent the event.
    #[schema(example = "/livekit/APIkey")]
    pub source: Option<String>,
    /// The event's NATS subject; null when it did not fit into the letter.
    #[schema(example = "calls.07.livekit.participant_joined")]
    pub subject: Option<String>,
    /// Why, in the reader's words.
    pub reason: String,
    /// The group it belongs to.
    pub group: String,
    /// When it was given up.
    pub at: Moment,
    /// When the event was stored.
    pub stored_at: Option<Moment>,
    /// How often the worker tried, the tries of an event that is tried again included; null for a
    /// projection, which does not try again.
    pub attempts: Option<i32>,
    /// Whether it can be tried again.
    pub redrive: Redrive,
}

/// Whether trying again can lead to anything.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redrive {
    /// Whether it is offered. For a projection it helps once what refused the event was corrected; until
    /// then the same letter comes back.
    pub possible: bool,
    /// Why not.
    pub why_not: Option<&'static str>,
}

/// Letters with one cause.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterGroup {
    /// What to send as `group` to list them.
    #[schema(example = "5f1d0c9a7b3e2468")]
    pub group: String,
    /// The stream of their events.
    #[schema(value_type = LetterStream)]
    pub stream: &'static str,
    /// Who could not take them.
    #[schema(example = "calls")]
    pub reader: String,
    /// Why; where reasons differ in numbers alone, `…` stands for them.
    #[schema(example = "not JSON: expected value at line … column …")]
    pub cause: String,
    /// How many.
    pub count: u64,
    /// When the newest was given up.
    pub newest_at: Moment,
}

/// Streams that events of dead letters come from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LetterStream {
    /// Calls.
    Calls,
    /// Payments.
    Billing,
    /// Facts about accounts, which workers act on.
    Accounts,
}

/// A page of letters, and all of them by cause.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterPage {
    /// By cause, the largest first; of all letters, whatever is listed.
    pub groups: Vec<DeadLetterGroup>,
    /// How many letters there are.
    pub total: u64,
    /// Whether there are so many that only the newest were looked at.
    pub is_partial: bool,
    /// The newest first.
    pub items: Vec<DeadLetter>,
    /// What to send as `cursor` for the page that follows; null on the last one.
    pub next_cursor: Option<String>,
}

/// Which letters.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LetterFilters {
    /// Only those of this group.
    #[param(min_length = 16, max_length = 16)]
    group: Option<String>,
    /// How many, 1 to 100; 50 when left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<u64>,
}

/// Lists dead letters.
#[utoipa::path(
    get, operation_id = "list_dead_letters", path = "/api/admin/dead-letters", tag = "admin", params(LetterFilters),
    responses((status = 200, description = "All letters by cause, and a page of them", body = DeadLetterPage), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    _: Administrator,
    mut given: Parameters,
) -> Result<Response, Problem> {
    let filters = LetterFilters {
        group: given.take("group", group),
        limit: given.take("limit", parameters::whole(1, LARGEST_LIMIT)),
        cursor: given.take("cursor", cursor),
    };
    given.finish()?;
    let limit = filters.limit.unwrap_or(USUAL_LIMIT) as usize;
    let wanted = Wanted {
        group: filters.group,
        below: filters.cursor.unwrap_or(u64::MAX),
        most: limit + 1,
    };
    let mut seen = scan::scan(api.nats(), &wanted).await?;
    let has_more = seen.page.len() > limit;
    seen.page.truncate(limit);
    let next_cursor = seen
        .page
        .last()
        .filter(|_| has_more)
        .map(|last| last.sequence.to_string());
    let attempts = tried(&api, &seen.page).await?;
    let mut items = Vec::with_capacity(seen.page.len());
    for found in seen.page {
        let attempts = effect_of(&found.letter).and_then(|key| attempts.get(&key).copied());
        items.push(DeadLetter::of(&api, found, attempts).await?);
    }
    let page = DeadLetterPage {
        groups: seen.groups,
        total: seen.total,
        is_partial: seen.is_partial,
        items,
        next_cursor,
    };
    let size = 1024 + page.items.len() * 700;
    Ok(answer::json(answer::written(&page, size)))
}

impl DeadLetter {
    async fn of(api: &Api, found: Found, attempts: Option<i32>) -> Result<Self, Problem> {
        let Found {
            sequence,
            at,
            letter,
        } = found;
        let original = api
            .nats()
            .stored(letter.stream, letter.sequence)
            .await
            .map_err(|error| scan::away(&error))?;
        let why_not = letter.obstacle(original.as_ref());
        Ok(Self {
            sequence,
            stream: letter.stream.as_str(),
            stream_sequence: letter.sequence,
            event_type: letter.attribute("type"),
            event_id: letter.attribute("id"),
            source: letter.attribute("source"),
            group: scan::group(&letter).0,
            reader: letter.reader,
            subject: letter.subject,
            reason: letter.reason,
            at: Moment(at),
            stored_at: letter.stored_at.map(Moment),
            attempts,
            redrive: Redrive {
                possible: why_not.is_none(),
                why_not,
            },
        })
    }
}

/// How often workers tried what these letters are about.
async fn tried(api: &Api, page: &[Found]) -> Result<BTreeMap<String, i32>, Problem> {
    let keys: Vec<String> = page
        .iter()
        .filter_map(|found| effect_of(&found.letter))
        .collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    api.database()
        .admin(move |db| Box::pin(async move { Ok(attempts(db, &keys).await?) }))
        .await
}

async fn attempts(db: &mut PgConnection, keys: &[String]) -> sqlx::Result<BTreeMap<String, i32>> {
    let rows = sqlx::query!(
        "select key, attempts from ops.effects where key = any ($1)",
        keys
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.key, row.attempts))
        .collect())
}

/// The key in `ops.effects` of what a worker gave up.
fn effect_of(letter: &Letter) -> Option<String> {
    Some(format!("{}/{}", letter.attribute("id")?, letter.worker()?))
}

fn group(text: &str) -> Result<String, String> {
    let is_one = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one
        .then(|| text.to_ascii_lowercase())
        .ok_or_else(|| "is no group of this list".to_owned())
}

fn cursor(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| "is not a cursor of this list".to_owned())
}

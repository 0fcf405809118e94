//! `GET /api/calls`: the list of calls, newest first, filtered and paged by key.
//!
//! The unfiltered page is what every dashboard asks for after every change, so it has a statement
//! of its own with one fixed plan. With filters the values decide which index serves, so that
//! statement is planned anew for each run.

pub mod events;
pub mod filters;
pub mod hangup;
pub mod one;
mod row;

use crate::{
    Api, answer,
    freshness::Freshness,
    moment::Moment,
    money::Money,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    shared::Told,
    viewer::{Plan, Right, Viewer, Whose},
};
use axum::{extract::State, http::Uri, response::Response};
use filters::{CallFilters, Position};
use row::{CallRow, select_calls};
use serde::Serialize;
use sqlx::PgConnection;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is asked for without `limit`.
const USUAL_LIMIT: i64 = 50;
/// The largest page.
pub(crate) const LARGEST_LIMIT: i64 = 100;

/// About how many bytes a call takes as JSON.
const CALL_BYTES: usize = 900;

/// A call as it stands in lists.
#[derive(Debug, Serialize, ToSchema)]
pub struct Call {
    /// Derived from room and caller: the same after every rebuild.
    pub id: Uuid,
    /// Whose call it was; null while nobody owns the number or the tenant.
    pub client: Option<CallClient>,
    /// Where it came from.
    #[schema(value_type = Channel)]
    pub channel: String,
    /// Null when hidden or unknown.
    #[schema(example = "+12025550147")]
    pub caller_number: Option<String>,
    /// As the provider shows it.
    pub caller_name: Option<String>,
    /// The number the caller dialled.
    pub dialled_number: Option<String>,
    /// Where it stands.
    #[schema(value_type = CallState)]
    pub state: String,
    /// How it went; null until it has ended.
    #[schema(value_type = Option<CallResult>)]
    pub result: Option<String>,
    /// When it began to ring.
    pub started_at: Moment,
    /// When the receptionist answered.
    pub answered_at: Option<Moment>,
    /// When the caller was gone.
    pub ended_at: Option<Moment>,
    /// How long it rang, in milliseconds.
    pub ring_ms: Option<i64>,
    /// How long they talked, in milliseconds.
    pub talk_ms: Option<i64>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// What came of it; null until it was analysed.
    pub outcome: Option<Outcome>,
    /// What it earned.
    pub revenue: Option<Money>,
    /// How the caller felt; null until it was analysed.
    pub sentiment: Option<Sentiment>,
    /// Two sentences; null until it was analysed.
    pub summary: Option<String>,
    /// Whether there is a recording to play.
    pub has_recording: bool,
    /// The number it was transferred to.
    pub transferred_to: Option<String>,
}

/// Where a call came from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A telephone.
    Phone,
    /// A visitor of a web page.
    Web,
}

/// Where a call stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// Nobody has answered yet.
    Ringing,
    /// They talk.
    Live,
    /// It is over.
    Ended,
}

/// How an ended call went.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallResult {
    /// The receptionist answered.
    Answered,
    /// The caller gave up while it rang.
    Abandoned,
    /// It rang until nobody waited any more.
    Missed,
    /// It never came about for a technical reason.
    Failed,
}

/// Whether a call reached its aim.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeStatus {
    /// It did.
    Success,
    /// It did not.
    Fail,
    /// The agent could not tell.
    Unknown,
}

/// Who ended a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndedBy {
    /// The caller.
    Caller,
    /// The receptionist.
    Receptionist,
    /// Somebody of the business or of ours.
    Operator,
    /// A failure.
    Technical,
    /// It cannot be told.
    Unknown,
}

/// The client a call belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallClient {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// Why a call ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndReason {
    /// The provider's code.
    #[schema(example = "CLIENT_INITIATED")]
    pub code: String,
    /// Who ended it.
    #[schema(value_type = EndedBy)]
    pub by: String,
    /// In words.
    #[schema(example = "The caller hung up")]
    pub words: String,
}

/// What came of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outcome {
    /// In a word.
    #[schema(value_type = OutcomeStatus)]
    pub status: String,
    /// As the agent names it.
    pub label: Option<String>,
    /// Why the agent says so.
    pub reason: Option<String>,
}

/// How the caller felt.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sentiment {
    /// `positive`, `neutral`, `negative`, or another word of the agent's.
    pub label: String,
    /// From -1 to 1, as the agent measures.
    pub score: Option<f64>,
}

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallPage {
    /// Newest first.
    pub items: Vec<Call>,
    /// What to send as `cursor` for the page that follows; null on the last one.
    pub next_cursor: Option<String>,
    /// How current this is.
    pub freshness: Freshness,
}

/// Lists calls, newest first.
#[utoipa::path(
    get, operation_id = "list_calls", path = "/api/calls", tag = "calls", params(CallFilters),
    responses((status = 200, description = "A page of calls", body = CallPage), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    uri: Uri,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadCalls)?;
    let filters = Arc::new(CallFilters::take(given)?);
    shared(&api, &viewer, &uri, filters).await
}

/// Answers what is asked at `uri`, once for all who ask it now.
pub(crate) async fn shared(
    api: &Api,
    viewer: &Viewer,
    uri: &Uri,
    filters: Arc<CallFilters>,
) -> Result<Response, Problem> {
    let (api, viewer) = (api.clone(), viewer.clone());
    let shared = api.shared().clone();
    let question = viewer.question(uri);
    let read = move || page(api.clone(), viewer.clone(), Arc::clone(&filters));
    shared.ask(question, read).await.map(answer::json)
}

async fn page(api: Api, viewer: Viewer, filters: Arc<CallFilters>) -> Told {
    // Before the rows are read, so that it never claims more than they show.
    let freshness = api.board().calls();
    let limit = filters.limit.unwrap_or(USUAL_LIMIT);
    // One more than asked for tells whether a page follows.
    let wanted = limit + 1;
    let mut rows = if filters.are_none() {
        let from = filters.cursor.unwrap_or(Position::TOP);
        let read = viewer.read(api.database(), Plan::Fixed, from, move |db, from| {
            Box::pin(newest(db, *from, wanted))
        });
        read.await?
    } else {
        let read = viewer.read_of(
            filters.whose(),
            api.database(),
            Plan::ByValues,
            filters,
            move |db, filters| Box::pin(filtered(db, filters, wanted)),
        );
        read.await?
    };
    let more = rows.len() as i64 == wanted;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(CallRow::cursor);
    let items: Vec<_> = rows.into_iter().map(Call::from).collect();
    let size = 256 + items.len() * CALL_BYTES;
    Ok(answer::written(
        &CallPage {
            items,
            next_cursor,
            freshness,
        },
        size,
    ))
}

async fn newest(db: &mut PgConnection, below: Position, limit: i64) -> sqlx::Result<Vec<CallRow>> {
    // PostgreSQL plans for a tenth of the table when the limit is a parameter, and would sort
    // all of it; the constant (the largest page and one more) keeps it on the index.
    select_calls!(
        r#"select * from (
            select * from calls.calls
            where (started_at, id) < ($1, $2)
            order by started_at desc, id desc
            limit 101
        ) newest limit $3"#,
        below.at,
        below.id,
        limit,
    )
    .fetch_all(db)
    .await
}

async fn filtered(
    db: &mut PgConnection,
    filters: &CallFilters,
    limit: i64,
) -> sqlx::Result<Vec<CallRow>> {
    let below = filters.cursor.unwrap_or(Position::TOP);
    select_calls!(
        r#"select * from calls.calls
        where (started_at, id) < ($1, $2)
            and ($3::uuid is null or client_id = $3)
            and (not $4::boolean or user_id is null)
            and ($5::timestamptz is null or started_at >= $5)
            and ($6::timestamptz is null or started_at < $6)
            and ($7::text is null or caller_number like $7 or dialled_number like $7)
            and ($8::text is null or state = $8)
            and ($9::text is null or result = $9)
            and ($10::text is null or outcome_status = $10)
            and ($11::text is null or case $11
                when 'unknown' then state = 'ended'
                    and (sentiment_label is null or sentiment_label not in ('positive', 'neutral', 'negative'))
                else sentiment_label = $11 end)
            and ($12::bigint is null or talk_ms >= $12)
            and ($13::bigint is null or talk_ms <= $13)
            and ($14::boolean is null or (recording_state is not distinct from 'ready') = $14)
        order by started_at desc, id desc
        limit $15"#,
        below.at,
        below.id,
        filters.client_id,
        filters.whose() == Whose::Nobody,
        filters.from,
        filters.to,
        filters.number.as_ref().map(|part| part.0.as_str()),
        filters.state,
        filters.result,
        filters.outcome,
        filters.sentiment,
        filters.min_talk_ms,
        filters.max_talk_ms,
        filters.has_recording,
        limit,
    )
    .fetch_all(db)
    .await
}

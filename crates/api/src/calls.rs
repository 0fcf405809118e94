//! `GET /api/calls`: the list of calls, newest first, filtered and paged by key.

pub mod events;
pub mod file;
pub mod filters;
pub mod hangup;
mod history;
mod hits;
pub mod one;
mod reading;
mod row;
mod search;
mod sought;

use crate::{
    Api, answer,
    cursor::Cursor,
    freshness::Freshness,
    moment::Moment,
    money::Money,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    shared::Told,
    viewer::{Right, Viewer},
};
use axum::{extract::State, http::Uri, response::Response};
use filters::{CallFilters, CallPaging, Position};
use serde::Serialize;
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
    /// Who called whom.
    #[schema(value_type = Direction)]
    pub direction: String,
    /// Who called, or of an outbound call who was called; null when hidden or unknown.
    #[schema(example = "+12025550147")]
    pub caller_number: Option<String>,
    /// Their name, as the provider shows it.
    pub caller_name: Option<String>,
    /// The number the caller dialled, or of an outbound call the one it was made from.
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
    /// Up to three places where the words looked for were said, in their order; null when no words
    /// were looked for. Places are taken from the first 400 turns of a call.
    pub hits: Option<Vec<Hit>>,
}

/// A turn in which words were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hit {
    /// Who said it.
    #[schema(value_type = one::Speaker)]
    pub speaker: String,
    /// The turn's id, as the call's transcript has it.
    pub turn_id: String,
    /// When it was said.
    pub at: Option<Moment>,
    /// What was said, in order; a long turn is cut, and `…` stands where.
    pub pieces: Vec<Piece>,
}

/// A part of a text: what was looked for, or what stands around it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Piece {
    /// The text. It was said by strangers: show it as text, whatever is in it.
    pub text: String,
    /// Whether it was looked for.
    pub hit: bool,
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

/// Who called whom.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Somebody called the receptionist.
    Inbound,
    /// The receptionist called somebody.
    Outbound,
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
    get, operation_id = "list_calls", path = "/api/calls", tag = "calls", params(CallFilters, CallPaging),
    responses((status = 200, description = "A page of calls", body = CallPage), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    uri: Uri,
    mut given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadCalls)?;
    let filters = CallFilters::take(&mut given);
    let paging = CallPaging::take(&mut given);
    given.finish()?;
    shared(&api, &viewer, &uri, Arc::new(filters), paging).await
}

/// Answers what is asked at `uri`, once for all who ask it now.
pub(crate) async fn shared(
    api: &Api,
    viewer: &Viewer,
    uri: &Uri,
    filters: Arc<CallFilters>,
    paging: CallPaging,
) -> Result<Response, Problem> {
    let (api, viewer) = (api.clone(), viewer.clone());
    let shared = api.shared().clone();
    let question = viewer.question(filters.whose(), uri)?;
    let read = move || page(api.clone(), viewer.clone(), Arc::clone(&filters), paging);
    shared.ask(question, read).await.map(answer::json)
}

async fn page(api: Api, viewer: Viewer, filters: Arc<CallFilters>, paging: CallPaging) -> Told {
    // Before the rows are read, so that it never claims more than they show.
    let freshness = api.board().calls();
    let limit = paging.limit.unwrap_or(USUAL_LIMIT);
    let below = paging.cursor.unwrap_or(Position::TOP);
    // One more than asked for tells whether a page follows.
    let read = reading::page(&api, &viewer, filters, below, limit + 1);
    let mut items: Vec<Call> = read.await?;
    let more = items.len() as i64 > limit;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(Call::cursor);
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

impl Call {
    /// Where a page that ends with it ends.
    fn cursor(&self) -> String {
        Cursor {
            at: self.started_at.0,
            id: self.id.to_string(),
        }
        .encode()
    }
}

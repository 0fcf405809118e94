//! `GET /api/calls/{id}`: one call with everything said and measured on it.

mod as_of;

use self::as_of::AsOf;
use super::{
    Call,
    row::{CallRow, select_calls},
};
use crate::{
    Api, answer,
    freshness::Freshness,
    moment::Moment,
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, ReadProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, types::Json};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A transcript longer than this is cut: hours of talk, more than a page can show.
const MOST_TURNS: i64 = 5_000;

/// One call with its transcript.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallPageOfOne {
    /// The call.
    pub call: CallDetail,
    /// What was said and done, in order.
    pub turns: Vec<Turn>,
    /// Whether all that had come was looked at. With `as_of`, at most a thousand events of the room are
    /// read, its first ones and those nearest to the call.
    pub complete: bool,
    /// How current this is.
    pub freshness: Freshness,
}

/// A call with its details.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallDetail {
    /// What lists show.
    #[serde(flatten)]
    pub call: Call,
    /// LiveKit's id of the room.
    pub room_sid: String,
    /// The room's name.
    pub room_name: String,
    /// What tells the calls of a room apart: the SIP call id, else the participant's sid.
    pub call_key: String,
    /// The agent that answered.
    pub agent_name: Option<String>,
    /// When it was transferred.
    pub transferred_at: Option<Moment>,
    /// How fast the receptionist was; null until measured.
    pub latencies: Option<Latencies>,
    /// What the models and voices consumed.
    pub usage: Vec<Usage>,
    /// The agent's tags.
    pub tags: Vec<String>,
    /// The words the sentiment rests on.
    pub sentiment_evidence: Option<String>,
    /// The words the revenue rests on.
    pub revenue_evidence: Option<String>,
    /// The recording, once one was started.
    pub recording: Option<Recording>,
}

/// Response times of a call, in milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Latencies {
    /// Median of speech-to-text.
    pub stt_p50_ms: Option<i64>,
    /// Median of the model's first word.
    pub llm_p50_ms: Option<i64>,
    /// Median of the voice's first sound.
    pub tts_p50_ms: Option<i64>,
    /// Median from the caller's last word to the first sound.
    pub e2e_p50_ms: Option<i64>,
    /// The same, 95th percentile.
    pub e2e_p95_ms: Option<i64>,
    /// How many turns were measured.
    pub turns: Option<i64>,
}

/// What one model or voice consumed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// What it is, for example `llm`, `tts`, `stt`.
    pub kind: String,
    /// Who provides it.
    pub provider: Option<String>,
    /// Which one.
    pub model: Option<String>,
    /// Amounts by name, for example `input_tokens`.
    #[serde(default)]
    pub quantities: BTreeMap<String, f64>,
}

/// A call's recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recording {
    /// `recording`, `ready` or `failed`.
    pub state: String,
    /// Where it lies.
    pub location: Option<String>,
    /// How long it is, in milliseconds.
    pub duration_ms: Option<i64>,
}

/// One thing said or done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Turn {
    /// The agent's id of it.
    pub id: String,
    /// When.
    pub at: Option<Moment>,
    /// How long after the call began, in milliseconds.
    pub offset_ms: Option<i64>,
    /// Who said or did it.
    #[schema(value_type = Speaker)]
    pub speaker: String,
    /// The words; null for a tool.
    pub text: Option<String>,
    /// Whether the other side spoke into it.
    pub interrupted: bool,
    /// The tool, when it is one.
    pub tool: Option<ToolCall>,
    /// From the caller's last word to the first sound, in milliseconds.
    pub e2e_ms: Option<i64>,
}

/// Who says or does something on a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The caller.
    Caller,
    /// The receptionist.
    Receptionist,
    /// A tool the receptionist used.
    Tool,
    /// Instructions and changes of agent.
    System,
}

/// A tool the receptionist used.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToolCall {
    /// Its name.
    pub name: String,
    /// What it was called with, usually JSON.
    pub arguments: Option<String>,
    /// What it answered.
    pub output: Option<String>,
    /// Whether it failed.
    pub is_error: bool,
}

/// Shows one call.
#[utoipa::path(
    get, operation_id = "show_call", path = "/api/calls/{id}", tag = "calls", params(("id" = Uuid, Path, description = "The call"), AsOf),
    responses((status = 200, description = "The call and its transcript", body = CallPageOfOne), MissingProblem, ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    mut given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadCalls)?;
    let id = call_id(&id)?;
    let asked = AsOf::take(&mut given);
    given.finish()?;
    let freshness = api.board().calls();
    let (call, turns, complete) = match asked.as_of {
        Some(instant) => as_of::read(&api, &viewer, id, instant).await?,
        None => {
            let found = viewer
                .read(api.database(), Plan::Fixed, id, |db, id| {
                    Box::pin(read(db, *id))
                })
                .await?;
            let (call, turns) = found.ok_or_else(no_call)?;
            (call, turns, true)
        }
    };
    let size = 4096 + turns.len() * 400;
    Ok(answer::json(answer::written(
        &CallPageOfOne {
            call,
            turns,
            complete,
            freshness,
        },
        size,
    )))
}

fn no_call() -> Problem {
    Problem::not_found("there is no call with this id")
}

/// The id in a path.
pub(super) fn call_id(text: &str) -> Result<Uuid, Problem> {
    parameters::path_id("id", text)
}

async fn read(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<(CallDetail, Vec<Turn>)>> {
    let Some(row) = select_calls!("select * from calls.calls where id = $1", id)
        .fetch_optional(&mut *db)
        .await?
    else {
        return Ok(None);
    };
    let Some(detail) = detail(db, id).await? else {
        return Ok(None);
    };
    let turns = turns(db, &detail, row.started_at).await?;
    Ok(Some((detail.into_call(row), turns)))
}

struct DetailRow {
    room_sid: String,
    partition: i16,
    room_name: String,
    call_key: String,
    agent_name: Option<String>,
    transferred_at: Option<Moment>,
    tags: Vec<String>,
    sentiment_evidence: Option<String>,
    revenue_evidence: Option<String>,
    stt_p50_ms: Option<i64>,
    llm_p50_ms: Option<i64>,
    tts_p50_ms: Option<i64>,
    e2e_p50_ms: Option<i64>,
    e2e_p95_ms: Option<i64>,
    turns: Option<i64>,
    usage: Option<Json<serde_json::Value>>,
    recording_state: Option<String>,
    recording_location: Option<String>,
    recording_ms: Option<i64>,
}

async fn detail(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<DetailRow>> {
    sqlx::query_as!(
        DetailRow,
        r#"select room_sid, partition, room_name, call_key, agent_name, transferred_at as "transferred_at: Moment", tags,
            sentiment_evidence, revenue_evidence, stt_p50_ms, llm_p50_ms, tts_p50_ms, e2e_p50_ms, e2e_p95_ms, turns,
            usage as "usage: Json<serde_json::Value>", recording_state, recording_location, recording_ms
        from calls.calls where id = $1"#,
        id,
    )
    .fetch_optional(db)
    .await
}

impl DetailRow {
    fn into_call(self, row: CallRow) -> CallDetail {
        let latencies = Latencies {
            stt_p50_ms: self.stt_p50_ms,
            llm_p50_ms: self.llm_p50_ms,
            tts_p50_ms: self.tts_p50_ms,
            e2e_p50_ms: self.e2e_p50_ms,
            e2e_p95_ms: self.e2e_p95_ms,
            turns: self.turns,
        };
        let measured = [
            latencies.stt_p50_ms,
            latencies.llm_p50_ms,
            latencies.tts_p50_ms,
            latencies.e2e_p50_ms,
            latencies.e2e_p95_ms,
        ];
        let (location, duration_ms) = (self.recording_location, self.recording_ms);
        CallDetail {
            call: row.into(),
            room_sid: self.room_sid,
            room_name: self.room_name,
            call_key: self.call_key,
            agent_name: self.agent_name,
            transferred_at: self.transferred_at,
            latencies: measured.iter().any(Option::is_some).then_some(latencies),
            usage: self
                .usage
                .map_or_else(Vec::new, |Json(usage)| readable_usage(usage)),
            tags: self.tags,
            sentiment_evidence: self.sentiment_evidence,
            revenue_evidence: self.revenue_evidence,
            recording: self.recording_state.map(|state| Recording {
                state,
                location,
                duration_ms,
            }),
        }
    }
}

/// What can be shown of the usage column. It was written by whatever version folded the call, so
/// an entry of another shape is left out instead of failing the page.
fn readable_usage(usage: serde_json::Value) -> Vec<Usage> {
    let serde_json::Value::Array(entries) = usage else {
        return Vec::new();
    };
    entries
        .into_iter()
        .filter_map(|entry| serde_json::from_value(entry).ok())
        .collect()
}

struct TurnRow {
    id: String,
    at: Option<Moment>,
    speaker: String,
    text: Option<String>,
    interrupted: bool,
    tool_name: Option<String>,
    tool_arguments: Option<String>,
    tool_output: Option<String>,
    is_error: bool,
    e2e_ms: Option<i64>,
}

async fn turns(db: &mut PgConnection, call: &DetailRow, start: Moment) -> sqlx::Result<Vec<Turn>> {
    let rows = sqlx::query_as!(
        TurnRow,
        // A turn without a call key was reported for the room as a whole.
        r#"select id, at as "at: Moment", speaker, text, interrupted, tool_name, tool_arguments, tool_output, is_error,
            e2e_ms
        from calls.turns where room_sid = $1 and partition = $2 and (call_key is null or call_key = $3)
        order by position, id limit $4"#,
        call.room_sid,
        call.partition,
        call.call_key,
        MOST_TURNS,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.into_turn(start)).collect())
}

impl TurnRow {
    fn into_turn(self, start: Moment) -> Turn {
        let (arguments, output, is_error) = (self.tool_arguments, self.tool_output, self.is_error);
        Turn {
            id: self.id,
            at: self.at,
            offset_ms: self.at.map(|at| (at.0 - start.0).num_milliseconds()),
            speaker: self.speaker,
            text: self.text,
            interrupted: self.interrupted,
            tool: self.tool_name.map(|name| ToolCall {
                name,
                arguments,
                output,
                is_error,
            }),
            e2e_ms: self.e2e_ms,
        }
    }
}

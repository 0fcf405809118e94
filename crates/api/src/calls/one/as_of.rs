//! `GET /api/calls/{id}?as_of=…`: the call as it was known at an instant.
//!
//! Nothing keeps what was known when. It is told again from the events that had come by then, by the fold
//! that made the row; so it is what the page showed, unless the rules have changed since.

use super::{CallDetail, DetailRow, MOST_TURNS, Turn, TurnRow, detail, no_call};
use crate::{
    Api,
    calls::{
        history::{self, Content, Index},
        row::{CallRow, select_calls},
    },
    moment::Moment,
    parameters::{self, Parameters},
    problem::Problem,
    viewer::{Plan, Viewer},
};
use chrono::{DateTime, Utc};
use frontdesk_projector::calls as projected;
use futures::StreamExt as _;
use sqlx::{PgConnection, types::Json};
use std::pin::pin;
use utoipa::IntoParams;
use uuid::Uuid;

/// As of when a call is shown.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AsOf {
    /// Shows the call as it was known at this instant (RFC 3339): by the events that we had accepted by
    /// then, to the millisecond. Whose it is, is as it is now. 404 when nothing was known of it then.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) as_of: Option<DateTime<Utc>>,
}

impl AsOf {
    pub(super) fn take(given: &mut Parameters) -> Self {
        Self {
            as_of: given.take("as_of", parameters::instant),
        }
    }
}

/// The call, its turns, and whether all that had come was looked at.
pub(super) async fn read(
    api: &Api,
    viewer: &Viewer,
    id: Uuid,
    instant: DateTime<Utc>,
) -> Result<(CallDetail, Vec<Turn>, bool), Problem> {
    let found = viewer
        .read(
            api.database(),
            Plan::Fixed,
            (id, instant),
            |db, (id, instant)| Box::pin(read_now(db, *id, *instant)),
        )
        .await?;
    let (row, detail, index) = found.ok_or_else(no_call)?;
    let Index {
        rows,
        is_cut,
        mut known,
    } = index;
    let mut events = pin!(history::read(api, rows));
    while let Some((_, content)) = events.next().await {
        match content {
            Content::Stored(stored) => {
                if let Some(event) = &stored.envelope {
                    known.hear(event);
                }
            }
            Content::Erased => {}
            Content::Unread => {
                let detail = "the events of the call cannot be read at the moment";
                return Err(Problem::unavailable(detail));
            }
        }
    }
    let then = known
        .call()
        .ok_or_else(|| Problem::not_found("nothing was known of this call then"))?;
    let row = row.known_as(&then);
    let start = row.started_at;
    let turns = known.turns().into_iter().take(MOST_TURNS as usize);
    let turns = turns.map(|turn| TurnRow::from(turn).into_turn(start));
    Ok((
        detail.known_as(then).into_call(row),
        turns.collect(),
        !is_cut,
    ))
}

/// The call as it is now: whose it is, and who may see it.
async fn read_now(
    db: &mut PgConnection,
    id: Uuid,
    instant: DateTime<Utc>,
) -> sqlx::Result<Option<(CallRow, DetailRow, Index)>> {
    let row = select_calls!("select * from calls.calls where id = $1", id)
        .fetch_optional(&mut *db)
        .await?;
    let detail = detail(&mut *db, id).await?;
    let index = history::index(db, id, Some(instant)).await?;
    Ok(row
        .zip(detail)
        .zip(index)
        .map(|((row, detail), index)| (row, detail, index)))
}

impl CallRow {
    fn known_as(self, then: &projected::CallRow) -> Self {
        let then = then.clone();
        Self {
            channel: then.channel,
            direction: then.direction,
            caller_number: then.caller_number,
            caller_name: then.caller_name,
            dialled_number: then.dialled_number,
            state: then.state,
            result: then.result,
            started_at: Moment(then.started_at),
            answered_at: then.answered_at.map(Moment),
            ended_at: then.ended_at.map(Moment),
            ring_ms: then.ring_ms,
            talk_ms: then.talk_ms,
            end_code: then.end_code,
            end_by: then.end_by,
            end_words: then.end_words,
            outcome_status: then.outcome_status,
            outcome_label: then.outcome_label,
            outcome_reason: then.outcome_reason,
            revenue_minor: then.revenue_minor,
            revenue_currency: then.revenue_currency,
            sentiment_label: then.sentiment_label,
            sentiment_score: then.sentiment_score,
            summary: then.summary,
            has_recording: then.recording_state.as_deref() == Some("ready"),
            transferred_to: then.transferred_to,
            ..self
        }
    }
}

impl DetailRow {
    fn known_as(self, then: projected::CallRow) -> Self {
        Self {
            room_name: then.room_name,
            agent_name: then.agent_name,
            transferred_at: then.transferred_at.map(Moment),
            tags: then.tags,
            sentiment_evidence: then.sentiment_evidence,
            revenue_evidence: then.revenue_evidence,
            stt_p50_ms: then.stt_p50_ms,
            llm_p50_ms: then.llm_p50_ms,
            tts_p50_ms: then.tts_p50_ms,
            e2e_p50_ms: then.e2e_p50_ms,
            e2e_p95_ms: then.e2e_p95_ms,
            turns: then.turns,
            usage: then.usage.map(Json),
            recording_state: then.recording_state,
            recording_location: then.recording_location,
            recording_ms: then.recording_ms,
            ..self
        }
    }
}

impl From<projected::TurnRow> for TurnRow {
    fn from(turn: projected::TurnRow) -> Self {
        Self {
            id: turn.id,
            at: turn.at.map(Moment),
            speaker: turn.speaker,
            text: turn.text,
            interrupted: turn.interrupted,
            tool_name: turn.tool_name,
            tool_arguments: turn.tool_arguments,
            tool_output: turn.tool_output,
            is_error: turn.is_error,
            e2e_ms: turn.e2e_ms,
        }
    }
}

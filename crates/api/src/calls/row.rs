//! A row of `calls.calls` as lists show it, and the columns it takes.

use super::{Call, CallClient, EndReason, Outcome, Sentiment};
use crate::{moment::Moment, money::Money};
use uuid::Uuid;

/// A row of the list; one call begins with the same columns.
#[derive(Debug)]
pub(super) struct CallRow {
    pub(super) id: Uuid,
    pub(super) client_id: Option<Uuid>,
    pub(super) client_name: Option<String>,
    pub(super) channel: String,
    pub(super) direction: String,
    pub(super) caller_number: Option<String>,
    pub(super) caller_name: Option<String>,
    pub(super) dialled_number: Option<String>,
    pub(super) state: String,
    pub(super) result: Option<String>,
    pub(super) started_at: Moment,
    pub(super) answered_at: Option<Moment>,
    pub(super) ended_at: Option<Moment>,
    pub(super) ring_ms: Option<i64>,
    pub(super) talk_ms: Option<i64>,
    pub(super) end_code: Option<String>,
    pub(super) end_by: Option<String>,
    pub(super) end_words: Option<String>,
    pub(super) outcome_status: Option<String>,
    pub(super) outcome_label: Option<String>,
    pub(super) outcome_reason: Option<String>,
    pub(super) revenue_minor: Option<i64>,
    pub(super) revenue_currency: Option<String>,
    pub(super) sentiment_label: Option<String>,
    pub(super) sentiment_score: Option<f64>,
    pub(super) summary: Option<String>,
    pub(super) has_recording: bool,
    pub(super) transferred_to: Option<String>,
}

/// The columns of a [`CallRow`] from whatever rows of `calls.calls` the given SQL selects as `c`.
macro_rules! select_calls {
    ($rows:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::calls::row::CallRow,
            r#"select c.id as "id!", c.client_id as "client_id?", k.name as "client_name?", c.channel as "channel!",
                c.direction as "direction!", c.caller_number as "caller_number?", c.caller_name as "caller_name?",
                c.dialled_number as "dialled_number?", c.state as "state!", c.result as "result?",
                c.started_at as "started_at!: Moment", c.answered_at as "answered_at?: Moment",
                c.ended_at as "ended_at?: Moment", c.ring_ms as "ring_ms?", c.talk_ms as "talk_ms?",
                c.end_code as "end_code?", c.end_by as "end_by?", c.end_words as "end_words?",
                c.outcome_status as "outcome_status?", c.outcome_label as "outcome_label?",
                c.outcome_reason as "outcome_reason?", c.revenue_minor as "revenue_minor?",
                c.revenue_currency as "revenue_currency?", c.sentiment_label as "sentiment_label?",
                c.sentiment_score as "sentiment_score?", c.summary as "summary?",
                (c.recording_state is not distinct from 'ready') as "has_recording!", c.transferred_to as "transferred_to?"
            from ("# + $rows + r#") c
            left join account.clients k on k.id = c.client_id
            order by c.started_at desc, c.id desc"#
            $(, $value)*
        )
    };
}
pub(super) use select_calls;

impl From<CallRow> for Call {
    fn from(row: CallRow) -> Self {
        let client = row.client_id.map(|id| CallClient {
            id,
            name: row.client_name.unwrap_or_else(|| id.to_string()),
        });
        let end_reason = row.end_code.map(|code| EndReason {
            code,
            by: row.end_by.unwrap_or_else(|| "unknown".to_owned()),
            words: row.end_words.unwrap_or_default(),
        });
        let (label, reason) = (row.outcome_label, row.outcome_reason);
        Self {
            id: row.id,
            client,
            channel: row.channel,
            direction: row.direction,
            caller_number: row.caller_number,
            caller_name: row.caller_name,
            dialled_number: row.dialled_number,
            state: row.state,
            result: row.result,
            started_at: row.started_at,
            answered_at: row.answered_at,
            ended_at: row.ended_at,
            ring_ms: row.ring_ms,
            talk_ms: row.talk_ms,
            end_reason,
            outcome: row.outcome_status.map(|status| Outcome {
                status,
                label,
                reason,
            }),
            revenue: Money::from_parts(row.revenue_minor, row.revenue_currency),
            sentiment: row.sentiment_label.map(|label| Sentiment {
                label,
                score: row.sentiment_score,
            }),
            summary: row.summary,
            has_recording: row.has_recording,
            transferred_to: row.transferred_to,
            hits: None,
        }
    }
}

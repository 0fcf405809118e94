//! The aggregate `RoomSession`: one row of `calls.calls` for each phone or web visitor of a room.

mod derive;

use super::{
    CallFact,
    callers::{Call, calls, ranked},
    key::{Place, RoomKey},
    merge::Merge as _,
    rollup,
    room::Room,
};
use crate::{
    aggregate::{Aggregate, FoldError, OwnerQuestion, Owners},
    row,
    table::{Changes, Derived, Table, Tell},
};
use chrono::{DateTime, Utc};
use frontdesk_events::nats::live::Topic;
use serde_json::Value;
use uuid::Uuid;

/// Folds everything about a room into its calls.
#[derive(Debug)]
pub enum RoomSession {}

/// The calls of a room.
#[derive(Debug, Default, PartialEq)]
pub struct SessionRows {
    /// One for each.
    pub calls: Vec<CallRow>,
}

row! {
    /// One call.
    #[derive(Default)]
    pub struct CallRow in "calls", keyed by (id) {
        /// See [`call_id`](super::call_id()).
        pub id: Uuid,
        /// The room's sid.
        pub room_sid: String,
        /// The partition its events came by.
        pub partition: i16,
        /// The room's name; empty when no event said it.
        pub room_name: String,
        /// `sip.callID`, else participant sid.
        pub call_key: String,
        /// Whose call it is.
        pub user_id: Option<Uuid>,
        /// Which client's; `None` is unassigned.
        pub client_id: Option<Uuid>,
        /// `phone` or `web`.
        pub channel: String,
        /// `inbound`, or `outbound` when we called.
        pub direction: String,
        /// Who called or was called. Normalised; `None` when hidden or no number.
        pub caller_number: Option<String>,
        /// What else is known of the caller.
        pub caller_name: Option<String>,
        /// Normalised.
        pub dialled_number: Option<String>,
        /// Which agent.
        pub agent_name: Option<String>,
        /// `ringing`, `live` or `ended`.
        pub state: String,
        /// `answered`, `abandoned`, `missed` or `failed`; `None` until it has ended.
        pub result: Option<String>,
        /// When it began to ring.
        pub started_at: DateTime<Utc>,
        /// When it was answered.
        pub answered_at: Option<DateTime<Utc>>,
        /// When it ended.
        pub ended_at: Option<DateTime<Utc>>,
        /// How long it rang.
        pub ring_ms: Option<i64>,
        /// How long they talked.
        pub talk_ms: Option<i64>,
        /// LiveKit's reason.
        pub end_code: Option<String>,
        /// Who ended it.
        pub end_by: Option<String>,
        /// Why, in words.
        pub end_words: Option<String>,
        /// `success`, `fail`, `unknown`.
        pub outcome_status: Option<String>,
        /// In a word or two.
        pub outcome_label: Option<String>,
        /// Why.
        pub outcome_reason: Option<String>,
        /// In minor units.
        pub revenue_minor: Option<i64>,
        /// ISO 4217.
        pub revenue_currency: Option<String>,
        /// What it was taken from.
        pub revenue_evidence: Option<String>,
        /// In a few sentences.
        pub summary: Option<String>,
        /// `positive`, `neutral`, `negative`.
        pub sentiment_label: Option<String>,
        /// How sure.
        pub sentiment_score: Option<f64>,
        /// What it was taken from.
        pub sentiment_evidence: Option<String>,
        /// Labels.
        pub tags: Vec<String>,
        /// To whom.
        pub transferred_to: Option<String>,
        /// When.
        pub transferred_at: Option<DateTime<Utc>>,
        /// Speech to text, median.
        pub stt_p50_ms: Option<i64>,
        /// Model, median.
        pub llm_p50_ms: Option<i64>,
        /// Voice, median.
        pub tts_p50_ms: Option<i64>,
        /// End to end, median.
        pub e2e_p50_ms: Option<i64>,
        /// End to end, 95th percentile.
        pub e2e_p95_ms: Option<i64>,
        /// How many turns.
        pub turns: Option<i64>,
        /// What it used.
        pub usage: Option<Value>,
        /// `recording`, `ready` or `failed`.
        pub recording_state: Option<String>,
        /// Where it can be had.
        pub recording_location: Option<String>,
        /// How long it is.
        pub recording_ms: Option<i64>,
    }
}

impl Aggregate for RoomSession {
    const NAME: &'static str = "room_session";
    type Fact = CallFact;
    type State = Room;
    type Rows = SessionRows;

    fn keys(fact: &CallFact) -> Vec<String> {
        let room = fact.session.as_ref().and(fact.room.as_ref());
        room.map(RoomKey::session)
            .map(str::to_owned)
            .into_iter()
            .collect()
    }

    fn fold(state: &mut Room, _: &str, fact: &CallFact) -> Result<(), FoldError> {
        if let Some(piece) = &fact.session {
            state.merge(piece);
        }
        Ok(())
    }

    fn questions(state: &Room) -> Vec<OwnerQuestion> {
        calls(&state.people, ranked(&state.created))
            .iter()
            .flat_map(Call::questions)
            .collect()
    }

    fn rows(key: &str, state: &Room, owners: &dyn Owners) -> SessionRows {
        SessionRows {
            calls: derive::call_rows(Place::of(key), state, owners),
        }
    }
}

impl Derived for SessionRows {
    fn tables() -> Vec<Table> {
        vec![
            Table::of::<CallRow>(),
            Table::rollup::<rollup::Hourly>(),
            Table::rollup::<rollup::HourlyRevenue>(),
        ]
    }

    fn changes(before: &Self, after: &Self, out: &mut Changes) {
        out.rows_telling(&before.calls, &after.calls, |row| {
            Some(Tell {
                user: row.user_id,
                topic: Topic::Calls,
                id: row.id.to_string(),
            })
        });
        let hourly = |rows: &Self| {
            rows.calls
                .iter()
                .filter_map(rollup::hourly)
                .collect::<Vec<_>>()
        };
        let revenue = |rows: &Self| {
            rows.calls
                .iter()
                .filter_map(rollup::revenue)
                .collect::<Vec<_>>()
        };
        out.rollup(hourly(before), hourly(after));
        out.rollup(revenue(before), revenue(after));
    }
}

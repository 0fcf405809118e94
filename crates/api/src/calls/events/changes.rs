//! What each event of a call changed: the call before it against the call after it.

use crate::{calls::history::Known, moment::Moment, money::Money};
use frontdesk_events::Envelope;
use frontdesk_projector::calls::CallRow;
use serde::Serialize;
use utoipa::ToSchema;

/// Of how many events it is told. A call has a few dozen, and each time a row is made of the whole room.
const MOST_TOLD: usize = 200;

/// A longer text is cut to this many characters; the call itself has all of it.
const LONGEST_TEXT: usize = 200;

/// One thing an event changed about its call.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Change {
    /// What.
    pub field: ChangedField,
    /// What it was from then on; null when it was taken back.
    pub value: Option<ChangedTo>,
}

/// What of a call may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangedField {
    /// Where it stands.
    State,
    /// How it went.
    Result,
    /// Who called.
    CallerNumber,
    /// What else is known of them.
    CallerName,
    /// When it began to ring.
    StartedAt,
    /// When the receptionist answered.
    AnsweredAt,
    /// When it ended.
    EndedAt,
    /// Why, in words.
    EndReason,
    /// Who answered.
    AgentName,
    /// To whom it was transferred.
    TransferredTo,
    /// Whether it reached its aim.
    Outcome,
    /// What came of it, as the agent names it.
    OutcomeLabel,
    /// What it earned.
    Revenue,
    /// What it was about.
    Summary,
    /// How the caller felt.
    Sentiment,
    /// The recording's state.
    Recording,
    /// The median response time, in milliseconds.
    ResponseTime,
    /// How many turns the transcript gained, or lost when the figure is negative.
    TurnsAdded,
}

/// What something was changed to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ChangedTo {
    /// A word, a time in RFC 3339, or a text, cut after two hundred characters.
    Text(String),
    /// A number.
    Number(i64),
    /// An amount.
    Money(Money),
}

/// A call while its events are heard one after the other.
pub(super) struct Changes {
    known: Known,
    /// What is known before the next event; `None` when it must be looked at first.
    before: Option<Seen>,
    left: usize,
}

impl Changes {
    pub(super) fn of(known: Known) -> Self {
        Self {
            known,
            before: None,
            left: MOST_TOLD,
        }
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// Hears an event and tells what it changed.
    pub(super) fn by(&mut self, event: &Envelope) -> Vec<Change> {
        if self.left == 0 {
            return Vec::new();
        }
        self.left -= 1;
        let before = self.before.take();
        let before = before.unwrap_or_else(|| Seen::of(&self.known));
        self.known.hear(event);
        let after = Seen::of(&self.known);
        let changes = after.since(&before);
        self.before = Some(after);
        changes
    }

    /// Hears an event that is not shown: what it changes is no doing of the next one.
    pub(super) fn pass(&mut self, event: &Envelope) {
        if self.left > 0 {
            self.known.hear(event);
            self.before = None;
        }
    }

    /// Tells no more: without an event that was not heard, others would seem to have done its work.
    pub(super) fn end(&mut self) {
        self.left = 0;
    }
}

/// What is looked at of a call.
#[derive(Debug, Default)]
struct Seen {
    fields: Vec<(ChangedField, Option<ChangedTo>)>,
    turns: usize,
}

impl Seen {
    fn of(known: &Known) -> Self {
        Self {
            fields: known.call().map_or_else(Vec::new, fields),
            turns: known.turn_count(),
        }
    }

    fn since(&self, before: &Self) -> Vec<Change> {
        let was = |index: usize| before.fields.get(index).and_then(|(_, was)| was.as_ref());
        let changed = self.fields.iter().enumerate();
        let changed = changed.filter(|(index, (_, is))| is.as_ref() != was(*index));
        let mut changes: Vec<_> = changed
            .map(|(_, (field, value))| Change {
                field: *field,
                value: value.clone(),
            })
            .collect();
        if self.turns != before.turns {
            changes.push(Change {
                field: ChangedField::TurnsAdded,
                value: Some(ChangedTo::Number(self.turns as i64 - before.turns as i64)),
            });
        }
        changes
    }
}

/// Always the same ones in the same order. What follows from them (how long it rang) is left out.
fn fields(row: CallRow) -> Vec<(ChangedField, Option<ChangedTo>)> {
    let text = |text: String| ChangedTo::Text(cut(text));
    let time = |at| ChangedTo::Text(Moment(at).to_string());
    let money = Money::from_parts(row.revenue_minor, row.revenue_currency);
    vec![
        (ChangedField::State, Some(text(row.state))),
        (ChangedField::Result, row.result.map(text)),
        (ChangedField::CallerNumber, row.caller_number.map(text)),
        (ChangedField::CallerName, row.caller_name.map(text)),
        (ChangedField::StartedAt, Some(time(row.started_at))),
        (ChangedField::AnsweredAt, row.answered_at.map(time)),
        (ChangedField::EndedAt, row.ended_at.map(time)),
        (ChangedField::EndReason, row.end_words.map(text)),
        (ChangedField::AgentName, row.agent_name.map(text)),
        (ChangedField::TransferredTo, row.transferred_to.map(text)),
        (ChangedField::Outcome, row.outcome_status.map(text)),
        (ChangedField::OutcomeLabel, row.outcome_label.map(text)),
        (ChangedField::Revenue, money.map(ChangedTo::Money)),
        (ChangedField::Summary, row.summary.map(text)),
        (ChangedField::Sentiment, row.sentiment_label.map(text)),
        (ChangedField::Recording, row.recording_state.map(text)),
        (
            ChangedField::ResponseTime,
            row.e2e_p50_ms.map(ChangedTo::Number),
        ),
    ]
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("ä".repeat(LONGEST_TEXT)), "ä".repeat(LONGEST_TEXT));
        let cut = cut("ä".repeat(LONGEST_TEXT + 1));
        assert_eq!(cut.chars().count(), LONGEST_TEXT + 1);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let row = CallRow {
            state: "live".to_owned(),
            ..CallRow::default()
        };
        let before = Seen {
            fields: fields(row.clone()),
            turns: 2,
        };
        let after = Seen {
            fields: fields(CallRow {
                summary: Some("Asked for an appointment.".to_owned()),
                ..row
            }),
            turns: 5,
        };
        let change = |field, value| Change { field, value };
        let summary = ChangedTo::Text("Asked for an appointment.".to_owned());
        assert_eq!(
            after.since(&before),
            [
                change(ChangedField::Summary, Some(summary)),
                change(ChangedField::TurnsAdded, Some(ChangedTo::Number(3))),
            ]
        );
        assert_eq!(
            before.since(&after),
            [
                change(ChangedField::Summary, None),
                change(ChangedField::TurnsAdded, Some(ChangedTo::Number(-3))),
            ]
        );
        assert_eq!(after.since(&after), []);
    }
}

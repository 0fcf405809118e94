//! What a later analysis leaves open and an earlier one says.

use super::Analysis;
use crate::calls::merge::Fill;

impl Fill for Analysis {
    /// What belongs together is one thing: an outcome without revenue has none, whatever an older
    /// outcome had.
    fn fill(&mut self, older: &Self) {
        self.answered = self.answered.or(older.answered);
        if self.closed.is_none() {
            self.closed.clone_from(&older.closed);
            self.ended = self.ended.or(older.ended);
        }
        let outcome = |of: &Self| {
            of.status.is_some() || of.label.is_some() || of.reason.is_some() || of.revenue.is_some()
        };
        if !outcome(self) {
            self.status.clone_from(&older.status);
            self.label.clone_from(&older.label);
            self.reason.clone_from(&older.reason);
            self.revenue.clone_from(&older.revenue);
            self.revenue_evidence.clone_from(&older.revenue_evidence);
        }
        if self.summary.is_none() {
            self.summary.clone_from(&older.summary);
        }
        if self.sentiment.is_none() && self.score.is_none() {
            self.sentiment.clone_from(&older.sentiment);
            self.score = older.score;
            self.sentiment_evidence
                .clone_from(&older.sentiment_evidence);
        }
        if self.tags.is_empty() {
            self.tags.clone_from(&older.tags);
        }
        if self.latency.iter().all(Option::is_none) && self.turns.is_none() {
            (self.latency, self.turns) = (older.latency, older.turns);
        }
        if self.usage.is_empty() {
            self.usage.clone_from(&older.usage);
        }
        if !self.recorded {
            self.recorded = older.recorded;
            self.location.clone_from(&older.location);
        }
    }
}

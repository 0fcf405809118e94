//! What ingest counts. Handles of the hot path are made once; labels are closed sets, so that no
//! sender can grow the metrics.

use frontdesk_events::catalogue::{EventType, agent, livekit, paypal};
use metrics::{Counter, Histogram, counter, histogram};

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sender {
    LiveKit,
    PayPal,
    Agent,
}

impl Sender {
    /// Its name in subjects, labels and logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LiveKit => "livekit",
            Self::PayPal => "paypal",
            Self::Agent => "agent",
        }
    }
}

/// What a sender signed and nobody can read.
pub(crate) const UNPARSABLE: &str = "unparsable";

/// What is counted by name: the types of the catalogue, without their prefix.
fn known(types: &[EventType], prefix: &str) -> impl Iterator<Item = &'static str> {
    types
        .iter()
        .filter_map(move |of| of.kind.strip_prefix(prefix))
}

/// Accepted and refused, by sender.
pub(crate) struct Counts {
    livekit: SenderCounts,
    paypal: SenderCounts,
    agent: SenderCounts,
}

struct SenderCounts {
    known: Vec<(&'static str, Counter)>,
    other: Counter,
    duplicates: Counter,
}

impl SenderCounts {
    fn new(sender: Sender, types: &[EventType], prefix: &str) -> Self {
        let source = sender.as_str();
        let event = |kind| counter!("ingest_events_total", "source" => source, "type" => kind);
        Self {
            known: known(types, prefix)
                .chain([UNPARSABLE])
                .map(|kind| (kind, event(kind)))
                .collect(),
            other: event("other"),
            duplicates: counter!("ingest_duplicates_total", "source" => source),
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            livekit: SenderCounts::new(Sender::LiveKit, livekit::TYPES, livekit::PREFIX),
            paypal: SenderCounts::new(Sender::PayPal, paypal::TYPES, paypal::PREFIX),
            agent: SenderCounts::new(Sender::Agent, agent::TYPES, agent::PREFIX),
        }
    }
}

impl Counts {
    /// An event is on disk. `kind` is its type without the reverse-DNS prefix; one that is not
    /// known by name counts as "other".
    pub(crate) fn accepted(&self, sender: Sender, kind: &str, duplicate: bool) {
        let counts = match sender {
            Sender::LiveKit => &self.livekit,
            Sender::PayPal => &self.paypal,
            Sender::Agent => &self.agent,
        };
        counts
            .known
            .iter()
            .find(|(name, _)| *name == kind)
            .map_or(&counts.other, |(_, counter)| counter)
            .increment(1);
        if duplicate {
            counts.duplicates.increment(1);
        }
    }

    /// A request was refused. Rare, so its counter is looked up each time.
    pub(crate) fn rejected(sender: Sender, reason: &'static str) {
        counter!("ingest_rejected_total", "source" => sender.as_str(), "reason" => reason)
            .increment(1);
    }
}

/// What one committer counts.
#[derive(Clone)]
pub(crate) struct CommitCounts {
    /// Commits, lone messages included.
    pub(crate) batches: Counter,
    /// Messages in them: divided by batches, how well the group commit groups.
    pub(crate) messages: Counter,
    /// Batches that went out beside another.
    pub(crate) beside: Counter,
    /// Batches that had to be settled one by one.
    pub(crate) fallbacks: Counter,
    /// From the start of a commit to its last answer.
    pub(crate) seconds: Histogram,
}

impl CommitCounts {
    pub(crate) fn new(stream: &'static str) -> Self {
        Self {
            batches: counter!("ingest_batches_total", "stream" => stream),
            messages: counter!("ingest_batch_messages_total", "stream" => stream),
            beside: counter!("ingest_batches_beside_total", "stream" => stream),
            fallbacks: counter!("ingest_batch_fallbacks_total", "stream" => stream),
            seconds: histogram!("ingest_commit_seconds", "stream" => stream),
        }
    }
}

//! What ingest counts. Handles of the hot path are made once; labels are closed sets, so that no
//! sender can grow the metrics.

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

const LIVEKIT: [&str; 16] = [
    "room_started",
    "room_finished",
    "participant_joined",
    "participant_left",
    "participant_connection_aborted",
    "track_published",
    "track_unpublished",
    "egress_started",
    "egress_updated",
    "egress_ended",
    "ingress_started",
    "ingress_ended",
    "agent_job_pending",
    "agent_job_started",
    "agent_job_ended",
    "unparsable",
];

const PAYPAL: [&str; 17] = [
    "billing.subscription.created",
    "billing.subscription.activated",
    "billing.subscription.updated",
    "billing.subscription.expired",
    "billing.subscription.cancelled",
    "billing.subscription.suspended",
    "billing.subscription.re-activated",
    "billing.subscription.payment.failed",
    "payment.sale.completed",
    "payment.sale.pending",
    "payment.sale.denied",
    "payment.sale.refunded",
    "payment.sale.reversed",
    "customer.dispute.created",
    "customer.dispute.updated",
    "customer.dispute.resolved",
    "unparsable",
];

const AGENT: [&str; 5] = [
    "call.answered.v1",
    "call.transferred.v1",
    "call.transcript.v1",
    "call.analysed.v1",
    "agent.heartbeat.v1",
];

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
    fn new(sender: Sender, kinds: &[&'static str]) -> Self {
        let source = sender.as_str();
        let event = |kind| counter!("ingest_events_total", "source" => source, "type" => kind);
        Self {
            known: kinds.iter().map(|kind| (*kind, event(*kind))).collect(),
            other: event("other"),
            duplicates: counter!("ingest_duplicates_total", "source" => source),
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            livekit: SenderCounts::new(Sender::LiveKit, &LIVEKIT),
            paypal: SenderCounts::new(Sender::PayPal, &PAYPAL),
            agent: SenderCounts::new(Sender::Agent, &AGENT),
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

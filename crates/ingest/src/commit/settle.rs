//! What became of the messages of one batch.

use super::{NotStored, Outcome, Receipt};
use crate::counts::CommitCounts;
use frontdesk_events::nats::{Connection, Outbound, PublishAck, PublishError};
use frontdesk_process::clock;
use futures::future;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How long one publish may take. An fsync on a busy disk takes tens of milliseconds; what has no
/// ack after this is unknown and tried again under its id.
const PUBLISH_PATIENCE: Duration = Duration::from_millis(1500);

/// Below this no further try is worth it.
const LAST_MOMENT: Duration = Duration::from_millis(50);

/// Between two tries. JetStream may be storing the first one still, on every replica: tens of
/// milliseconds. Without a pause all tries would be over before it can tell.
const PAUSE: Duration = Duration::from_millis(100);

/// Tries of one message. They share one deadline; the count only bounds errors that come at once.
const TRIES: usize = 3;

/// JetStream: "message size exceeds maximum allowed".
const MESSAGE_TOO_LARGE: u64 = 10054;

pub(super) struct Settlement<'a> {
    pub(super) nats: &'a Connection,
    pub(super) counts: &'a CommitCounts,
    pub(super) deadline: Instant,
}

impl Settlement<'_> {
    /// One outcome for each message, in their order, within the deadline: what began late in it
    /// gets what is left, so nobody waits longer than the first.
    pub(super) async fn settle(&self, messages: &[Outbound]) -> Vec<Outcome> {
        if let [lone] = messages {
            return vec![self.settle_one(lone).await];
        }
        let batch_id = uuid::Uuid::new_v4().simple().to_string();
        let patience = self.patience();
        let publishing = self.nats.publish_batch(&batch_id, messages, patience);
        // Handing messages to a client whose buffer is full waits without a bound of its own.
        let published = timeout(patience, publishing)
            .await
            .unwrap_or(Err(PublishError::Unknown));
        let all = |outcome| vec![outcome; messages.len()];
        match published {
            Ok(_) => all(Ok(Receipt { duplicate: false })),
            Err(PublishError::Unavailable) => all(Err(NotStored::Away)),
            // With the connection gone a second try could only wait.
            Err(PublishError::Unknown) if !self.nats.is_connected() => all(Err(NotStored::Away)),
            // A repeated id, a lost ack, a full stream, one message too large: one of them must not
            // cost the others. All at once, for each waits for an fsync of its own.
            Err(error) => {
                tracing::debug!(%error, messages = messages.len(), "settling a batch one by one");
                self.counts.fallbacks.increment(1);
                future::join_all(messages.iter().map(|message| self.settle_one(message))).await
            }
        }
    }

    async fn settle_one(&self, message: &Outbound) -> Outcome {
        for attempt in 0..TRIES {
            if attempt > 0 {
                sleep(PAUSE).await;
            }
            let patience = self.patience();
            let publishing = self.nats.publish(message, patience);
            match timeout(patience, publishing)
                .await
                .unwrap_or(Err(PublishError::Unknown))
            {
                Ok(PublishAck { duplicate, .. }) => return Ok(Receipt { duplicate }),
                Err(PublishError::Unknown)
                    if self.nats.is_connected() && self.patience() > PAUSE + LAST_MOMENT => {}
                Err(PublishError::Unknown | PublishError::Unavailable) => {
                    return Err(NotStored::Away);
                }
                Err(PublishError::Full) => return Err(NotStored::Full),
                Err(
                    PublishError::Unsendable(_)
                    | PublishError::Refused {
                        code: MESSAGE_TOO_LARGE,
                        ..
                    },
                ) => {
                    return Err(NotStored::TooLarge);
                }
                Err(error @ (PublishError::Refused { .. } | PublishError::DuplicateInBatch)) => {
                    tracing::error!(%error, subject = message.subject(), "JetStream refused an event");
                    return Err(NotStored::Refused);
                }
            }
        }
        Err(NotStored::Away)
    }

    fn patience(&self) -> Duration {
        self.deadline
            .saturating_duration_since(clock::monotonic())
            .min(PUBLISH_PATIENCE)
    }
}

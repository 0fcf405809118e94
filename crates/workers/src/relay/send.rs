//! Facts on their way into the stream: as one atomic batch where possible, one by one in order where
//! a batch is in doubt.

use super::outbox::Fact;
use frontdesk_events::{
    Envelope, Partition,
    nats::{Connection, Outbound, PublishError},
    subject,
};
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// Who says so.
const SOURCE: &str = "/frontdesk/api";
const TIMEOUT: Duration = Duration::from_secs(5);
/// A batch holds at most so many bytes; one fact may be larger alone.
const LARGEST_BATCH_BYTES: usize = 512 * 1024;

/// What became of facts.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The ids of those the stream has.
    pub(super) published: Vec<i64>,
    /// The keys whose next fact can never be put on the wire.
    pub(super) unsendable: BTreeSet<Uuid>,
    /// The keys whose next fact the server would not have now.
    pub(super) refused: BTreeSet<Uuid>,
    /// Why not all were published; what is not in the stream for certain is not listed above.
    pub(super) failure: Option<PublishError>,
}

impl Sent {
    fn block(&mut self, fact: i64, key: Uuid, reason: &str) {
        tracing::error!(
            fact, %key, reason,
            "a fact of the outbox cannot be published; it and the later ones of its key stay there"
        );
        self.unsendable.insert(key);
    }
}

/// A fact as it goes on the wire.
struct Ready {
    id: i64,
    key: Uuid,
    message: Outbound,
}

/// Publishes facts in order.
pub(super) async fn send(connection: &Connection, facts: Vec<Fact>) -> Sent {
    let mut sent = Sent::default();
    let mut batch: Vec<Ready> = Vec::with_capacity(facts.len());
    let mut bytes = 0;
    for fact in facts {
        if sent.unsendable.contains(&fact.partition_key) {
            continue;
        }
        let message = match outbound(&fact) {
            Ok(message) => message,
            Err(reason) => {
                sent.block(fact.id, fact.partition_key, &reason);
                continue;
            }
        };
        bytes += message.size();
        if bytes > LARGEST_BATCH_BYTES && !batch.is_empty() {
            // The rest stays in the outbox and comes next.
            break;
        }
        batch.push(Ready {
            id: fact.id,
            key: fact.partition_key,
            message,
        });
    }
    publish(connection, &batch, &mut sent).await;
    sent
}

async fn publish(connection: &Connection, batch: &[Ready], sent: &mut Sent) {
    if batch.len() > 1 {
        let messages: Vec<Outbound> = batch.iter().map(|ready| ready.message.clone()).collect();
        let try_id = Uuid::new_v4().to_string();
        match connection.publish_batch(&try_id, &messages, TIMEOUT).await {
            Ok(_) => {
                sent.published.extend(batch.iter().map(|ready| ready.id));
                return;
            }
            Err(error @ (PublishError::Unavailable | PublishError::Full)) => {
                sent.failure = Some(error);
                return;
            }
            // A repeat in it refuses the whole batch; an unknown one may be stored or not. Ids settle
            // both, one by one.
            Err(_) => {}
        }
    }
    for Ready { id, key, message } in batch {
        // A later fact of a key must not overtake an earlier one.
        if sent.refused.contains(key) || sent.unsendable.contains(key) {
            continue;
        }
        match connection.publish(message, TIMEOUT).await {
            Ok(_) => sent.published.push(*id),
            Err(PublishError::Unsendable(reason)) => sent.block(*id, *key, &reason),
            // Of this one alone, perhaps: the others must not wait until somebody has looked.
            Err(error @ PublishError::Refused { .. }) => {
                tracing::warn!(fact = id, %key, %error, "a fact of the outbox was refused");
                sent.refused.insert(*key);
            }
            Err(error) => {
                sent.failure = Some(error);
                return;
            }
        }
    }
}

/// The same bytes at every try: nothing in it is of now.
fn outbound(fact: &Fact) -> Result<Outbound, String> {
    let id = fact.event_id.to_string();
    let key = fact.partition_key.to_string();
    let envelope = Envelope::new(&id, SOURCE, &fact.kind)
        .map_err(|error| error.to_string())?
        .with_subject(&fact.subject)
        .with_time(fact.occurred_at)
        .with_recorded_time(fact.occurred_at)
        .with_partition_key(&key)
        .with_data("application/json", fact.data.clone());
    let subject = subject::fact(Partition::of(&key), &fact.kind);
    Outbound::of(envelope, subject).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_events::StreamName;
    use frontdesk_process::clock;

    fn fact(kind: &str, data: &str) -> Fact {
        Fact {
            id: 1,
            event_id: Uuid::from_u128(1),
            partition_key: Uuid::from_u128(2),
            kind: kind.to_owned(),
            subject: "x".to_owned(),
            data: data.to_owned(),
            occurred_at: clock::now(),
        }
    }

    #[test]
    fn a_fact_is_the_same_message_at_every_try() {
        let fact = fact("dev.frontdesk.user.signed_up.v1", "{}");
        let (first, second) = (outbound(&fact).unwrap(), outbound(&fact).unwrap());
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
        assert!(first.subject().starts_with("accounts."));
        assert!(first.subject().ends_with(".user-signed_up-v1"));
    }

    #[test]
    fn what_does_not_fit_a_message_is_told_and_not_tried() {
        assert!(outbound(&fact("", "{}")).is_err());
        let too_long = "x".repeat(StreamName::LARGEST_DATA + 1);
        assert!(outbound(&fact("x", &too_long)).is_err());
    }
}

//! Dead letters: events that cannot be decoded or folded leave the way, with the reason, and do
//! not stop the others. They can be redriven at any time, because folds ignore order.
//!
//! Nothing is lost by it: the message stays in its stream. A storm of them is a bug of ours, not
//! poison, and stops the projection instead.

use crate::reader::Taken;
use frontdesk_events::{
    Envelope, EnvelopeError, StreamName,
    nats::{Connection, Outbound, PublishError},
    subject,
};
use std::{collections::VecDeque, time::Duration};

/// More dead letters than this among the last [`WINDOW`] events are a storm.
const MOST: usize = 100;
const WINDOW: u64 = 10_000;
const TIMEOUT: Duration = Duration::from_secs(5);
/// An attribute holds 4,096 bytes at most.
const LONGEST_TEXT: usize = 2_000;

/// An event that left the way.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetter {
    sequence: u64,
    reason: String,
    headers: String,
    subject: String,
    stored_at: String,
    content_type: Option<String>,
    payload: Vec<u8>,
}

impl DeadLetter {
    pub(crate) fn new<F>(taken: &Taken<F>, reason: &str) -> Self {
        let headers: Vec<(&str, &str)> = taken.delivery.headers().collect();
        Self {
            sequence: taken.delivery.sequence,
            reason: cut(reason),
            headers: cut(&serde_json::to_string(&headers).unwrap_or_default()),
            subject: taken.delivery.subject.clone(),
            stored_at: taken.delivery.stored_at.to_rfc3339(),
            content_type: taken
                .envelope
                .as_ref()
                .and_then(Envelope::content_type)
                .map(str::to_owned),
            payload: taken.delivery.payload().to_vec(),
        }
    }

    /// Its id follows from stream, sequence and reader, so repeats are one.
    fn envelope(
        &self,
        stream: StreamName,
        reader: &str,
        payload: bool,
    ) -> Result<Envelope, EnvelopeError> {
        let id = format!("{stream}-{}-{reader}", self.sequence);
        let envelope = Envelope::new(&id, "/frontdesk/projector", "dev.frontdesk.dead_letter.v1")?
            .with_extension("deadstream", stream.as_str())
            .with_extension("deadsequence", &self.sequence.to_string())
            .with_extension("deadsubject", &self.subject)
            .with_extension("deadreader", reader)
            .with_extension("deadreason", &self.reason)
            .with_extension("deadheaders", &self.headers)
            .with_extension("deadstoredat", &self.stored_at);
        let content_type = self
            .content_type
            .as_deref()
            .unwrap_or("application/octet-stream");
        Ok(match payload {
            true => envelope.with_data(content_type, self.payload.clone()),
            // It would not fit beside its reason; it stands in its stream under this sequence.
            false => envelope.with_extension("deadpayload", "omitted"),
        })
    }

    /// Publishes it. Must be done before the checkpoint moves past the event.
    pub(crate) async fn publish(
        &self,
        connection: &Connection,
        stream: StreamName,
        reader: &str,
    ) -> anyhow::Result<()> {
        tracing::warn!(%stream, reader, sequence = self.sequence, reason = self.reason, "dead letter");
        metrics::counter!("frontdesk_projection_dead_letters_total", "projection" => reader.to_owned()).increment(1);
        let subject = subject::dead(stream, reader);
        let outbound = Outbound::new(&self.envelope(stream, reader, true)?, subject.clone());
        let outbound = match outbound {
            Err(PublishError::Unsendable(_)) => {
                Outbound::new(&self.envelope(stream, reader, false)?, subject)?
            }
            other => other?,
        };
        connection.publish(&outbound, TIMEOUT).await?;
        Ok(())
    }
}

fn cut(text: &str) -> String {
    text.char_indices()
        .take_while(|(at, _)| *at < LONGEST_TEXT)
        .map(|(_, letter)| letter)
        .collect()
}

/// Watches for a storm of dead letters.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    events: u64,
    dead: VecDeque<u64>,
}

impl Storm {
    /// Counts a batch; answers why the projection must stop, if it must.
    pub(crate) fn count(&mut self, events: usize, dead: &[DeadLetter]) -> Option<String> {
        self.events += events as u64;
        self.dead.extend(dead.iter().map(|_| self.events));
        while self
            .dead
            .front()
            .is_some_and(|at| at + WINDOW < self.events)
        {
            self.dead.pop_front();
        }
        (self.dead.len() > MOST).then(|| {
            let reason = dead.last().map_or("", |letter| letter.reason.as_str());
            format!(
                "{} of the last {} events could not be folded, most recently because: {reason}; this is a \
                 bug of the projection, not of single events: correct it and start again",
                self.dead.len(),
                self.events.min(WINDOW)
            )
        })
    }
}

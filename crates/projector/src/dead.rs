//! Dead letters: events that cannot be decoded or folded leave the way, with the reason, and do
//! not stop the others. They can be redriven at any time, because folds ignore order.
//!
//! Nothing is lost by it: the message stays in its stream. A storm of them is a bug of ours, not
//! poison, and stops the projection instead.

use frontdesk_events::{
    Envelope, PartitionSet, StreamName,
    nats::{Connection, Delivery, Outbound, PublishError, Reader},
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
}

impl DeadLetter {
    pub(crate) fn new(sequence: u64, reason: &str) -> Self {
        Self {
            sequence,
            reason: cut(reason),
        }
    }

    /// Publishes it with the message as it stands in the stream. Must be done before the
    /// checkpoint moves past the event.
    pub(crate) async fn publish(
        &self,
        connection: &Connection,
        stream: StreamName,
        reader: &str,
    ) -> anyhow::Result<()> {
        tracing::warn!(%stream, reader, sequence = self.sequence, reason = self.reason, "dead letter");
        metrics::counter!("frontdesk_projection_dead_letters_total", "projection" => reader.to_owned()).increment(1);
        let letter = self.letter(stream, reader)?;
        let subject = subject::dead(stream, reader);
        let whole = match self.original(connection, stream).await? {
            Some(original) => {
                Outbound::new(&with_original(letter.clone(), &original), subject.clone())
            }
            // Erased meanwhile, rightly: then only its place is told.
            None => Outbound::new(&letter, subject.clone()),
        };
        let outbound = match whole {
            // It does not fit beside its reason; it stands in its stream under this sequence.
            Err(PublishError::Unsendable(_)) => Outbound::new(&letter, subject)?,
            other => other?,
        };
        connection.publish(&outbound, TIMEOUT).await?;
        Ok(())
    }

    /// Its id follows from stream, sequence and reader, so repeats are one.
    fn letter(&self, stream: StreamName, reader: &str) -> anyhow::Result<Envelope> {
        let id = format!("{stream}-{}-{reader}", self.sequence);
        Ok(
            Envelope::new(&id, "/frontdesk/projector", "dev.frontdesk.dead_letter.v1")?
                .with_extension("deadstream", stream.as_str())
                .with_extension("deadsequence", &self.sequence.to_string())
                .with_extension("deadreader", reader)
                .with_extension("deadreason", &self.reason),
        )
    }

    /// Reads the message again: so rare that nobody needs to carry headers around for it.
    async fn original(
        &self,
        connection: &Connection,
        stream: StreamName,
    ) -> anyhow::Result<Option<Delivery>> {
        let mut again =
            Reader::open(connection, stream, &PartitionSet::all(), self.sequence).await?;
        let found = again.read(1, TIMEOUT).await?.pop();
        Ok(found.filter(|delivery| delivery.sequence == self.sequence))
    }
}

/// A dead letter with the message it is about: payload as data, headers as one attribute.
fn with_original(letter: Envelope, original: &Delivery) -> Envelope {
    let headers: Vec<(&str, &str)> = original.headers().collect();
    let content_type = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map_or("application/octet-stream", |(_, value)| *value);
    letter
        .with_extension("deadsubject", &original.subject)
        .with_extension("deadstoredat", &original.stored_at.to_rfc3339())
        .with_extension(
            "deadheaders",
            &cut(&serde_json::to_string(&headers).unwrap_or_default()),
        )
        .with_data(content_type, original.payload().to_vec())
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

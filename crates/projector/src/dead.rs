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

    /// The sequence of the event.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
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
    let content_type = original
        .headers()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map_or("application/octet-stream", |(_, value)| value);
    let (headers, left_out) = listed(original.headers());
    let mut letter = letter
        .with_extension("deadsubject", &original.subject)
        .with_extension("deadstoredat", &original.stored_at.to_rfc3339())
        .with_extension("deadheaders", &headers);
    if left_out > 0 {
        letter = letter.with_extension("deadheadersleftout", &left_out.to_string());
    }
    letter.with_data(content_type, original.payload().clone())
}

/// Headers as a JSON list of pairs: those that fit whole, and how many did not.
fn listed<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> (String, usize) {
    let (mut list, mut left_out) = (String::from("["), 0);
    for header in headers {
        let pair = serde_json::to_string(&header).expect("two texts are JSON");
        if list.len() + pair.len() + 2 > LONGEST_TEXT {
            left_out += 1;
            continue;
        }
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&pair);
    }
    list.push(']');
    (list, left_out)
}

fn cut(text: &str) -> String {
    text.char_indices()
        .take_while(|(at, _)| *at < LONGEST_TEXT)
        .map(|(_, letter)| letter)
        .collect()
}

/// Watches for a storm of dead letters. What is counted was written: a batch that is tried again,
/// in halves or after a lost connection, counts once.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    events: u64,
    /// Where each dead letter stood, in events counted.
    dead: VecDeque<u64>,
}

impl Storm {
    /// Why the projection must stop before it writes this batch, if it must.
    pub(crate) fn forbids(&self, events: usize, dead: &[DeadLetter]) -> Option<String> {
        let last = dead.last()?;
        let events = self.events + events as u64;
        let found = self.within(events) + dead.len();
        (found > MOST).then(|| {
            format!(
                "{found} of the last {} events could not be folded, most recently number {} because: {}; this is \
                 a bug of the projection, not of single events: it stopped before them; correct it and start again",
                events.min(WINDOW),
                last.sequence,
                last.reason,
            )
        })
    }

    /// Counts a batch that was written.
    pub(crate) fn count(&mut self, events: usize, dead: &[DeadLetter]) {
        self.events += events as u64;
        self.dead.extend(dead.iter().map(|_| self.events));
        let gone = self.dead.len() - self.within(self.events);
        self.dead.drain(..gone);
    }

    /// How many of those counted are among the last events once so many are.
    fn within(&self, events: u64) -> usize {
        let gone = self.dead.partition_point(|at| at + WINDOW < events);
        self.dead.len() - gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(count: u64) -> Vec<DeadLetter> {
        (1..=count)
            .map(|sequence| DeadLetter::new(sequence, "refused"))
            .collect()
    }

    #[test]
    fn a_batch_that_is_looked_at_again_and_again_is_no_storm() {
        let storm = Storm::default();
        for events in [1000, 500, 250, 125] {
            assert_eq!(storm.forbids(events, &letters(60)), None);
        }
    }

    #[test]
    fn the_batch_that_would_make_it_a_storm_is_not_written() {
        let mut storm = Storm::default();
        storm.count(5000, &letters(60));
        assert_eq!(storm.forbids(5000, &letters(40)), None);
        let why = storm.forbids(5000, &letters(41)).unwrap();
        assert!(why.starts_with("101 of the last 10000 events"), "{why}");
        assert!(
            why.contains("most recently number 41 because: refused"),
            "{why}"
        );
        // Those of long ago do not count, and a batch without any is never the storm.
        storm.count(10_001, &letters(0));
        assert_eq!(storm.forbids(1, &letters(100)), None);
        storm.count(1, &letters(100));
        assert_eq!(storm.forbids(1, &[]), None);
    }

    #[test]
    fn headers_that_do_not_fit_are_left_out_whole() {
        let long = "x\"".repeat(600);
        let headers = [
            ("Ce-Id", "1"),
            ("Ce-Long", long.as_str()),
            ("Ce-Longer", long.as_str()),
            ("Ce-Quoted", "\"quoted\" \u{1f600}"),
        ];
        let (text, left_out) = listed(headers.into_iter());
        assert!(text.len() <= LONGEST_TEXT);
        let read: Vec<(String, String)> = serde_json::from_str(&text).unwrap();
        assert_eq!(left_out, 1);
        assert_eq!(read.len(), 3);
        assert_eq!(read[2].1, "\"quoted\" \u{1f600}");
        assert_eq!(listed(std::iter::empty()), ("[]".into(), 0));
    }
}

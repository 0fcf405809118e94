//! Dead letters: events a reader cannot take leave the way, with the reason, and do not stop the
//! others.
//!
//! Nothing is lost by it: the message stays in its stream, and it can be given to its reader again
//! at any time. The letter holds what the message held, because whoever looks into it wants to see
//! it beside the reason. Whether there are so many that the fault is the reader's is for the reader
//! to judge.

use super::{Connection, Delivery, Outbound, PublishError, Reader, Role};
use crate::{Envelope, PartitionSet, StreamName, subject};
use std::time::Duration;

/// Its type.
pub(super) const KIND: &str = "dev.frontdesk.dead_letter.v1";
const TIMEOUT: Duration = Duration::from_secs(5);
/// An attribute holds 4,096 bytes at most.
const LONGEST_TEXT: usize = 2_000;

/// An event that left the way.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    sequence: u64,
    reason: String,
}

impl DeadLetter {
    /// About the message at this sequence. The reason holds no personal data: it is shown to operators.
    #[must_use]
    pub fn new(sequence: u64, reason: &str) -> Self {
        Self {
            sequence,
            reason: cut(reason),
        }
    }

    /// The sequence of the event.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Why it left the way.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Publishes it with the message as it stands in the stream. Must be done before the reader moves
    /// past the event or settles it.
    ///
    /// # Errors
    /// When JetStream is away or refuses it; try again, a repeat is the same letter.
    pub async fn publish(
        &self,
        connection: &Connection,
        role: Role,
        stream: StreamName,
        reader: &str,
    ) -> anyhow::Result<()> {
        tracing::warn!(%stream, reader, sequence = self.sequence, reason = self.reason, "dead letter");
        let letter = self.letter(role, stream, reader)?;
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
    fn letter(&self, role: Role, stream: StreamName, reader: &str) -> anyhow::Result<Envelope> {
        let id = format!("{stream}-{}-{reader}", self.sequence);
        let source = format!("/frontdesk/{}", role.as_str());
        Ok(Envelope::new(&id, &source, KIND)?
            .with_extension("deadstream", stream.as_str())
            .with_extension("deadsequence", &self.sequence.to_string())
            .with_extension("deadreader", reader)
            .with_extension("deadreason", &self.reason))
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

#[cfg(test)]
mod tests {
    use super::*;

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

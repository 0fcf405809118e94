//! A dead letter as it is read back, and whether its event can be taken again.

use super::{admin::Stored, dead};
use crate::{Envelope, StreamName};
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

/// The reader of a worker's letter is called by the worker.
const OF_WORKERS: &str = "workers-";
/// Who folds a stream; its name is the reader of its letters.
const FOLDED_BY: [(StreamName, &str); 2] = [
    (StreamName::Calls, "calls"),
    (StreamName::Billing, "billing"),
];

/// What a dead letter says beside the data of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its event id: stream, sequence and reader of what it is about.
    pub id: String,
    /// The stream of the event it is about.
    pub stream: StreamName,
    /// The event's sequence there.
    pub sequence: u64,
    /// Who could not take it: a projection, or `workers-` and a worker.
    pub reader: String,
    /// Why, without personal data.
    pub reason: String,
    /// The event's subject; `None` when it did not fit into the letter or was erased before.
    pub subject: Option<String>,
    /// When the event was stored.
    pub stored_at: Option<DateTime<Utc>>,
    /// The event's headers, those that fitted.
    pub headers: Vec<(String, String)>,
    /// How many did not.
    pub headers_left_out: u64,
}

impl Letter {
    /// Reads a message of DEAD; `None` when it is no dead letter.
    #[must_use]
    pub fn read(envelope: &Envelope) -> Option<Self> {
        if envelope.kind() != dead::KIND {
            return None;
        }
        let text = |name: &str| envelope.extension(name);
        Some(Self {
            id: envelope.id().to_owned(),
            stream: StreamName::of(&text("deadstream")?)?,
            sequence: text("deadsequence")?.parse().ok()?,
            reader: text("deadreader")?,
            reason: text("deadreason")?,
            subject: text("deadsubject"),
            stored_at: text("deadstoredat")
                .and_then(|at| DateTime::parse_from_rfc3339(&at).ok())
                .map(|at| at.to_utc()),
            headers: text("deadheaders")
                .and_then(|list| serde_json::from_str(&list).ok())
                .unwrap_or_default(),
            headers_left_out: text("deadheadersleftout")
                .and_then(|count| count.parse().ok())
                .unwrap_or_default(),
        })
    }

    /// An attribute of the event, as its header said it.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(header, _)| {
            header
                .get(.."ce-".len())
                .is_some_and(|prefix| prefix.eq_ignore_ascii_case("ce-"))
                && header["ce-".len()..].eq_ignore_ascii_case(name)
        });
        found.map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// The worker that gave the event up; `None` when it was a fold that refused it.
    #[must_use]
    pub fn worker(&self) -> Option<&str> {
        (self.stream == StreamName::Accounts)
            .then(|| self.reader.strip_prefix(OF_WORKERS))
            .flatten()
    }

    /// Why its event cannot be taken again, whatever changes on our side; `None` when it can. `original`
    /// is what stands in the stream under the event's sequence.
    #[must_use]
    pub fn obstacle(&self, original: Option<&Stored>) -> Option<&'static str> {
        let is_known =
            self.worker().is_some() || FOLDED_BY.contains(&(self.stream, self.reader.as_str()));
        if !is_known {
            return Some("nobody reads the stream under this name");
        }
        let Some(original) = original else {
            return Some("the event is not in its stream any more: it was erased");
        };
        if self
            .subject
            .as_ref()
            .is_some_and(|subject| *subject != original.subject)
        {
            return Some("another event stands at its place: the stream was made anew");
        }
        let Some(event) = &original.envelope else {
            return Some("the message is no event, and never will be one");
        };
        if self.worker().is_some() && event.id().parse::<Uuid>().is_err() {
            return Some("the event has no id of ours, so no worker acts on it");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(stream: StreamName, reader: &str) -> Letter {
        let envelope = Envelope::new("x", "/frontdesk/projector", dead::KIND)
            .unwrap()
            .with_extension("deadstream", stream.as_str())
            .with_extension("deadsequence", "7")
            .with_extension("deadreader", reader)
            .with_extension("deadreason", "refused")
            .with_extension("deadsubject", "calls.00.livekit.room_started")
            .with_extension("deadheaders", r#"[["Ce-Id","a%20b"],["Ce-Type","t"]]"#);
        Letter::read(&envelope).unwrap()
    }

    fn stored(id: Option<&str>) -> Stored {
        let event = |id| Envelope::new(id, "/livekit/devkey", "io.livekit.room_started").unwrap();
        Stored {
            sequence: 7,
            subject: "calls.00.livekit.room_started".into(),
            stored_at: DateTime::UNIX_EPOCH,
            envelope: id.map(event),
            payload: Vec::new(),
        }
    }

    #[test]
    fn only_what_somebody_could_take_is_offered_again() {
        let event = stored(Some("EV_1"));
        let fold = letter(StreamName::Calls, "calls");
        assert_eq!(fold.obstacle(Some(&event)), None);
        assert_eq!(fold.worker(), None);
        assert_eq!(fold.attribute("id").as_deref(), Some("a b"));
        assert!(fold.obstacle(None).unwrap().contains("erased"));
        assert!(
            fold.obstacle(Some(&stored(None)))
                .unwrap()
                .contains("no event")
        );
        let mut other = event.clone();
        other.subject = "calls.01.livekit.room_started".into();
        assert!(fold.obstacle(Some(&other)).unwrap().contains("made anew"));
        let gone = letter(StreamName::Calls, "calls_before");
        assert!(gone.obstacle(Some(&event)).unwrap().contains("nobody"));
        let mail = letter(StreamName::Accounts, "workers-mail");
        assert_eq!(mail.worker(), Some("mail"));
        assert!(
            mail.obstacle(Some(&event))
                .unwrap()
                .contains("no id of ours")
        );
        let ours = stored(Some("6d1c36c4-6f0c-4f6e-9a44-0d6a3cf1f6a1"));
        assert_eq!(mail.obstacle(Some(&ours)), None);
    }
}

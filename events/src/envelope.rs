//! One event: a CloudEvents 1.0 envelope whose rules have been checked once.
//!
//! The SDK's `Event` accepts an empty id, any attribute name and three shapes of data. Past this
//! edge none of that exists: an [`Envelope`] has an id, a source and a type, attribute names are
//! lower-case letters and digits, and data is the bytes that were received.

use chrono::{DateTime, SecondsFormat, Utc};
use cloudevents::{
    AttributesReader, AttributesWriter, Data, Event, EventBuilder, EventBuilderV10,
    event::{AttributeValue, SpecVersion},
};
use sha2::{Digest, Sha256};

/// A room name or user id up to this length is its own partition key. A longer one is replaced
/// by its hash, so that a hostile 10 kB name cannot outgrow NATS's header limit.
const LONGEST_KEY: usize = 256;

/// The longest value an attribute may have, in bytes. CloudEvents sets no bound; NATS shares its
/// 1 MiB between headers and payload, so we must.
const LONGEST_ATTRIBUTE: usize = 4096;

/// A CloudEvents 1.0 event that keeps the rules of the specification and of this project.
///
/// `source` + `id` is its identity: two envelopes with the same pair are the same fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope(Event);

/// Why something is not an acceptable envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// A required attribute is missing or empty.
    #[error("attribute {0} is missing or empty")]
    Missing(&'static str),
    /// An attribute name has characters outside a–z and 0–9, or more than 64 of them.
    #[error("attribute name {0:?} is not lower-case letters and digits")]
    Name(String),
    /// An attribute's value is longer than 4,096 bytes.
    #[error("attribute {0} is longer than 4096 bytes")]
    TooLong(String),
    /// The SDK refused the parts (bad time, bad URI, unknown specversion).
    #[error("not a CloudEvents 1.0 event: {0}")]
    Malformed(String),
}

impl Envelope {
    /// Starts an envelope from its identity and type; add the rest with the `with_` methods.
    ///
    /// # Errors
    /// When one of them is empty or too long.
    pub fn new(id: &str, source: &str, kind: &str) -> Result<Self, EnvelopeError> {
        let event = EventBuilderV10::new()
            .id(id)
            .source(source)
            .ty(kind)
            .build()
            .map_err(|error| EnvelopeError::Malformed(error.to_string()))?;
        Self::from_event(event)
    }

    /// Checks an event of the SDK and takes it over. Data becomes bytes whatever shape it had.
    ///
    /// # Errors
    /// When the event breaks a rule of CloudEvents 1.0 or a bound of ours.
    pub fn from_event(mut event: Event) -> Result<Self, EnvelopeError> {
        // The SDK still reads 0.3, whose attributes have other names.
        if event.specversion() != SpecVersion::V10 {
            return Err(EnvelopeError::Malformed(
                "its version is not 1.0".to_owned(),
            ));
        }
        for (name, value) in [
            ("id", event.id()),
            ("source", event.source().as_str()),
            ("type", event.ty()),
        ] {
            if value.is_empty() {
                return Err(EnvelopeError::Missing(name));
            }
        }
        for (name, value) in event.iter() {
            if name.len() > 64
                || !name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            {
                return Err(EnvelopeError::Name(name.chars().take(80).collect()));
            }
            let length = match value {
                AttributeValue::String(text) => text.len(),
                AttributeValue::URIRef(reference) => reference.as_str().len(),
                other => other.to_string().len(),
            };
            if length > LONGEST_ATTRIBUTE {
                return Err(EnvelopeError::TooLong(name.to_owned()));
            }
        }
        let bytes = match event.data() {
            None | Some(Data::Binary(_)) => None,
            Some(Data::String(text)) => Some(text.clone().into_bytes()),
            Some(Data::Json(value)) => Some(value.to_string().into_bytes()),
        };
        if let Some(bytes) = bytes {
            event.set_data_unchecked(bytes);
        }
        Ok(Self(event))
    }

    /// Sets what the event is about, for example a room sid.
    #[must_use]
    pub fn with_subject(mut self, subject: &str) -> Self {
        self.0.set_subject(Some(subject));
        self
    }

    /// Sets when it happened, by the provider's own best field.
    #[must_use]
    pub fn with_time(mut self, time: DateTime<Utc>) -> Self {
        self.0.set_time(Some(time));
        self
    }

    /// Sets when we accepted it (extension `recordedtime`).
    #[must_use]
    pub fn with_recorded_time(self, time: DateTime<Utc>) -> Self {
        self.with_extension(
            "recordedtime",
            &time.to_rfc3339_opts(SecondsFormat::Millis, true),
        )
    }

    /// Sets the key that decides the partition. A key over 256 bytes is replaced by its hash.
    #[must_use]
    pub fn with_partition_key(self, key: &str) -> Self {
        if key.len() <= LONGEST_KEY {
            return self.with_extension("partitionkey", key);
        }
        let hash = hex::encode(Sha256::digest(key.as_bytes()));
        self.with_extension("partitionkey", &format!("sha256:{hash}"))
    }

    /// Sets an extension. The name must be lower-case letters and digits.
    #[must_use]
    pub fn with_extension(mut self, name: &str, value: &str) -> Self {
        debug_assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        );
        self.0.set_extension(name, value);
        self
    }

    /// Sets the data as received and its media type.
    #[must_use]
    pub fn with_data(mut self, content_type: &str, data: Vec<u8>) -> Self {
        self.0.set_data(content_type, data);
        self
    }

    /// The provider's id of this event.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// Who says so, for example `/livekit/devkey`.
    #[must_use]
    pub fn source(&self) -> &str {
        self.0.source().as_str()
    }

    /// The event's type, for example `io.livekit.participant_joined`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.ty()
    }

    /// What it is about: room sid, subscription id, sale id, user id.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.0.subject()
    }

    /// When it happened.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.0.time().copied()
    }

    /// When we accepted it; `None` if absent or not a date.
    #[must_use]
    pub fn recorded_time(&self) -> Option<DateTime<Utc>> {
        let text = self.extension("recordedtime")?;
        DateTime::parse_from_rfc3339(&text)
            .ok()
            .map(|time| time.to_utc())
    }

    /// The key that decides the partition.
    #[must_use]
    pub fn partition_key(&self) -> Option<String> {
        self.extension("partitionkey")
    }

    /// An extension as text.
    #[must_use]
    pub fn extension(&self, name: &str) -> Option<String> {
        self.0.extension(name).map(ToString::to_string)
    }

    /// The media type of the data.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.0.datacontenttype()
    }

    /// The data as received; empty when the event has none.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        match self.0.data() {
            Some(Data::Binary(bytes)) => bytes,
            // `from_event` and `with_data` leave no other shape behind.
            _ => &[],
        }
    }

    /// `Nats-Msg-Id`: the same for every repetition of the same source and id, of one length
    /// and harmless in a header whatever the sender put into either.
    #[must_use]
    pub fn message_id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.source());
        hash.update([0]);
        hash.update(self.id());
        hex::encode(&hash.finalize()[..20])
    }

    /// The SDK's event, for bindings.
    #[must_use]
    pub fn as_event(&self) -> &Event {
        &self.0
    }

    /// Gives the SDK's event back.
    #[must_use]
    pub fn into_event(self) -> Event {
        self.0
    }
}

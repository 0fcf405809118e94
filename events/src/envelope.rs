//! One event: a CloudEvents 1.0 envelope whose rules have been checked once.
//!
//! The SDK's `Event` accepts an empty id, any attribute name and three shapes of data. Past this
//! edge none of that exists: an [`Envelope`] has an id, a source and a type, attribute names are
//! lower-case letters and digits, values are texts, and data is the bytes that were received. It is
//! held in our own shape and not in the SDK's, which copies the data and keeps extensions in a hash
//! map: every event of ingest and of a replay passes through here.

mod sdk;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use cloudevents::{Event, message::BinaryDeserializer as _};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use url::Url;

pub(crate) use sdk::Unchecked;

/// A room name or user id up to this length is its own partition key. A longer one is replaced
/// by its hash, so that a hostile 10 kB name cannot outgrow NATS's header limit.
const LONGEST_KEY: usize = 256;

/// The longest value an attribute may have, in bytes. CloudEvents sets no bound; all attributes of a
/// message share JetStream's 64 KiB, so we must.
const LONGEST_ATTRIBUTE: usize = 4096;

/// The longest name an attribute may have. CloudEvents recommends 20.
const LONGEST_NAME: usize = 64;

/// The extensions nearly every event has: their names cost no allocation.
const USUAL: [&str; 3] = ["bodysha256", "partitionkey", "recordedtime"];

/// A CloudEvents 1.0 event that keeps the rules of the specification and of this project.
///
/// `source` + `id` is its identity: two envelopes with the same pair are the same fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    id: String,
    source: String,
    kind: String,
    subject: Option<String>,
    time: Option<DateTime<Utc>>,
    content_type: Option<String>,
    schema: Option<Url>,
    /// In the order of their names, each once. A handful, so a list.
    extensions: Vec<(Cow<'static, str>, String)>,
    data: Bytes,
}

/// Which event it was: `source` and `id`, and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who said so.
    pub source: String,
    /// The provider's id.
    pub id: String,
    /// The event's type.
    pub kind: String,
}

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
    /// A part that is none (bad time, bad URI, unknown specversion, an attribute twice).
    #[error("not a CloudEvents 1.0 event: {0}")]
    Malformed(String),
}

impl Envelope {
    /// Starts an envelope from its identity and type; add the rest with the `with_` methods.
    ///
    /// # Errors
    /// When one of them is empty or too long.
    pub fn new(id: &str, source: &str, kind: &str) -> Result<Self, EnvelopeError> {
        Self {
            id: id.to_owned(),
            source: source.to_owned(),
            kind: kind.to_owned(),
            subject: None,
            time: None,
            content_type: None,
            schema: None,
            extensions: Vec::with_capacity(USUAL.len()),
            data: Bytes::new(),
        }
        .checked()
    }

    /// Checks an event of the SDK and takes it over. Data becomes bytes whatever shape it had.
    ///
    /// # Errors
    /// When the event breaks a rule of CloudEvents 1.0 or a bound of ours.
    pub fn from_event(event: Event) -> Result<Self, EnvelopeError> {
        event
            .deserialize_binary(Unchecked::default())
            .map_err(|error| EnvelopeError::Malformed(error.to_string()))?
            .check()
    }

    fn checked(self) -> Result<Self, EnvelopeError> {
        for (name, value) in [
            ("id", &self.id),
            ("source", &self.source),
            ("type", &self.kind),
        ] {
            if value.is_empty() {
                return Err(EnvelopeError::Missing(name));
            }
        }
        for (name, _) in &self.extensions {
            if name.is_empty() || name.len() > LONGEST_NAME || !is_plain(name) {
                return Err(EnvelopeError::Name(name.chars().take(80).collect()));
            }
        }
        let fixed = [
            ("id", Some(self.id.as_str())),
            ("source", Some(&self.source)),
            ("type", Some(&self.kind)),
            ("subject", self.subject.as_deref()),
            ("datacontenttype", self.content_type.as_deref()),
            ("dataschema", self.schema.as_ref().map(Url::as_str)),
        ];
        let extensions = self
            .extensions
            .iter()
            .map(|(name, value)| (&**name, Some(value.as_str())));
        for (name, value) in fixed.into_iter().chain(extensions) {
            if value.is_some_and(|value| value.len() > LONGEST_ATTRIBUTE) {
                return Err(EnvelopeError::TooLong(name.to_owned()));
            }
        }
        Ok(self)
    }

    /// Sets what the event is about, for example a room sid.
    #[must_use]
    pub fn with_subject(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    /// Sets when it happened, by the provider's own best field.
    #[must_use]
    pub fn with_time(mut self, time: DateTime<Utc>) -> Self {
        self.time = Some(time);
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
        debug_assert!(is_plain(name));
        match self.place_of(name) {
            Ok(place) => value.clone_into(&mut self.extensions[place].1),
            Err(place) => self
                .extensions
                .insert(place, (interned(name), value.to_owned())),
        }
        self
    }

    /// Where an extension stands, or where it would.
    fn place_of(&self, name: &str) -> Result<usize, usize> {
        self.extensions
            .binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// Sets the data as received and its media type.
    #[must_use]
    pub fn with_data(mut self, content_type: &str, data: impl Into<Bytes>) -> Self {
        self.content_type = Some(content_type.to_owned());
        self.data = data.into();
        self
    }

    /// The provider's id of this event.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who says so, for example `/livekit/devkey`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The event's type, for example `io.livekit.participant_joined`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What it is about: room sid, subscription id, sale id, user id.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// When it happened.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.time
    }

    /// When we accepted it; `None` if absent or not a date.
    #[must_use]
    pub fn recorded_time(&self) -> Option<DateTime<Utc>> {
        let text = self.value("recordedtime")?;
        DateTime::parse_from_rfc3339(text)
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
        self.value(name).map(str::to_owned)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let place = self.place_of(name).ok()?;
        Some(&self.extensions[place].1)
    }

    /// The media type of the data.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The data as received; empty when the event has none.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
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

    /// The same as an event of the SDK.
    #[must_use]
    pub fn to_event(&self) -> Event {
        cloudevents::message::BinaryDeserializer::into_event(self.clone())
            .expect("an envelope keeps every rule the SDK has")
    }

    /// The event on one line in CloudEvents' JSON format. Data that is JSON stands as JSON, any other
    /// as base64.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut event = self.to_event();
        let is_json = self.content_type().is_none_or(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json")
        });
        if is_json && let Ok(data) = serde_json::from_slice::<serde_json::Value>(&self.data) {
            event.set_data_unchecked(data);
        }
        serde_json::to_string(&event).expect("an envelope keeps every rule the SDK has")
    }

    /// What names it, without the rest and without a copy.
    #[must_use]
    pub fn into_identity(self) -> Identity {
        Identity {
            source: self.source,
            id: self.id,
            kind: self.kind,
        }
    }

    /// Takes the data out, for a binding that sends it apart from the attributes.
    pub(crate) fn take_data(&mut self) -> Bytes {
        std::mem::take(&mut self.data)
    }
}

fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn interned(name: &str) -> Cow<'static, str> {
    match USUAL.iter().find(|usual| **usual == name) {
        Some(usual) => Cow::Borrowed(usual),
        None => Cow::Owned(name.to_owned()),
    }
}

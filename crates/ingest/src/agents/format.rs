//! One CloudEvents 1.0 event out of attributes and data, checked name by name.
//!
//! Written for the edge and not left to the SDK, which turns data into a tree and so changes its
//! numbers and loses what comes twice: data stays the bytes that came.

use super::rules::Refusal;
use bytes::Bytes;
use chrono::DateTime;
use frontdesk_events::{
    Envelope,
    catalogue::moment::Moment,
    cloudevents::{AttributesWriter as _, EventBuilder as _, EventBuilderV10},
};
use url::Url;

/// CloudEvents recommends 20 at the most, and SDKs send longer ones. An [`Envelope`] takes these.
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 4096;
const MOST_ATTRIBUTES: usize = 128;
/// All names and values together. JetStream takes 64 KiB of headers, in which a byte may become
/// three; what went beyond would be refused there, when its sender can no longer be told why.
const LARGEST_ATTRIBUTES: usize = 16 * 1024;

/// An event as received: the envelope still without data, and the data.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) envelope: Envelope,
    pub(super) data: Bytes,
}

/// Attributes in the order they came; a name that comes twice is refused.
#[derive(Default)]
pub(super) struct Attributes {
    pairs: Vec<(String, String)>,
    bytes: usize,
}

impl Attributes {
    pub(super) fn add(&mut self, name: &str, value: String) -> Result<(), Refusal> {
        let legal = !name.is_empty()
            && name.len() <= LONGEST_NAME
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        if !legal || name == "data" {
            return Err(Refusal::malformed(
                shown.escape_debug().to_string(),
                "is not an attribute name: 1 to 64 lower-case letters and digits",
            ));
        }
        if value.len() > LONGEST_VALUE {
            return Err(Refusal::malformed(shown, "is longer than 4096 bytes"));
        }
        if self.value(name).is_some() {
            return Err(Refusal::malformed(shown, "comes twice"));
        }
        // Each is compared with all before it.
        if self.pairs.len() == MOST_ATTRIBUTES {
            return Err(Refusal::malformed("attributes", "are more than 128"));
        }
        self.bytes += name.len() + value.len();
        if self.bytes > LARGEST_ATTRIBUTES {
            let message = "hold more than 16 KiB together";
            return Err(Refusal::malformed("attributes", message));
        }
        self.pairs.push((name.to_owned(), value));
        Ok(())
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Checks what CloudEvents requires and builds the event.
    pub(super) fn build(&self, data: Bytes) -> Result<Received, Refusal> {
        let required = |name: &'static str| {
            self.value(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Refusal::malformed(name, "is required and not empty"))
        };
        if required("specversion")? != "1.0" {
            return Err(Refusal::malformed("specversion", "is not 1.0"));
        }
        let (id, source, kind) = (required("id")?, required("source")?, required("type")?);
        let mut event = EventBuilderV10::new()
            .id(id)
            .source(source)
            .ty(kind)
            .build()
            .map_err(|error| Refusal::malformed("source", &error.to_string()))?;
        for (name, value) in &self.pairs {
            match name.as_str() {
                "specversion" | "id" | "source" | "type" => {}
                "subject" if value.is_empty() => {
                    return Err(Refusal::malformed("subject", "is empty"));
                }
                "subject" => {
                    event.set_subject(Some(value.as_str()));
                }
                "time" => {
                    let time = DateTime::parse_from_rfc3339(value)
                        .map_err(|_| Refusal::malformed("time", "is not an RFC 3339 time"))?;
                    // Near both ends a time of four digits has none in UTC, and no reader would
                    // take the event again.
                    if Moment::from_time(time.to_utc()).is_none() {
                        let message = "is not between 1970 and 9999";
                        return Err(Refusal::malformed("time", message));
                    }
                    event.set_time(Some(time));
                }
                "dataschema" => {
                    let schema = Url::parse(value)
                        .map_err(|_| Refusal::malformed("dataschema", "is not an absolute URI"))?;
                    event.set_dataschema(Some(schema));
                }
                "datacontenttype" => {
                    event.set_datacontenttype(Some(value.as_str()));
                }
                extension => event.set_extension(extension, value.as_str()),
            }
        }
        let envelope = Envelope::from_event(event)
            .map_err(|error| Refusal::malformed("attributes", &error.to_string()))?;
        Ok(Received { envelope, data })
    }
}

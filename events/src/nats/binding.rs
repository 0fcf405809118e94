//! The CloudEvents NATS protocol binding (1.0.3-wip), on the SDK's message traits.
//!
//! We write binary mode: each attribute is a header `ce-<name>`, percent-encoded, the payload is
//! the data as it came. We read binary and structured mode. Only attributes become headers, so no
//! header of an outside sender, `Nats-…` least of all, can reach the server through here.

use crate::{Envelope, EnvelopeError, envelope::Unchecked};
use async_nats::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use cloudevents::{
    Event,
    event::SpecVersion,
    message::{
        BinaryDeserializer, BinarySerializer, Error, MessageAttributeValue, Result as SdkResult,
    },
};
use memchr::memchr;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;

const PREFIX: &str = "ce-";
const CONTENT_TYPE: &str = "content-type";
const CONTENT_TYPE_ATTRIBUTE: &str = "datacontenttype";
const STRUCTURED: &str = "application/cloudevents";

/// What CloudEvents encodes in a header value: space, `"`, `%` and everything outside
/// U+0021–U+007E. (`CONTROLS` holds DEL; bytes over 0x7F are always encoded.)
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// Why a message of a stream is not an event.
#[derive(Debug, thiserror::Error)]
pub enum BindingError {
    /// Neither binary nor structured mode, or attributes that do not parse.
    #[error("not a CloudEvents message: {0}")]
    Message(#[from] Error),
    /// It parses, but breaks a rule of the envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

/// The headers and payload of an envelope in binary mode.
///
/// # Errors
/// Never for an [`Envelope`]; the SDK's trait can express failure, so this does too.
pub fn encode(envelope: &Envelope) -> Result<(HeaderMap, Bytes), Error> {
    let (headers, payload) = into_parts(envelope.clone())?;
    Ok((headers.into_iter().collect(), payload))
}

/// One header of a message.
pub(super) type Header = (HeaderName, HeaderValue);

/// The same without copying the data, and with headers as a list: a map of them is made once a
/// message, when it is published.
pub(super) fn into_parts(mut envelope: Envelope) -> Result<(Vec<Header>, Bytes), Error> {
    let data = envelope.take_data();
    let headers = envelope.deserialize_binary(Writer(Vec::with_capacity(16)))?;
    Ok((headers, data))
}

/// Reads an envelope from a message, in either mode.
///
/// # Errors
/// When it is not a CloudEvents 1.0 message or breaks a rule of [`Envelope`].
pub fn decode(headers: Option<&HeaderMap>, payload: &Bytes) -> Result<Envelope, BindingError> {
    let incoming = Incoming { headers };
    let content_type = incoming.content_type();
    if content_type.is_some_and(starts_structured) {
        return decode_structured(payload);
    }
    // The data is not handed through the trait, which would copy it.
    let unchecked = incoming.deserialize_binary(Unchecked::default())?;
    Ok(unchecked.with_data(payload.clone()).check()?)
}

struct Writer(Vec<Header>);

/// The attributes nearly every message has, so that their names need not be checked each time.
const NAMES: [(&str, HeaderName); 9] = [
    ("id", HeaderName::from_static("ce-id")),
    ("source", HeaderName::from_static("ce-source")),
    ("specversion", HeaderName::from_static("ce-specversion")),
    ("type", HeaderName::from_static("ce-type")),
    ("subject", HeaderName::from_static("ce-subject")),
    ("time", HeaderName::from_static("ce-time")),
    ("partitionkey", HeaderName::from_static("ce-partitionkey")),
    ("recordedtime", HeaderName::from_static("ce-recordedtime")),
    ("bodysha256", HeaderName::from_static("ce-bodysha256")),
];

fn header_name(attribute: &str) -> Option<HeaderName> {
    if attribute == CONTENT_TYPE_ATTRIBUTE {
        return Some(HeaderName::from_static(CONTENT_TYPE));
    }
    let known = NAMES
        .iter()
        .find(|(name, _)| *name == attribute)
        .map(|(_, header)| header.clone());
    known.or_else(|| format!("{PREFIX}{attribute}").parse().ok())
}

fn encoded(name: &str, text: &str) -> String {
    if name == CONTENT_TYPE_ATTRIBUTE && starts_structured(text) {
        // As it is, it would say that this message is in structured mode. With one more character
        // encoded it is the same media type to a reader, and not that sign.
        return format!(
            "%{:02X}{}",
            text.as_bytes()[0],
            utf8_percent_encode(&text[1..], ENCODED)
        );
    }
    utf8_percent_encode(text, ENCODED).to_string()
}

fn starts_structured(media_type: &str) -> bool {
    media_type
        .get(..STRUCTURED.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(STRUCTURED))
}

impl Writer {
    fn set(mut self, name: &str, value: &MessageAttributeValue) -> SdkResult<Self> {
        let text = match value {
            // Keep the digits the sender gave; chrono's default would drop trailing zeros.
            MessageAttributeValue::DateTime(time) => {
                time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
            }
            other => other.to_string(),
        };
        let encoded = encoded(name, &text);
        let invalid = |_| Error::Other {
            source: format!("attribute {name} does not fit a header").into(),
        };
        let value: HeaderValue = encoded.parse().map_err(|_| invalid(()))?;
        let name = header_name(name).ok_or_else(|| invalid(()))?;
        self.0.push((name, value));
        Ok(self)
    }
}

impl BinarySerializer<Vec<Header>> for Writer {
    fn set_spec_version(self, version: SpecVersion) -> SdkResult<Self> {
        self.set(
            "specversion",
            &MessageAttributeValue::String(version.to_string()),
        )
    }

    fn set_attribute(self, name: &str, value: MessageAttributeValue) -> SdkResult<Self> {
        self.set(name, &value)
    }

    fn set_extension(self, name: &str, value: MessageAttributeValue) -> SdkResult<Self> {
        self.set(name, &value)
    }

    fn end_with_data(self, _: Vec<u8>) -> SdkResult<Vec<Header>> {
        Err(Error::Other {
            source: "data travels beside the headers, not through them".into(),
        })
    }

    fn end(self) -> SdkResult<Vec<Header>> {
        Ok(self.0)
    }
}

/// The headers of a message in binary mode.
#[derive(Clone, Copy)]
struct Incoming<'a> {
    headers: Option<&'a HeaderMap>,
}

impl<'a> Incoming<'a> {
    fn content_type(self) -> Option<&'a str> {
        let names = self.headers?.iter();
        let spelt = names
            .filter(|(name, _)| AsRef::<str>::as_ref(*name).eq_ignore_ascii_case(CONTENT_TYPE));
        // Two spellings of one name come in any order; the least value is the same every time.
        spelt
            .filter_map(|(_, values)| values.first())
            .map(HeaderValue::as_str)
            .min()
    }

    fn attributes(self) -> impl Iterator<Item = (Cow<'a, str>, &'a str)> {
        self.headers
            .into_iter()
            .flat_map(HeaderMap::iter)
            .filter_map(|(name, values)| {
                let name = AsRef::<str>::as_ref(name);
                let prefix = name.get(..PREFIX.len())?;
                prefix.eq_ignore_ascii_case(PREFIX).then_some(())?;
                let name = &name[PREFIX.len()..];
                // Ours are lower case already.
                let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
                let name = if is_lower {
                    Cow::Borrowed(name)
                } else {
                    Cow::Owned(name.to_ascii_lowercase())
                };
                Some((name, values.first()?.as_str()))
            })
    }
}

fn decoded(name: &str, value: &str) -> SdkResult<MessageAttributeValue> {
    // Most values need no decoding, and looking for what does is cheap.
    if memchr(b'%', value.as_bytes()).is_none() {
        return Ok(MessageAttributeValue::String(value.to_owned()));
    }
    let text = percent_decode_str(value)
        .decode_utf8()
        .map_err(|_| Error::Other {
            source: format!("attribute {name} is not UTF-8").into(),
        })?;
    Ok(MessageAttributeValue::String(text.into_owned()))
}

impl BinaryDeserializer for Incoming<'_> {
    fn deserialize_binary<R: Sized, V: BinarySerializer<R>>(self, mut visitor: V) -> SdkResult<R> {
        let content_type = self.content_type();
        let mut version = None;
        for (name, value) in self.attributes() {
            match &*name {
                "specversion" if version.is_none() => {
                    version = Some(SpecVersion::try_from(value)?);
                }
                // The data's type has a header of its own, which goes before this one.
                CONTENT_TYPE_ATTRIBUTE if content_type.is_some() => {}
                _ => {
                    let value = decoded(&name, value)?;
                    visitor = match SpecVersion::V10.attribute_names().contains(&&*name) {
                        true => visitor.set_attribute(&name, value)?,
                        false => visitor.set_extension(&name, value)?,
                    };
                }
            }
        }
        match version {
            Some(SpecVersion::V10) => visitor = visitor.set_spec_version(SpecVersion::V10)?,
            _ => return Err(Error::WrongEncoding {}),
        }
        if let Some(content_type) = content_type {
            let value = decoded(CONTENT_TYPE_ATTRIBUTE, content_type)?;
            visitor = visitor.set_attribute(CONTENT_TYPE_ATTRIBUTE, value)?;
        }
        visitor.end()
    }
}

/// An SDK event from JSON, for structured mode over HTTP as well.
///
/// # Errors
/// When the bytes are not a CloudEvents 1.0 JSON event.
pub fn decode_structured(bytes: &[u8]) -> Result<Envelope, BindingError> {
    let event: Event = serde_json::from_slice(bytes).map_err(Error::from)?;
    Ok(Envelope::from_event(event)?)
}

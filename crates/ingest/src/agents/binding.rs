//! CloudEvents over HTTP (binding 1.0.2): which mode a request is in, and its events.
//!
//! Only `ce-` headers and the content type are looked at; no other header of the request gets
//! any further.

use super::{
    charset,
    format::{Attributes, Received},
    rules::Refusal,
};
use crate::rejection::Rejection;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use percent_encoding::percent_decode;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// A batch is stored or refused as a whole within one request's patience.
const LARGEST_BATCH: usize = 200;

/// What a request holds. An event that is not one is an error in its place.
pub(super) struct Incoming {
    pub(super) events: Vec<Result<Received, Refusal>>,
    pub(super) is_batch: bool,
}

/// Reads the events of a request.
pub(super) fn read(headers: &HeaderMap, body: &Bytes) -> Result<Incoming, Rejection> {
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity")
    {
        return Err(not_taken("media_type", "compressed bodies are not taken"));
    }
    let content_type = headers.get(header::CONTENT_TYPE);
    let media = content_type
        .and_then(|value| value.to_str().ok())
        .map(media_type);
    match media.as_deref() {
        Some("application/cloudevents+json") => Ok(Incoming {
            events: vec![structured(body)],
            is_batch: false,
        }),
        Some("application/cloudevents-batch+json") => batch(body),
        Some(other) if other.starts_with("application/cloudevents") => Err(not_taken(
            "media_type",
            "of the event formats, JSON alone is taken",
        )),
        _ if headers.keys().any(|name| name.as_str().starts_with("ce-")) => {
            let named = content_type.and_then(|value| value.to_str().ok());
            if named.is_some_and(charset::is_foreign) {
                return Err(not_taken(
                    "charset",
                    "the Content-Type names another charset than UTF-8: send the data as UTF-8",
                ));
            }
            Ok(Incoming {
                events: vec![binary(headers, body)],
                is_batch: false,
            })
        }
        _ => Err(not_taken(
            "media_type",
            "not a CloudEvent: neither ce- headers nor a media type of application/cloudevents",
        )),
    }
}

fn not_taken(reason: &'static str, detail: &str) -> Rejection {
    Rejection::MediaType {
        reason,
        detail: detail.to_owned(),
    }
}

/// A media type without its parameters; they compare in lower case.
fn media_type(value: &str) -> String {
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn binary(headers: &HeaderMap, body: &Bytes) -> Result<Received, Refusal> {
    let mut attributes = Attributes::default();
    for (name, value) in headers {
        if let Some(name) = name.as_str().strip_prefix("ce-") {
            let text = decoded(value).ok_or_else(|| {
                Refusal::malformed(
                    name.chars().take(40).collect::<String>(),
                    "is not UTF-8 after percent-decoding",
                )
            })?;
            if name == "datacontenttype" {
                return Err(Refusal::malformed(
                    "datacontenttype",
                    "is the Content-Type header in binary mode",
                ));
            }
            attributes.add(name, text)?;
        }
    }
    if let Some(content_type) = headers.get(header::CONTENT_TYPE) {
        let text = content_type
            .to_str()
            .map_err(|_| Refusal::malformed("Content-Type", "is not plain text"))?;
        attributes.add("datacontenttype", text.to_owned())?;
    }
    attributes.build(body.clone())
}

/// A header value as the binding says: quotes off, percent-decoded once, then UTF-8. Overlong
/// forms such as %C0%A0 are not UTF-8.
fn decoded(value: &HeaderValue) -> Option<String> {
    let bytes = value.as_bytes();
    let unquoted: Cow<'_, [u8]> = match bytes {
        [b'"', inner @ .., b'"'] => Cow::Owned(unescaped(inner)),
        plain => Cow::Borrowed(plain),
    };
    percent_decode(&unquoted)
        .decode_utf8()
        .ok()
        .map(Cow::into_owned)
}

fn unescaped(quoted: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(&byte) = bytes.next() {
        out.push(if byte == b'\\' {
            bytes.next().copied().unwrap_or(byte)
        } else {
            byte
        });
    }
    out
}

fn batch(body: &Bytes) -> Result<Incoming, Rejection> {
    let malformed = |detail: String| Rejection::Malformed {
        reason: "not_a_cloudevent",
        detail,
    };
    let members: Vec<&RawValue> = serde_json::from_slice(body)
        .map_err(|error| malformed(format!("the batch is not a JSON array {}", place(&error))))?;
    if members.len() > LARGEST_BATCH {
        return Err(Rejection::TooMany {
            limit: LARGEST_BATCH,
        });
    }
    let events = members
        .iter()
        .map(|member| structured(&Bytes::copy_from_slice(member.get().as_bytes())))
        .collect();
    Ok(Incoming {
        events,
        is_batch: true,
    })
}

/// Where JSON went wrong. The parser's own words may quote the body, which must not be logged.
fn place(error: &serde_json::Error) -> String {
    format!("(line {}, column {})", error.line(), error.column())
}

/// One event in the JSON format.
fn structured(body: &Bytes) -> Result<Received, Refusal> {
    let Members(members) = serde_json::from_slice(body).map_err(|error| {
        Refusal::malformed("body", &format!("is not a JSON object {}", place(&error)))
    })?;
    let mut attributes = Attributes::default();
    let (mut data, mut data_base64) = (None, None);
    for (name, value) in members {
        match name.as_ref() {
            "data" if data.is_some() => return Err(Refusal::malformed("data", "comes twice")),
            "data" => data = Some(value),
            "data_base64" if data_base64.is_some() => {
                return Err(Refusal::malformed("data_base64", "comes twice"));
            }
            "data_base64" => data_base64 = Some(value),
            name => {
                if let Some(value) = attribute_value(name, value)? {
                    attributes.add(name, value)?;
                }
            }
        }
    }
    let is_null = |value: &&RawValue| value.get() == "null";
    let data = match (
        data.filter(|data| !is_null(data)),
        data_base64.filter(|data| !is_null(data)),
    ) {
        (Some(_), Some(_)) => return Err(Refusal::malformed("data", "comes beside data_base64")),
        (None, None) => Bytes::new(),
        (Some(json), None) => plain_data(&attributes, json, body),
        (None, Some(base64)) => serde_json::from_str::<String>(base64.get())
            .ok()
            .and_then(|text| STANDARD.decode(text).ok())
            .ok_or_else(|| Refusal::malformed("data_base64", "is not base64"))?
            .into(),
    };
    if !data.is_empty() && attributes.value("datacontenttype").is_none() {
        attributes.add("datacontenttype", "application/json".into())?;
    }
    attributes.build(data)
}

/// CloudEvents JSON format 3.1: a string under a type that is not JSON is the text itself;
/// otherwise data is the JSON as it was written.
fn plain_data(attributes: &Attributes, json: &RawValue, body: &Bytes) -> Bytes {
    let media = attributes.value("datacontenttype").map(media_type);
    let is_json = media.is_none_or(|media| media.ends_with("/json") || media.ends_with("+json"));
    if !is_json && let Ok(text) = serde_json::from_str::<String>(json.get()) {
        return text.into();
    }
    body.slice_ref(json.get().as_bytes())
}

/// What CloudEvents itself names. Its types in JSON are strings.
const NAMED: [&str; 8] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "dataschema",
    "datacontenttype",
];

/// CloudEvents types in JSON: strings, and for extensions also booleans and integers; null is an absent
/// attribute.
fn attribute_value(name: &str, value: &RawValue) -> Result<Option<String>, Refusal> {
    let text = value.get();
    let is_named = NAMED.contains(&name);
    let wrong = || {
        let message = if is_named {
            "is not a string"
        } else {
            "is not a string, boolean or integer"
        };
        Refusal::malformed(name.chars().take(40).collect::<String>(), message)
    };
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).map(Some).map_err(|_| wrong()),
        Some(b'n') => Ok(None),
        _ if is_named => Err(wrong()),
        Some(b't' | b'f') => Ok(Some(text.to_owned())),
        _ => text
            .parse::<i32>()
            .map(|number| Some(number.to_string()))
            .map_err(|_| wrong()),
    }
}

/// The members of an object in their order, repetitions included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'a> Visitor<'a> for Object {
            type Value = Members<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'a RawValue>()? {
                    members.push((Cow::Owned(name), value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::rules;
    use axum::http::HeaderName;
    use frontdesk_events::{
        Envelope, StreamName,
        nats::binding::{decode, encode},
    };
    use proptest::prelude::*;

    fn headers(pairs: &[(&str, &[u8])]) -> HeaderMap {
        pairs
            .iter()
            .filter_map(|(name, value)| {
                Some((
                    name.parse::<HeaderName>().ok()?,
                    HeaderValue::from_bytes(value).ok()?,
                ))
            })
            .collect()
    }

    /// Everything up to the wire: read, judge, encode.
    fn take(headers: &HeaderMap, body: &[u8]) -> usize {
        let Ok(incoming) = read(headers, &Bytes::copy_from_slice(body)) else {
            return 0;
        };
        let admitted = incoming
            .events
            .into_iter()
            .filter_map(|event| rules::admit(event.ok()?, "a").ok());
        admitted
            .map(|admitted| {
                let envelope: Envelope = admitted
                    .envelope
                    .with_partition_key(&admitted.partition_key);
                let content_type = envelope
                    .content_type()
                    .unwrap_or("application/json")
                    .to_owned();
                let data = admitted.data;
                let stored = envelope.clone().with_data(&content_type, data.to_vec());
                let (wire, payload) = encode(&stored).unwrap();
                let read = decode(Some(&wire), &payload).expect("what is admitted can be read");
                assert_eq!(
                    (read.id(), read.kind(), read.time(), read.data()),
                    (stored.id(), stored.kind(), stored.time(), stored.data())
                );
                crate::message::outbound(
                    StreamName::Calls,
                    envelope,
                    "agent",
                    &admitted.kind,
                    &content_type,
                    data,
                )
            })
            .inspect(|message| assert!(message.is_ok(), "what is admitted can be sent"))
            .count()
    }

    #[test]
    fn media_types_compare_without_case_and_parameters() {
        let event = br#"{"specversion":"1.0","id":"1","source":"/agents/a","type":"x.y"}"#;
        for media in [
            "application/cloudevents+json",
            "APPLICATION/CloudEvents+JSON ; charset=utf-8",
        ] {
            assert_eq!(
                take(&headers(&[("content-type", media.as_bytes())]), event),
                1,
                "{media}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_request_is_taken_or_refused(
            media in proptest::sample::select(vec!["application/cloudevents+json", "application/cloudevents-batch+json", "text/plain"]),
            names in proptest::collection::vec("ce-[a-z0-9-]{0,24}", 0..6),
            values in proptest::collection::vec(proptest::collection::vec(0x20_u8..=0xff, 0..20), 6),
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut pairs: Vec<(&str, &[u8])> = vec![
                ("content-type", media.as_bytes()), ("ce-specversion", b"1.0"), ("ce-id", b"1"),
                ("ce-source", b"/agents/a"), ("ce-type", b"x"),
            ];
            pairs.extend(names.iter().map(String::as_str).zip(values.iter().map(Vec::as_slice)));
            let _ = take(&headers(&pairs), &body);
        }

        #[test]
        fn any_json_event_is_taken_or_refused(
            id in "(?s).{0,8}", kind in "\\PC{0,30}", subject in "(?s).{0,8}", extension in "(?s).{0,8}",
            time in "(0000|1970|2026|9999)-(01-01|12-31)T(00|23):00:(00|60)(Z|\\+23:59|-23:59)",
            data in "[\\[\\]{}\",:0-9a-z\\\\]{0,30}",
        ) {
            let event = serde_json::json!({
                "specversion": "1.0", "id": id, "source": "/agents/a", "type": kind, "subject": subject, "time": time,
                "ext": extension, "partitionkey": extension,
            });
            let event = event.to_string().replacen('{', &format!("{{\"data\":{data},"), 1);
            let media: &[(&str, &[u8])] = &[("content-type", b"application/cloudevents+json")];
            let _ = take(&headers(media), event.as_bytes());
            let _ = take(&headers(media), event.replace(&format!("\"data\":{data},"), "").as_bytes());
        }
    }
}

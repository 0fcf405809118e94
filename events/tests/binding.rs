//! The NATS binding loses nothing, whatever an attribute holds, and lets nothing through but
//! attributes.

// The whole file is tests; clippy only knows it of the functions marked so.
#![allow(clippy::unwrap_used)]

use async_nats::HeaderMap;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope,
    cloudevents::{AttributesReader as _, Event},
    nats::{
        Outbound, PublishError,
        binding::{decode, decode_structured, encode},
    },
};
use proptest::{collection, prelude::*, sample};
use serde_json::{Value, json};

/// Every character in turn: printable, control, beyond ASCII, beyond the basic plane.
fn any_text() -> impl Strategy<Value = String> {
    let hostile = sample::select(vec![
        "x\r\nNats-Msg-Id: evil",
        "\r\n\r\n",
        "\0",
        " leading and trailing ",
        "100%",
        "%41%zz%",
        "\"quoted\"",
        "ünïcödé €  😀",
        "\u{7f}\u{80}\u{a0}\u{feff}",
        "a:b, c=d; e",
        "",
    ]);
    prop_oneof![
        3 => collection::vec(any::<char>(), 0..60).prop_map(String::from_iter),
        2 => collection::vec(0_u8..128, 0..60).prop_map(|bytes| bytes.into_iter().map(char::from).collect()),
        1 => hostile.prop_map(str::to_owned),
    ]
}

fn any_name() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,20}".prop_filter("one of CloudEvents' own", |name| {
        let own = [
            "specversion",
            "id",
            "source",
            "type",
            "subject",
            "time",
            "dataschema",
            "datacontenttype",
            "data",
        ];
        !own.contains(&name.as_str())
    })
}

fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    // The years 0000 to 9999, which are those of RFC 3339.
    (-62_167_219_200_i64..253_402_300_800, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

fn content_type() -> impl Strategy<Value = String> {
    let usual = sample::select(vec![
        "application/json",
        "application/cloudevents+json",
        "APPLICATION/CloudEvents",
        "text/plain; charset=\"utf-8\"",
    ]);
    prop_oneof![2 => usual.prop_map(str::to_owned), 1 => any_text()]
}

fn any_envelope() -> impl Strategy<Value = Envelope> {
    let required = (any_text(), any_text(), any_text()).prop_map(|(id, source, kind)| {
        let filled = |text: String| {
            if text.is_empty() {
                "x".to_owned()
            } else {
                text
            }
        };
        (filled(id), filled(source), filled(kind))
    });
    let optional = (
        proptest::option::of(any_text()),
        proptest::option::of(any_time()),
    );
    let extensions = collection::vec((any_name(), any_text()), 0..6);
    let data = proptest::option::of((content_type(), collection::vec(any::<u8>(), 1..200)));
    (required, optional, extensions, data).prop_map(
        |((id, source, kind), (subject, time), extensions, data)| {
            let mut envelope = Envelope::new(&id, &source, &kind).unwrap();
            if let Some(subject) = subject {
                envelope = envelope.with_subject(&subject);
            }
            if let Some(time) = time {
                envelope = envelope.with_time(time);
            }
            for (name, value) in extensions {
                envelope = envelope.with_extension(&name, &value);
            }
            match data {
                Some((content_type, bytes)) => envelope.with_data(&content_type, bytes),
                None => envelope,
            }
        },
    )
}

/// What a server makes of the headers: lines, split at the first colon, values trimmed.
fn over_the_wire(headers: &HeaderMap) -> HeaderMap {
    let mut wire = String::new();
    for (name, values) in headers.iter() {
        for value in values {
            wire.push_str(&format!(
                "{}: {}\r\n",
                AsRef::<str>::as_ref(name),
                value.as_str()
            ));
        }
    }
    let mut received = HeaderMap::new();
    for line in wire.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        received.append(name, value.trim());
    }
    received
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, *value);
    }
    headers
}

const REQUIRED: [(&str, &str); 4] = [
    ("ce-specversion", "1.0"),
    ("ce-id", "1"),
    ("ce-source", "/x"),
    ("ce-type", "t"),
];

#[test]
fn more_headers_than_jetstream_stores_are_refused_before_they_are_sent() {
    let with = |extensions: usize| {
        let mut envelope = Envelope::new("1", "/agents/a", "com.example.x").unwrap();
        for n in 0..extensions {
            // Each euro sign is three bytes, and nine on the wire.
            envelope = envelope.with_extension(&format!("ext{n}"), &"\u{20ac}".repeat(1300));
        }
        Outbound::of(envelope, "calls.00.agent.x".to_owned())
    };
    assert!(with(5).is_ok());
    assert!(matches!(with(6), Err(PublishError::Unsendable(_))));
}

proptest! {
    #[test]
    fn binary_mode_round_trips_any_envelope(envelope in any_envelope()) {
        let (headers, payload) = encode(&envelope).unwrap();
        let received = decode(Some(&over_the_wire(&headers)), &payload).unwrap();
        prop_assert_eq!(&received, &envelope);
        // The same in the SDK's own eyes.
        prop_assert_eq!(received.to_event(), envelope.to_event());
        prop_assert_eq!(Envelope::from_event(received.to_event()).unwrap(), envelope);
    }

    #[test]
    fn structured_mode_reads_what_the_sdk_writes(envelope in any_envelope(), upper in any::<bool>()) {
        let json = serde_json::to_vec(&envelope.to_event()).unwrap();
        let media = "application/cloudevents+json; charset=UTF-8";
        let media = if upper { media.to_uppercase() } else { media.to_owned() };
        let headers = headers(&[("Content-Type", &media), ("Nats-Msg-Id", "1")]);
        let received = decode(Some(&headers), &Bytes::from(json.clone())).unwrap();
        prop_assert_eq!(&received, &decode_structured(&json).unwrap());
        let sdk: Event = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(received.id(), sdk.id());
        prop_assert_eq!(received.subject(), sdk.subject());
        prop_assert_eq!(received.data(), envelope.data());
    }

    #[test]
    fn only_attributes_become_headers_and_no_value_can_end_a_line(envelope in any_envelope()) {
        let (headers, _) = encode(&envelope).unwrap();
        for (name, values) in headers.iter() {
            let name: &str = name.as_ref();
            let attribute = name.strip_prefix("ce-").unwrap_or("");
            let is_attribute = !attribute.is_empty()
                && attribute.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            prop_assert!(is_attribute || name == "content-type", "{name:?}");
            prop_assert_eq!(values.len(), 1);
            prop_assert!(values[0].as_str().bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{:?}", values);
        }
    }

    #[test]
    fn no_message_makes_reading_panic(
        pairs in collection::vec((sample::select(vec![
            "ce-id", "CE-ID", "ce-specversion", "ce-time", "ce-", "ce-nats-msg-id", "content-type", "Content-Type",
            "Nats-Msg-Id", "ce-type", "ce-source",
        ]), "[!-~]{0,20}"), 0..8),
        payload in collection::vec(any::<u8>(), 0..60),
    ) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let _ = decode(Some(&headers(&pairs)), &Bytes::from(payload)).is_ok();
    }
}

#[test]
fn data_that_is_empty_stays_empty() {
    let envelope = Envelope::new("1", "/x", "t")
        .unwrap()
        .with_data("text/plain", Vec::new());
    let (headers, payload) = encode(&envelope).unwrap();
    let received = decode(Some(&headers), &payload).unwrap();
    assert!(received.data().is_empty());
    assert_eq!(received.content_type(), Some("text/plain"));
}

#[test]
fn servers_headers_are_no_attributes() {
    let mut pairs = REQUIRED.to_vec();
    pairs.extend([
        ("Nats-Msg-Id", "1"),
        ("Nats-Expected-Stream", "CALLS"),
        ("traceparent", "00-1-2-01"),
    ]);
    let envelope = decode(Some(&headers(&pairs)), &Bytes::new()).unwrap();
    assert_eq!(envelope.to_event().iter_extensions().count(), 0);
}

#[test]
fn header_names_are_read_in_any_case_and_never_two_of_one() {
    let mut shouted: Vec<(String, &str)> = REQUIRED
        .iter()
        .map(|(name, value)| (name.to_uppercase(), *value))
        .collect();
    shouted.push(("CE-PartitionKey".to_owned(), "room"));
    let shouted: Vec<(&str, &str)> = shouted
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    let envelope = decode(Some(&headers(&shouted)), &Bytes::new()).unwrap();
    assert_eq!(envelope.partition_key().as_deref(), Some("room"));

    // Which of the two a map of headers gives first is chance, and a replay must not depend on it.
    let mut doubled = REQUIRED.to_vec();
    doubled.extend([("CE-ID", "2")]);
    assert!(decode(Some(&headers(&doubled)), &Bytes::new()).is_err());
}

#[test]
fn what_is_no_event_is_refused() {
    let with = |more: &[(&str, &str)]| {
        let mut pairs = REQUIRED.to_vec();
        pairs.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
        pairs.extend(more);
        decode(Some(&headers(&pairs)), &Bytes::new())
    };
    assert!(with(&[]).is_ok());
    for wrong in [
        ("ce-specversion", "0.3"),
        ("ce-specversion", "2.0"),
        ("ce-id", ""),
        ("ce-source", ""),
        ("ce-type", ""),
        ("ce-time", "2026-19-01T00:00:00Z"),
        ("ce-subject", "%C0%A0"),
        ("ce-partition_key", "x"),
        ("ce-nats-msg-id", "x"),
    ] {
        assert!(with(&[wrong]).is_err(), "{wrong:?}");
    }
    assert!(decode(None, &Bytes::from_static(b"{}")).is_err());
    let old = r#"{"specversion":"0.3","id":"1","source":"/x","type":"t"}"#;
    for body in [
        "",
        "[]",
        "{}",
        r#"{"specversion":"1.0","id":"","source":"/x","type":"t"}"#,
        "\u{0}",
        old,
    ] {
        let structured = headers(&[("content-type", "application/cloudevents+json")]);
        assert!(
            decode(Some(&structured), &Bytes::from(body)).is_err(),
            "{body:?}"
        );
    }
}

#[test]
fn structured_data_of_every_shape_becomes_bytes() {
    for (member, value, bytes) in [
        (
            "data",
            json!({ "a": [1, "ü"] }),
            "{\"a\":[1,\"ü\"]}".as_bytes(),
        ),
        ("data", json!("text"), b"\"text\""),
        ("data_base64", json!("AAECew=="), &[0, 1, 2, 0x7b]),
    ] {
        let mut event = json!({
            "specversion": "1.0", "id": "1", "source": "/x", "type": "t", "datacontenttype": "application/json",
            "flag": true, "count": 7, "comexample": "x",
        });
        event[member] = value.clone();
        let envelope = decode_structured(event.to_string().as_bytes()).unwrap();
        assert_eq!(envelope.data(), bytes, "{member}: {value}");
        assert_eq!(envelope.extension("flag").as_deref(), Some("true"));
        assert_eq!(envelope.extension("count").as_deref(), Some("7"));
        let line = envelope.to_json();
        assert_eq!(line.contains("\"data\":"), member == "data", "{line}");
        assert_eq!(decode_structured(line.as_bytes()).unwrap(), envelope);
        let (headers, payload) = encode(&envelope).unwrap();
        let received = decode(Some(&headers), &payload).unwrap();
        assert_eq!(
            (received.data(), received.extension("count")),
            (bytes, Some("7".to_owned()))
        );
    }
    let nothing = json!({ "specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": Value::Null });
    assert!(decode_structured(nothing.to_string().as_bytes()).is_ok());
}

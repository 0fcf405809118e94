//! From an envelope to a message for its stream: the last step that is the same for all senders.

use crate::{commit::NotStored, rejection::Rejection};
use bytes::Bytes;
use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Outbound, PublishError},
    subject,
};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// A provider's event name as part of a type: lower-case letters, digits, `_`, `-` and `.`, at
/// most 80. The name as sent stays in the data.
pub(crate) fn type_part(name: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.');
    let letter = |c: char| match c.to_ascii_lowercase() {
        plain if plain.is_ascii() && is_plain(plain as u8) => plain,
        _ => '_',
    };
    name.chars().take(80).map(letter).collect()
}

/// An id or subject of at most this many bytes is kept. The providers' own have up to 50.
const LONGEST_NAME: usize = 256;

/// A sender's id or subject as an attribute: one that is longer or has control characters is
/// replaced by its hash, so that whatever is stored can be read again and printed.
pub(crate) fn tame(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME && !name.chars().any(char::is_control) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("sha256:{}", hex::encode(Sha256::digest(name))))
}

/// Encodes an envelope with its data for a stream.
pub(crate) fn outbound(
    stream: StreamName,
    envelope: Envelope,
    source: &str,
    kind: &str,
    content_type: &str,
    data: Bytes,
) -> Result<Outbound, Rejection> {
    let partition = match stream {
        StreamName::Billing => Partition::BILLING,
        _ => Partition::of(&envelope.partition_key().unwrap_or_default()),
    };
    let subject = subject::event(stream, partition, source, kind);
    let envelope = envelope.with_data(content_type, data);
    Outbound::of(envelope, subject).map_err(|error| match error {
        PublishError::Unsendable(_) => NotStored::TooLarge.into(),
        other => Rejection::Malformed {
            reason: "unfit",
            detail: other.to_string(),
        },
    })
}

/// Ids that try to break out of an attribute, a header, a subject or a bound.
#[cfg(test)]
pub(crate) fn hostile_name() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::{prelude::*, sample::select};
    prop_oneof![
        "(?s).{0,200}",
        "[\\x00-\\x20%\"\\x7f]{1,20}",
        (select(vec!["x", "\u{1F600}", "%", "\n"]), 0_usize..6000)
            .prop_map(|(piece, times)| piece.repeat(times)),
    ]
}

/// Panics unless the envelope reads from the wire as it was written.
#[cfg(test)]
pub(crate) fn assert_readable(envelope: &Envelope) {
    use frontdesk_events::nats::binding::{decode, encode};
    let (headers, payload) = encode(envelope).unwrap();
    let read = decode(Some(&headers), &payload).expect("what is admitted can be read");
    assert_eq!(&read, envelope);
}

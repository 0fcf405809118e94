//! From an envelope to a message for its stream: the last step that is the same for all senders.

use crate::{commit::NotStored, rejection::Rejection};
use bytes::Bytes;
use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Outbound, PublishError},
    subject,
};

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

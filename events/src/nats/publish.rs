//! Publishing: one message, or many as one atomic batch.
//!
//! With `sync_interval: always` the server fsyncs before each ack, so a batch (ADR-50 of NATS)
//! is what makes durable ingest fast: one fsync of the stream for all of its messages.

use super::{
    binding::{self, Header},
    connection::Connection,
};
use crate::{Envelope, StreamName};
use async_nats::{HeaderMap, Request, client::RequestErrorKind, header::NATS_MESSAGE_ID};
use bytes::Bytes;
use serde::Deserialize;
use std::time::Duration;

/// The server's bound is 1,000; ingest stays far below it.
pub const LARGEST_BATCH: usize = 1000;

/// JetStream's error code for a batch that repeats a stored `Nats-Msg-Id`.
const DUPLICATE_IN_BATCH: u64 = 10201;
/// Of a replicated stream: another message of this `Nats-Msg-Id` is proposed and not yet stored, and may
/// still come to nothing.
const DUPLICATE_IN_PROCESS: u64 = 10158;
const STREAM_FULL: [u64; 2] = [10077, 10047];

/// JetStream refuses larger heads with an error that no retry can mend. The difference is for what the
/// batch adds.
const LARGEST_HEAD: usize = StreamName::LARGEST_HEAD - 512;

/// A message ready for the wire: encoded once, sent as often as needed.
#[derive(Debug, Clone)]
pub struct Outbound {
    subject: String,
    headers: Vec<Header>,
    message_id: String,
    payload: Bytes,
}

impl Outbound {
    /// Encodes an envelope in binary mode under a subject, with its `Nats-Msg-Id`.
    ///
    /// # Errors
    /// When an attribute does not fit a header.
    pub fn new(envelope: &Envelope, subject: String) -> Result<Self, PublishError> {
        Self::of(envelope.clone(), subject)
    }

    /// The same without copying the envelope's data.
    ///
    /// # Errors
    /// When an attribute does not fit a header.
    pub fn of(envelope: Envelope, subject: String) -> Result<Self, PublishError> {
        let message_id = envelope.message_id();
        let (headers, payload) = binding::into_parts(envelope)
            .map_err(|error| PublishError::Unsendable(error.to_string()))?;
        let message = Self {
            subject,
            headers,
            message_id,
            payload,
        };
        if message.payload.len() > StreamName::LARGEST_DATA {
            return Err(PublishError::Unsendable(
                "its data is larger than 1 MiB".into(),
            ));
        }
        if message.head_size() > LARGEST_HEAD {
            return Err(PublishError::Unsendable(
                "its attributes are larger than 64 KiB".into(),
            ));
        }
        Ok(message)
    }

    /// Bytes on the wire, about: headers and payload.
    #[must_use]
    pub fn size(&self) -> usize {
        self.head_size() + self.payload.len() + self.subject.len()
    }

    fn head_size(&self) -> usize {
        let header = |name: &str, value: &str| name.len() + value.len() + ": \r\n".len();
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| header(name.as_ref(), value.as_str()))
            .sum();
        headers + header("Nats-Msg-Id", &self.message_id)
    }

    /// The same message under another subject.
    #[must_use]
    pub fn readdressed(&self, subject: String) -> Self {
        Self {
            subject,
            ..self.clone()
        }
    }

    /// The same event once more under another `Nats-Msg-Id`: stored again although the stream has it.
    /// Readers know it by its own id.
    #[must_use]
    pub fn once_more(self, message_id: &str) -> Self {
        Self {
            message_id: message_id.to_owned(),
            ..self
        }
    }

    /// Its subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    fn header_map(&self) -> HeaderMap {
        let mut headers: HeaderMap = self.headers.iter().cloned().collect();
        headers.insert(NATS_MESSAGE_ID, self.message_id.as_str());
        headers
    }

    /// Its `Nats-Msg-Id`: two messages with the same one are the same fact.
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }
}

/// The server stored it (or had it) and has fsynced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishAck {
    /// The stream sequence; of a batch, the last one's.
    pub sequence: u64,
    /// The id was already stored within the duplicate window; `sequence` is the first one's.
    pub duplicate: bool,
}

/// What became of a publish that was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No answer in time, or none that is final: it may be stored or not. Only a retry with the same id
    /// can tell.
    #[error("no answer from JetStream; the message may or may not be stored")]
    Unknown,
    /// Nothing listens: JetStream is away. Not stored.
    #[error("JetStream is not available")]
    Unavailable,
    /// The stream is full and refuses rather than forgets. Not stored.
    #[error("the stream is full")]
    Full,
    /// A batch holds an id that is stored already; nothing of the batch was stored now.
    #[error("the batch repeats a stored message id")]
    DuplicateInBatch,
    /// The server says no. Not stored.
    #[error("JetStream refused: {description} ({code})")]
    Refused {
        /// JetStream's error code.
        code: u64,
        /// Its words.
        description: String,
    },
    /// It could not be put on the wire at all.
    #[error("not sendable: {0}")]
    Unsendable(String),
}

#[derive(Deserialize)]
struct Ack {
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    count: Option<usize>,
    error: Option<AckError>,
}

#[derive(Deserialize)]
struct AckError {
    err_code: Option<u64>,
    code: u64,
    #[serde(default)]
    description: String,
}

impl Connection {
    /// Publishes one message and waits for its fsynced ack.
    ///
    /// # Errors
    /// See [`PublishError`]; after `Unknown` try again with the same message.
    pub async fn publish(
        &self,
        message: &Outbound,
        timeout: Duration,
    ) -> Result<PublishAck, PublishError> {
        self.request(
            message.subject.clone(),
            message.header_map(),
            message.payload.clone(),
            timeout,
        )
        .await
        .map(|ack| PublishAck {
            sequence: ack.seq.unwrap_or_default(),
            duplicate: ack.duplicate,
        })
    }

    /// Publishes all messages as one atomic batch: all stored and fsynced, or none.
    /// `batch_id` must be new for each try. The messages must belong to one stream.
    ///
    /// # Errors
    /// See [`PublishError`]; `DuplicateInBatch` and `Unknown` are settled one by one.
    pub async fn publish_batch(
        &self,
        batch_id: &str,
        messages: &[Outbound],
        timeout: Duration,
    ) -> Result<PublishAck, PublishError> {
        debug_assert!(messages.len() <= LARGEST_BATCH);
        let Some((last, rest)) = messages.split_last() else {
            return Err(PublishError::Unsendable("an empty batch".into()));
        };
        for (index, message) in rest.iter().enumerate() {
            let headers = batch_headers(message, batch_id, index + 1);
            self.client
                .publish_with_headers(message.subject.clone(), headers, message.payload.clone())
                .await
                .map_err(|_| PublishError::Unknown)?;
        }
        let mut headers = batch_headers(last, batch_id, messages.len());
        headers.insert("Nats-Batch-Commit", "1");
        let ack = self
            .request(last.subject.clone(), headers, last.payload.clone(), timeout)
            .await?;
        if ack.count.is_some_and(|count| count != messages.len()) {
            // The server counted otherwise than we did; trust nothing and let ids settle it.
            return Err(PublishError::Unknown);
        }
        Ok(PublishAck {
            sequence: ack.seq.unwrap_or_default(),
            duplicate: ack.duplicate,
        })
    }

    async fn request(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
        timeout: Duration,
    ) -> Result<Ack, PublishError> {
        let request = Request::new()
            .headers(headers)
            .payload(payload)
            .timeout(Some(timeout));
        let reply =
            self.client
                .send_request(subject, request)
                .await
                .map_err(|error| match error.kind() {
                    RequestErrorKind::NoResponders => PublishError::Unavailable,
                    RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                        PublishError::Unsendable(error.to_string())
                    }
                    _ => PublishError::Unknown,
                })?;
        let ack: Ack = serde_json::from_slice(&reply.payload).map_err(|_| PublishError::Unknown)?;
        match ack.error {
            None if ack.seq.is_some() => Ok(ack),
            None => Err(PublishError::Unknown),
            Some(error) => Err(refusal(error)),
        }
    }
}

fn refusal(error: AckError) -> PublishError {
    let code = error.err_code.unwrap_or(error.code);
    match code {
        DUPLICATE_IN_BATCH => PublishError::DuplicateInBatch,
        DUPLICATE_IN_PROCESS => PublishError::Unknown,
        code if STREAM_FULL.contains(&code) => PublishError::Full,
        code => PublishError::Refused {
            code,
            description: error.description,
        },
    }
}

fn batch_headers(message: &Outbound, batch_id: &str, sequence: usize) -> HeaderMap {
    let mut headers = message.header_map();
    headers.insert("Nats-Batch-Id", batch_id);
    headers.insert("Nats-Batch-Sequence", sequence.to_string());
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an answer of the server's means.
    fn meaning(code: u64, description: &str) -> PublishError {
        let error = serde_json::json!({"code": 409, "err_code": code, "description": description});
        let answer = serde_json::json!({"error": error, "stream": "CALLS", "seq": 0});
        let ack: Ack = serde_json::from_value(answer).unwrap();
        refusal(ack.error.unwrap())
    }

    #[test]
    fn only_a_final_answer_is_a_refusal() {
        for (code, description, expected) in [
            (
                10158,
                "duplicate message id is in process",
                PublishError::Unknown,
            ),
            (
                10201,
                "batch publish contains duplicate message id",
                PublishError::DuplicateInBatch,
            ),
            (10077, "maximum bytes exceeded", PublishError::Full),
        ] {
            assert_eq!(meaning(code, description), expected);
        }
        let refused = meaning(10054, "message size exceeds maximum allowed");
        assert!(matches!(refused, PublishError::Refused { code: 10054, .. }));
    }
}

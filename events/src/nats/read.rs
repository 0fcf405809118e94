//! Reading a stream in order, without acks, from a sequence on.
//!
//! A pull consumer that lives as long as its reader. Every doubt (a gap in consumer sequences, a
//! missed heartbeat, any error) ends the reader: its owner opens another one at its checkpoint.
//! The client's ordered consumer is not used: recreated before its first message it starts at
//! message one, and it notices a stall only after half a minute.

use super::{binding, connection::Connection};
use crate::{Envelope, PartitionSet, StreamName};
use async_nats::{
    HeaderMap,
    jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, ReplayPolicy, pull},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{FutureExt as _, StreamExt as _};
use std::time::Duration;

/// The server forgets the consumer of a reader that vanished after this.
const INACTIVE_THRESHOLD: Duration = Duration::from_secs(60);
/// How long one pull stands open, and how often the server says it is still there. After twice as long without
/// a word the client ends the pull, and with it the reader.
const PULL_EXPIRES: Duration = Duration::from_secs(5);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How much the server may send ahead of us: bounds the reader's memory whatever the backlog.
/// Small enough that what waits here is still in the processor's cache when it is decoded.
const READ_AHEAD_MESSAGES: usize = 1024;
const READ_AHEAD_BYTES: usize = 4 * 1024 * 1024;
/// What one `read` gathers at the most, though at least one message.
const LARGEST_READ_BYTES: usize = 1024 * 1024;

/// One message of a stream, not yet decoded.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its sequence in the stream.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// When the server stored it.
    pub stored_at: DateTime<Utc>,
    /// How many messages of this reader's filter come after it: the lag.
    pub pending: u64,
    headers: Option<HeaderMap>,
    payload: Bytes,
}

impl Delivery {
    pub(super) fn of(message: &async_nats::jetstream::Message) -> Result<Self, async_nats::Error> {
        let info = message.info()?;
        Ok(Self {
            sequence: info.stream_sequence,
            subject: message.subject.to_string(),
            stored_at: info.published,
            pending: info.pending,
            headers: message.headers.clone(),
            payload: message.payload.clone(),
        })
    }

    /// Decodes the event in it.
    ///
    /// # Errors
    /// When the message is not a CloudEvents 1.0 event.
    pub fn envelope(&self) -> Result<Envelope, binding::BindingError> {
        binding::decode(self.headers.as_ref(), &self.payload)
    }

    /// The payload as stored, for a dead letter or a hash.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Headers as pairs, for a dead letter.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .flat_map(HeaderMap::iter)
            .flat_map(|(name, values)| {
                let name: &str = name.as_ref();
                values.iter().map(move |value| (name, value.as_str()))
            })
    }
}

/// Why a reader ended. Open another one at the checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The consumer could not be made.
    #[error("opening a reader on {stream} at {start}: {reason}")]
    Open {
        /// The stream.
        stream: StreamName,
        /// The first sequence wanted.
        start: u64,
        /// The server's or client's words.
        reason: String,
    },
    /// Messages were lost between server and reader.
    #[error("delivery {found} follows {expected_after}: a gap")]
    Gap {
        /// The last consumer sequence seen.
        expected_after: u64,
        /// The one that came.
        found: u64,
    },
    /// Neither message nor heartbeat for two seconds, or the consumer is gone.
    #[error("the reader fell silent: {0}")]
    Silent(String),
}

/// Reads one stream in order.
pub struct Reader {
    messages: pull::Stream,
    delivered: u64,
}

impl Reader {
    /// Opens a reader whose first message is the first at or after `start` in these partitions.
    ///
    /// # Errors
    /// When the stream does not exist or the server is away.
    pub async fn open(
        connection: &Connection,
        stream: StreamName,
        partitions: &PartitionSet,
        start: u64,
    ) -> Result<Self, ReadError> {
        Self::start(connection, stream, partitions, start, false).await
    }

    /// The same for all partitions and without payloads: what envelopes say, at a fraction of the
    /// bytes.
    ///
    /// # Errors
    /// When the stream does not exist, the server is away, or this role may not read the stream.
    pub async fn open_envelopes(
        connection: &Connection,
        stream: StreamName,
        start: u64,
    ) -> Result<Self, ReadError> {
        Self::start(connection, stream, &PartitionSet::all(), start, true).await
    }

    async fn start(
        connection: &Connection,
        stream: StreamName,
        partitions: &PartitionSet,
        start: u64,
        headers_only: bool,
    ) -> Result<Self, ReadError> {
        let open = |reason: String| ReadError::Open {
            stream,
            start,
            reason,
        };
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: start.max(1),
            },
            ack_policy: AckPolicy::None,
            replay_policy: ReplayPolicy::Instant,
            filter_subjects: stream.filters(partitions),
            inactive_threshold: INACTIVE_THRESHOLD,
            memory_storage: true,
            num_replicas: 1,
            headers_only,
            ..Default::default()
        };
        let consumer: PullConsumer = connection
            .jetstream
            .create_consumer_on_stream(config, stream.as_str())
            .await
            .map_err(|error| open(error.to_string()))?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(READ_AHEAD_MESSAGES)
            .max_bytes_per_batch(READ_AHEAD_BYTES)
            .expires(PULL_EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(|error| open(error.to_string()))?;
        Ok(Self {
            messages,
            delivered: 0,
        })
    }

    /// Waits up to `patience` for the next message, then takes what has already arrived, `most`
    /// or about 1 MiB at the most. An empty answer means nothing came: the caller may look at its
    /// own health.
    ///
    /// # Errors
    /// When the reader has ended; what was read before the error is lost, not skipped.
    pub async fn read(
        &mut self,
        most: usize,
        patience: Duration,
    ) -> Result<Vec<Delivery>, ReadError> {
        let mut batch = Vec::new();
        let first = tokio::time::timeout(patience, self.messages.next()).await;
        let Ok(first) = first else { return Ok(batch) };
        let mut next = Some(first);
        let mut bytes = 0;
        while let Some(item) = next.take() {
            let delivery = self.accept(item)?;
            bytes += delivery.payload.len();
            batch.push(delivery);
            if batch.len() < most && bytes < LARGEST_READ_BYTES {
                next = self.messages.next().now_or_never();
            }
        }
        Ok(batch)
    }

    fn accept(
        &mut self,
        item: Option<Result<async_nats::jetstream::Message, pull::MessagesError>>,
    ) -> Result<Delivery, ReadError> {
        let message = item
            .ok_or_else(|| ReadError::Silent("the consumer ended".into()))?
            .map_err(|error| ReadError::Silent(error.to_string()))?;
        let info = message
            .info()
            .map_err(|error| ReadError::Silent(error.to_string()))?;
        if info.consumer_sequence != self.delivered + 1 {
            return Err(ReadError::Gap {
                expected_after: self.delivered,
                found: info.consumer_sequence,
            });
        }
        let (sequence, stored_at, pending) = (info.stream_sequence, info.published, info.pending);
        self.delivered += 1;
        let (message, _) = message.split();
        Ok(Delivery {
            sequence,
            subject: message.subject.to_string(),
            stored_at,
            pending,
            headers: message.headers,
            payload: message.payload,
        })
    }
}

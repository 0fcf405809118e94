//! Reading ahead: the next messages are fetched and decoded while the last are being written.
//!
//! Bounded in bytes as well as in messages, so that a stream of megabyte messages takes no more
//! memory than one of small ones.

use crate::aggregate::{Fact, FoldError};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, Partition, PartitionSet, StreamName,
    envelope::Identity,
    nats::{Connection, Delivery, ReadError, Reader},
};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
};

/// Messages decoded in one go; small enough that the first of a burst is not held back by the
/// rest of it.
const CHUNK: usize = 128;
/// Payload bytes that may be waiting, decoded; in memory they take a few times as much. Enough for
/// the next batch to be whole when the last one is written.
const WAITING_BYTES: usize = 2 * 1024 * 1024;
/// How long one read waits before it looks whether anyone still wants messages.
const PATIENCE: Duration = Duration::from_secs(1);

/// A message with its event decoded. What is not needed again (headers, the envelope, its copy of
/// the data) is gone: a few thousand of these wait at a time, and small ones stay in the
/// processor's cache.
pub(crate) struct Taken<F> {
    pub(crate) sequence: u64,
    pub(crate) subject: String,
    pub(crate) partition: Partition,
    pub(crate) stored_at: DateTime<Utc>,
    /// How many messages come after it.
    pub(crate) pending: u64,
    pub(crate) payload: Bytes,
    /// `None` when the message is no event at all.
    pub(crate) event: Option<EventHead>,
    /// Why it is a dead letter otherwise.
    pub(crate) fact: Result<F, FoldError>,
}

/// What the event index says of an event.
pub(crate) struct EventHead {
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) happened_at: Option<DateTime<Utc>>,
    pub(crate) recorded_at: Option<DateTime<Utc>>,
}

impl EventHead {
    fn of(envelope: Envelope) -> Self {
        let (happened_at, recorded_at) = (envelope.time(), envelope.recorded_time());
        let Identity { source, id, kind } = envelope.into_identity();
        Self {
            source,
            id,
            kind,
            happened_at,
            recorded_at,
        }
    }
}

impl<F: Fact> Taken<F> {
    fn decode(delivery: Delivery) -> Self {
        // `calls.<pp>.…`; whatever else matched the filter is of the first partition.
        let partition = delivery
            .subject
            .split('.')
            .nth(1)
            .and_then(|token| token.parse().ok());
        let partition = partition
            .and_then(Partition::new)
            .unwrap_or(Partition::BILLING);
        let (event, fact) = match delivery.envelope() {
            Ok(envelope) => {
                // A decoder that panics loses one event to DEAD instead of stopping the rest.
                let fact = catch_unwind(AssertUnwindSafe(|| F::decode(&envelope)))
                    .unwrap_or_else(|_| Err(FoldError("decoding it panicked".into())));
                (Some(EventHead::of(envelope)), fact)
            }
            Err(error) => (None, Err(FoldError(error.to_string()))),
        };
        Self {
            sequence: delivery.sequence,
            partition,
            stored_at: delivery.stored_at,
            pending: delivery.pending,
            payload: delivery.payload().clone(),
            subject: delivery.subject,
            event,
            fact,
        }
    }

    /// What it counts against byte bounds. The constant stands for bookkeeping.
    pub(crate) fn size(&self) -> usize {
        self.payload.len() + 512
    }
}

/// Messages of a stream, in order, decoded ahead of whoever takes them.
pub(crate) struct ReadAhead<F> {
    chunks: mpsc::UnboundedReceiver<Result<Chunk<F>, ReadError>>,
    // The last message of a chunk carries the chunk's claim on the room.
    waiting: VecDeque<(Taken<F>, Option<OwnedSemaphorePermit>)>,
    task: JoinHandle<()>,
}

/// Messages that came together, and the room they take until they are taken.
struct Chunk<F> {
    messages: Vec<Taken<F>>,
    claim: OwnedSemaphorePermit,
}

impl<F: Fact> ReadAhead<F> {
    /// Starts reading at `start`.
    pub(crate) async fn start(
        connection: &Connection,
        stream: StreamName,
        partitions: &PartitionSet,
        start: u64,
    ) -> Result<Self, ReadError> {
        let reader = Reader::open(connection, stream, partitions, start).await?;
        let (sender, chunks) = mpsc::unbounded_channel();
        let task = tokio::spawn(read_on(reader, sender));
        Ok(Self {
            chunks,
            waiting: VecDeque::new(),
            task,
        })
    }

    /// Waits until at least one message waits, or the reader has ended. Safe to cancel.
    pub(crate) async fn ready(&mut self) -> Result<(), ReadError> {
        if self.waiting.is_empty() {
            self.more().await?;
        }
        Ok(())
    }

    /// Waits for more messages than wait already. Safe to cancel.
    pub(crate) async fn more(&mut self) -> Result<(), ReadError> {
        let chunk = self.chunks.recv().await;
        self.accept(
            chunk.unwrap_or_else(|| Err(ReadError::Silent("the reading task ended".into()))),
        )
    }

    fn accept(&mut self, chunk: Result<Chunk<F>, ReadError>) -> Result<(), ReadError> {
        let Chunk { messages, claim } = chunk?;
        self.waiting
            .extend(messages.into_iter().map(|message| (message, None)));
        if let Some((_, last)) = self.waiting.back_mut() {
            *last = Some(claim);
        }
        Ok(())
    }

    /// Whether so many messages wait that no more need be gathered.
    pub(crate) fn has(&self, messages: usize) -> bool {
        self.waiting.len() >= messages
    }

    /// Takes what is there, within these bounds, but one message at least if one waits.
    pub(crate) fn take(
        &mut self,
        messages: usize,
        bytes: usize,
    ) -> Result<Vec<Taken<F>>, ReadError> {
        while self.waiting.len() < messages {
            let Ok(chunk) = self.chunks.try_recv() else {
                break;
            };
            self.accept(chunk)?;
        }
        let mut taken = Vec::with_capacity(messages.min(self.waiting.len()));
        let mut size = 0;
        while taken.len() < messages
            && let Some((next, _)) = self.waiting.front()
        {
            size += next.size();
            if size > bytes && !taken.is_empty() {
                break;
            }
            taken.extend(self.waiting.pop_front().map(|(message, _)| message));
        }
        Ok(taken)
    }
}

async fn read_on<F: Fact>(
    mut reader: Reader,
    sender: mpsc::UnboundedSender<Result<Chunk<F>, ReadError>>,
) {
    let room = Arc::new(Semaphore::new(WAITING_BYTES));
    while !sender.is_closed() {
        let deliveries = match reader.read(CHUNK, PATIENCE).await {
            Ok(deliveries) if deliveries.is_empty() => continue,
            Ok(deliveries) => deliveries,
            Err(error) => {
                // Whoever takes messages learns it after the last good one, or is gone.
                let _ = sender.send(Err(error));
                return;
            }
        };
        let messages: Vec<_> = deliveries.into_iter().map(Taken::decode).collect();
        // A chunk larger than the whole room waits for all of it.
        let size = messages
            .iter()
            .map(Taken::size)
            .sum::<usize>()
            .min(WAITING_BYTES);
        let Ok(claim) = Arc::clone(&room).acquire_many_owned(size as u32).await else {
            return;
        };
        if sender.send(Ok(Chunk { messages, claim })).is_err() {
            return;
        }
    }
}

impl<F> Drop for ReadAhead<F> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

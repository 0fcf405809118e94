//! Group commit: many waiting events, one fsync, one answer each.
//!
//! JetStream fsyncs before each ack, which bounds single publishes to a few thousand a second.
//! An atomic batch costs one fsync whatever its size. So one committer a stream takes whatever
//! is waiting, publishes it as one batch, and answers all of its requests when the ack comes; while
//! one batch is on its way the next one gathers, so there is no timer and a lone event waits for
//! nobody. A full load would still go in step: everyone waits for the batch, then the store waits
//! for everyone. So a batch that has grown large enough goes out beside the one before it.
//!
//! Nothing is answered as stored without an ack. A batch that is refused, or whose ack is lost, is
//! settled one by one under the same message ids, which cannot store anything twice. When that
//! does not succeed within a request's patience the sender is told to come again: this is where a
//! spool on the local disk would be asked, had we one.

mod settle;

use crate::counts::CommitCounts;
use frontdesk_events::{
    StreamName,
    nats::{Connection, Outbound},
};
use frontdesk_process::{Shutdown, clock};
use futures::{StreamExt as _, future, stream::FuturesUnordered};
use settle::Settlement;
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry as Slot},
    time::{Duration, Instant},
};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};
use tokio_util::task::TaskTracker;

/// One batch: enough for a good fsync rate, small enough that its slowest member waits little.
const BATCH_MESSAGES: usize = 256;
const BATCH_BYTES: usize = 512 * 1024;
/// Room for the next two batches; the rest waits in the queue.
const LONGEST_LINE: usize = 2 * BATCH_MESSAGES;

/// From this size on a batch goes out beside another: one is then being stored while the next is on
/// the wire and its senders are being answered. Smaller ones wait, because each costs its fsyncs.
const WORTH_ITS_OWN: usize = 128;
/// Batches on their way at once. JetStream stores the batches of a stream one after the other, so
/// more than these would only wait there instead of here, where they can still grow.
const IN_FLIGHT: usize = 2;

/// Waiting events; above it senders are told to come again at once.
const QUEUE: usize = 4096;

/// Places of it that requests of many events leave to those of one: LiveKit's patience is short.
const KEPT_FOR_SINGLE_EVENTS: usize = 1024;

/// How long a request may wait for its event to be stored. LiveKit has no time-out of its own and
/// stalls a room's queue while we think, so this stays well under its 15 s of retries.
const PATIENCE: Duration = Duration::from_secs(4);
/// What must be left of it when a batch goes out: time for a slow fsync.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// The event is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// It was there before.
    pub(crate) duplicate: bool,
}

/// Why an event is not, or not known to be, on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStored {
    /// No JetStream, or no answer from it in time.
    #[error("the event store is not answering; nothing was acknowledged, send it again")]
    Away,
    #[error("the event store is full; send it again when the operator has made room")]
    Full,
    #[error("too many events are waiting to be stored; send it again")]
    Busy,
    #[error("the event is larger than the store takes (1 MiB of data, 64 KiB of attributes)")]
    TooLarge,
    #[error("the event store refused the event; the operator finds its reason in the log")]
    Refused,
}

impl NotStored {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Away => "store_away",
            Self::Full => "store_full",
            Self::Busy => "queue_full",
            Self::TooLarge => "too_large",
            Self::Refused => "store_refused",
        }
    }
}

impl<T> From<TrySendError<T>> for NotStored {
    fn from(error: TrySendError<T>) -> Self {
        match error {
            TrySendError::Full(_) => Self::Busy,
            TrySendError::Closed(_) => Self::Away,
        }
    }
}

pub(crate) type Outcome = Result<Receipt, NotStored>;

struct Entry {
    message: Outbound,
    answer: oneshot::Sender<Outcome>,
    arrived: Instant,
}

impl Entry {
    fn new(message: Outbound) -> (Self, oneshot::Receiver<Outcome>) {
        let (answer, outcome) = oneshot::channel();
        let entry = Self {
            message,
            answer,
            arrived: clock::monotonic(),
        };
        (entry, outcome)
    }

    /// Whether its sender still waits, and long enough. A batch keeps the patience of its first
    /// request, so one that has used its up would take it from all the others.
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed() && self.arrived.elapsed() + LEAST_PATIENCE < PATIENCE
    }

    fn give_up(self) {
        // Whoever has gone away hears nothing and will ask again.
        let _ = self.answer.send(Err(NotStored::Busy));
    }
}

/// Stores events of one stream. Its task ends when it is drained.
pub(crate) struct Committer {
    queue: mpsc::Sender<Entry>,
    nats: Connection,
}

impl Committer {
    pub(crate) fn start(
        stream: StreamName,
        nats: Connection,
        tasks: &TaskTracker,
        drained: Shutdown,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let task = Task {
            waiting,
            line: VecDeque::new(),
            nats: nats.clone(),
            counts: CommitCounts::new(stream.as_str()),
        };
        tasks.spawn(task.run(drained));
        Self { queue, nats }
    }

    /// Returns when the event is on disk, or within the patience of a request. An abandoned call
    /// disturbs nobody: its event may or may not be stored, and its sender will repeat it.
    pub(crate) async fn store(&self, message: Outbound) -> Outcome {
        if !self.nats.is_connected() {
            return Err(NotStored::Away);
        }
        let (entry, outcome) = Entry::new(message);
        self.queue.try_send(entry)?;
        // No timer here: the committer answers each entry within its patience, with one timer a
        // batch instead of one a request.
        outcome.await.unwrap_or(Err(NotStored::Away))
    }

    /// The same for many events of one request, a commit's worth at a time: all of those wait, or none.
    /// A part of them in a full queue would be stored for an answer that says nothing was, and be a
    /// duplicate in every batch of the repetition. What comes alone and cannot wait keeps room. Ends
    /// at the first that is not stored; the answers are those so far.
    pub(crate) async fn store_all(&self, messages: Vec<Outbound>) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(messages.len());
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() && outcomes.iter().all(Outcome::is_ok) {
            let part: Vec<Outbound> = messages.by_ref().take(BATCH_MESSAGES).collect();
            match self.enqueue(part) {
                Ok(waiting) => {
                    let told = future::join_all(waiting).await.into_iter();
                    outcomes.extend(told.map(|told| told.unwrap_or(Err(NotStored::Away))));
                }
                Err(reason) => outcomes.push(Err(reason)),
            }
        }
        outcomes
    }

    fn enqueue(
        &self,
        messages: Vec<Outbound>,
    ) -> Result<Vec<oneshot::Receiver<Outcome>>, NotStored> {
        if !self.nats.is_connected() {
            return Err(NotStored::Away);
        }
        let places = reserve(&self.queue, messages.len())?;
        let waiting = places.zip(messages).map(|(place, message)| {
            let (entry, outcome) = Entry::new(message);
            place.send(entry);
            outcome
        });
        Ok(waiting.collect())
    }
}

/// Places for so many events of one request: all of them or none.
fn reserve<T>(
    queue: &mpsc::Sender<T>,
    count: usize,
) -> Result<mpsc::PermitIterator<'_, T>, NotStored> {
    let places = queue.try_reserve_many(count)?;
    if queue.capacity() < KEPT_FOR_SINGLE_EVENTS {
        return Err(NotStored::Busy);
    }
    Ok(places)
}

/// What gathers for one commit: each id once, with everyone who waits for it.
struct Batch {
    messages: Vec<Outbound>,
    answers: Vec<Answers>,
    places: HashMap<String, usize>,
    bytes: usize,
    /// When the patience of its first request ends.
    deadline: Instant,
}

/// Who waits for one message: nearly always one request, several when the same delivery comes at
/// the same moment.
struct Answers {
    first: oneshot::Sender<Outcome>,
    others: Vec<oneshot::Sender<Outcome>>,
}

impl Answers {
    fn send(self, outcome: Outcome) {
        // Whoever has gone away hears nothing and will ask again.
        let _ = self.first.send(outcome);
        for other in self.others {
            let _ = other.send(outcome.map(|_| Receipt { duplicate: true }));
        }
    }
}

impl Batch {
    fn new(first: Entry) -> Self {
        let mut batch = Self {
            messages: Vec::new(),
            answers: Vec::new(),
            places: HashMap::new(),
            bytes: 0,
            deadline: first.arrived + PATIENCE,
        };
        batch.add(first);
        batch
    }

    fn has_room_for(&self, entry: &Entry) -> bool {
        self.messages.len() < BATCH_MESSAGES && self.bytes + entry.message.size() <= BATCH_BYTES
    }

    fn add(&mut self, entry: Entry) {
        match self.places.entry(entry.message.message_id().to_owned()) {
            // Two of one id in a batch would make the server refuse all of it.
            Slot::Occupied(place) => self.answers[*place.get()].others.push(entry.answer),
            Slot::Vacant(place) => {
                place.insert(self.messages.len());
                self.bytes += entry.message.size();
                self.messages.push(entry.message);
                self.answers.push(Answers {
                    first: entry.answer,
                    others: Vec::new(),
                });
            }
        }
    }
}

struct Task {
    waiting: mpsc::Receiver<Entry>,
    /// Out of the queue and in no batch yet. Batches are made when they go out, so that nobody
    /// who has meanwhile gone or used up his patience is in one.
    line: VecDeque<Entry>,
    nats: Connection,
    counts: CommitCounts,
}

impl Task {
    /// Commits until it is drained: after draining has begun nothing new is let in and what waits
    /// is still stored.
    async fn run(mut self, drained: Shutdown) {
        let (nats, counts) = (self.nats.clone(), self.counts.clone());
        let mut flights = FuturesUnordered::new();
        let mut is_open = true;
        while is_open || !self.line.is_empty() || !flights.is_empty() {
            if drained.is_cancelled() {
                self.waiting.close();
            }
            while let Some(batch) = self.due(flights.len()) {
                if !flights.is_empty() {
                    counts.beside.increment(1);
                }
                flights.push(commit(&nats, &counts, batch));
            }
            tokio::select! {
                biased;
                Some(()) = flights.next() => {}
                entry = self.waiting.recv(), if is_open && self.line.len() < LONGEST_LINE => {
                    is_open = entry.is_some();
                    self.line.extend(entry);
                    self.line_up();
                }
                () = drained.cancelled(), if !drained.is_cancelled() => {}
                // All that stood in line had given up.
                else => {}
            }
        }
    }

    /// Takes whatever waits behind the first one, so that a burst costs one turn.
    fn line_up(&mut self) {
        while self.line.len() < LONGEST_LINE
            && let Ok(entry) = self.waiting.try_recv()
        {
            self.line.push_back(entry);
        }
    }

    /// The next batch, if it may go out beside so many others.
    fn due(&mut self, flights: usize) -> Option<Batch> {
        let worth = if flights == 0 { 1 } else { WORTH_ITS_OWN };
        if flights >= IN_FLIGHT || self.line.len() < worth {
            return None;
        }
        let mut batch: Option<Batch> = None;
        while let Some(entry) = self.line.pop_front() {
            match &mut batch {
                _ if !entry.is_wanted() => entry.give_up(),
                None => batch = Some(Batch::new(entry)),
                Some(batch) if batch.has_room_for(&entry) => batch.add(entry),
                Some(_) => {
                    self.line.push_front(entry);
                    break;
                }
            }
        }
        batch
    }
}

async fn commit(nats: &Connection, counts: &CommitCounts, batch: Batch) {
    let started = clock::monotonic();
    counts.batches.increment(1);
    counts.messages.increment(batch.messages.len() as u64);
    let settlement = Settlement {
        nats,
        counts,
        deadline: batch.deadline,
    };
    let outcomes = settlement.settle(&batch.messages).await;
    for (answers, outcome) in batch.answers.into_iter().zip(outcomes) {
        answers.send(outcome);
    }
    counts.seconds.record(started.elapsed());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_many_has_all_its_places_or_none_and_leaves_some() {
        let (queue, waiting) = mpsc::channel::<u8>(KEPT_FOR_SINGLE_EVENTS + 10);
        assert!(reserve(&queue, 11).is_err_and(|reason| reason == NotStored::Busy));
        assert_eq!(queue.capacity(), queue.max_capacity(), "none is held");
        let held = reserve(&queue, 10).expect("there is room for ten");
        assert!(reserve(&queue, 1).is_err_and(|reason| reason == NotStored::Busy));
        assert!(queue.try_send(0).is_ok(), "one alone finds a place");
        drop(held);
        drop(waiting);
        assert!(reserve(&queue, 1).is_err_and(|reason| reason == NotStored::Away));
    }
}

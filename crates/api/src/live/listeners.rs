//! Who listens, by what they may hear of. A change wakes the listeners it concerns and nobody else.
//!
//! What waits for a listener is bounded, and shared by all who are told the same. One that falls
//! behind loses what waits and is told to ask anew, which is never wrong.

use super::gathered::{Rows, Told, What};
use crate::{
    problem::Problem,
    viewer::{Right, Viewer},
};
use bytes::Bytes;
use frontdesk_events::nats::live::Topic;
use futures::Stream;
use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Streams at once. Each holds a connection for hours; the rest of the listener's connections
/// (`frontdesk_process::listen`) must stay for requests.
const MOST_LISTENERS: usize = 1536;

/// Streams of one person or key: a page each, in every window they have open.
const MOST_OF_A_CALLER: usize = 16;

/// Streams of one account, whoever opened them: two and more for each of the most people it may have.
/// Without these two bounds a single account could take every place.
const MOST_OF_AN_ACCOUNT: usize = 128;

/// When to come back for a place of one's own: no sooner than a page is closed.
const COME_BACK_SECONDS: u16 = 15;

/// How far a listener may fall behind before it is told to ask anew: a second of the busiest stream.
const BACKLOG: usize = 64;

const HELLO: &[u8] = b"event: hello\nretry: 1000\ndata: {}\n\n";
const HELLO_AGAIN: &[u8] = b"event: hello\nretry: 1000\ndata: {}\n\nevent: resync\ndata: {}\n\n";
const RESYNC: &[u8] = b"event: resync\ndata: {}\n\n";
const HEARTBEAT: &[u8] = b": heartbeat\n\n";

/// All listeners of this process.
#[derive(Debug, Default)]
pub(super) struct Listeners(Mutex<Register>);

#[derive(Debug, Default)]
struct Register {
    /// By what they hear of, each listener in several.
    groups: HashMap<Rows, Group>,
    all: HashMap<u64, Arc<Seat>>,
    /// The number of the next one.
    next: u64,
    closed: bool,
}

#[derive(Debug, Default)]
struct Group {
    seats: HashMap<u64, Arc<Seat>>,
    /// Counts what it was told. A count of its own for each group: a shared one would tell how busy
    /// the others are.
    told: u64,
}

/// One listener, seen from here.
#[derive(Debug)]
struct Seat {
    viewer: Viewer,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    told: VecDeque<Bytes>,
    /// Takes the place of all that waited.
    resync: bool,
    heartbeat: bool,
    ended: bool,
    waker: Option<Waker>,
}

impl Listeners {
    /// A place for a viewer. `came_back` asks anew first.
    ///
    /// # Errors
    /// 429 when they or their account have as many as they may, 503 when there is none left.
    pub(super) fn sit(
        self: &Arc<Self>,
        viewer: Viewer,
        came_back: bool,
    ) -> Result<Listener, Problem> {
        let seat = Arc::new(Seat {
            viewer,
            waiting: Mutex::default(),
        });
        let mut register = self.register();
        register.admit(&seat.viewer)?;
        let number = register.next;
        register.next += 1;
        for rows in heard_by(&seat.viewer) {
            let group = register.groups.entry(rows).or_default();
            group.seats.insert(number, seat.clone());
        }
        register.all.insert(number, seat.clone());
        metrics::gauge!("api_live_listeners").increment(1.0);
        if register.closed {
            register.leave(number);
            seat.put(|waiting| waiting.ended = true);
        }
        let first = if came_back { HELLO_AGAIN } else { HELLO };
        Ok(Listener {
            seat,
            number,
            first: Some(Bytes::from_static(first)),
            listeners: self.clone(),
        })
    }

    /// Whether anybody would hear what happens to these rows.
    pub(super) fn hear(&self, rows: Rows) -> bool {
        self.register().groups.contains_key(&rows)
    }

    /// Tells those it concerns.
    pub(super) fn tell(&self, told: &Told) {
        let mut register = self.register();
        let Some(group) = register.groups.get_mut(&told.rows) else {
            return;
        };
        match &told.what {
            What::Changed(ids) => {
                group.told += 1;
                let ids = serde_json::json!({ "ids": ids });
                let (name, number) = (name_of(told.rows.1), group.told);
                // Written once for all of them. JSON has no line breaks of its own.
                let message = Bytes::from(format!("event: {name}\nid: {number}\ndata: {ids}\n\n"));
                for seat in group.seats.values() {
                    seat.put(|waiting| waiting.tell(&message));
                }
            }
            What::Everything => {
                for seat in group.seats.values() {
                    seat.put(Waiting::miss);
                }
            }
        }
    }

    /// Tells everybody to ask anew.
    pub(super) fn resync(&self) {
        for seat in self.register().all.values() {
            seat.put(Waiting::miss);
        }
    }

    /// A sign of life to one part of `parts`, in turn, so that not all are woken at once.
    pub(super) fn beat(&self, part: u64, parts: u64) {
        let register = self.register();
        let in_turn = register
            .all
            .iter()
            .filter(|(number, _)| *number % parts == part);
        for (_, seat) in in_turn {
            seat.put(|waiting| waiting.heartbeat = true);
        }
    }

    /// Who listens.
    pub(super) fn viewers(&self) -> Vec<(u64, Viewer)> {
        let register = self.register();
        let viewers = register.all.iter();
        viewers
            .map(|(number, seat)| (*number, seat.viewer.clone()))
            .collect()
    }

    /// Ends one's stream. What still waits for it is not told.
    pub(super) fn end(&self, number: u64) {
        if let Some(seat) = self.register().leave(number) {
            seat.put(|waiting| waiting.ended = true);
        }
    }

    /// Ends all streams, and each that comes from now on.
    pub(super) fn close(&self) {
        let numbers: Vec<u64> = {
            let mut register = self.register();
            register.closed = true;
            register.all.keys().copied().collect()
        };
        for number in numbers {
            self.end(number);
        }
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Register {
    /// Whether there is a place for one more. Each time all are counted: they are few, and a count kept
    /// beside them could come to differ.
    fn admit(&self, viewer: &Viewer) -> Result<(), Problem> {
        let of_them = |seat: &&Arc<Seat>| seat.viewer.caller() == viewer.caller();
        if self.all.values().filter(of_them).count() >= MOST_OF_A_CALLER {
            let words = "as many pages or programs of yours follow already as may";
            return Err(Problem::too_many(COME_BACK_SECONDS, words));
        }
        let of_account = |seat: &&Arc<Seat>| seat.viewer.account() == viewer.account();
        if self.all.values().filter(of_account).count() >= MOST_OF_AN_ACCOUNT {
            let words = "as many pages and programs follow this account already as may";
            return Err(Problem::too_many(COME_BACK_SECONDS, words));
        }
        if self.all.len() >= MOST_LISTENERS {
            return Err(Problem::unavailable("too many pages follow already"));
        }
        Ok(())
    }

    fn leave(&mut self, number: u64) -> Option<Arc<Seat>> {
        let seat = self.all.remove(&number)?;
        for rows in heard_by(&seat.viewer) {
            if let Some(group) = self.groups.get_mut(&rows) {
                group.seats.remove(&number);
                if group.seats.is_empty() {
                    self.groups.remove(&rows);
                }
            }
        }
        metrics::gauge!("api_live_listeners").decrement(1.0);
        Some(seat)
    }
}

/// What a viewer hears of: of that which they may list. No list shows payments that nobody owns.
pub(super) fn heard_by(viewer: &Viewer) -> Vec<Rows> {
    let own = Some(viewer.account());
    let heard = [
        (Right::ReadCalls, (own, Topic::Calls)),
        (Right::ReadBilling, (own, Topic::Billing)),
        (Right::Administrate, (None, Topic::Calls)),
    ];
    let may = |(right, rows)| viewer.require(right).is_ok().then_some(rows);
    heard.into_iter().filter_map(may).collect()
}

fn name_of(topic: Topic) -> &'static str {
    match topic {
        Topic::Calls => "calls",
        Topic::Billing => "billing",
    }
}

impl Seat {
    /// Leaves something and wakes the listener.
    fn put(&self, leave: impl FnOnce(&mut Waiting)) {
        let waker = {
            let mut waiting = self.waiting();
            leave(&mut waiting);
            waiting.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn tell(&mut self, message: &Bytes) {
        // Whoever is about to ask for everything finds this as well.
        if self.resync {
            return;
        }
        if self.told.len() == BACKLOG {
            metrics::counter!("api_live_slow_listeners_total").increment(1);
            return self.miss();
        }
        self.told.push_back(message.clone());
    }

    fn miss(&mut self) {
        self.told = VecDeque::new();
        self.resync = true;
    }

    /// The next message; `None` while there is nothing to say.
    fn next(&mut self) -> Option<Bytes> {
        let heartbeat = std::mem::take(&mut self.heartbeat);
        if std::mem::take(&mut self.resync) {
            return Some(Bytes::from_static(RESYNC));
        }
        let told = self.told.pop_front();
        if self.told.is_empty() {
            // A quiet listener holds no memory for its busy times.
            self.told = VecDeque::new();
        }
        told.or_else(|| heartbeat.then(|| Bytes::from_static(HEARTBEAT)))
    }
}

/// A listener's stream: what it is told, until its right to hear it or the process ends. Its place is given back
/// when it is dropped, however the connection ended.
#[derive(Debug)]
pub(super) struct Listener {
    seat: Arc<Seat>,
    number: u64,
    first: Option<Bytes>,
    listeners: Arc<Listeners>,
}

impl Stream for Listener {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let first = self.first.take();
        let mut waiting = self.seat.waiting();
        if waiting.ended {
            return Poll::Ready(None);
        }
        let next = first.or_else(|| waiting.next());
        if next.is_none() {
            waiting.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(next.map(Ok))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listeners.register().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize) -> Bytes {
        Bytes::from(format!("id: {number}\n\n"))
    }

    #[test]
    fn a_listener_that_falls_behind_holds_nothing_and_asks_anew_once() {
        let mut waiting = Waiting::default();
        for number in 0..=BACKLOG + 5 {
            waiting.tell(&message(number));
        }
        assert!(waiting.told.is_empty());
        assert_eq!(waiting.next().as_deref(), Some(RESYNC));
        assert_eq!(waiting.next(), None);
        waiting.tell(&message(1));
        assert_eq!(waiting.next(), Some(message(1)));
    }

    #[test]
    fn what_is_told_comes_in_order_and_is_sign_of_life_enough() {
        let mut waiting = Waiting::default();
        for number in 0..BACKLOG {
            waiting.tell(&message(number));
        }
        waiting.heartbeat = true;
        for number in 0..BACKLOG {
            assert_eq!(waiting.next(), Some(message(number)));
        }
        assert_eq!((waiting.next(), waiting.told.capacity()), (None, 0));
        waiting.heartbeat = true;
        assert_eq!(waiting.next().as_deref(), Some(HEARTBEAT));
        assert_eq!(waiting.next(), None);
    }
}

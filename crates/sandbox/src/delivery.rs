//! Carries events to Frontdesk as their senders would: a queue per room, one delivery of a queue
//! at a time, the sender's own rules for what is tried again, how long, and what is given up.
//!
//! One owner holds all queues; deliveries are its tasks. Like LiveKit's, the queues are memory
//! only.

pub mod rules;

use crate::{
    stories::WorldEvent,
    wire::{Post, Signatures},
};
use frontdesk_process::clock;
use reqwest::{Client, StatusCode, header::RETRY_AFTER};
use rules::Rules;
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};

/// What became of the events so far.
#[derive(Debug, Default)]
pub struct Counters {
    sent: AtomicU64,
    refused: AtomicU64,
    retried: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

/// The counters at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answered in a way the sender takes for delivered.
    pub sent: u64,
    /// Of these, answered other than 2xx: the sender thinks it delivered, the receiver does not.
    pub refused: u64,
    /// Tries after a first one.
    pub retried: u64,
    /// Given up after the last try.
    pub failed: u64,
    /// Never tried: too old, or too many waiting.
    pub dropped: u64,
}

impl Counters {
    /// As they stand.
    #[must_use]
    pub fn read(&self) -> Counts {
        Counts {
            sent: self.sent.load(Relaxed),
            refused: self.refused.load(Relaxed),
            retried: self.retried.load(Relaxed),
            failed: self.failed.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
        }
    }
}

/// Takes events and delivers them in the background.
#[derive(Debug)]
pub struct Courier {
    orders: mpsc::UnboundedSender<WorldEvent>,
    counters: Arc<Counters>,
    office: tokio::task::JoinHandle<()>,
}

impl Courier {
    /// Starts delivering to this target by these rules.
    #[must_use]
    pub fn start(rules: Rules, client: Client, target: String, signatures: Signatures) -> Self {
        // Unbounded as LiveKit's telemetry queue is; each room's own queue has its limit.
        let (orders, inbox) = mpsc::unbounded_channel();
        let counters = Arc::new(Counters::default());
        let route = Arc::new(Route {
            rules,
            client,
            target,
            signatures,
            counters: Arc::clone(&counters),
        });
        let office = Office {
            route,
            queues: HashMap::new(),
            ready: VecDeque::new(),
            flights: JoinSet::new(),
        };
        Self {
            orders,
            counters,
            office: tokio::spawn(office.run(inbox)),
        }
    }

    /// Queues an event.
    pub fn send(&self, event: WorldEvent) {
        // The office ends only with its courier.
        let _ = self.orders.send(event);
    }

    /// What became of the events so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Delivers what is queued, and ends.
    pub async fn drain(self) -> Counts {
        drop(self.orders);
        if let Err(error) = self.office.await {
            tracing::error!(%error, "the delivery queues broke");
        }
        self.counters.read()
    }
}

/// An HTTP client as Go's: no timeout, redirects followed, but never off this machine.
///
/// # Errors
/// When it cannot be built.
pub fn client() -> anyhow::Result<Client> {
    // A second installation keeps the first: harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let local = reqwest::redirect::Policy::custom(|attempt| {
        if attempt.previous().len() > 9 || !crate::loopback::is_loopback(attempt.url()) {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    Ok(Client::builder().no_proxy().redirect(local).build()?)
}

struct Queued {
    event: WorldEvent,
    since: Instant,
}

/// Tokio's clock, so that a test's paused time moves it too.
#[expect(
    clippy::disallowed_methods,
    reason = "ages are told by the clock the waits are made of"
)]
fn now() -> Instant {
    Instant::now()
}

/// The owner of all queues. A key is in `queues` exactly while one of its events is on its way.
struct Office {
    route: Arc<Route>,
    queues: HashMap<String, VecDeque<Queued>>,
    ready: VecDeque<(String, Queued)>,
    flights: JoinSet<String>,
}

impl Office {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<WorldEvent>) {
        let mut open = true;
        while open || !self.flights.is_empty() {
            tokio::select! {
                order = inbox.recv(), if open => match order {
                    Some(event) => self.enqueue(event),
                    None => open = false,
                },
                Some(landed) = self.flights.join_next() => match landed {
                    Ok(queue) => self.next_of(queue),
                    Err(error) => tracing::error!(%error, "a delivery broke"),
                },
            }
        }
    }

    fn enqueue(&mut self, event: WorldEvent) {
        let key = self.route.rules.queue_of(&event);
        let queued = Queued {
            event,
            since: now(),
        };
        match self.queues.get_mut(&key) {
            Some(queue) if queue.len() >= self.route.rules.max_depth => {
                self.route.counters.dropped.fetch_add(1, Relaxed);
                tracing::warn!(queue = key, "dropped an event: too many of its room wait");
            }
            Some(queue) => queue.push_back(queued),
            None => {
                self.queues.insert(key.clone(), VecDeque::new());
                self.fly(key, queued);
            }
        }
    }

    fn next_of(&mut self, key: String) {
        let max_age = self.route.rules.max_age;
        let mut next = None;
        if let Some(queue) = self.queues.get_mut(&key) {
            while let Some(queued) = queue.pop_front() {
                if max_age.is_some_and(|max_age| now() - queued.since > max_age) {
                    self.route.counters.dropped.fetch_add(1, Relaxed);
                    tracing::warn!(queue = key, "dropped an event: it waited too long");
                } else {
                    next = Some(queued);
                    break;
                }
            }
        }
        match next {
            Some(queued) => self.fly(key, queued),
            None => drop(self.queues.remove(&key)),
        }
        if self.flights.len() < self.route.rules.in_flight
            && let Some((key, queued)) = self.ready.pop_front()
        {
            self.fly(key, queued);
        }
    }

    fn fly(&mut self, key: String, queued: Queued) {
        if self.flights.len() >= self.route.rules.in_flight {
            self.ready.push_back((key, queued));
            return;
        }
        let route = Arc::clone(&self.route);
        self.flights.spawn(async move {
            route.deliver(&queued.event).await;
            key
        });
    }
}

/// How one try ended.
enum Answer {
    Final(StatusCode),
    Again(Option<Duration>),
}

struct Route {
    rules: Rules,
    client: Client,
    target: String,
    signatures: Signatures,
    counters: Arc<Counters>,
}

impl Route {
    /// Delivers one event, or gives it up as its sender would.
    async fn deliver(&self, event: &WorldEvent) {
        let mut signed: Option<Post> = None;
        for attempt in 0_u32.. {
            let post = match signed.take().filter(|_| !self.rules.sign_each_try) {
                Some(post) => post,
                None => match self.signatures.sign(event, attempt, clock::now()) {
                    Ok(post) => post,
                    Err(error) => {
                        tracing::error!(%error, "an event cannot be signed");
                        self.counters.failed.fetch_add(1, Relaxed);
                        return;
                    }
                },
            };
            let answer = self
                .rules
                .judge(&post_once(&self.client, &self.target, &post).await);
            let asked = match answer {
                Answer::Final(status) => {
                    self.counters.sent.fetch_add(1, Relaxed);
                    if !status.is_success() {
                        self.counters.refused.fetch_add(1, Relaxed);
                        tracing::warn!(%status, path = post.path, "an event was refused");
                    }
                    return;
                }
                Answer::Again(asked) => asked,
            };
            let Some(wait) = self.rules.wait_before(attempt + 1) else {
                self.counters.failed.fetch_add(1, Relaxed);
                tracing::warn!(path = post.path, "gave an event up after its last try");
                return;
            };
            self.counters.retried.fetch_add(1, Relaxed);
            tokio::time::sleep(asked.unwrap_or(wait)).await;
            signed = Some(post);
        }
    }
}

/// Status, and what Retry-After asks for.
type Tried = Result<(StatusCode, Option<Duration>), reqwest::Error>;

async fn post_once(client: &Client, target: &str, post: &Post) -> Tried {
    let answer = request(client, target, post).send().await?;
    let after = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let status = answer.status();
    // Read to its end, or the connection is lost for the next event.
    answer.bytes().await?;
    Ok((status, after.map(Duration::from_secs)))
}

/// The request of this post.
pub fn request(client: &Client, target: &str, post: &Post) -> reqwest::RequestBuilder {
    let request = client
        .post(format!("{target}{}", post.path))
        .body(post.body.clone());
    post.headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, value)
    })
}

#[cfg(test)]
mod tests;

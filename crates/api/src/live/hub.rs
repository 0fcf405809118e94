//! From NATS to the listeners: changes gathered over a moment, so that a storm of events becomes
//! a steady trickle, and a single event is told at once.

use frontdesk_events::nats::{
    Connection,
    live::{Change, Topic},
};
use frontdesk_process::{Shutdown, clock, health::Health};
use futures::{Stream, StreamExt as _};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::broadcast;

/// At most one message a topic in this time. It is the most a change can wait here, so it stays
/// far below the 60 ms an event may take from its sender to the browser; what a browser can
/// render is its own to decide.
const GATHER: Duration = Duration::from_millis(20);

/// More ids than this in one moment are told as "everything": a page shows a hundred.
const MOST_IDS: usize = 500;

/// How often we look whether the connection was lost and made anew meanwhile.
const WATCH: Duration = Duration::from_millis(250);

/// How long to wait before subscribing again.
const AGAIN: Duration = Duration::from_secs(1);

const CONDITION: &str = "api-live";

/// What every listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Rows changed. Written out once for all listeners.
    Changed {
        /// The event's name.
        topic: &'static str,
        /// The event's id: rises by one.
        number: String,
        /// `{"ids": […]}`.
        body: String,
    },
    /// Something may have been missed.
    Resync,
}

/// Relays until shutdown.
pub(super) async fn run(
    nats: Connection,
    told: broadcast::Sender<Arc<Told>>,
    health: Health,
    shutdown: Shutdown,
) {
    health.declare(CONDITION);
    let mut gathered = Gathered::default();
    while !shutdown.is_cancelled() {
        match nats.listen().await {
            Ok(changes) => {
                health.ok(CONDITION);
                relay(&nats, changes, &mut gathered, &told, &shutdown).await;
            }
            Err(error) => health.not_ok(CONDITION, &format!("subscribing to changes: {error:#}")),
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
        // Between two subscriptions nothing was heard.
        tell(&told, vec![Told::Resync]);
    }
}

async fn relay(
    nats: &Connection,
    mut changes: impl Stream<Item = Change> + Send + Unpin,
    gathered: &mut Gathered,
    told: &broadcast::Sender<Arc<Told>>,
    shutdown: &Shutdown,
) {
    let mut watch = tokio::time::interval(WATCH);
    let mut connects = nats.connects();
    loop {
        let due = gathered.due();
        tokio::select! {
            () = shutdown.cancelled() => return,
            change = changes.next() => match change {
                Some(change) => gathered.add(change, clock::monotonic()),
                None => return,
            },
            () = sleep_until(due) => {}
            _ = watch.tick() => {
                // The client subscribes again by itself; what was told in between is lost.
                let now = nats.connects();
                if now != connects {
                    connects = now;
                    tell(told, vec![Told::Resync]);
                }
            }
        }
        tell(told, gathered.take(clock::monotonic()));
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

fn tell(told: &broadcast::Sender<Arc<Told>>, messages: Vec<Told>) {
    for message in messages {
        // Nobody listens: nothing to do.
        let _ = told.send(Arc::new(message));
    }
}

/// Changes since the last message of each topic.
#[derive(Debug, Default)]
struct Gathered {
    calls: Heap,
    billing: Heap,
    number: u64,
}

#[derive(Debug, Default)]
struct Heap {
    ids: BTreeSet<String>,
    /// When it may be told; `None` while it is empty.
    due: Option<Instant>,
    told: Option<Instant>,
}

impl Gathered {
    fn add(&mut self, change: Change, now: Instant) {
        let heap = match change.topic {
            Topic::Calls => &mut self.calls,
            Topic::Billing => &mut self.billing,
        };
        heap.ids.extend(change.ids);
        // Quiet until now: at once. Otherwise one moment after the last message.
        heap.due
            .get_or_insert(heap.told.map_or(now, |told| (told + GATHER).max(now)));
    }

    fn due(&self) -> Option<Instant> {
        [self.calls.due, self.billing.due]
            .into_iter()
            .flatten()
            .min()
    }

    fn take(&mut self, now: Instant) -> Vec<Told> {
        let mut messages = Vec::new();
        for (topic, heap) in [("calls", &mut self.calls), ("billing", &mut self.billing)] {
            if heap.due.is_none_or(|due| now < due) {
                continue;
            }
            heap.due = None;
            heap.told = Some(now);
            let ids = std::mem::take(&mut heap.ids);
            if ids.len() > MOST_IDS {
                messages.push(Told::Resync);
                continue;
            }
            self.number += 1;
            let body = serde_json::json!({ "ids": ids }).to_string();
            messages.push(Told::Changed {
                topic,
                number: self.number.to_string(),
                body,
            });
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(topic: Topic, ids: &[&str]) -> Change {
        Change {
            user: None,
            topic,
            ids: ids.iter().map(|&id| id.to_owned()).collect(),
        }
    }

    fn bodies(messages: Vec<Told>) -> Vec<String> {
        let body = |told| match told {
            Told::Changed { topic, body, .. } => format!("{topic} {body}"),
            Told::Resync => "resync".to_owned(),
        };
        messages.into_iter().map(body).collect()
    }

    #[test]
    fn the_first_change_is_told_at_once_and_the_next_together() {
        let start = clock::monotonic();
        let mut gathered = Gathered::default();
        gathered.add(change(Topic::Calls, &["a"]), start);
        assert_eq!(bodies(gathered.take(start)), [r#"calls {"ids":["a"]}"#]);
        assert_eq!(gathered.due(), None);

        let soon = start + GATHER / 4;
        gathered.add(change(Topic::Calls, &["b", "c"]), soon);
        gathered.add(change(Topic::Calls, &["b"]), soon);
        gathered.add(change(Topic::Billing, &["I-1"]), soon);
        assert_eq!(
            bodies(gathered.take(soon)),
            [r#"billing {"ids":["I-1"]}"#],
            "another topic was quiet"
        );
        assert_eq!(gathered.due(), Some(start + GATHER));
        assert_eq!(
            bodies(gathered.take(start + GATHER)),
            [r#"calls {"ids":["b","c"]}"#]
        );
        assert!(gathered.take(start + GATHER * 9).is_empty());
    }

    #[test]
    fn a_storm_is_told_as_everything() {
        let start = clock::monotonic();
        let mut gathered = Gathered::default();
        let ids: Vec<String> = (0..=MOST_IDS).map(|n| n.to_string()).collect();
        gathered.add(
            Change {
                user: None,
                topic: Topic::Calls,
                ids,
            },
            start,
        );
        assert_eq!(bodies(gathered.take(start)), ["resync"]);
    }
}

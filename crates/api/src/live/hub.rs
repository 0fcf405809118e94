//! From NATS to the listeners: one subscription for the process, which hears the changes of all accounts
//! and passes each on to those it concerns.

use super::{gathered::Gathered, listeners::Listeners};
use frontdesk_events::nats::{Connection, live::Change};
use frontdesk_process::{clock, health::Health};
use futures::{Stream, StreamExt as _};
use std::time::{Duration, Instant};

/// How often we look whether the connection was lost and made anew meanwhile.
const WATCH: Duration = Duration::from_millis(250);

/// How long to wait before subscribing again.
const AGAIN: Duration = Duration::from_secs(1);

/// A listener gets a sign of life every so many seconds, as many parts of them one after the other; proxies cut
/// what is silent for 30 s and more. One clock for all: a timer for each would be a thousand.
const HEARTBEAT_SECONDS: u64 = 15;

const CONDITION: &str = "api-live";

/// Relays for ever.
pub(super) async fn run(nats: Connection, listeners: &Listeners, health: Health) {
    health.declare(CONDITION);
    loop {
        match nats.listen().await {
            Ok(changes) => {
                health.ok(CONDITION);
                relay(&nats, changes, listeners).await;
            }
            Err(error) => health.not_ok(CONDITION, &format!("subscribing to changes: {error:#}")),
        }
        tokio::time::sleep(AGAIN).await;
        // Between two subscriptions nothing was heard.
        listeners.resync();
    }
}

/// Until the subscription ends.
async fn relay(
    nats: &Connection,
    mut changes: impl Stream<Item = Change> + Send + Unpin,
    listeners: &Listeners,
) {
    let mut watch = tokio::time::interval(WATCH);
    let mut gathered = Gathered::default();
    let mut connects = nats.connects();
    loop {
        tokio::select! {
            change = changes.next() => match change {
                Some(change) if listeners.hear((change.user, change.topic)) => {
                    if let Some(told) = gathered.add(change, clock::monotonic()) {
                        listeners.tell(&told);
                    }
                }
                Some(_) => {}
                None => return,
            },
            () = sleep_until(gathered.due()) => {}
            _ = watch.tick() => {
                // The client subscribes again by itself; what was told in between is lost.
                let now = nats.connects();
                if now != connects {
                    connects = now;
                    listeners.resync();
                }
            }
        }
        while let Some(told) = gathered.take(clock::monotonic()) {
            listeners.tell(&told);
        }
    }
}

/// Signs of life, for ever.
pub(super) async fn beat(listeners: &Listeners) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for part in (0..HEARTBEAT_SECONDS).cycle() {
        second.tick().await;
        listeners.beat(part, HEARTBEAT_SECONDS);
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

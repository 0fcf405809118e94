//! The relay: facts of the outbox into the stream ACCOUNTS, in order, none lost.
//!
//! One process relays at a time, the one that holds a lock of PostgreSQL's; when it dies its session
//! ends and the next takes over. A fact leaves the outbox only when the stream has acknowledged it, so
//! what is unknown is published again with the same id. Within the stream's duplicate window that
//! stores nothing; after it a reader sees the same event id twice and knows it by that.
//!
//! The facts of one partition key are published in the order of their ids (the outbox draws ids such
//! that this is the order of their commits). A fact that cannot be put on the wire stays where it is and
//! holds back the later ones of its key alone.

mod outbox;
mod send;

use crate::{Place, database};
use frontdesk_process::{Shutdown, clock};
use outbox::Outbox;
use send::Sent;
use sqlx::postgres::{PgConnectOptions, PgListener};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use uuid::Uuid;

const CONDITION: &str = "relay";
/// Without a call from PostgreSQL it looks by itself: calls are lost with their connection.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How soon after the relaying process died another one takes over.
const STAND_BY: Duration = Duration::from_secs(1);
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);
/// How often the outbox is counted.
const COUNT: Duration = Duration::from_secs(5);

/// Relays, or stands by, until shutdown.
pub(crate) async fn keep(place: &Place, database_url: &str) {
    place.health.declare(CONDITION);
    let Ok(options) = database::options(database_url) else {
        // Checked when the role was made.
        return;
    };
    let called = Arc::new(Notify::new());
    let listening = tokio::spawn(listen(options.clone(), Arc::clone(&called)));
    let mut patience = FIRST_RETRY;
    while !place.shutdown.is_cancelled() {
        let mut relay = Relay {
            place,
            called: &called,
            blocked: BTreeSet::new(),
            refused: BTreeMap::new(),
            patience: FIRST_RETRY,
            counted: None,
        };
        if let Err(error) = relay.lead(&options).await {
            let why = format!("{error:#}");
            tracing::warn!(why, "the relay starts again");
            place.health.not_ok(CONDITION, &why);
        }
        // Who led had what it needs: what was lost meanwhile is asked for again at once.
        let has_led = relay.counted.is_some();
        pause(&place.shutdown, patience).await;
        patience = if has_led {
            FIRST_RETRY
        } else {
            LAST_RETRY.min(patience * 2)
        };
    }
    listening.abort();
}

/// One time in the lead.
struct Relay<'a> {
    place: &'a Place,
    called: &'a Notify,
    /// Keys whose next fact cannot be published whatever is tried.
    blocked: BTreeSet<Uuid>,
    /// Keys whose next fact was refused, and since when. They are left out for a while, so that they
    /// hold nobody else's facts back.
    refused: BTreeMap<Uuid, Instant>,
    patience: Duration,
    counted: Option<Instant>,
}

impl Relay<'_> {
    async fn lead(&mut self, options: &PgConnectOptions) -> anyhow::Result<()> {
        let mut seat = outbox::seat(options).await?;
        while !outbox::lead(&mut seat).await? {
            // Another process relays, and that is all that matters.
            self.place.health.ok(CONDITION);
            if !pause(&self.place.shutdown, STAND_BY).await {
                return Ok(());
            }
        }
        tracing::info!("relaying the outbox");
        // The lock and the outbox are one session's: without the lock nothing more is read.
        let mut outbox = Outbox::new(seat);
        while !self.place.shutdown.is_cancelled() {
            self.count(&mut outbox).await?;
            self.refused.retain(|_, since| since.elapsed() < LAST_RETRY);
            let without: Vec<Uuid> = self
                .blocked
                .iter()
                .chain(self.refused.keys())
                .copied()
                .collect();
            let facts = outbox.next(&without).await?;
            if facts.is_empty() {
                self.say_well();
                tokio::select! {
                    () = self.called.notified() => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                    () = self.place.shutdown.cancelled() => {}
                }
                continue;
            }
            let Sent {
                published,
                unsendable,
                refused,
                failure,
            } = send::send(&self.place.connection, facts).await;
            metrics::counter!("frontdesk_outbox_published_total").increment(published.len() as u64);
            outbox.published(&published).await?;
            self.blocked.extend(unsendable);
            let now = clock::monotonic();
            self.refused
                .extend(refused.into_iter().map(|key| (key, now)));
            match failure {
                None => {
                    self.patience = FIRST_RETRY;
                    self.say_well();
                }
                Some(error) => {
                    self.place.health.not_ok(CONDITION, &error.to_string());
                    pause(&self.place.shutdown, self.patience).await;
                    self.patience = LAST_RETRY.min(self.patience * 2);
                }
            }
        }
        Ok(())
    }

    fn say_well(&self) {
        let held_back = self.blocked.len() + self.refused.len();
        if held_back == 0 {
            self.place.health.ok(CONDITION);
        } else {
            let why = format!(
                "the next fact of {held_back} keys cannot be published; the log names them"
            );
            self.place.health.not_ok(CONDITION, &why);
        }
    }

    async fn count(&mut self, outbox: &mut Outbox) -> anyhow::Result<()> {
        if self.counted.is_some_and(|at| at.elapsed() < COUNT) {
            return Ok(());
        }
        let waiting = outbox.waiting().await?;
        metrics::gauge!("frontdesk_outbox_waiting").set(waiting.facts as f64);
        let age = waiting
            .oldest
            .map_or(0.0, |at| (clock::now() - at).as_seconds_f64().max(0.0));
        metrics::gauge!("frontdesk_outbox_oldest_seconds").set(age);
        self.counted = Some(clock::monotonic());
        Ok(())
    }
}

/// Wakes the relay when a fact is committed. It may miss one: the relay looks by itself as well.
async fn listen(options: PgConnectOptions, called: Arc<Notify>) {
    loop {
        if let Err(error) = listen_once(&options, &called).await {
            tracing::debug!(%error, "listening for the outbox again");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn listen_once(options: &PgConnectOptions, called: &Notify) -> sqlx::Result<()> {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen("outbox").await?;
    loop {
        called.notify_one();
        listener.recv().await?;
    }
}

/// False when the process ends instead.
async fn pause(shutdown: &Shutdown, length: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(length) => true,
        () = shutdown.cancelled() => false,
    }
}

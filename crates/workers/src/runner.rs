//! Who drives a worker: takes events, lets each be acted on once, and settles it.
//!
//! What helps is tried for ever (a database or stream that is away), what does not is bounded by the
//! worker's delays. An event is acknowledged when its outcome is written down and never before: a crash
//! at any point repeats no finished effect. The one thing nobody can close is the moment between the
//! outside world's "yes" and our note of it; a crash there repeats the effect with the same key.

use crate::{
    Place,
    ledger::{Claim, End, Ledger},
    worker::{Trial, Verdict, Worker},
};
use frontdesk_events::{
    StreamName,
    nats::{Assignment, Consumer, ConsumerOptions, DeadLetter, Role},
    subject,
};
use frontdesk_process::clock;
use futures::FutureExt as _;
use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use uuid::Uuid;

/// A worker that dies holding an event delays it by this. Whoever is at work says so three times
/// within it.
const ACK_WAIT: Duration = Duration::from_secs(15);
/// Waiting for another try counts as unsettled. When so many wait, everything does: the other side is
/// away for all of them.
const MOST_UNSETTLED: i64 = 5_000;
/// How long one question for an event stands open; also how soon a server that came back is asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// When PostgreSQL or JetStream is away, or somebody else is at the same effect.
const AWAY: Duration = Duration::from_secs(2);
/// When an effect is given up and its dead letter is not taken. Not soon, for with it the effect is tried
/// again: whoever refused it would be asked without end.
const UNBURIED: Duration = Duration::from_secs(300);
/// How often the consumer's state is looked at for metrics.
const WATCH: Duration = Duration::from_secs(5);

/// Drives one worker in this process.
pub(crate) struct Runner<W> {
    worker: Arc<W>,
    ledger: Ledger,
    place: Place,
    condition: String,
}

/// How an event is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Ack,
    Again(Duration),
}

impl<W: Worker> Runner<W> {
    pub(crate) fn new(worker: W, place: Place) -> Self {
        Self::shared(Arc::new(worker), place)
    }

    pub(crate) fn shared(worker: Arc<W>, place: Place) -> Self {
        Self {
            worker,
            ledger: Ledger::new(place.pool.clone()),
            condition: format!("worker-{}", W::NAME),
            place,
        }
    }

    /// Works until shutdown; what is in hand then is finished first.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        self.place.health.declare(&self.condition);
        let Some(consumer) = self.open().await else {
            return Ok(());
        };
        let runner = Arc::new(self);
        let mut hands = JoinSet::new();
        for _ in 0..W::AT_ONCE {
            let (runner, consumer) = (Arc::clone(&runner), consumer.clone());
            hands.spawn(async move { runner.attend(consumer).await });
        }
        let watch = runner.watch(&consumer);
        let work = async {
            while let Some(ended) = hands.join_next().await {
                ended?;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            ended = work => ended,
            () = watch => Ok(()),
        }
    }

    async fn open(&self) -> Option<Consumer> {
        let options = ConsumerOptions {
            stream: StreamName::Accounts,
            name: format!("workers-{}", W::NAME),
            subjects: W::KINDS
                .iter()
                .map(|kind| subject::facts_of(kind))
                .collect(),
            ack_wait: ACK_WAIT,
            most_unsettled: MOST_UNSETTLED,
        };
        loop {
            match Consumer::open(&self.place.connection, &options).await {
                Ok(consumer) => {
                    self.place.health.ok(&self.condition);
                    return Some(consumer);
                }
                Err(error) => self.trouble("opening its consumer", &error),
            }
            if !self.pause(AWAY).await {
                return None;
            }
        }
    }

    /// One pair of hands.
    async fn attend(&self, mut consumer: Consumer) {
        loop {
            let taken = tokio::select! {
                taken = consumer.next(PATIENCE) => taken,
                () = self.place.shutdown.cancelled() => return,
            };
            match taken {
                Ok(Some(assignment)) => self.settle(&assignment).await,
                Ok(None) => {}
                Err(error) => {
                    self.trouble("taking an event", &error);
                    if !self.pause(AWAY).await {
                        return;
                    }
                    // It may be gone: making it again changes nothing if it is not.
                    match self.open().await {
                        Some(opened) => consumer = opened,
                        None => return,
                    }
                }
            }
        }
    }

    async fn settle(&self, assignment: &Assignment) {
        let settled = tokio::select! {
            settled = self.act(assignment) => settled,
            never = self.hold(assignment) => never,
        };
        match settled {
            Settled::Ack => assignment.ack().await,
            Settled::Again(after) => assignment.retry(after).await,
        }
    }

    /// Keeps the event in these hands for as long as this is polled.
    async fn hold(&self, assignment: &Assignment) -> Settled {
        loop {
            tokio::time::sleep(ACK_WAIT / 3).await;
            assignment.working().await;
        }
    }

    async fn act(&self, assignment: &Assignment) -> Settled {
        let sequence = assignment.delivery.sequence;
        let event = match assignment.envelope() {
            Ok(event) => event,
            Err(error) => return self.bury(sequence, &error.to_string()).await,
        };
        // Every fact of ours has such an id; the key of anything else could be of any length.
        let Ok(id) = event.id().parse::<Uuid>() else {
            return self.bury(sequence, "its id is not a UUID").await;
        };
        let key = format!("{id}/{}", W::NAME);
        let now = clock::now();
        let turn = match self.ledger.claim(&key, W::NAME, now).await {
            Ok(Claim::Ours(turn)) => turn,
            Ok(Claim::Finished) => {
                count::<W>("repeated");
                return Settled::Ack;
            }
            Ok(Claim::InOtherHands) => return Settled::Again(AWAY),
            Err(error) => {
                self.trouble("claiming an effect", &error.into());
                return Settled::Again(AWAY);
            }
        };
        self.place.health.ok(&self.condition);
        let trial = Trial {
            event: &event,
            key: &key,
            now,
        };
        let verdict = self.attempt(&trial).await;
        let settled = self.conclude(&trial, sequence, turn.attempt, verdict).await;
        // Not before the outcome is written down.
        turn.end().await;
        settled
    }

    async fn attempt(&self, trial: &Trial<'_>) -> Verdict {
        let started = clock::monotonic();
        // One that panics is tried again like one that fails, and does not stop the others.
        let verdict = AssertUnwindSafe(self.worker.run(trial))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Verdict::retry("the worker panicked"));
        metrics::histogram!("frontdesk_effect_seconds", "worker" => W::NAME)
            .record(started.elapsed().as_secs_f64());
        verdict
    }

    /// Writes the outcome down, for as long as it takes: only then is the event settled.
    async fn conclude(
        &self,
        trial: &Trial<'_>,
        sequence: u64,
        attempt: i32,
        verdict: Verdict,
    ) -> Settled {
        let (key, ledger) = (trial.key, &self.ledger);
        let (end, reason) = match verdict {
            Verdict::Done => (End::Done, None),
            Verdict::Over { reason } => {
                tracing::info!(key, kind = trial.event.kind(), reason, "nothing to do");
                (End::Discarded, Some(reason))
            }
            Verdict::Retry { reason } => {
                let earlier = usize::try_from(attempt - 1).unwrap_or(usize::MAX);
                if let Some(after) = W::DELAYS.get(earlier) {
                    tracing::warn!(
                        key,
                        kind = trial.event.kind(),
                        attempt,
                        reason,
                        ?after,
                        "tried again later"
                    );
                    count::<W>("retried");
                    self.insist("noting a try", || ledger.note(key, attempt, &reason))
                        .await;
                    return Settled::Again(*after);
                }
                let reason = format!("given up: {reason}");
                return self.give_up(trial, sequence, attempt, &reason).await;
            }
            Verdict::Discard { reason } => {
                return self.give_up(trial, sequence, attempt, &reason).await;
            }
        };
        count::<W>(if end == End::Done { "done" } else { "over" });
        let written = self
            .insist("noting an outcome", || {
                ledger.finish(key, attempt, end, reason.as_deref(), clock::now())
            })
            .await;
        if written {
            Settled::Ack
        } else {
            Settled::Again(AWAY)
        }
    }

    async fn give_up(
        &self,
        trial: &Trial<'_>,
        sequence: u64,
        attempt: i32,
        reason: &str,
    ) -> Settled {
        if let Err(error) = self.worker.gave_up(trial).await {
            self.trouble("taking note that it gave up", &error);
            return Settled::Again(UNBURIED);
        }
        if self.bury(sequence, reason).await != Settled::Ack {
            return Settled::Again(UNBURIED);
        }
        let written = self
            .insist("noting an outcome", || {
                let (end, now) = (End::Discarded, clock::now());
                self.ledger
                    .finish(trial.key, attempt, end, Some(reason), now)
            })
            .await;
        if written {
            Settled::Ack
        } else {
            Settled::Again(AWAY)
        }
    }

    /// Publishes a dead letter. A repeat of it is the same letter.
    async fn bury(&self, sequence: u64, reason: &str) -> Settled {
        let reader = format!("workers-{}", W::NAME);
        let letter = DeadLetter::new(sequence, reason);
        let published = letter
            .publish(
                &self.place.connection,
                Role::Workers,
                StreamName::Accounts,
                &reader,
            )
            .await;
        match published {
            Ok(()) => {
                count::<W>("discarded");
                Settled::Ack
            }
            Err(error) => {
                self.trouble("publishing a dead letter", &error);
                Settled::Again(AWAY)
            }
        }
    }

    /// Writes to the ledger until it is written; false when the process ends meanwhile.
    async fn insist<F: Future<Output = sqlx::Result<()>>>(
        &self,
        doing: &str,
        write: impl Fn() -> F,
    ) -> bool {
        loop {
            match write().await {
                Ok(()) => return true,
                Err(error) => self.trouble(doing, &error.into()),
            }
            if !self.pause(AWAY / 4).await {
                return false;
            }
        }
    }

    fn trouble(&self, doing: &str, error: &anyhow::Error) {
        let why = format!("{doing}: {error:#}");
        tracing::warn!(worker = W::NAME, why, "a worker waits");
        self.place.health.not_ok(&self.condition, &why);
    }

    /// False when the process ends instead.
    async fn pause(&self, length: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(length) => true,
            () = self.place.shutdown.cancelled() => false,
        }
    }

    /// Says how much waits. Never ends by itself.
    async fn watch(&self, consumer: &Consumer) {
        loop {
            match consumer.state().await {
                Ok(state) => {
                    metrics::gauge!("frontdesk_worker_waiting", "worker" => W::NAME)
                        .set(state.waiting as f64);
                    metrics::gauge!("frontdesk_worker_unsettled", "worker" => W::NAME)
                        .set(state.unsettled as f64);
                    self.place.health.ok(&self.condition);
                }
                Err(error) => self.trouble("asking for its consumer", &error),
            }
            tokio::time::sleep(WATCH).await;
        }
    }
}

fn count<W: Worker>(outcome: &'static str) {
    metrics::counter!("frontdesk_effects_total", "worker" => W::NAME, "outcome" => outcome)
        .increment(1);
}

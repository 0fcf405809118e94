//! Calls as they come, until the sandbox is asked to stop; then everybody's goodbye.

use super::{Pace, Scene, unfinished::Unfinished};
use crate::{
    delivery::{Counts, Courier, rules::Rules},
    livekit::rooms::Ask,
    registry,
    stories::{WorldEvent, traffic::Traffic},
};
use chrono::{DateTime, Utc};
use frontdesk_process::{Shutdown, clock};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::mpsc;

/// How long the last events may take to be delivered at the end.
const GOODBYE: Duration = Duration::from_secs(8);
/// How often to look for rooms whose player is gone: an earlier run, and commands that were killed.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often the counters are logged.
const COUNT_EVERY: Duration = Duration::from_secs(60);

impl Scene {
    /// Calls as they come, and the endings that others still owe among them.
    pub(super) async fn play(
        &self,
        pace: Pace,
        start: DateTime<Utc>,
        mut asked: mpsc::Receiver<Ask>,
        shutdown: &Shutdown,
    ) -> anyhow::Result<()> {
        let couriers = Couriers {
            livekit: self.courier(Rules::livekit()),
            agent: self.courier(Rules::agent()),
        };
        let mut unfinished = Unfinished::open(&self.outside.state_dir)?;
        let mut calls = Traffic::new(
            self.world.clone(),
            self.outside.seed,
            start,
            pace.calls_per_minute,
            pace.speed,
        );
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut counted = clock::monotonic();
        tracing::info!(
            calls_per_minute = pace.calls_per_minute,
            seed = self.outside.seed,
            target = self.outside.target,
            "calls come in"
        );
        let mut registry = registry::watch(self.outside.database_url.clone(), shutdown.clone());
        loop {
            let wait = (calls.due() - clock::now()).to_std().unwrap_or_default();
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = look.tick() => {
                    let lost = lost(couriers.livekit.counts());
                    for (at, event) in unfinished.take_over(lost, clock::now())? {
                        calls.also(at, event);
                    }
                }
                Some(ask) = asked.recv() => couriers.answer(ask, &mut calls, &unfinished)?,
                Some(businesses) = registry.recv() => calls.serve(businesses, clock::now()),
                () = tokio::time::sleep(wait) => {
                    if let Some((_, event)) = calls.next() {
                        couriers.say(event, &calls, &mut unfinished)?;
                    }
                }
            }
            if counted.elapsed() > COUNT_EVERY {
                counted = clock::monotonic();
                couriers.log_counts();
            }
        }
        // What is due was said before the servers went down, however far behind we are: a room
        // that is closed below must have been opened.
        let end = clock::now();
        while calls.due() <= end
            && let Some((_, event)) = calls.next()
        {
            couriers.say(event, &calls, &mut unfinished)?;
        }
        couriers
            .say_goodbye(calls.shut_down(end), end, unfinished)
            .await
    }
}

/// Who delivers what while calls come in.
struct Couriers {
    livekit: Courier,
    agent: Courier,
}

impl Couriers {
    fn say(
        &self,
        event: WorldEvent,
        calls: &Traffic,
        unfinished: &mut Unfinished,
    ) -> anyhow::Result<()> {
        let WorldEvent::LiveKit(webhook) = &event else {
            self.agent.send(event);
            return Ok(());
        };
        if webhook.event == "room_started" {
            let lost = lost(self.livekit.counts());
            if let Some(story) = calls.call_in(&webhook.queue) {
                unfinished.begin(story, lost)?;
            }
            unfinished.forget(lost, clock::now())?;
        }
        self.livekit.send(event);
        Ok(())
    }

    /// What is asked of LiveKit's server. Whoever asked and has gone needs no answer.
    fn answer(&self, ask: Ask, calls: &mut Traffic, unfinished: &Unfinished) -> anyhow::Result<()> {
        let now = clock::now();
        match ask {
            Ask::Look(room, answer) => {
                let there = calls.call_in(&room).and_then(|story| story.there(now));
                let _ = answer.send(there);
            }
            // Every room of the town has one caller, who is let go by closing it.
            Ask::Remove(_, _, answer) => {
                let _ = answer.send(false);
            }
            Ask::Close(room, answer) => {
                let ended = calls.end_room(&room, now);
                let _ = answer.send(ended.is_some());
                if let Some((sid, events)) = ended {
                    unfinished.cut(&sid, now, &events)?;
                    for event in events {
                        self.livekit.send(event);
                    }
                }
            }
        }
        Ok(())
    }

    fn log_counts(&self) {
        tracing::info!(livekit = ?self.livekit.counts(), agent = ?self.agent.counts(), "delivered so far");
    }

    /// Lets everybody leave. What could not be delivered, the next run says.
    async fn say_goodbye(
        self,
        rooms: BTreeMap<String, Vec<WorldEvent>>,
        end: DateTime<Utc>,
        mut unfinished: Unfinished,
    ) -> anyhow::Result<()> {
        for (room, events) in &rooms {
            unfinished.cut(room, end, events)?;
        }
        let lost_before = lost(self.livekit.counts());
        for event in rooms.values().flatten() {
            self.livekit.send(event.clone());
        }
        let goodbye = async { tokio::join!(self.livekit.drain(), self.agent.drain()) };
        match tokio::time::timeout(GOODBYE, goodbye).await {
            Ok((livekit, agent)) => {
                tracing::info!(?livekit, ?agent, "everybody has left");
                unfinished.drained(lost(livekit), end)?;
                if lost(livekit) == lost_before {
                    unfinished.finished(rooms.keys())?;
                }
            }
            Err(_) => tracing::warn!(
                rooms = rooms.len(),
                "some of the last events could not be delivered in time: the next run tells them"
            ),
        }
        Ok(())
    }
}

/// How many events will never be delivered.
fn lost(counts: Counts) -> u64 {
    counts.failed + counts.dropped
}

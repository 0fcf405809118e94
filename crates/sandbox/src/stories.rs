//! What happens in the sandbox's world, as plain values: who calls whom, what is said, who pays.
//! A story is a list of events with their times, made from dice, a business and a start; nothing
//! here waits, sends or reads a clock, so a benchmark can make a million events from it.

pub mod billing;
mod cut;
pub mod phone;
pub mod plot;
pub mod recording;
pub mod served;
pub mod stage;
pub mod traffic;
pub mod web;

use crate::{
    agent::Report,
    chance::Dice,
    livekit::Webhook,
    paypal::Notification,
    world::{Business, World},
};
use chrono::{DateTime, TimeDelta, Utc};
use plot::{Channel, Plot};
use stage::Presence;

/// How long after its story's start an event happens.
pub type Offset = TimeDelta;

/// Something the world tells Frontdesk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldEvent {
    /// LiveKit posts a webhook.
    LiveKit(Webhook),
    /// An agent posts a CloudEvent.
    Agent(Report),
    /// PayPal posts a webhook.
    PayPal(Notification),
}

/// Story time to real time.
#[derive(Debug, Clone, Copy)]
pub struct Timeline {
    start: DateTime<Utc>,
    speed: f64,
}

impl Timeline {
    /// A story that begins at `start` (whole milliseconds) and runs `speed` times as fast as life.
    #[must_use]
    pub fn new(start: DateTime<Utc>, speed: f64) -> Self {
        let start = DateTime::from_timestamp_millis(start.timestamp_millis()).unwrap_or(start);
        Self {
            start,
            speed: if speed > 0.0 { speed } else { 1.0 },
        }
    }

    /// Real time from the start to this many story milliseconds.
    #[must_use]
    pub fn offset(self, story_ms: i64) -> Offset {
        TimeDelta::milliseconds((story_ms as f64 / self.speed).round() as i64)
    }

    /// The instant of this many story milliseconds.
    #[must_use]
    pub fn at(self, story_ms: i64) -> DateTime<Utc> {
        self.start + self.offset(story_ms)
    }
}

/// One call from ring to the end of its room.
#[derive(Debug, Clone)]
pub struct Story {
    /// When it begins.
    pub start: DateTime<Utc>,
    /// In the order of their times.
    pub events: Vec<(Offset, WorldEvent)>,
    /// Who was in the room when.
    presences: Vec<Presence>,
    answered: Option<DateTime<Utc>>,
    closed: DateTime<Utc>,
    room: crate::livekit::body::Room,
    dice: Dice,
}

/// A plausible call to this business.
#[must_use]
pub fn call_story(dice: &mut Dice, business: &Business, start: DateTime<Utc>) -> Story {
    let plot = Plot::draw(dice, business);
    tell(&plot, dice, business, Timeline::new(start, 1.0))
}

/// The call of this plot.
#[must_use]
pub fn tell(plot: &Plot, dice: &mut Dice, business: &Business, clock: Timeline) -> Story {
    match plot.channel {
        Channel::Phone(_) => phone::tell(plot, dice, business, clock),
        Channel::Web => web::tell(plot, dice, business, clock),
    }
}

/// A call to the number nobody has: it stays unassigned.
#[must_use]
pub fn stray_call_story(dice: &mut Dice, world: &World, clock: Timeline) -> Story {
    // Where everybody has left, somebody still dials a number that was never theirs.
    let town = World::town();
    let among = if world.businesses.is_empty() {
        &town
    } else {
        world
    };
    let mut nobody = dice.pick(&among.businesses).clone();
    nobody.name = "the office".to_owned();
    nobody.numbers = vec![world.spare_number.clone()];
    nobody.own_greeting = None;
    nobody.tenant_on_rule = false;
    let plot = Plot::draw_phone(dice, &nobody);
    tell(&plot, dice, &nobody, clock)
}

impl Story {
    /// Its events for telling them long after: first that the callers left, so that no call of the
    /// past is seen going on while the rest is told; then in the order of their times.
    pub fn told_afterwards(self) -> impl Iterator<Item = WorldEvent> {
        let left = |event: &WorldEvent| matches!(event, WorldEvent::LiveKit(webhook) if webhook.event == "participant_left");
        let events = self.events.into_iter().map(|(_, event)| event);
        let (left, others): (Vec<_>, Vec<_>) = events.partition(left);
        left.into_iter().chain(others)
    }

    /// When its last event happens.
    #[must_use]
    pub fn end(&self) -> DateTime<Utc> {
        self.start
            + self
                .events
                .last()
                .map_or(Offset::zero(), |(offset, _)| *offset)
    }
}

#[cfg(test)]
mod tests;

//! Many calls at once: who is rung when, and everybody's events merged into one sequence in time.
//! An iterator, so the live player, the history and the benchmark share it.

use super::{
    Story, Timeline, WorldEvent,
    plot::{Channel, Course, NumberShown, Plot},
    stray_call_story, tell,
};
use crate::{
    chance::Dice,
    world::{Business, World},
};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Timelike as _, Utc};
use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BinaryHeap, HashSet},
};

/// How often somebody rings the number nobody has.
const STRAY_SHARE: f64 = 0.012;
/// Calls by the hour of the business's day, next to its busiest.
const BUSY: [f64; 24] = [
    0.06, 0.04, 0.03, 0.03, 0.04, 0.08, 0.2, 0.45, 0.85, 1.0, 0.95, 0.9, 0.7, 0.75, 0.9, 0.95, 0.9,
    0.8, 0.55, 0.4, 0.3, 0.22, 0.15, 0.09,
];
/// Saturdays and Sundays next to a weekday.
const WEEKEND: [f64; 2] = [0.5, 0.25];

/// How busy this business's phone is at this instant, from 0 to 1.
#[must_use]
pub fn busy(business: &Business, at: DateTime<Utc>) -> f64 {
    let local = at.with_timezone(&business.time_zone);
    let day = match local.weekday().num_days_from_monday() {
        5 => WEEKEND[0],
        6 => WEEKEND[1],
        _ => 1.0,
    };
    BUSY[local.hour() as usize % BUSY.len()] * day
}

/// The first calls come within seconds, however quiet the town: whoever has just started it is
/// waiting for one.
const OPENING_CALLS: u64 = 3;
/// Between them, on average.
const OPENING_GAP_MS: f64 = 5_000.0;

/// No gap is longer than so many mean ones: a quiet dashboard would look like a broken one.
const LONGEST_GAP: f64 = 3.0;

/// Whoever has just been given a number is watching for calls: so soon come the first two.
const FIRST_CALLS: [TimeDelta; 2] = [TimeDelta::milliseconds(1_500), TimeDelta::seconds(40)];
/// Many numbers at once are not somebody watching one.
const MOST_FIRST_CALLS: usize = 3;

/// One event waiting for its time.
struct Waiting {
    at: DateTime<Utc>,
    /// Events of one instant keep the order they were told in.
    number: u64,
    event: WorldEvent,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Waiting {}

/// Calls without end at a steady rate after a brisk beginning, event by event in the order of their times.
pub struct Traffic {
    world: World,
    dice: Dice,
    mean_gap_ms: f64,
    speed: f64,
    next_call: DateTime<Utc>,
    calls: u64,
    waiting: BinaryHeap<Reverse<Waiting>>,
    told: u64,
    open: Vec<Story>,
}

impl Traffic {
    /// Calls from `start` on, so many a minute, each `speed` times as fast as life.
    #[must_use]
    pub fn new(
        world: World,
        seed: u64,
        start: DateTime<Utc>,
        calls_per_minute: f64,
        speed: f64,
    ) -> Self {
        let dice = Dice::new(seed).fork("traffic", start.timestamp_millis().unsigned_abs());
        Self {
            world,
            dice,
            mean_gap_ms: 60_000.0 / calls_per_minute.max(0.001),
            speed,
            next_call: start,
            calls: 0,
            waiting: BinaryHeap::new(),
            told: 0,
            open: Vec::new(),
        }
    }

    fn begin_call(&mut self) {
        let at = self.next_call;
        let mut dice = self.dice.fork("call", self.calls);
        self.calls += 1;
        let clock = Timeline::new(at, self.speed);
        let story = if dice.chance(STRAY_SHARE) || self.world.businesses.is_empty() {
            stray_call_story(&mut dice, &self.world, clock)
        } else {
            let weights = self
                .world
                .businesses
                .iter()
                .map(|business| business.weight * (0.1 + busy(business, at)));
            let business = &self.world.businesses[dice.weighted(weights)];
            tell(&Plot::draw(&mut dice, business), &mut dice, business, clock)
        };
        let mean = if self.calls < OPENING_CALLS {
            self.mean_gap_ms.min(OPENING_GAP_MS)
        } else {
            self.mean_gap_ms
        };
        let gap = dice.gap(mean).clamp(1.0, mean * LONGEST_GAP);
        self.next_call = at + TimeDelta::milliseconds(gap as i64);
        self.begin(story, at);
    }

    fn begin(&mut self, story: Story, now: DateTime<Utc>) {
        for (offset, event) in &story.events {
            self.also(story.start + *offset, event.clone());
        }
        self.open.retain(|open| open.end() > now);
        self.open.push(story);
    }

    /// From now on these can be called and no others. A number nobody had before is rung soon.
    pub fn serve(&mut self, businesses: Vec<Business>, now: DateTime<Utc>) {
        let before = std::mem::replace(&mut self.world.businesses, businesses);
        let had: HashSet<_> = before.iter().flat_map(|had| &had.numbers).collect();
        let is_new =
            |business: &&Business| business.numbers.iter().any(|number| !had.contains(number));
        let newcomers = self
            .world
            .businesses
            .iter()
            .filter(is_new)
            .take(MOST_FIRST_CALLS);
        let mut stories = Vec::new();
        for business in newcomers {
            let mut business = business.clone();
            business.numbers.retain(|number| !had.contains(number));
            for soon in FIRST_CALLS {
                let mut dice = self.dice.fork("first call", self.calls);
                self.calls += 1;
                let clock = Timeline::new(now + soon, self.speed);
                let plot = Plot {
                    course: Course::Answered,
                    channel: Channel::Phone(NumberShown::Yes),
                    ..Plot::draw_phone(&mut dice, &business)
                };
                stories.push(tell(&plot, &mut dice, &business, clock));
            }
        }
        for story in stories {
            self.begin(story, now);
        }
    }

    /// When the next event is due.
    pub fn due(&mut self) -> DateTime<Utc> {
        self.foresee();
        let next = self.waiting.peek();
        next.map_or(self.next_call, |Reverse(waiting)| waiting.at)
    }

    /// Until the next event is certain, whatever calls begin before it.
    fn foresee(&mut self) {
        while self
            .waiting
            .peek()
            .is_none_or(|Reverse(waiting)| waiting.at >= self.next_call)
        {
            self.begin_call();
        }
    }

    /// The call in this room, from its first event to a while after its last.
    #[must_use]
    pub fn call_in(&self, room_name: &str) -> Option<&Story> {
        self.open
            .iter()
            .rev()
            .find(|story| story.room_name() == room_name)
    }

    /// Somebody deletes this room: what its story had to say is not said any more. Gives the room's sid
    /// and what LiveKit says instead, the end of its recording last; `None` when there is no such room.
    pub fn end_room(
        &mut self,
        room_name: &str,
        now: DateTime<Utc>,
    ) -> Option<(String, Vec<WorldEvent>)> {
        let story = self.call_in(room_name)?;
        let (sid, events) = (story.room_sid().to_owned(), story.deleted(now));
        if events.is_empty() {
            return None;
        }
        let planned: Vec<WorldEvent> = story
            .events
            .iter()
            .map(|(_, event)| event.clone())
            .collect();
        self.waiting
            .retain(|Reverse(waiting)| !planned.contains(&waiting.event));
        self.open.retain(|open| open.room_sid() != sid);
        Some((sid, events))
    }

    /// Something else to be told at its time.
    pub fn also(&mut self, at: DateTime<Utc>, event: WorldEvent) {
        self.told += 1;
        let number = self.told;
        self.waiting.push(Reverse(Waiting { at, number, event }));
    }

    /// What the world says when its servers go down at this time, calls in the middle included,
    /// by room.
    #[must_use]
    pub fn shut_down(&self, now: DateTime<Utc>) -> BTreeMap<String, Vec<WorldEvent>> {
        self.open
            .iter()
            .map(|story| (story.room_sid().to_owned(), story.shut_down(now)))
            .filter(|(_, events)| !events.is_empty())
            .collect()
    }
}

impl Iterator for Traffic {
    type Item = (DateTime<Utc>, WorldEvent);

    fn next(&mut self) -> Option<Self::Item> {
        self.foresee();
        self.waiting
            .pop()
            .map(|Reverse(waiting)| (waiting.at, waiting.event))
    }
}

/// The calls of the days before `until`, oldest first: some `per_day` a day over the whole town,
/// none of them still going on at `until`. They grow by a few per cent a week, as a business that
/// pays for this would hope.
#[must_use]
pub fn past_calls(
    world: &World,
    seed: u64,
    until: DateTime<Utc>,
    days: u32,
    per_day: f64,
) -> Vec<Story> {
    let dice = Dice::new(seed).fork("past", until.timestamp_millis().unsigned_abs());
    let weight: f64 = world
        .businesses
        .iter()
        .map(|business| business.weight)
        .sum();
    let mut stories = Vec::new();
    for (place, business) in world.businesses.iter().enumerate() {
        let today = until.with_timezone(&business.time_zone).date_naive();
        for ago in 0..=days {
            let Some(day) = today.checked_sub_days(Days::new(u64::from(ago))) else {
                continue;
            };
            let mut dice = dice.fork(&format!("{place}"), u64::from(ago));
            let growth = 1.0 - 0.3 * f64::from(ago) / f64::from(days.max(1));
            let expected = per_day * business.weight / weight * growth * weekday_share(day);
            // The whole part for sure, the rest by chance.
            let count = expected as usize + usize::from(dice.chance(expected.fract()));
            for _ in 0..count {
                let Some(start) = instant_of_day(&mut dice, business, day) else {
                    continue;
                };
                let clock = Timeline::new(start, 1.0);
                let story = tell(&Plot::draw(&mut dice, business), &mut dice, business, clock);
                if story.end() < until {
                    stories.push(story);
                }
            }
        }
    }
    stories.sort_by_key(|story| story.start);
    stories
}

fn weekday_share(day: NaiveDate) -> f64 {
    match day.weekday().num_days_from_monday() {
        5 => WEEKEND[0],
        6 => WEEKEND[1],
        _ => 1.25,
    }
}

/// A busy hour rather than a quiet one, in the business's own time. Days when clocks change miss
/// an hour: nothing rings then.
fn instant_of_day(dice: &mut Dice, business: &Business, day: NaiveDate) -> Option<DateTime<Utc>> {
    let hour = u32::try_from(dice.weighted(BUSY.iter().copied())).ok()?;
    let (minute, second) = (dice.below(60) as u32, dice.below(60) as u32);
    let local = day.and_hms_milli_opt(hour, minute, second, dice.below(1000) as u32)?;
    Some(
        local
            .and_local_timezone(business.time_zone)
            .earliest()?
            .with_timezone(&Utc),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_has_a_few_hundred_calls_in_opening_hours_and_none_still_open() {
        let world = World::town();
        let start = DateTime::from_timestamp_millis(1_795_194_240_118).unwrap();
        let stories = past_calls(&world, 1, start, 60, 14.0);
        assert!((350..1200).contains(&stories.len()), "{}", stories.len());
        assert!(stories.iter().all(|story| story.end() < start));
        assert!(
            stories
                .windows(2)
                .all(|pair| pair[0].start <= pair[1].start)
        );
    }
}

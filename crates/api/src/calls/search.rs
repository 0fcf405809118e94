//! Finding the newest calls on which words were said.
//!
//! There are two ways, and neither is good for all words. Walking from the newest call down and
//! looking at what was said on each is right for words that many calls hold: a page is full soon.
//! The index of words is right for rarer ones: it names the calls that hold them, of some days or of
//! all time. So a first walk of a thousand calls tells how common the words are and how many days a
//! page of them fills, and the cheaper way is taken from there on. That needs no statistics, which an
//! account's own words are not in.
//!
//! A walk goes on in steps, each a statement of bounded work, and what a step finds is counted in: a
//! word that was common last week and never before leaves the walk for the index. The index is asked
//! for longer and longer times, and at last for all.

use super::{
    filters::{CallFilters, Position},
    sought::Sought,
};
use crate::viewer::Whose;
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::words::day;
use sqlx::PgConnection;
use uuid::Uuid;

/// How many calls are looked at before the way is chosen.
const FIRST_STEP: i64 = 1_000;
/// The most calls of one step: some 200 ms, far from a statement's time limit.
const LONGEST_STEP: i64 = 20_000;

/// What a walk costs for each call it passes, in microseconds.
const PASSING: f64 = 1.0;
/// And for each whose words it looks at.
const LOOKING: f64 = 8.0;
/// What each call costs that the index names: it is fetched, wherever it lies, and sorted in.
const NAMED: f64 = 14.0;
/// How many calls an account is taken to have. For a smaller one the index is cheaper than that, and
/// so is everything else.
const MOST_CALLS: f64 = 1_000_000.0;

/// The most days of which the index is asked at once; each is a word to it. Words so rare that a page
/// of them fills more are few altogether.
const MOST_DAYS: f64 = 40.0;
/// The days of the index are those on which callers joined: so long after their calls began at the most
/// (crates/projector/src/calls/callers.rs), and by what a transcript knows of it not earlier by more.
const JOINED_WITHIN: TimeDelta = TimeDelta::hours(1);
/// How much longer the next time is that the index is asked for.
const LONGER: f64 = 4.0;

/// The ids of the newest calls below a position that fit the filters and hold the words.
pub(super) async fn find(
    db: &mut PgConnection,
    filters: &CallFilters,
    sought: &Sought,
    below: Position,
    most: i64,
) -> sqlx::Result<Vec<Uuid>> {
    let most = usize::try_from(most).unwrap_or_default();
    let query = sought.tsquery();
    let mut walk = Walk::new(below);
    let mut step = FIRST_STEP;
    loop {
        let length = usize::try_from(step).unwrap_or_default();
        let is_first = walk.passed == 0;
        let taken = take_step(db, filters, &query, walk.below, step, is_first).await?;
        let is_last = taken.passed < length;
        walk.count(taken);
        if walk.found.len() >= most || is_last {
            walk.found.truncate(most);
            return Ok(walk.found);
        }
        let missing = most - walk.found.len();
        // The index is one of accounts' calls: what nobody has is walked through.
        let has_index = filters.whose() == Whose::Account;
        if has_index && walk.by_index(missing, filters) < walk.on_foot(missing) {
            return walk.by_days(db, filters, &query, most).await;
        }
        step = walk.next_step(missing);
    }
}

/// A walk so far.
struct Walk {
    below: Position,
    found: Vec<Uuid>,
    /// When the newest call began that was passed.
    newest: Option<DateTime<Utc>>,
    /// Calls passed, those of them that fit all filters, and those of the first step that hold the
    /// words, fitting or not.
    passed: usize,
    fitting: usize,
    holding: usize,
}

/// One step of it.
struct Step {
    passed: usize,
    fitting: usize,
    holding: usize,
    found: Vec<Uuid>,
    newest: Option<DateTime<Utc>>,
    last: Option<Position>,
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "guesses of how long something takes"
)]
impl Walk {
    fn new(below: Position) -> Self {
        Self {
            below,
            found: Vec::new(),
            newest: None,
            passed: 0,
            fitting: 0,
            holding: 0,
        }
    }

    fn count(&mut self, step: Step) {
        if self.passed == 0 {
            self.holding = step.holding;
        }
        self.newest = self.newest.or(step.newest);
        self.passed += step.passed;
        self.fitting += step.fitting;
        self.found.extend(step.found);
        self.below = step.last.unwrap_or(self.below);
    }

    /// How many calls the rest of a walk would pass. One that has found nothing yet is taken to be
    /// half-way to the first.
    fn ahead(&self, missing: usize) -> f64 {
        let found = (self.found.len() as f64).max(0.5);
        missing as f64 * self.passed as f64 / found
    }

    fn on_foot(&self, missing: usize) -> f64 {
        let fitting = self.fitting as f64 / self.passed as f64;
        self.ahead(missing) * (PASSING + LOOKING * fitting)
    }

    /// Of the days ahead; of all time where the filters leave few of an account's calls, because how
    /// many it has in a day is not known then.
    fn by_index(&self, missing: usize, filters: &CallFilters) -> f64 {
        let share = (self.holding as f64).max(0.5) / FIRST_STEP as f64;
        let days = self.days_ahead(missing);
        let calls = if days > MOST_DAYS || filters.are_narrow() {
            MOST_CALLS
        } else {
            (days + 1.0) * self.calls_a_day()
        };
        share * calls * NAMED
    }

    fn calls_a_day(&self) -> f64 {
        let newest = self.newest.unwrap_or(self.below.at);
        let seconds = (newest - self.below.at).num_seconds().max(1);
        self.passed as f64 / seconds as f64 * 86_400.0
    }

    /// In how many days the rest should be found, and a little more.
    fn days_ahead(&self, missing: usize) -> f64 {
        (self.ahead(missing) * 1.25 / self.calls_a_day()).max(0.5)
    }

    /// Takes the rest from the index: of the newest days, of more, and at last of all time.
    async fn by_days(
        mut self,
        db: &mut PgConnection,
        filters: &CallFilters,
        query: &str,
        most: usize,
    ) -> sqlx::Result<Vec<Uuid>> {
        let mut days = self.days_ahead(most - self.found.len());
        loop {
            let limit = i64::try_from(most - self.found.len()).unwrap_or(i64::MAX);
            let since = (days <= MOST_DAYS)
                .then(|| TimeDelta::try_seconds((days * 86_400.0) as i64))
                .flatten()
                .and_then(|time| self.below.at.checked_sub_signed(time));
            self.found
                .extend(look_up(db, filters, query, since, self.below, limit).await?);
            let Some(since) = since else {
                return Ok(self.found);
            };
            if self.found.len() >= most || filters.from.is_some_and(|from| from >= since) {
                return Ok(self.found);
            }
            self.below = Position {
                at: since,
                id: Uuid::nil(),
            };
            days *= LONGER;
        }
    }

    /// A little more than seems to be ahead, so that it seldom takes another.
    fn next_step(&self, missing: usize) -> i64 {
        (self.ahead(missing) * 1.25 + 200.0).min(LONGEST_STEP as f64) as i64
    }
}

/// Walks past so many calls. Filters that an index serves decide which calls are passed at all; the
/// others are asked of each, so that one that nothing fits cannot make a step endless.
async fn take_step(
    db: &mut PgConnection,
    filters: &CallFilters,
    query: &str,
    below: Position,
    length: i64,
    looks_at_all: bool,
) -> sqlx::Result<Step> {
    let step = sqlx::query!(
        r#"select count(*) as "passed!", count(*) filter (where fits) as "fitting!", count(*) filter (where holds) as "holding!",
            coalesce(array_agg(id order by started_at desc, id desc) filter (where fits and holds), '{}') as "found!",
            max(started_at) as newest, (array_agg(started_at order by started_at, id))[1] as "last_at?", (array_agg(id order by started_at, id))[1] as "last_id?"
        from (
            select w.id, w.started_at, w.fits, coalesce(s.holds, false) as holds
            from (
                select id, started_at, ($7::text is null or caller_number like $7 or dialled_number like $7)
                    and ($11::text is null or case $11
                        when 'unknown' then state = 'ended'
                            and (sentiment_label is null or sentiment_label not in ('positive', 'neutral', 'negative'))
                        else sentiment_label = $11 end)
                    and ($13::bigint is null or talk_ms <= $13) and ($14::boolean is null or (recording_state is not distinct from 'ready') = $14) and ($18::text is null or direction = $18) as fits
                from calls.calls
                where (started_at, id) < ($1, $2)
                    and ($3::uuid is null or client_id = $3) and (not $4::boolean or user_id is null)
                    and ($5::timestamptz is null or started_at >= $5) and ($6::timestamptz is null or started_at < $6)
                    and ($8::text is null or state = $8) and ($9::text is null or result = $9)
                    and ($10::text is null or outcome_status = $10)
                    and ($11::text is distinct from 'negative' or sentiment_label = 'negative')
                    and ($12::bigint is null or talk_ms >= $12) and ($18::text is distinct from 'outbound' or direction = 'outbound')
                order by started_at desc, id desc limit $15
            ) w
            -- The offset keeps it what it is: a look at each, by its key.
            left join lateral (
                select s.words @@ $16::text::tsquery as holds from calls.said s
                where s.call_id = w.id and (w.fits or $17) offset 0
            ) s on true
        ) walked"#,
        below.at,
        below.id,
        filters.client_id,
        filters.whose() == Whose::Nobody,
        filters.from,
        filters.to,
        filters.number(),
        filters.state,
        filters.result,
        filters.outcome,
        filters.sentiment,
        filters.min_talk_ms,
        filters.max_talk_ms,
        filters.has_recording,
        length,
        query,
        looks_at_all,
        filters.direction,
    )
    .fetch_one(db)
    .await?;
    Ok(Step {
        passed: usize::try_from(step.passed).unwrap_or_default(),
        fitting: usize::try_from(step.fitting).unwrap_or_default(),
        holding: usize::try_from(step.holding).unwrap_or_default(),
        found: step.found,
        newest: step.newest,
        last: (step.last_at.zip(step.last_id)).map(|(at, id)| Position { at, id }),
    })
}

/// Asks the index for calls that began since then; `None` for all.
async fn look_up(
    db: &mut PgConnection,
    filters: &CallFilters,
    query: &str,
    since: Option<DateTime<Utc>>,
    below: Position,
    limit: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"select c.id as "id!"
        from (select calls.calls_saying($15::text::tsquery, $16, $17) as id offset 0) named
        join calls.calls c on c.id = named.id
        where (started_at, c.id) < ($1, $2) and ($18::timestamptz is null or started_at >= $18)
            and ($3::uuid is null or client_id = $3)
            and ($4::timestamptz is null or started_at >= $4)
            and ($5::timestamptz is null or started_at < $5)
            and ($6::text is null or caller_number like $6 or dialled_number like $6)
            and ($7::text is null or state = $7)
            and ($8::text is null or result = $8)
            and ($9::text is null or outcome_status = $9)
            and ($10::text is null or case $10
                when 'unknown' then state = 'ended'
                    and (sentiment_label is null or sentiment_label not in ('positive', 'neutral', 'negative'))
                else sentiment_label = $10 end)
            and ($11::bigint is null or talk_ms >= $11)
            and ($12::bigint is null or talk_ms <= $12)
            and ($13::boolean is null or (recording_state is not distinct from 'ready') = $13)
            and ($19::text is null or direction = $19)
        order by started_at desc, c.id desc
        limit $14"#,
        below.at,
        below.id,
        filters.client_id,
        filters.from,
        filters.to,
        filters.number(),
        filters.state,
        filters.result,
        filters.outcome,
        filters.sentiment,
        filters.min_talk_ms,
        filters.max_talk_ms,
        filters.has_recording,
        limit,
        query,
        since.map(|since| day_after(since, -JOINED_WITHIN)),
        day_after(below.at, JOINED_WITHIN),
        since,
        filters.direction,
    )
    .fetch_all(db)
    .await
}

/// The day of an instant so much later.
fn day_after(at: DateTime<Utc>, time: TimeDelta) -> i32 {
    day(at.checked_add_signed(time).unwrap_or(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk past a thousand calls a day.
    fn walked(passed: usize, fitting: usize, holding: usize, found: usize) -> Walk {
        let newest = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let took = TimeDelta::seconds(86_400 * i64::try_from(passed).unwrap() / 1_000);
        Walk {
            found: vec![Uuid::nil(); found],
            newest: Some(newest),
            passed,
            fitting,
            holding,
            ..Walk::new(Position {
                at: newest - took,
                id: Uuid::nil(),
            })
        }
    }

    fn asks_the_index(walk: &Walk, filters: &CallFilters) -> bool {
        let missing = 51 - walk.found.len();
        walk.by_index(missing, filters) < walk.on_foot(missing)
    }

    #[test]
    fn rare_words_are_looked_up_and_common_ones_walked_to() {
        let all = CallFilters::default();
        for (walk, rare) in [
            (walked(1_000, 1_000, 0, 0), true),
            (walked(1_000, 1_000, 2, 2), true),
            (walked(1_000, 1_000, 20, 20), true),
            (walked(1_000, 1_000, 600, 30), false),
            // A common word where few calls fit: passing them costs little.
            (walked(1_000, 1, 500, 0), false),
            // A rare one.
            (walked(1_000, 1, 0, 0), true),
            // It was common on the first thousand calls alone.
            (walked(900_000, 900_000, 30, 30), true),
        ] {
            let found = walk.found.len();
            assert_eq!(
                asks_the_index(&walk, &all),
                rare,
                "{found} of {}",
                walk.passed
            );
        }
        // Of one client's calls, of which an account may have a hundred times as many.
        let narrow = CallFilters {
            client_id: Some(Uuid::nil()),
            ..CallFilters::default()
        };
        assert!(!asks_the_index(&walked(1_000, 1_000, 20, 20), &narrow));
        assert!(asks_the_index(&walked(1_000, 1_000, 0, 0), &narrow));
    }

    #[test]
    fn the_index_is_asked_for_as_long_as_a_page_seems_to_take() {
        assert!((1.5..2.5).contains(&walked(1_000, 1_000, 20, 20).days_ahead(31)));
        assert!(walked(1_000, 1_000, 0, 0).days_ahead(51) > MOST_DAYS);
        assert!(walked(1_000, 1_000, 999, 50).days_ahead(1) >= 0.5);
    }

    #[test]
    fn a_step_is_as_long_as_what_seems_to_be_ahead_and_bounded() {
        assert!((1_000..4_000).contains(&walked(1_000, 1_000, 20, 20).next_step(31)));
        assert_eq!(walked(1_000, 1_000, 0, 0).next_step(51), LONGEST_STEP);
    }
}

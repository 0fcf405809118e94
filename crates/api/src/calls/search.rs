//! Finding the newest calls on which words were said.
//!
//! There are two ways, and neither is good for all words. Walking from the newest call down and
//! looking at what was said on each is right for words that many calls hold: a page is full soon.
//! The index of words is right for rare ones: it names all calls that hold them, and they are few. So
//! a first walk of a thousand calls tells how common the words are, and the cheaper way is taken from
//! there on. That needs no statistics, which an account's own words are not in.
//!
//! A walk goes on in steps, each a statement of bounded work, and what a step finds is counted in: a
//! word that was common last week and never before leaves the walk for the index.

use super::{
    filters::{CallFilters, Position},
    sought::Sought,
};
use crate::viewer::Whose;
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
        if filters.whose() == Whose::Account && walk.by_index() < walk.on_foot(missing) {
            let limit = i64::try_from(missing).unwrap_or(i64::MAX);
            walk.found
                .extend(look_up(db, filters, &query, walk.below, limit).await?);
            return Ok(walk.found);
        }
        step = walk.next_step(missing);
    }
}

/// A walk so far.
struct Walk {
    below: Position,
    found: Vec<Uuid>,
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
            passed: 0,
            fitting: 0,
            holding: 0,
        }
    }

    fn count(&mut self, step: Step) {
        if self.passed == 0 {
            self.holding = step.holding;
        }
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

    fn by_index(&self) -> f64 {
        let share = (self.holding as f64).max(0.5) / FIRST_STEP as f64;
        share * MOST_CALLS * NAMED
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
            (array_agg(started_at order by started_at, id))[1] as "last_at?", (array_agg(id order by started_at, id))[1] as "last_id?"
        from (
            select w.id, w.started_at, w.fits, coalesce(s.holds, false) as holds
            from (
                select id, started_at, ($7::text is null or caller_number like $7 or dialled_number like $7)
                    and ($11::text is null or case $11
                        when 'unknown' then state = 'ended'
                            and (sentiment_label is null or sentiment_label not in ('positive', 'neutral', 'negative'))
                        else sentiment_label = $11 end)
                    and ($13::bigint is null or talk_ms <= $13) and ($14::boolean is null or (recording_state is not distinct from 'ready') = $14) as fits
                from calls.calls
                where (started_at, id) < ($1, $2)
                    and ($3::uuid is null or client_id = $3)
                    and (not $4::boolean or user_id is null)
                    and ($5::timestamptz is null or started_at >= $5) and ($6::timestamptz is null or started_at < $6)
                    and ($8::text is null or state = $8) and ($9::text is null or result = $9)
                    and ($10::text is null or outcome_status = $10)
                    and ($11::text is distinct from 'negative' or sentiment_label = 'negative')
                    and ($12::bigint is null or talk_ms >= $12)
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
    )
    .fetch_one(db)
    .await?;
    let count = |number: i64| usize::try_from(number).unwrap_or_default();
    Ok(Step {
        passed: count(step.passed),
        fitting: count(step.fitting),
        holding: count(step.holding),
        found: step.found,
        last: (step.last_at.zip(step.last_id)).map(|(at, id)| Position { at, id }),
    })
}

/// Asks the index.
async fn look_up(
    db: &mut PgConnection,
    filters: &CallFilters,
    query: &str,
    below: Position,
    limit: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"select c.id as "id!"
        from (select calls.calls_saying($15::text::tsquery) as id offset 0) named
        join calls.calls c on c.id = named.id
        where (started_at, c.id) < ($1, $2)
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
    )
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(passed: usize, fitting: usize, holding: usize, found: usize) -> Walk {
        Walk {
            found: vec![Uuid::nil(); found],
            passed,
            fitting,
            holding,
            ..Walk::new(Position::TOP)
        }
    }

    fn asks_the_index(walk: &Walk) -> bool {
        walk.by_index() < walk.on_foot(51 - walk.found.len())
    }

    #[test]
    fn rare_words_are_looked_up_and_common_ones_walked_to() {
        for (walk, rare) in [
            (walked(1_000, 1_000, 0, 0), true),
            (walked(1_000, 1_000, 2, 2), true),
            (walked(1_000, 1_000, 20, 20), false),
            // A common word where few calls fit: passing them costs little.
            (walked(1_000, 1, 500, 0), false),
            // A rare one.
            (walked(1_000, 1, 0, 0), true),
            // It was common on the first thousand calls alone.
            (walked(900_000, 900_000, 30, 30), true),
        ] {
            let found = walk.found.len();
            assert_eq!(asks_the_index(&walk), rare, "{found} of {}", walk.passed);
        }
    }

    #[test]
    fn a_step_is_as_long_as_what_seems_to_be_ahead_and_bounded() {
        assert!((1_000..4_000).contains(&walked(1_000, 1_000, 20, 20).next_step(31)));
        assert_eq!(walked(1_000, 1_000, 0, 0).next_step(51), LONGEST_STEP);
    }
}

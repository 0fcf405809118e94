//! The parts of the health page, each asked by itself within a moment.

use super::{
    Arrivals, DeadLetterHealth, EffectHealth, ExportHealth, OutboxHealth, SourceRate, StreamHealth,
    Unreachable, WorkerHealth,
};
use crate::{
    Api,
    admin::dead_letters::{DeadLetterGroup, scan},
    moment::Moment,
    problem::Problem,
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::{StreamName, nats::Connection};
use sqlx::PgConnection;
use std::{future::Future, time::Duration};

/// For each part. What takes longer is as good as away.
const PATIENCE: Duration = Duration::from_secs(3);
/// How far is looked back for what arrived.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(5);
/// Of each stream so many events are looked at, the newest: a few milliseconds.
const MOST_ARRIVALS: i64 = 20_000;
/// Whoever has more causes than these looks at the list.
const MOST_GROUPS: usize = 10;
/// What the durable consumer of a worker is called, before its name.
const OF_WORKERS: &str = "workers-";

/// What was found out, and what did not answer.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) streams: Option<Vec<StreamHealth>>,
    pub(super) arrivals: Option<Arrivals>,
    pub(super) dead_letters: Option<DeadLetterHealth>,
    pub(super) outbox: Option<OutboxHealth>,
    pub(super) workers: Option<Vec<WorkerHealth>>,
    pub(super) effects: Option<Vec<EffectHealth>>,
    pub(super) exports: Option<ExportHealth>,
    pub(super) unreachable: Vec<Unreachable>,
}

impl Parts {
    pub(super) async fn ask(api: &Api, now: DateTime<Utc>) -> Self {
        let nats = api.nats();
        let (streams, dead, workers, arrivals, work) = tokio::join!(
            within(streams(nats)),
            within(dead_letters(nats)),
            within(consumers(nats)),
            within(of_database(api, move |db| {
                Box::pin(async move { arrivals(db, now).await })
            })),
            within(of_database(api, |db| Box::pin(work(db)))),
        );
        let mut parts = Self::default();
        parts.streams = parts.keep("streams", streams);
        let dead = parts.keep("dead_letters", dead);
        let workers = parts.keep("workers", workers);
        parts.workers = workers.map(|found| with_given_up(found, dead.as_ref()));
        parts.dead_letters = dead.map(|mut dead| {
            dead.groups.truncate(MOST_GROUPS);
            dead
        });
        parts.arrivals = parts.keep("arrivals", arrivals);
        match work {
            Ok((outbox, effects, exports)) => {
                parts.outbox = Some(outbox);
                parts.effects = Some(effects);
                parts.exports = Some(exports);
            }
            Err(why) => {
                for part in ["outbox", "effects", "exports"] {
                    let why = why.clone();
                    parts.unreachable.push(Unreachable { part, why });
                }
            }
        }
        parts
    }

    fn keep<T>(&mut self, part: &'static str, asked: Result<T, String>) -> Option<T> {
        match asked {
            Ok(found) => Some(found),
            Err(why) => {
                self.unreachable.push(Unreachable { part, why });
                None
            }
        }
    }
}

async fn within<T>(asked: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    answered.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn streams(nats: &Connection) -> Result<Vec<StreamHealth>, String> {
    let states = StreamName::ALL.map(|stream| async move {
        let state = nats
            .stream_state(stream)
            .await
            .map_err(|error| said(&error))?;
        Ok(StreamHealth {
            name: stream.as_str(),
            messages: state.messages,
            bytes: state.bytes,
            most_bytes: state.most_bytes,
            first_sequence: state.first_sequence,
            last_sequence: state.last_sequence,
            last_stored_at: (state.last_sequence > 0).then_some(Moment(state.last_stored_at)),
        })
    });
    futures::future::try_join_all(states).await
}

fn said(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

/// With all groups: workers look for theirs among them.
async fn dead_letters(nats: &Connection) -> Result<DeadLetterHealth, String> {
    let all = scan::Wanted {
        group: None,
        below: u64::MAX,
        most: 0,
    };
    let seen = scan::scan(nats, &all)
        .await
        .map_err(|problem| told(&problem))?;
    Ok(DeadLetterHealth {
        count: seen.total,
        newest_at: seen.groups.iter().map(|group| group.newest_at).max(),
        groups: seen.groups,
    })
}

fn told(problem: &Problem) -> String {
    problem.detail().to_owned()
}

async fn consumers(nats: &Connection) -> Result<Vec<WorkerHealth>, String> {
    let found = nats
        .consumers(StreamName::Accounts)
        .await
        .map_err(|error| said(&error))?;
    let workers = found.into_iter().filter_map(|(name, state)| {
        Some(WorkerHealth {
            name: name.strip_prefix(OF_WORKERS)?.to_owned(),
            waiting: state.waiting,
            unsettled: state.unsettled,
            given_up: 0,
        })
    });
    Ok(workers.collect())
}

fn with_given_up(
    mut workers: Vec<WorkerHealth>,
    dead: Option<&DeadLetterHealth>,
) -> Vec<WorkerHealth> {
    for worker in &mut workers {
        let is_its = |group: &&DeadLetterGroup| {
            group.reader.strip_prefix(OF_WORKERS) == Some(worker.name.as_str())
        };
        let groups = dead.into_iter().flat_map(|dead| &dead.groups);
        worker.given_up = groups.filter(is_its).map(|group| group.count).sum();
    }
    workers
}

async fn of_database<T, Q>(api: &Api, query: Q) -> Result<T, String>
where
    T: Send + 'static,
    Q: for<'c> FnOnce(&'c mut PgConnection) -> crate::viewer::Reading<'c, T>
        + Clone
        + Send
        + 'static,
{
    let read = api
        .database()
        .admin(move |db| Box::pin(async move { Ok(query(db).await?) }));
    read.await.map_err(|problem| told(&problem))
}

async fn arrivals(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Arrivals> {
    let since = now - LOOK_BACK;
    // By the primary key from its end: the index of events has no other order to look back in.
    let rows = sqlx::query!(
        r#"with newest as (
            (select 'calls' as stream, source, received_at from calls.event_index order by sequence desc limit $2)
            union all
            (select 'billing', source, received_at from billing.event_index order by sequence desc limit $2)
        ), lately as (
            select source, count(*) over whole as of_stream, min(received_at) over whole as first
            from newest where received_at > $1 window whole as (partition by stream)
        )
        select source as "source!", count(*) as "events!", min(first) as "first!: Moment",
            -- Where the bound was reached, less than the whole time was looked back on.
            bool_or(of_stream >= $2) as "is_bounded!"
        from lately group by source order by count(*) desc, source limit 100"#,
        since,
        MOST_ARRIVALS,
    )
    .fetch_all(db)
    .await?;
    let mut shortest = LOOK_BACK;
    let sources = rows.into_iter().map(|row| {
        let length = if row.is_bounded {
            now - row.first.0
        } else {
            LOOK_BACK
        };
        shortest = shortest.min(length);
        SourceRate {
            per_second: row.events as f64 / length.num_seconds().max(1) as f64,
            source: row.source,
            events: row.events,
        }
    });
    let sources = sources.collect();
    Ok(Arrivals {
        seconds: shortest.num_seconds().max(1),
        sources,
    })
}

/// What waits and what failed, of what the tables know.
async fn work(
    db: &mut PgConnection,
) -> sqlx::Result<(OutboxHealth, Vec<EffectHealth>, ExportHealth)> {
    let outbox = sqlx::query_as!(
        OutboxHealth,
        r#"select count(*) as "waiting!", min(occurred_at) as "oldest_at: Moment"
        from (select occurred_at from account.outbox order by id limit 10000) first"#
    )
    .fetch_one(&mut *db)
    .await?;
    let effects = sqlx::query_as!(
        EffectHealth,
        r#"select effect as "effect!", count(*) as "open!", min(claimed_at) as "oldest_at!: Moment",
            max(attempts) as "most_attempts!",
            (array_agg(reason order by claimed_at desc) filter (where reason is not null))[1] as reason
        from ops.effects where state = 'claimed' group by effect order by effect"#
    )
    .fetch_all(&mut *db)
    .await?;
    let exports = sqlx::query_as!(
        ExportHealth,
        r#"select count(*) filter (where made.id is null) as "waiting!",
            min(asked.requested_at) filter (where made.id is null) as "oldest_at: Moment",
            count(*) filter (where made.failure is not null) as "failed!"
        from account.exports asked left join ops.exports made on made.id = asked.id
        -- Nothing is made for an account that has ended.
        where exists (select from account.users u where u.id = asked.user_id and u.deleted_at is null)"#
    )
    .fetch_one(db)
    .await?;
    Ok((outbox, effects, exports))
}

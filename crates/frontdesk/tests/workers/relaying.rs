//! The relay under fire.

use crate::stage::{EXECUTABLE, Stage, connect};
use frontdesk_events::{
    PartitionSet, StreamName,
    nats::{Reader, Role},
};
use frontdesk_harness::{
    Program,
    chance::{Chance, setting},
    eventually,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

const WRITERS: u64 = 6;
const KEYS: u64 = 8;

/// What one writer left in the outbox.
#[derive(Default)]
struct Written {
    /// Each fact's place, as PostgreSQL drew it.
    places: BTreeMap<Uuid, (Uuid, i64)>,
    /// Those whose commit was answered.
    committed: BTreeSet<Uuid>,
}

fn write_on(url: String, keys: Vec<Uuid>, seed: u64, stop: Arc<AtomicBool>) -> JoinHandle<Written> {
    tokio::spawn(async move {
        let (mut written, mut chance) = (Written::default(), Chance(seed));
        while !stop.load(Ordering::Relaxed) {
            let Some(mut session) = connect(&url).await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            while !stop.load(Ordering::Relaxed) {
                if write_some(&mut session, &keys, &mut chance, &mut written)
                    .await
                    .is_err()
                {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(chance.below(10))).await;
            }
        }
        written
    })
}

/// One transaction with one to three facts, sometimes taken back.
async fn write_some(
    session: &mut tokio_postgres::Client,
    keys: &[Uuid],
    chance: &mut Chance,
    written: &mut Written,
) -> Result<(), tokio_postgres::Error> {
    let transaction = session.transaction().await?;
    let key = keys[usize::try_from(chance.below(KEYS)).unwrap()];
    let mut events = Vec::new();
    for _ in 0..=chance.below(3) {
        let event = Uuid::new_v4();
        let row = transaction
            .query_one(
                "insert into account.outbox (event_id, partition_key, kind, subject, data, occurred_at)
                values ($1, $2, 'dev.frontdesk.user.profile_changed.v1', 'x', '{}', now()) returning id",
                &[&event, &key],
            )
            .await?;
        written.places.insert(event, (key, row.get(0)));
        events.push(event);
    }
    if chance.below(10) == 0 {
        transaction.rollback().await?;
        for event in events {
            written.places.remove(&event);
        }
    } else {
        transaction.commit().await?;
        written.committed.extend(events);
    }
    Ok(())
}

/// Every fact of ACCOUNTS: its event id and key, in order.
async fn published(stage: &Stage) -> Vec<(Uuid, Uuid)> {
    let connection = stage.nats.connect(Role::Operator).await;
    let stream = StreamName::Accounts;
    let end = connection.stream_state(stream).await.unwrap().last_sequence;
    let mut reader = Reader::open(&connection, stream, &PartitionSet::all(), 1)
        .await
        .unwrap();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < end {
        for delivery in reader.read(1000, Duration::from_secs(3)).await.unwrap() {
            at = delivery.sequence;
            let event = delivery.envelope().unwrap();
            let key = event.partition_key().unwrap().parse().unwrap();
            found.push((event.id().parse().unwrap(), key));
        }
    }
    found
}

/// A second process of workers, which stands by.
async fn second(stage: &Stage) -> Program {
    let settings = stage.workers.settings();
    let settings: Vec<(&str, String)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    Program::start(
        Path::new(EXECUTABLE),
        "workers",
        "WORKERS_LISTEN",
        &settings,
    )
    .await
}

/// Kills one of the four and starts it again after a pause.
async fn kill_one(stage: &mut Stage, second: &mut Program, chance: &mut Chance) -> &'static str {
    let pause = Duration::from_millis(chance.below(150));
    let victim = chance.below(6);
    match victim {
        0 | 1 => stage.workers.kill(),
        2 | 3 => second.kill(),
        4 => stage.postgres.kill(),
        _ => stage.nats.kill(),
    }
    tokio::time::sleep(pause).await;
    match victim {
        0 | 1 => stage.workers.restart(),
        2 | 3 => second.restart(),
        4 => stage.postgres.restart().await,
        _ => stage.nats.restart().await,
    }
    [
        "workers",
        "workers",
        "other workers",
        "other workers",
        "postgres",
        "nats-server",
    ][usize::try_from(victim).unwrap()]
}

/// The facts of each key are in the order of their ids; answers which were found.
fn assert_in_order(found: &[(Uuid, Uuid)], written: &Written) -> BTreeSet<Uuid> {
    let mut seen = BTreeSet::new();
    let mut last = BTreeMap::<Uuid, i64>::new();
    for (event, key) in found {
        let (of, place) = written.places[event];
        assert_eq!(of, *key);
        if seen.insert(*event) {
            let before = last.insert(*key, place);
            let is_next = before.is_none_or(|before| before < place);
            assert!(is_next, "{key}: {place} after {before:?}");
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn every_committed_fact_is_published_in_order_whatever_is_killed() {
    let kills = setting("KILLS", 12);
    let mut chance = Chance::from_environment();
    println!("{kills} kills, SEED={}", chance.0);
    let mut stage = Stage::start(&[], &[]).await;
    let mut second = second(&stage).await;
    let stop = Arc::new(AtomicBool::new(false));
    let keys: Vec<Uuid> = (0..KEYS).map(|_| Uuid::new_v4()).collect();
    let write = |writer| {
        let url = stage.postgres.url();
        write_on(url, keys.clone(), chance.0 ^ writer, Arc::clone(&stop))
    };
    let writers: Vec<_> = (0..WRITERS).map(write).collect();

    let mut killed = BTreeMap::<_, u64>::new();
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(200 + chance.below(600))).await;
        let victim = kill_one(&mut stage, &mut second, &mut chance).await;
        *killed.entry(victim).or_default() += 1;
    }
    stop.store(true, Ordering::Relaxed);
    let mut written = Written::default();
    for writer in writers {
        let of_one = writer.await.unwrap();
        written.places.extend(of_one.places);
        written.committed.extend(of_one.committed);
    }
    let session = stage.client().await;
    eventually("the outbox is empty", async || {
        let sql = "select count(*) from account.outbox";
        let row = session.query_one(sql, &[]).await.ok()?;
        (row.get::<_, i64>(0) == 0).then_some(())
    })
    .await;

    let found = published(&stage).await;
    let seen = assert_in_order(&found, &written);
    let lost: Vec<_> = written.committed.difference(&seen).collect();
    assert!(lost.is_empty(), "committed and not in the stream: {lost:?}");
    println!(
        "killed {killed:?}; {} facts committed, {} in the stream, {} of them again",
        written.committed.len(),
        seen.len(),
        found.len() - seen.len()
    );
}

//! Swaps: what one read model leaves to the other, whoever folds it and whatever is in the stream.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "projector/tally.rs"]
mod tally;

use frontdesk_events::{Partition, StreamName};
use frontdesk_harness::eventually;
use frontdesk_projector::operate::{bar::Bar, rebuild::Rebuilt};
use tally::{Add, Running, Stage, add, many, projection, publish};

async fn rebuild(stage: &Stage) -> Rebuilt {
    let mut bar = Bar::new("", true);
    let rebuilt = stage.operator().rebuild(projection(), &mut bar).await;
    rebuilt.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_under_load_shows_readers_whole_tables_and_loses_nothing() {
    let stage = Stage::set().await;
    let running = Running::start(&stage.connection, &stage.database.url(), 100);
    publish(&stage.connection, &many(2000, 80)).await;
    let connection = stage.connection.clone();
    let publishing = tokio::spawn(async move {
        for (round, part) in many(3000, 80).chunks(30).enumerate() {
            let part: Vec<Add> = part
                .iter()
                .map(|add| Add {
                    id: format!("{}-{round}", add.id),
                    ..add.clone()
                })
                .collect();
            publish(&connection, &part).await;
        }
    });
    let reader = stage.database.client().await;
    let reading = tokio::spawn(async move {
        let statement = reader
            .prepare("select count(*), coalesce(sum(total), 0)::bigint from tally.tallies")
            .await
            .unwrap();
        let (mut reads, mut last) = (0, 0_i64);
        loop {
            let count: i64 = reader.query_one(&statement, &[]).await.unwrap().get(0);
            assert!(count >= last, "a reader saw {last} rows, then {count}");
            (reads, last) = (reads + 1, count);
            if count < 0 {
                return reads;
            }
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..3 {
        let mut bar = frontdesk_projector::operate::bar::Bar::new("", true);
        let operator = stage.operator();
        let rebuilt = operator.rebuild(projection(), &mut bar).await.unwrap();
        assert!(rebuilt.events >= 2000 && rebuilt.dead_letters == 0);
        operator.swap_dropping_previous(projection()).await.unwrap();
    }
    publishing.await.unwrap();
    stage.caught_up().await;
    assert!(!reading.is_finished(), "reading went on through all swaps");
    reading.abort();
    stage.must_equal_a_replay().await;
    assert_eq!(
        stage.number("select count(*) from tally.event_index").await,
        5000
    );
    stage.operator().rollback(projection()).await.unwrap();
    publish(&stage.connection, &[add("after", "rollback", 5)]).await;
    stage.caught_up().await;
    stage.must_equal_a_replay().await;
    drop(running);
}

/// The names of an addition whose partition is among these.
fn names(partitions: std::ops::Range<u8>) -> impl Iterator<Item = String> {
    let names = (0..).map(|number| format!("n{number}"));
    names.filter(move |name| partitions.contains(&Partition::of(name).number()))
}

/// So many additions in the lower partitions and the upper ones, in turns; an upper one is the last.
fn in_turns(count: usize, round: &str) -> Vec<Add> {
    let pairs = names(0..8).zip(names(8..16)).take(count);
    let add = |name: &str| add(&format!("{round} {name}"), name, 1);
    pairs
        .flat_map(|(lower, upper)| [add(&lower), add(&upper)])
        .collect()
}

/// Waits until so many events are in the tables. Of shared partitions those without newer messages stay
/// where they are.
async fn folded(stage: &Stage, events: i64) {
    eventually("the events are folded", async || {
        let folded = stage.number("select count(*) from tally.event_index").await;
        (folded == events).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_takes_along_what_a_projector_that_is_behind_has_not_folded() {
    let stage = Stage::set().await;
    let url = stage.database.url();
    let lower = Running::start_on(&stage.connection, &url, 100, "0-7");
    let upper = Running::start_on(&stage.connection, &url, 100, "8-15");
    publish(&stage.connection, &in_turns(200, "first")).await;
    folded(&stage, 400).await;
    drop(lower);
    rebuild(&stage).await;
    // Now the lower partitions stand still, and the upper ones end last.
    publish(&stage.connection, &in_turns(20, "second")).await;
    folded(&stage, 420).await;
    stage.operator().swap(projection()).await.unwrap();
    let _lower = Running::start_on(&stage.connection, &url, 100, "0-7");
    publish(&stage.connection, &in_turns(1, "third")).await;
    folded(&stage, 442).await;
    drop(upper);
    stage.must_equal_a_replay().await;
}

fn refused(id: &str) -> Add {
    Add {
        word: "refuse".into(),
        ..add(id, "refused", 1)
    }
}

async fn letters(stage: &Stage) -> u64 {
    let dead = stage.connection.stream_state(StreamName::Dead).await;
    dead.unwrap().messages
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_but_a_rebuild_has_seen_is_told_of_and_what_was_told_is_not_told_again() {
    let stage = Stage::set().await;
    let running = Running::start(&stage.connection, &stage.database.url(), 100);
    publish(&stage.connection, &many(50, 10)).await;
    publish(&stage.connection, &[refused("told"), add("1", "a", 1)]).await;
    stage.caught_up().await;
    assert_eq!(letters(&stage).await, 1);
    // Its letter is thrown away, and the projector is stopped, as one of an older version would be.
    let deleted = stage.connection.delete_stored(StreamName::Dead, 1).await;
    assert!(deleted.unwrap());
    drop(running);
    publish(
        &stage.connection,
        &[refused("in a rebuild"), add("2", "a", 1)],
    )
    .await;
    let rebuilt = rebuild(&stage).await;
    assert_eq!((rebuilt.events, rebuilt.dead_letters), (54, 2));
    assert_eq!(letters(&stage).await, 1);
    publish(&stage.connection, &[add("3", "a", 1), refused("in a swap")]).await;
    stage.operator().swap(projection()).await.unwrap();
    let running = Running::start(&stage.connection, &stage.database.url(), 100);
    publish(&stage.connection, &[add("4", "a", 1)]).await;
    stage.caught_up().await;
    assert_eq!(letters(&stage).await, 2);
    drop(running);
    stage.must_equal_a_replay().await;
    assert_eq!(letters(&stage).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_and_the_lag_pass_over_a_last_message_that_was_erased() {
    let stage = Stage::set().await;
    let _running = Running::start(&stage.connection, &stage.database.url(), 100);
    publish(&stage.connection, &many(50, 10)).await;
    stage.caught_up().await;
    let deleted = stage.connection.delete_stored(StreamName::Calls, 50).await;
    assert!(deleted.unwrap());
    assert_eq!(rebuild(&stage).await.events, 49);
    for status in stage.operator().status(&projection()).await.unwrap() {
        assert_eq!(status.lag_events, 0, "{status:?}");
    }
    stage.operator().swap(projection()).await.unwrap();
    publish(&stage.connection, &[add("after", "swap", 5)]).await;
    stage.caught_up().await;
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_whose_partitions_are_silent_does_not_lag() {
    let stage = Stage::set().await;
    let url = stage.database.url();
    let lower = Running::start_on(&stage.connection, &url, 100, "0-7");
    let _upper = Running::start_on(&stage.connection, &url, 100, "8-15");
    publish(&stage.connection, &in_turns(20, "all")).await;
    folded(&stage, 40).await;
    let upper: Vec<Add> = names(8..16)
        .take(30)
        .map(|name| add("new", &name, 1))
        .collect();
    publish(&stage.connection, &upper).await;
    folded(&stage, 70).await;
    let statuses = stage.operator().status(&projection()).await.unwrap();
    assert!(statuses[0].checkpoint <= 40, "{statuses:?}");
    assert_eq!(statuses[0].lag_events, 0, "{statuses:?}");
    // What is to come counts as before.
    drop(lower);
    publish(&stage.connection, &in_turns(1, "late")).await;
    let statuses = stage.operator().status(&projection()).await.unwrap();
    assert!(statuses[0].lag_events >= 1, "{statuses:?}");
}

//! The engine against a real stream and a real database: the laws that only a database can break.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "projector/tally.rs"]
mod tally;

use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, PartitionSet, StreamName,
    nats::{Outbound, Reader, Role, live::Change},
};
use frontdesk_harness::eventually;
use futures::StreamExt as _;
use std::{collections::BTreeMap, time::Duration};
use tally::{Add, Running, Stage, add, many, publish};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn any_split_into_batches_gives_the_same_tables() {
    let mut dumps = Vec::new();
    let adds = many(600, 40);
    for batch in [1, 7, 1000] {
        let stage = Stage::set().await;
        let running = Running::start(&stage.connection, &stage.database.url(), batch);
        publish(&stage.connection, &adds).await;
        stage.caught_up().await;
        assert_eq!(
            stage.number("select count(*) from tally.event_index").await,
            600
        );
        dumps.push(stage.dump().await);
        drop(running);
    }
    assert!(dumps[0].len() > 100);
    assert_eq!(dumps[0], dumps[1]);
    assert_eq!(dumps[0], dumps[2]);
    // And they are what the events say, by another road.
    let mut names: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for add in &adds {
        let n = names
            .entry(&add.name)
            .or_default()
            .entry(&add.id)
            .or_insert(i64::MIN);
        *n = add.n.max(*n);
    }
    let sum: i64 = names
        .values()
        .flat_map(|parts| parts.values())
        .filter(|n| **n > 0)
        .sum();
    let totals: i64 = dumps[0]
        .iter()
        .filter_map(|line| line.strip_prefix("total "))
        .map(|row| row.split(',').nth(3).unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(totals, sum);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_killed_between_and_within_batches_loses_and_repeats_nothing() {
    let stage = Stage::set().await;
    let adds = many(3000, 60);
    for (round, part) in adds.chunks(150).enumerate() {
        let running = Running::start(&stage.connection, &stage.database.url(), 20);
        publish(&stage.connection, part).await;
        // Somewhere in the middle of it; the next round starts wherever this one was.
        let wanted = (round * 150 + round * 7 % 150) as i64;
        eventually("it has come some way", async || {
            (stage
                .number("select coalesce(max(sequence), 0) from tally.checkpoints")
                .await
                >= wanted)
                .then_some(())
        })
        .await;
        running.task.abort();
    }
    let _running = Running::start(&stage.connection, &stage.database.url(), 1000);
    stage.caught_up().await;
    stage.must_equal_a_replay().await;
    assert_eq!(
        stage.number("select count(*) from tally.event_index").await,
        3000
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_projectors_racing_fold_everything_once() {
    let stage = Stage::set().await;
    let _one = Running::start(&stage.connection, &stage.database.url(), 10);
    let _two = Running::start(&stage.connection, &stage.database.url(), 15);
    for part in many(2000, 50).chunks(40) {
        publish(&stage.connection, part).await;
    }
    stage.caught_up().await;
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn projectors_share_the_partitions_and_a_later_one_takes_over_where_each_was() {
    let stage = Stage::set().await;
    let adds = many(900, 50);
    let low = Running::start_on(&stage.connection, &stage.database.url(), 50, "0-7");
    publish(&stage.connection, &adds[..500]).await;
    eventually("the low half is folded", async || {
        (stage.number("select count(*) from tally.event_index").await > 100).then_some(())
    })
    .await;
    drop(low);
    let _all = Running::start(&stage.connection, &stage.database.url(), 50);
    publish(&stage.connection, &adds[500..]).await;
    stage.caught_up().await;
    assert_eq!(
        stage.number("select count(*) from tally.event_index").await,
        900
    );
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_the_one_of_the_checkpoint_halts_the_projection() {
    let stage = Stage::set().await;
    let running = Running::start(&stage.connection, &stage.database.url(), 100);
    publish(&stage.connection, &many(20, 5)).await;
    stage.caught_up().await;
    drop(running);
    let other = frontdesk_harness::nats().await;
    let connection = other.connect(Role::Operator).await;
    let behind = Running::start(&connection, &stage.database.url(), 100);
    eventually("it halts: behind", async || {
        behind
            .why()
            .contains("behind the checkpoint 20")
            .then_some(())
    })
    .await;
    drop(behind);
    publish(&connection, &many(30, 5)).await;
    let foreign = Running::start(&connection, &stage.database.url(), 100);
    eventually("it halts: another stream", async || {
        foreign.why().contains("another stream").then_some(())
    })
    .await;
    drop(foreign);
    // The same stream, but with another message where the checkpoint stands.
    stage
        .client
        .execute("update tally.checkpoints set event_hash = 'not it'", &[])
        .await
        .unwrap();
    let rewound = Running::start(&stage.connection, &stage.database.url(), 100);
    eventually("it halts: another message", async || {
        rewound.why().contains("took other events").then_some(())
    })
    .await;
    assert_eq!(
        stage.number("select count(*) from tally.event_index").await,
        20
    );
}

/// The reasons in DEAD, by the sequence they are about.
async fn dead_letters(stage: &Stage, wanted: usize) -> BTreeMap<u64, String> {
    let mut reader = Reader::open(&stage.connection, StreamName::Dead, &PartitionSet::all(), 1)
        .await
        .unwrap();
    let mut found = BTreeMap::new();
    while found.len() < wanted {
        for delivery in reader.read(100, Duration::from_secs(3)).await.unwrap() {
            let envelope = delivery.envelope().unwrap();
            let text = |name| envelope.extension(name).unwrap();
            assert_eq!(text("deadstream"), "CALLS");
            assert_eq!(text("deadreader"), "tally");
            found.insert(text("deadsequence").parse().unwrap(), text("deadreason"));
        }
    }
    found
}

/// Ordinary additions with, between them, what cannot be folded (41, 42, 83) or written (85, 87),
/// and what only looks so.
fn with_poison() -> Vec<Add> {
    let with = |id: &str, name: &str, word: &str| Add {
        word: word.into(),
        ..add(id, name, 1)
    };
    let small = |id: &str, name: &str| Add {
        small: Some(7),
        ..add(id, name, 1)
    };
    let largest = |id: &str, name: &str| Add {
        n: i64::MAX,
        ..add(id, name, 0)
    };
    let mut adds = many(40, 10);
    adds.push(with("41", "refused", "refuse"));
    adds.push(with("42", "panics", "panic in decode"));
    adds.extend(many(40, 10));
    adds.push(with("83", "panics", "panic in fold"));
    adds.push(small("84", "first"));
    adds.push(small("85", "second"));
    adds.push(largest("86", "sums"));
    adds.push(largest("87", &"long".repeat(1000)));
    adds.push(with("88", "nul \0 in a key", "nul \0 in a word"));
    adds.extend(many(40, 10));
    adds
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_folded_or_written_leaves_the_way_and_nothing_else_does() {
    let stage = Stage::set().await;
    let running = Running::start(&stage.connection, &stage.database.url(), 1000);
    publish(&stage.connection, &with_poison()).await;
    let no_event = Envelope::new("129", "/agents/x", "dev.frontdesk.test.add")
        .unwrap()
        .with_data("text/plain", b"{".to_vec());
    let outbound = Outbound::new(&no_event, tally::subject_of("x")).unwrap();
    stage
        .connection
        .publish(&outbound, Duration::from_secs(5))
        .await
        .unwrap();
    stage.caught_up().await;
    let dead = dead_letters(&stage, 6).await;
    let sequences: Vec<u64> = dead.keys().copied().collect();
    assert_eq!(sequences, [41, 42, 83, 85, 87, 129], "{dead:?}");
    assert!(dead[&85].contains("one_small"), "{dead:?}");
    assert_eq!(
        stage.number("select count(*) from tally.event_index").await,
        129
    );
    assert_eq!(
        stage
            .number("select count(*) from tally.tallies where name like 'nul _ in a key'")
            .await,
        1
    );
    assert_eq!(
        stage
            .number("select count(*) from tally.tallies where name = 'first'")
            .await,
        1
    );
    eventually("it is well", async || {
        running.why().is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_written_in_ever_smaller_ones_counts_its_dead_letters_once() {
    let stage = Stage::set().await;
    let mut adds: Vec<Add> = (0..60)
        .map(|id| Add {
            word: "refuse".into(),
            ..add(&id.to_string(), "refused", 1)
        })
        .collect();
    // The last two cannot stand beside each other, so the batch is halved until one stands alone.
    for name in ["first", "second"] {
        adds.push(Add {
            small: Some(7),
            ..add(name, name, 1)
        });
    }
    publish(&stage.connection, &adds).await;
    let running = Running::start(&stage.connection, &stage.database.url(), 1000);
    stage.caught_up().await;
    assert_eq!(dead_letters(&stage, 61).await.len(), 61);
    let stored = stage.connection.stream_state(StreamName::Dead).await;
    assert_eq!(stored.unwrap().messages, 61);
    eventually("it is well", async || {
        running.why().is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_dead_letters_stops_the_projection() {
    let stage = Stage::set().await;
    let running = Running::start(&stage.connection, &stage.database.url(), 50);
    let refused: Vec<Add> = (0..300)
        .map(|id| Add {
            word: "refuse".into(),
            ..add(&id.to_string(), "storm", 1)
        })
        .collect();
    publish(&stage.connection, &refused).await;
    eventually("it stops", async || {
        running
            .why()
            .contains("bug of the projection")
            .then_some(())
    })
    .await;
    // It stands before the batch that would have made it a storm, and that batch told nobody.
    let checkpoint = "select coalesce(max(sequence), 0) from tally.checkpoints";
    let stopped_at = stage.number(checkpoint).await;
    assert!((51..=100).contains(&stopped_at), "{stopped_at}");
    let dead = stage.connection.stream_state(StreamName::Dead).await;
    assert_eq!(dead.unwrap().messages, stopped_at as u64);
    assert!(!running.health.is_ready(), "{}", running.why());
}

/// An addition to `owned` whose row depends on who had the tenant key `key` at an instant.
#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_cannot_write_is_not_ready_until_it_has_written() {
    let stage = Stage::set().await;
    let running = Running::start(&stage.connection, &stage.database.url(), 1000);
    publish(&stage.connection, &many(50, 10)).await;
    stage.caught_up().await;
    eventually("it is well", async || {
        running.health.is_ready().then_some(())
    })
    .await;
    let other = stage.database.client().await;
    other
        .batch_execute("begin; lock table tally.tallies in exclusive mode")
        .await
        .unwrap();
    publish(&stage.connection, &[add("late", "late", 1)]).await;
    eventually("it says that it cannot write", async || {
        (!running.health.is_ready()).then_some(())
    })
    .await;
    // It starts again and again, connects, and has still written nothing.
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!running.health.is_ready());
    }
    other.batch_execute("rollback").await.unwrap();
    stage.caught_up().await;
    eventually("it is well again", async || {
        running.health.is_ready().then_some(())
    })
    .await;
}

fn asking(id: &str, at: DateTime<Utc>) -> Add {
    Add {
        tenant: Some("key".into()),
        at: Some(at),
        ..add(id, "owned", 1)
    }
}

/// The user of `owned`.
async fn owner(stage: &Stage) -> Option<Uuid> {
    let row = stage
        .client
        .query_one("select user_id from tally.tallies", &[])
        .await;
    row.unwrap().get(0)
}

const USER: Uuid = Uuid::from_u128(1);

/// Gives the tenant key `key` to [`USER`], from now on.
fn give_key() -> String {
    format!(
        "insert into account.users (id, email, name, billing_key) values ('{USER}', 'a@b', 'A', 'b');
         insert into account.clients (id, user_id, name, profession, tenant_key)
             values ('{}', '{USER}', 'C', 'p', 'key')",
        Uuid::from_u128(2)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_come_from_history_and_are_told_after_the_commit() {
    let stage = Stage::set().await;
    let mut told = stage.connection.listen().await.unwrap();
    let _running = Running::start(&stage.connection, &stage.database.url(), 100);
    publish(&stage.connection, &[asking("1", stage.clock().await)]).await;
    stage.caught_up().await;
    stage.client.batch_execute(&give_key()).await.unwrap();
    publish(&stage.connection, &[asking("2", stage.clock().await)]).await;
    stage.caught_up().await;
    assert_eq!(
        owner(&stage).await,
        Some(USER),
        "the second question is about a later instant"
    );
    let mut users = Vec::new();
    while users.len() < 3 {
        let Change { user, ids, .. } = tokio::time::timeout(Duration::from_secs(10), told.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(ids, ["owned"]);
        users.push(user);
    }
    // Created for nobody; then taken from nobody and given to its owner.
    assert_eq!(users, [None, None, Some(USER)]);
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_waits_for_whoever_is_adding_to_the_history() {
    let stage = Stage::set().await;
    let adding = stage.database.client().await;
    let give = format!("begin; {}", give_key());
    adding.batch_execute(&give).await.unwrap();
    // The key began before this instant, but nobody can see it yet.
    publish(&stage.connection, &[asking("1", stage.clock().await)]).await;
    let _running = Running::start(&stage.connection, &stage.database.url(), 100);
    eventually("the projector waits for the transaction", async || {
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        (stage.number(waiting).await > 0).then_some(())
    })
    .await;
    assert_eq!(stage.number("select count(*) from tally.tallies").await, 0);
    adding.batch_execute("commit").await.unwrap();
    stage.caught_up().await;
    assert_eq!(owner(&stage).await, Some(USER));
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_cannot_be_made_untrue_and_a_wrong_clock_stops_nobody() {
    let stage = Stage::set().await;
    let _running = Running::start(&stage.connection, &stage.database.url(), 100);
    let asked = stage.clock().await;
    let absurd = "9999-12-31T23:59:59Z".parse().unwrap();
    publish(&stage.connection, &[asking("1", asked)]).await;
    stage.caught_up().await;
    publish(&stage.connection, &[asking("2", absurd)]).await;
    stage.caught_up().await;
    assert_eq!(owner(&stage).await, None);
    stage.client.batch_execute(&give_key()).await.unwrap();
    let began: DateTime<Utc> = stage
        .client
        .query_one("select created_at from account.clients", &[])
        .await
        .unwrap()
        .get(0);
    assert!(began > asked, "{began} is after {asked}");
    assert!(
        began <= stage.clock().await,
        "a wrong clock postpones nothing"
    );
    let assign = "insert into account.number_assignments (number, client_id, assigned_at) values ('+14155550100', null, $1)";
    let refused = stage.client.execute(assign, &[&asked]).await.unwrap_err();
    let said = refused.as_db_error().unwrap().message();
    assert!(said.contains("nothing can begin at"), "{said}");
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_found_and_named() {
    let stage = Stage::set().await;
    let _running = Running::start(&stage.connection, &stage.database.url(), 100);
    publish(&stage.connection, &many(100, 10)).await;
    stage.caught_up().await;
    stage
        .client
        .execute("delete from tally.parts where name = 'n3' and n > 0", &[])
        .await
        .unwrap();
    let verified = stage.verify().await;
    assert_eq!(verified.differences.len(), 1, "{verified:?}");
    assert_eq!(verified.differences[0].table, "parts");
    assert!(verified.differences[0].live_rows < verified.differences[0].replayed_rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_version_is_refused_in_one_line() {
    let stage = Stage::set().await;
    let comment =
        "comment on schema tally is 'frontdesk read model tally, version 0123456789abcdef'";
    stage.client.batch_execute(comment).await.unwrap();
    let running = Running::start(&stage.connection, &stage.database.url(), 100);
    eventually("it says what to do", async || {
        running
            .why()
            .contains("run `frontdesk projections rebuild tally`")
            .then_some(())
    })
    .await;
}

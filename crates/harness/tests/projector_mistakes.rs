//! An operator's mistakes: each command refuses in one line that says what to do, and leaves what
//! is read, and the way back, as they were.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "projector/tally.rs"]
mod tally;

use frontdesk_harness::eventually;
use frontdesk_projector::operate::{bar::Bar, rebuild::Rebuilt};
use tally::{Running, Stage, add, many, projection, publish};

/// The stage with so many events folded, and the projector that did.
async fn folded(events: usize) -> (Stage, Running) {
    let stage = Stage::set().await;
    let running = Running::start(&stage.connection, &stage.database.url(), 1000);
    publish(&stage.connection, &many(events, 60)).await;
    stage.caught_up().await;
    (stage, running)
}

async fn rebuild(stage: &Stage) -> anyhow::Result<Rebuilt> {
    let mut bar = Bar::new("", true);
    stage.operator().rebuild(projection(), &mut bar).await
}

/// An error as the command line shows it, which must be one line.
fn line<T>(result: anyhow::Result<T>) -> String {
    let Err(error) = result else {
        panic!("this had to be refused");
    };
    let line = format!("{error:#}");
    assert!(!line.contains('\n'), "{line}");
    line
}

async fn schemas(stage: &Stage) -> Vec<String> {
    let sql = "select nspname::text from pg_namespace where nspname like 'tally%' order by 1";
    let rows = stage.client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const AT_WORK: &str = "wait until it ends, or stop it";

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_refused_while_another_works() {
    let (stage, _running) = folded(500).await;
    let other = stage.database.client().await;
    let lock = "select pg_advisory_lock(hashtextextended('frontdesk projections tally', 0))";
    other.batch_execute(lock).await.unwrap();
    let mut bar = Bar::new("", true);
    let operator = stage.operator();
    let (rebuilt, verified, swapped) = tokio::join!(
        rebuild(&stage),
        operator.verify(projection(), &mut bar),
        operator.swap(projection())
    );
    for refused in [rebuilt.map(drop), verified.map(drop), swapped.map(drop)] {
        let refusal = line(refused);
        assert!(refusal.contains(AT_WORK), "{refusal}");
    }
    drop(other);
    rebuild(&stage).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commands_at_once_do_not_pull_tables_from_under_each_other() {
    let (stage, _running) = folded(4000).await;
    let mut bar = Bar::new("", true);
    let operator = stage.operator();
    let (one, two, verified) = tokio::join!(
        rebuild(&stage),
        rebuild(&stage),
        operator.verify(projection(), &mut bar)
    );
    // Whoever does not wait long enough is refused; whoever gets in does so alone.
    let ended = [one.map(drop), two.map(drop), verified.map(drop)];
    assert!(ended.iter().any(Result::is_ok));
    for refused in ended.into_iter().filter(Result::is_err) {
        let refusal = line(refused);
        assert!(refusal.contains(AT_WORK), "{refusal}");
    }
    rebuild(&stage).await.unwrap();
    stage.operator().swap(projection()).await.unwrap();
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_never_costs_the_way_back_unsaid() {
    let (stage, _running) = folded(500).await;
    let operator = stage.operator();
    let refusal = line(operator.swap(projection()).await);
    assert!(
        refusal.contains("run `frontdesk projections rebuild tally` first"),
        "{refusal}"
    );

    rebuild(&stage).await.unwrap();
    operator.swap(projection()).await.unwrap();
    let refusal = line(operator.swap(projection()).await);
    assert!(
        refusal.contains("there is no schema tally_next"),
        "{refusal}"
    );

    rebuild(&stage).await.unwrap();
    let refusal = line(operator.swap(projection()).await);
    assert!(
        refusal.contains("rollback tally") && refusal.contains("--drop-previous"),
        "{refusal}"
    );
    assert_eq!(schemas(&stage).await, ["tally", "tally_next", "tally_prev"]);

    let swapped = operator.swap_dropping_previous(projection()).await.unwrap();
    assert_eq!(swapped.dropped.as_deref(), Some("tally_prev"));
    assert_eq!(schemas(&stage).await, ["tally", "tally_prev"]);
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_fails_leaves_everything_as_it_was() {
    let (stage, _running) = folded(500).await;
    let operator = stage.operator();
    rebuild(&stage).await.unwrap();
    operator.swap(projection()).await.unwrap();
    rebuild(&stage).await.unwrap();
    // Somebody looks at what is to be dropped, and takes his time.
    let looking = stage.database.client().await;
    looking
        .batch_execute("begin; select count(*) from tally_prev.tallies")
        .await
        .unwrap();
    let refusal = line(operator.swap_dropping_previous(projection()).await);
    assert!(
        refusal.contains("putting tally_next in the place of tally"),
        "{refusal}"
    );
    assert_eq!(schemas(&stage).await, ["tally", "tally_next", "tally_prev"]);
    looking.batch_execute("commit").await.unwrap();
    operator.drop_shadow("tally", false).await.unwrap();
    operator.rollback(projection()).await.unwrap();
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_twice_is_refused_and_going_forth_again_is_one_command() {
    let (stage, _running) = folded(500).await;
    let operator = stage.operator();
    let refusal = line(operator.rollback(projection()).await);
    assert!(
        refusal.contains("there is no schema tally_prev to go back to"),
        "{refusal}"
    );
    rebuild(&stage).await.unwrap();
    operator.swap(projection()).await.unwrap();
    operator.rollback(projection()).await.unwrap();
    let refusal = line(operator.rollback(projection()).await);
    assert!(
        refusal.contains("there is no schema tally_prev to go back to"),
        "{refusal}"
    );
    operator.swap(projection()).await.unwrap();
    assert_eq!(schemas(&stage).await, ["tally", "tally_prev"]);
    rebuild(&stage).await.unwrap();
    let refusal = line(operator.rollback(projection()).await);
    assert!(refusal.contains("drop-shadow tally"), "{refusal}");
    operator.drop_shadow("tally", false).await.unwrap();
    let refusal = line(operator.drop_shadow("tally", false).await);
    assert!(
        refusal.contains("there is no schema tally_next to drop"),
        "{refusal}"
    );
    operator.drop_shadow("tally", true).await.unwrap();
    stage.must_equal_a_replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_killed_in_the_middle_is_begun_again_or_finished_by_the_swap() {
    let (stage, _running) = folded(9000).await;
    for is_begun_again in [true, false] {
        let (operator, mut bar) = (stage.operator(), Bar::new("", true));
        let killed = tokio::spawn(async move { operator.rebuild(projection(), &mut bar).await });
        eventually("the shadow has some events", async || {
            let sql = "select coalesce(max(sequence), 0)::bigint from tally_next.checkpoints";
            let row = stage.client.query_one(sql, &[]).await.ok()?;
            (row.get::<_, i64>(0) > 0).then_some(())
        })
        .await;
        killed.abort();
        let _ = killed.await;
        eventually("its lock is gone", async || {
            let sql = "select count(*) from pg_locks where locktype = 'advisory' and database =
                (select oid from pg_database where datname = current_database())";
            (stage.number(sql).await == 0).then_some(())
        })
        .await;
        if is_begun_again {
            assert_eq!(rebuild(&stage).await.unwrap().events, 9000);
        }
        stage
            .operator()
            .swap_dropping_previous(projection())
            .await
            .unwrap();
        stage.must_equal_a_replay().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_under_traffic_is_of_one_moment() {
    let (stage, _running) = folded(1000).await;
    let connection = stage.connection.clone();
    let traffic = tokio::spawn(async move {
        for round in 0.. {
            publish(
                &connection,
                &[add(
                    &format!("t{round}"),
                    &format!("n{}", round % 60),
                    round,
                )],
            )
            .await;
        }
    });
    for _ in 0..3 {
        stage.must_equal_a_replay().await;
    }
    traffic.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_of_another_version_or_none_is_not_verified() {
    let (stage, running) = folded(100).await;
    drop(running);
    let version =
        "comment on schema tally is 'frontdesk read model tally, version 0123456789abcdef'";
    stage.client.batch_execute(version).await.unwrap();
    let mut bar = Bar::new("", true);
    let refusal = line(stage.operator().verify(projection(), &mut bar).await);
    assert!(
        refusal.contains("was made by version 0123456789abcdef"),
        "{refusal}"
    );
    stage
        .client
        .batch_execute("drop schema tally cascade")
        .await
        .unwrap();
    let refusal = line(stage.operator().verify(projection(), &mut bar).await);
    assert!(refusal.contains("run `frontdesk migrate`"), "{refusal}");
    assert_eq!(schemas(&stage).await, [""; 0]);
}

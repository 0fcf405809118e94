//! The engine while its servers are killed under it: nothing is lost, nothing counted twice, and
//! nobody has to start it again.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "projector/tally.rs"]
mod tally;

use frontdesk_events::{StreamName, nats::Role};
use frontdesk_harness::{eventually, postgres::Cluster};
use frontdesk_projector::operate::{Operator, bar::Bar};
use tally::{Running, many, projection, publish};

/// What the checkpoints say, whatever state the server is in.
async fn furthest(cluster: &Cluster) -> Option<i64> {
    let (client, connection) = tokio_postgres::connect(&cluster.url(), tokio_postgres::NoTls)
        .await
        .ok()?;
    let task = tokio::spawn(connection);
    let row = client
        .query_one(
            "select coalesce(max(sequence), 0) from tally.checkpoints",
            &[],
        )
        .await;
    task.abort();
    Some(row.ok()?.get(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_cost_time_and_nothing_else() {
    let mut nats = frontdesk_harness::nats().await;
    let mut cluster = Cluster::start().await;
    frontdesk_projector::ensure_read_model(&cluster.url(), &projection())
        .await
        .unwrap();
    let connection = nats.connect(Role::Projector).await;
    let running = Running::start(&connection, &cluster.url(), 60);
    let adds = many(2400, 70);
    for (round, part) in adds.chunks(400).enumerate() {
        publish(&nats.connect(Role::Operator).await, part).await;
        let somewhere = (round * 400 + 50 + round * 37) as i64;
        eventually("it has come some way", async || {
            furthest(&cluster)
                .await
                .filter(|sequence| *sequence >= somewhere)
        })
        .await;
        match round % 3 {
            0 => cluster.restart().await,
            1 => nats.restart().await,
            _ => {
                nats.kill();
                cluster.restart().await;
                nats.restart().await;
            }
        }
    }
    eventually("all is folded", async || {
        furthest(&cluster)
            .await
            .filter(|sequence| *sequence >= 2400)
    })
    .await;
    let operator = nats.connect(Role::Operator).await;
    assert_eq!(
        operator
            .stream_state(StreamName::Calls)
            .await
            .unwrap()
            .messages,
        2400
    );
    let mut bar = Bar::new("", true);
    let verified = Operator::new(&cluster.url(), operator)
        .verify(projection(), &mut bar)
        .await
        .unwrap();
    assert_eq!(verified.differences, []);
    assert!(verified.rows > 2400, "{verified:?}");
    eventually("it is well again", async || {
        running.why().is_empty().then_some(())
    })
    .await;
}

//! The harness itself: servers start, die and come back with what they acknowledged.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Outbound, Role},
    subject,
};
use std::time::Duration;

fn message(id: &str) -> Outbound {
    let envelope = Envelope::new(id, "/livekit/test", "io.livekit.room_started").unwrap();
    Outbound::new(
        &envelope,
        subject::event(
            StreamName::Calls,
            Partition::of(id),
            "livekit",
            "room_started",
        ),
    )
    .unwrap()
}

#[tokio::test]
async fn an_acknowledged_batch_survives_kill_nine() {
    let mut nats = frontdesk_harness::nats().await;
    let connection = nats.connect(Role::Operator).await;
    let batch: Vec<_> = (0..100).map(|n| message(&n.to_string())).collect();
    let ack = connection
        .publish_batch("first", &batch, Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(ack.sequence, 100);
    nats.kill();
    nats.restart().await;
    let connection = nats.connect(Role::Operator).await;
    assert_eq!(
        connection
            .stream_state(StreamName::Calls)
            .await
            .unwrap()
            .messages,
        100
    );
}

#[tokio::test]
async fn a_batch_with_a_stored_id_is_refused_whole() {
    let nats = frontdesk_harness::nats().await;
    let connection = nats.connect(Role::Operator).await;
    let second = Duration::from_secs(1);
    let ack = connection.publish(&message("a"), second).await.unwrap();
    assert!(!ack.duplicate);
    assert!(
        connection
            .publish(&message("a"), second)
            .await
            .unwrap()
            .duplicate
    );
    let error = connection
        .publish_batch("b", &[message("x"), message("a")], second)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        frontdesk_events::nats::PublishError::DuplicateInBatch
    );
    assert_eq!(
        connection
            .stream_state(StreamName::Calls)
            .await
            .unwrap()
            .messages,
        1
    );
}

#[tokio::test]
async fn a_reader_gives_everything_in_order_from_where_it_is_told() {
    let nats = frontdesk_harness::nats().await;
    let connection = nats.connect(Role::Operator).await;
    let batch: Vec<_> = (0..500).map(|n| message(&n.to_string())).collect();
    connection
        .publish_batch("all", &batch, Duration::from_secs(5))
        .await
        .unwrap();
    let all = frontdesk_events::PartitionSet::all();
    let mut reader =
        frontdesk_events::nats::Reader::open(&connection, StreamName::Calls, &all, 101)
            .await
            .unwrap();
    let mut sequences = Vec::new();
    while sequences.len() < 400 {
        let read = reader.read(64, Duration::from_secs(1)).await.unwrap();
        assert!(read.iter().all(|delivery| delivery.envelope().is_ok()));
        sequences.extend(read.iter().map(|delivery| delivery.sequence));
    }
    assert_eq!(sequences, (101..=500).collect::<Vec<u64>>());
}

#[tokio::test]
async fn every_test_has_a_migrated_database_of_its_own() {
    let (one, other) = (
        frontdesk_harness::database().await,
        frontdesk_harness::database().await,
    );
    assert_ne!(one.url(), other.url());
    let client = one.client().await;
    let row = client
        .query_one("select count(*) from calls.calls", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_killed_cluster_comes_back_with_what_was_committed() {
    let mut cluster = frontdesk_harness::postgres::Cluster::start().await;
    let (client, connection) = tokio_postgres::connect(&cluster.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("create table kept (n int); insert into kept values (1)")
        .await
        .unwrap();
    cluster.kill();
    cluster.restart().await;
    let (client, connection) = tokio_postgres::connect(&cluster.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    assert_eq!(
        client
            .query_one("select n from kept", &[])
            .await
            .unwrap()
            .get::<_, i32>(0),
        1
    );
}

//! The projector: events a second from JetStream into all tables of an empty database.

use super::{
    load, receiving,
    report::{Figure, Report, Target},
    traffic,
};
use anyhow::{Context as _, ensure};
use frontdesk_events::{
    PartitionSet, StreamName,
    nats::{Reader, Role},
};
use frontdesk_harness::{Nats, Program, postgres::Cluster};
use frontdesk_process::clock;
use futures::{SinkExt as _, pin_mut};
use std::{path::Path, sync::Arc, time::Duration};
use tokio_postgres::Client;

/// Calls rendered at a time: bounds what the load generator holds to some 250 MB.
const CALLS_AT_A_TIME: usize = 12_000;
/// No fill or replay of a run may take longer.
const LONGEST: Duration = Duration::from_secs(240);

/// Fills a stream through ingest, then measures a replay of it.
///
/// # Errors
/// When a part does not start, a delivery is refused, or the replay does not reach the end.
pub async fn measure(report: &mut Report, executable: &Path, events: usize) -> anyhow::Result<()> {
    let (nats, postgres) = (frontdesk_harness::nats().await, Cluster::start().await);
    let stored = fill(&nats, executable, events).await?;
    report.note("replay_events", "events in the stream", stored as f64);
    let reading = read_alone(&nats, stored).await?;
    report.note(
        "limit_read_per_s",
        "reading the stream alone, messages/s",
        reading,
    );
    writing_alone(report, &postgres).await?;

    let client = connect(&postgres).await?;
    let environment = [
        ("NATS_URL", nats.url()),
        ("NATS_MONITOR_URL", nats.args().nats_monitor_url),
        ("DATABASE_URL", postgres.url()),
        ("RUST_LOG", "warn".into()),
    ];
    let start = clock::monotonic();
    // It is ready when it has caught up.
    let projector = Program::launch(executable, "projector", "PROJECTOR_LISTEN", &environment);
    reach(&client, &projector, stored).await?;
    let seconds = start.elapsed().as_secs_f64();
    let folded: i64 = client
        .query_one("select count(*) from calls.event_index", &[])
        .await?
        .get(0);
    ensure!(
        folded as usize == stored,
        "{folded} of {stored} events are in the index"
    );
    report.add(Figure {
        name: "replay_per_s",
        what: "events/s replayed into all tables",
        value: stored as f64 / seconds,
        limit: Some("limit_read_per_s"),
        target: Some(Target::AtLeast(50_000.0)),
    });
    report.add(Figure {
        name: "replay_peak_mb",
        what: "peak memory of the projector, MB",
        value: projector.peak_mb(),
        limit: None,
        target: Some(Target::Below(300.0)),
    });
    Ok(())
}

async fn fill(nats: &Nats, executable: &Path, events: usize) -> anyhow::Result<usize> {
    let ingest = Program::start(
        executable,
        "ingest",
        "INGEST_LISTEN",
        &receiving::environment(nats),
    )
    .await;
    let start = clock::now() - chrono::Duration::days(30);
    let calls = events.div_ceil(traffic::EVENTS_A_CALL);
    let mut first = 0;
    while first < calls {
        let count = CALLS_AT_A_TIME.min(calls - first);
        let requests = Arc::new(traffic::requests(first, count, start));
        let outcome = load::send_all(ingest.address, requests, 256, LONGEST).await?;
        ensure!(
            outcome.refused == 0,
            "{} deliveries were refused while filling",
            outcome.refused
        );
        first += count;
    }
    Ok(calls * traffic::EVENTS_A_CALL)
}

async fn read_alone(nats: &Nats, stored: usize) -> anyhow::Result<f64> {
    let connection = nats.connect(Role::Operator).await;
    let start = clock::monotonic();
    let mut reader = Reader::open(&connection, StreamName::Calls, &PartitionSet::all(), 1).await?;
    let mut read = 0;
    while read < stored {
        read += reader.read(4000, Duration::from_secs(3)).await?.len();
        ensure!(start.elapsed() < LONGEST, "reading alone took too long");
    }
    Ok(stored as f64 / start.elapsed().as_secs_f64())
}

async fn connect(postgres: &Cluster) -> anyhow::Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn reach(client: &Client, projector: &Program, stored: usize) -> anyhow::Result<()> {
    let start = clock::monotonic();
    loop {
        let logged = projector.log_end();
        // It logs warnings and errors alone, and has no reason for either.
        ensure!(
            !logged.contains("\"ERROR\""),
            "the projector is in trouble:\n{logged}"
        );
        let row = client
            .query_one(
                "select coalesce(max(sequence), 0) from calls.checkpoints",
                &[],
            )
            .await?;
        if row.get::<_, i64>(0) as usize >= stored {
            return Ok(());
        }
        ensure!(
            start.elapsed() < LONGEST,
            "the replay did not reach the end in {LONGEST:?}:\n{logged}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What PostgreSQL takes when it is given nothing but rows.
async fn writing_alone(report: &mut Report, postgres: &Cluster) -> anyhow::Result<()> {
    const ROWS: usize = 300_000;
    const BATCH: usize = 1000;
    let client = connect(postgres).await?;
    client
        .batch_execute(
            "set synchronous_commit = off;
             create table limit_states (key text primary key, state bytea not null);
             create table limit_index (sequence bigint primary key, source text, event_id text, kind text)",
        )
        .await?;
    let upsert = client
        .prepare(
            "insert into limit_states select * from unnest($1::text[], $2::bytea[])
             on conflict (key) do update set state = excluded.state",
        )
        .await?;
    let start = clock::monotonic();
    for first in (0..ROWS).step_by(BATCH) {
        let keys: Vec<String> = (first..first + BATCH)
            .map(|row| format!("RM_{row:012}"))
            .collect();
        let states: Vec<Vec<u8>> = keys.iter().map(|_| vec![b'x'; 700]).collect();
        client.execute(&upsert, &[&keys, &states]).await?;
    }
    report.note(
        "limit_unnest_per_s",
        "unnest upsert of 700-byte states alone, rows/s",
        ROWS as f64 / start.elapsed().as_secs_f64(),
    );

    let start = clock::monotonic();
    let sink = client.copy_in("copy limit_index from stdin").await?;
    pin_mut!(sink);
    for first in (0..ROWS).step_by(BATCH) {
        let lines: String = (first..first + BATCH)
            .map(|row| {
                format!("{row}\t/livekit/key\tEV_{row:012}\tio.livekit.participant_joined\n")
            })
            .collect();
        sink.send(bytes::Bytes::from(lines)).await?;
    }
    sink.finish().await.context("finishing the copy")?;
    report.note(
        "limit_copy_per_s",
        "copy into an indexed table alone, rows/s",
        ROWS as f64 / start.elapsed().as_secs_f64(),
    );
    client
        .batch_execute("drop table limit_states, limit_index")
        .await?;
    Ok(())
}

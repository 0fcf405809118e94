//! Ingest: verified webhooks a second, each fsynced before its 2xx.

use super::{
    load::{self, Outcome},
    report::{Figure, Report, Target},
    traffic,
};
use anyhow::ensure;
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Connection, Outbound, Role},
    subject,
};
use frontdesk_harness::{Nats, Program};
use frontdesk_process::clock;
use futures::{StreamExt as _, stream};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

/// Bounds each measurement; the requests prepared for it last about as long.
const LONGEST: Duration = Duration::from_secs(20);

/// Measures ingest with a NATS of its own.
///
/// # Errors
/// When a part does not start, or any answer was not 2xx.
pub async fn measure(report: &mut Report, executable: &Path, quick: bool) -> anyhow::Result<()> {
    let nats = frontdesk_harness::nats().await;
    limits(report, &nats, quick).await?;
    let program = Program::start(executable, "ingest", "INGEST_LISTEN", &environment(&nats)).await;
    let start = clock::now() - chrono::Duration::days(30);
    let size = if quick { 24_000 } else { 144_000 };
    warm_up(&program, start).await?;
    let at_64 = webhooks(program.address, 10_000_000, size / 2, 64, start).await?;
    let at_256 = webhooks(program.address, 20_000_000, size, 256, start).await?;
    record(report, &at_64, &at_256);
    report.note(
        "ingest_peak_mb",
        "peak memory of the ingest process, MB",
        program.peak_mb(),
    );
    ensure!(
        at_64.refused + at_256.refused == 0,
        "{} answers were not 2xx",
        at_64.refused + at_256.refused
    );
    Ok(())
}

fn record(report: &mut Report, at_64: &Outcome, at_256: &Outcome) {
    report.add(Figure {
        name: "ingest_64_per_s",
        what: "fsynced webhooks/s, 64 connections",
        value: at_64.per_second(),
        limit: Some("limit_batch_publish_per_s"),
        target: None,
    });
    report.note(
        "ingest_64_p50_ms",
        "latency, 64 connections, p50",
        at_64.percentile_ms(0.5),
    );
    report.note(
        "ingest_64_p99_ms",
        "latency, 64 connections, p99",
        at_64.percentile_ms(0.99),
    );
    report.add(Figure {
        name: "ingest_256_per_s",
        what: "fsynced webhooks/s, 256 connections",
        value: at_256.per_second(),
        limit: Some("limit_batch_publish_per_s"),
        target: Some(Target::AtLeast(18_000.0)),
    });
    report.note(
        "ingest_256_p50_ms",
        "latency, 256 connections, p50",
        at_256.percentile_ms(0.5),
    );
    report.add(Figure {
        name: "ingest_256_p99_ms",
        what: "latency, 256 connections, p99",
        value: at_256.percentile_ms(0.99),
        limit: None,
        target: Some(Target::Below(30.0)),
    });
    report.add(Figure {
        name: "ingest_refused",
        what: "answers that were not 2xx",
        value: (at_64.refused + at_256.refused) as f64,
        limit: None,
        target: Some(Target::Below(1.0)),
    });
}

/// What the role reads from its environment.
pub fn environment(nats: &Nats) -> Vec<(&'static str, String)> {
    vec![
        ("NATS_URL", nats.url()),
        ("NATS_MONITOR_URL", nats.args().nats_monitor_url),
        ("LIVEKIT_API_KEY", traffic::KEY.into()),
        ("LIVEKIT_API_SECRET", traffic::SECRET.into()),
        ("RUST_LOG", "warn".into()),
    ]
}

async fn warm_up(program: &Program, start: DateTime<Utc>) -> anyhow::Result<()> {
    let requests = Arc::new(traffic::requests(90_000_000, 160, start));
    load::send_all(program.address, requests, 64, LONGEST).await?;
    Ok(())
}

/// LiveKit webhooks alone, each with its own id.
async fn webhooks(
    address: SocketAddr,
    first: usize,
    count: usize,
    connections: usize,
    start: DateTime<Utc>,
) -> anyhow::Result<Outcome> {
    let requests = (0..count)
        .map(|index| traffic::Call::new(first + index / 10, start).webhook_request(index % 10))
        .collect();
    load::send_all(address, Arc::new(requests), connections, LONGEST).await
}

async fn limits(report: &mut Report, nats: &Nats, quick: bool) -> anyhow::Result<()> {
    let connection = nats.connect(Role::Operator).await;
    let messages = messages(if quick { 10_240 } else { 102_400 })?;
    let batched = batches(&connection, &messages).await?;
    report.note(
        "limit_batch_publish_per_s",
        "raw atomic batches of 256, messages/s",
        batched,
    );
    let fewer = &messages[..messages.len() / 10];
    // New ids: the same would be refused as duplicates.
    let singles = one_by_one(&connection, fewer).await?;
    report.note(
        "limit_single_publish_per_s",
        "a publish per message, 256 in flight, messages/s",
        singles,
    );
    Ok(())
}

/// The bytes ingest would publish, about: one webhook body in an envelope.
fn messages(count: usize) -> anyhow::Result<Vec<Outbound>> {
    let call = traffic::Call::new(1, DateTime::UNIX_EPOCH);
    let request = call.webhook_request(1);
    let body = request
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map_or(0, |at| at + 4);
    let message = |index: usize| {
        let envelope = Envelope::new(
            &format!("EV_limit_{index}"),
            "/livekit/limit",
            "io.livekit.participant_joined",
        )?
        .with_subject("RM_limit")
        .with_partition_key("room")
        .with_data("application/json", request[body..].to_vec());
        let partition = Partition::of(&index.to_string());
        let subject = subject::event(
            StreamName::Calls,
            partition,
            "livekit",
            "participant_joined",
        );
        anyhow::Ok(Outbound::new(&envelope, subject)?)
    };
    (0..count).map(message).collect()
}

async fn batches(connection: &Connection, messages: &[Outbound]) -> anyhow::Result<f64> {
    let start = clock::monotonic();
    for (index, batch) in messages.chunks(256).enumerate() {
        connection
            .publish_batch(&format!("limit-{index}"), batch, Duration::from_secs(10))
            .await?;
    }
    Ok(messages.len() as f64 / start.elapsed().as_secs_f64())
}

async fn one_by_one(connection: &Connection, messages: &[Outbound]) -> anyhow::Result<f64> {
    // The server remembers ids for ten minutes, so these go to BILLING, which has none of them.
    let start = clock::monotonic();
    let moved = messages
        .iter()
        .map(|message| message.readdressed(message.subject().replacen("calls", "billing", 1)));
    let acks: Vec<_> = stream::iter(moved)
        .map(|message| async move { connection.publish(&message, Duration::from_secs(10)).await })
        .buffer_unordered(256)
        .collect()
        .await;
    for ack in acks {
        ensure!(
            !ack?.duplicate,
            "a limit's message was a duplicate: the figure would be wrong"
        );
    }
    Ok(messages.len() as f64 / start.elapsed().as_secs_f64())
}

//! The API: the newest page of calls among a million.

use super::{
    freshness, load,
    report::{Figure, Report, Target},
};
use anyhow::ensure;
use frontdesk_harness::{Database, Program};
use frontdesk_process::clock;
use futures::future::try_join_all;
use std::{path::Path, sync::Arc, time::Duration};

const CONNECTIONS: usize = 32;
const LONGEST: Duration = Duration::from_secs(10);

/// The same page as the API's, as plain SQL.
const NEWEST: &str = "select * from calls.calls order by started_at desc, id desc limit 51";

/// Fills the table and measures the list.
///
/// # Errors
/// When a part does not start or answers anything but 200.
pub async fn measure(report: &mut Report, executable: &Path, quick: bool) -> anyhow::Result<()> {
    let (nats, database) = (
        frontdesk_harness::nats().await,
        frontdesk_harness::database().await,
    );
    fill(&database, if quick { 50_000 } else { 1_000_000 }).await?;
    let requests = if quick { 5_000 } else { 40_000 };
    let plain = plain_sql(&database, requests).await?;
    report.note(
        "limit_api_sql_per_s",
        "the same page as prepared SQL, 32 connections, queries/s",
        plain,
    );

    let program = Program::start(
        executable,
        "all",
        "API_LISTEN",
        &freshness::environment(&nats, &database),
    )
    .await;
    let request = format!(
        "GET /api/calls HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nAuthorization: Bearer {}\r\n\r\n",
        freshness::TOKEN
    );
    let requests = Arc::new(vec![request.into_bytes(); requests]);
    load::send_all(
        program.address,
        Arc::new(requests[..500].to_vec()),
        CONNECTIONS,
        LONGEST,
    )
    .await?;
    let outcome = load::send_all(program.address, requests, CONNECTIONS, LONGEST).await?;
    ensure!(
        outcome.refused == 0,
        "{} answers were not 200",
        outcome.refused
    );
    report.add(Figure {
        name: "api_calls_per_s",
        what: "GET /api/calls (50 rows of a million), requests/s",
        value: outcome.per_second(),
        limit: Some("limit_api_sql_per_s"),
        target: Some(Target::AtLeast(5_000.0)),
    });
    report.note(
        "api_calls_p50_ms",
        "its latency, 32 connections, p50",
        outcome.percentile_ms(0.5),
    );
    report.add(Figure {
        name: "api_calls_p99_ms",
        what: "its latency, 32 connections, p99",
        value: outcome.percentile_ms(0.99),
        limit: None,
        target: Some(Target::Below(15.0)),
    });
    Ok(())
}

/// A million ended calls of the last ninety days, made in the database: arriving one by one they
/// would take longer than all other measurements together.
async fn fill(database: &Database, calls: i64) -> anyhow::Result<()> {
    let client = database.client().await;
    client
        .execute(
            "insert into calls.calls (id, room_sid, room_name, call_key, channel, caller_number, dialled_number,
                 state, result, started_at, answered_at, ended_at, ring_ms, talk_ms, end_code, end_by, end_words,
                 outcome_status, outcome_label, summary, sentiment_label, sentiment_score)
             select gen_random_uuid(), 'RM_' || n, 'call-' || n, 'SCL_' || n, 'phone', '+1202555' || lpad((n % 10000)::text, 4, '0'),
                 '+13035550100', 'ended', 'answered', t, t + interval '3 s', t + interval '90 s', 3000, 87000,
                 'CLIENT_INITIATED', 'caller', 'The caller hung up', 'success', 'booked',
                 'The caller moved an appointment to next Tuesday at ten.', 'positive', 0.7
             from (select n, now() - n * interval '7 s' as t from generate_series(1, $1::bigint) as n) as series",
            &[&calls],
        )
        .await?;
    client.batch_execute("vacuum analyze calls.calls").await?;
    Ok(())
}

async fn plain_sql(database: &Database, queries: usize) -> anyhow::Result<f64> {
    let clients = try_join_all((0..CONNECTIONS).map(|_| async {
        let client = database.client().await;
        let statement = client.prepare(NEWEST).await?;
        anyhow::Ok((client, statement))
    }))
    .await?;
    let each = queries / CONNECTIONS;
    let start = clock::monotonic();
    try_join_all(clients.into_iter().map(|(client, statement)| {
        tokio::spawn(async move {
            for _ in 0..each {
                let rows = client.query(&statement, &[]).await?;
                ensure!(!rows.is_empty(), "no rows");
            }
            anyhow::Ok(())
        })
    }))
    .await?
    .into_iter()
    .collect::<anyhow::Result<Vec<()>>>()?;
    Ok((each * CONNECTIONS) as f64 / start.elapsed().as_secs_f64())
}

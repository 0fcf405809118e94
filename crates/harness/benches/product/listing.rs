//! The API: pages of calls among a million. The newest one asked by everybody at once, where equal
//! questions share a read; and questions that all differ, where each has a read of its own.

use super::{
    freshness, load,
    report::{Figure, Report, Target},
};
use anyhow::ensure;
use chrono::{DateTime, Utc};
use frontdesk_api::cursor::Cursor;
use frontdesk_harness::{Database, Program, people};
use frontdesk_process::clock;
use futures::future::try_join_all;
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use uuid::Uuid;

const CONNECTIONS: usize = 32;
const LONGEST: Duration = Duration::from_secs(10);

/// A call's sort key.
type Position = (DateTime<Utc>, Uuid);

/// Businesses the calls belong to.
const CLIENTS: i32 = 400;
/// What the differing questions are narrowed to, in turn; the first is not narrowed.
const NARROWED: [&str; 4] = ["", "&client_id=", "&result=missed", "&sentiment=negative"];
/// A question few calls answer: a caller who rang a hundred times in ninety days.
const RARE: &str = "/api/calls?number=5550147";

/// Fills the table and measures the list.
///
/// # Errors
/// When a part does not start or answers anything but 200.
pub async fn measure(report: &mut Report, executable: &Path, quick: bool) -> anyhow::Result<()> {
    let (nats, database) = (
        frontdesk_harness::nats().await,
        frontdesk_harness::database().await,
    );
    let client = database.client().await;
    let owner = people::user(&client, "olivia").await;
    fill(&database, owner, if quick { 50_000 } else { 1_000_000 }).await?;
    let requests = if quick { 5_000 } else { 40_000 };
    // The same pages as the API's: the newest, and one further down.
    let page = |below: &str| {
        format!(
            "select * from calls.calls where user_id = '{owner}' {below}
             order by started_at desc, id desc limit 51"
        )
    };
    let plain = plain_sql(&database, &page(""), vec![None; requests]).await?;
    report.note(
        "limit_api_sql_per_s",
        "the same page as prepared SQL, 32 connections, queries/s",
        plain,
    );

    let positions = positions(&database, requests).await?;
    let plain_below = plain_sql(
        &database,
        &page("and (started_at, id) < ($1, $2)"),
        positions.iter().copied().map(Some).collect(),
    )
    .await?;
    report.note(
        "limit_api_distinct_sql_per_s",
        "a page below a position of its own as prepared SQL, 32 connections, queries/s",
        plain_below,
    );

    let program = Program::start(
        executable,
        "all",
        "API_LISTEN",
        &freshness::environment(&nats, &database),
    )
    .await;
    let cookie = people::sign_in(&client, owner, owner).await;
    shared(report, program.address, &cookie, requests).await?;
    distinct(report, program.address, &cookie, &positions).await?;
    rare(report, program.address, &cookie).await
}

/// Everybody asks for the newest page.
async fn shared(
    report: &mut Report,
    address: SocketAddr,
    cookie: &str,
    count: usize,
) -> anyhow::Result<()> {
    let requests = vec![request(cookie, "/api/calls"); count];
    let outcome = ask(address, requests).await?;
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

/// Nobody asks what another asks, so no read answers two.
async fn distinct(
    report: &mut Report,
    address: SocketAddr,
    cookie: &str,
    positions: &[Position],
) -> anyhow::Result<()> {
    let paths = positions.iter().zip(0_usize..).map(|((at, id), n)| {
        let cursor = Cursor {
            at: *at,
            id: id.to_string(),
        };
        let narrowed = match NARROWED[n % NARROWED.len()] {
            "&client_id=" => format!("&client_id={}", client(n as i32 % CLIENTS)),
            other => other.to_owned(),
        };
        request(
            cookie,
            &format!("/api/calls?cursor={}{narrowed}", cursor.encode()),
        )
    });
    let outcome = ask(address, paths.collect()).await?;
    report.add(Figure {
        name: "api_calls_distinct_per_s",
        what: "the same with a cursor of its own in each request, three of four also filtered, requests/s",
        value: outcome.per_second(),
        limit: Some("limit_api_distinct_sql_per_s"),
        target: None,
    });
    report.note(
        "api_calls_distinct_p50_ms",
        "its latency, 32 connections, p50",
        outcome.percentile_ms(0.5),
    );
    report.note(
        "api_calls_distinct_p99_ms",
        "its latency, 32 connections, p99",
        outcome.percentile_ms(0.99),
    );
    Ok(())
}

/// The slowest honest question: part of a number, over all calls.
async fn rare(report: &mut Report, address: SocketAddr, cookie: &str) -> anyhow::Result<()> {
    let requests = Arc::new(vec![request(cookie, RARE); 9]);
    let outcome = load::send_all(address, requests, 1, LONGEST).await?;
    ensure!(outcome.refused == 0, "part of a number was not answered");
    report.note(
        "api_calls_number_part_p50_ms",
        "part of a number that 100 of a million calls have, one at a time, p50",
        outcome.percentile_ms(0.5),
    );
    Ok(())
}

fn request(cookie: &str, path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nCookie: {cookie}\r\n\r\n"
    )
    .into_bytes()
}

/// After a warm-up with the first of them.
async fn ask(address: SocketAddr, requests: Vec<Vec<u8>>) -> anyhow::Result<load::Outcome> {
    let first = Arc::new(requests[..500].to_vec());
    load::send_all(address, first, CONNECTIONS, LONGEST).await?;
    let outcome = load::send_all(address, Arc::new(requests), CONNECTIONS, LONGEST).await?;
    ensure!(
        outcome.refused == 0,
        "{} answers were not 200",
        outcome.refused
    );
    Ok(outcome)
}

/// Sort keys all over the list.
async fn positions(database: &Database, count: usize) -> anyhow::Result<Vec<Position>> {
    let client = database.client().await;
    let sql = "select started_at, id from calls.calls order by md5(id::text) limit $1";
    let rows = client.query(sql, &[&(count as i64)]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The id of the n-th business.
fn client(n: i32) -> Uuid {
    Uuid::from_u128(n as u128)
}

/// A million ended calls of the last ninety days, made in the database: arriving one by one they
/// would take longer than all other measurements together. Four in a hundred were missed, one in
/// sixteen callers was upset.
async fn fill(database: &Database, owner: Uuid, calls: i64) -> anyhow::Result<()> {
    let client = database.client().await;
    client
        .execute(
            "insert into calls.calls (id, room_sid, partition, room_name, call_key, client_id, user_id, channel, caller_number, dialled_number,
                 state, result, started_at, answered_at, ended_at, ring_ms, talk_ms, end_code, end_by, end_words,
                 outcome_status, outcome_label, summary, sentiment_label, sentiment_score)
             select gen_random_uuid(), 'RM_' || n, 0, 'call-' || n, 'SCL_' || n, lpad(to_hex(n % $2::int), 32, '0')::uuid, $3,
                 'phone', '+1202555' || lpad((n % 10000)::text, 4, '0'), '+13035550100', 'ended',
                 case when n % 25 = 0 then 'missed' else 'answered' end, t, t + interval '3 s', t + interval '90 s',
                 3000, 87000, 'CLIENT_INITIATED', 'caller', 'The caller hung up', 'success', 'booked',
                 'The caller moved an appointment to next Tuesday at ten.',
                 case when n % 16 = 0 then 'negative' else 'positive' end, 0.7
             from (select n, now() - n * interval '7 s' as t from generate_series(1, $1::bigint) as n) as series",
            &[&calls, &CLIENTS, &owner],
        )
        .await?;
    client.batch_execute("vacuum analyze calls.calls").await?;
    Ok(())
}

/// Queries a second of a plain client, one for each position; without one it asks for the top.
async fn plain_sql(
    database: &Database,
    sql: &str,
    positions: Vec<Option<Position>>,
) -> anyhow::Result<f64> {
    let clients = try_join_all((0..CONNECTIONS).map(|_| async {
        let client = database.client().await;
        let statement = client.prepare(sql).await?;
        anyhow::Ok((client, statement))
    }))
    .await?;
    let (count, positions) = (positions.len(), Arc::new(positions));
    let start = clock::monotonic();
    let asking = clients
        .into_iter()
        .zip(0..)
        .map(|((client, statement), first)| {
            let positions = Arc::clone(&positions);
            tokio::spawn(async move {
                for position in positions.iter().skip(first).step_by(CONNECTIONS) {
                    match position {
                        Some((at, id)) => client.query(&statement, &[at, id]).await?,
                        None => client.query(&statement, &[]).await?,
                    };
                }
                anyhow::Ok(())
            })
        });
    try_join_all(asking)
        .await?
        .into_iter()
        .collect::<anyhow::Result<Vec<()>>>()?;
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

//! From a webhook sent to its change on the live channel, under a steady rate.

use super::{
    load::{self, percentile_ms},
    receiving,
    report::{Figure, Report, Target},
    traffic::{self, Call},
};
use anyhow::{Context as _, ensure};
use frontdesk_harness::{Database, Nats, Program, people};
use frontdesk_process::clock;
use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use uuid::Uuid;

/// What this run's API makes its secrets from.
const SECRET: &str = "a-secret-of-the-benchmark-and-of-nothing-else";
const CONNECTIONS: usize = 64;
/// The step that makes a call visible: its caller joins.
const VISIBLE: usize = 1;

/// When the webhook of each call was sent, until its change comes.
type Sent = Arc<Mutex<HashMap<Uuid, Instant>>>;

/// Starts the whole product in one process, idle, and measures it.
///
/// # Errors
/// When a part does not start or changes do not arrive.
pub async fn measure(report: &mut Report, executable: &Path, quick: bool) -> anyhow::Result<()> {
    let (nats, database) = (
        frontdesk_harness::nats().await,
        frontdesk_harness::database().await,
    );
    let program = Program::start(
        executable,
        "all",
        "API_LISTEN",
        &environment(&nats, &database),
    )
    .await;
    let client = database.client().await;
    let owner = people::user(&client, "olivia").await;
    for (number, name) in traffic::numbers().zip(0..) {
        people::business(&client, owner, &format!("business{name}"), &number).await;
    }
    let cookie = people::sign_in(&client, owner, owner).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    report.add(Figure {
        name: "idle_rss_mb",
        what: "all roles idle in one process, resident MB",
        value: program.resident_mb(),
        limit: None,
        target: Some(Target::Below(80.0)),
    });
    let seconds = if quick { 3 } else { 15 };
    let slow = at_rate(program.address, &cookie, 30_000_000, 500, seconds).await?;
    report.note(
        "freshness_500_p50_ms",
        "webhook to live change at 500 events/s, p50",
        percentile_ms(&slow, 0.5),
    );
    report.note(
        "freshness_500_p99_ms",
        "webhook to live change at 500 events/s, p99",
        percentile_ms(&slow, 0.99),
    );
    let fast = at_rate(program.address, &cookie, 40_000_000, 2000, seconds).await?;
    report.note(
        "freshness_2000_p50_ms",
        "webhook to live change at 2,000 events/s, p50",
        percentile_ms(&fast, 0.5),
    );
    report.add(Figure {
        name: "freshness_2000_p99_ms",
        what: "webhook to live change at 2,000 events/s, p99",
        value: percentile_ms(&fast, 0.99),
        limit: None,
        target: Some(Target::Below(60.0)),
    });
    Ok(())
}

/// What `serve all` reads from its environment.
pub fn environment(nats: &Nats, database: &Database) -> Vec<(&'static str, String)> {
    let mut environment = receiving::environment(nats);
    environment.extend([
        ("DATABASE_URL", database.url()),
        ("PUBLIC_URL", "http://localhost:8080".into()),
        ("JWT_SECRET", SECRET.into()),
        ("INGEST_LISTEN", "127.0.0.1:0".into()),
    ]);
    environment
}

/// Sends whole calls at a rate of events; gives the sorted microseconds of each call's first
/// visible change.
async fn at_rate(
    address: SocketAddr,
    cookie: &str,
    first: usize,
    rate: usize,
    seconds: usize,
) -> anyhow::Result<Vec<u32>> {
    let sent: Sent = Arc::default();
    let listener = tokio::spawn(listen(address, cookie.to_owned(), sent.clone()));
    // The subscription must stand before the first event.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let calls = rate * seconds / 10;
    let start = clock::now();
    let requests: Vec<(Option<Uuid>, Vec<u8>)> = (first..first + calls)
        .collect::<Vec<_>>()
        .chunks(16)
        .flat_map(|group| {
            (0..10).flat_map(move |step| {
                group.iter().map(move |number| {
                    let call = Call::new(*number, start);
                    let id = (step == VISIBLE).then(|| {
                        let (name, sid) = (call.room_name(), call.room_sid());
                        frontdesk_projector::calls::call_id(&name, &sid, &call.call_key())
                    });
                    (id, call.webhook_request(step))
                })
            })
        })
        .collect();
    paced(address, Arc::new(requests), rate, sent.clone()).await?;
    let wanted = calls * 99 / 100;
    let deadline = clock::monotonic() + Duration::from_secs(10);
    while !sent.lock().expect("not poisoned").is_empty() && clock::monotonic() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    listener.abort();
    let missing = sent.lock().expect("not poisoned").len();
    ensure!(
        calls - missing >= wanted,
        "{missing} of {calls} changes never came"
    );
    let mut latencies = LATENCIES.lock().expect("not poisoned").split_off(0);
    latencies.sort_unstable();
    Ok(latencies)
}

/// Latencies of the listener that runs at the moment, in microseconds.
static LATENCIES: Mutex<Vec<u32>> = Mutex::new(Vec::new());

async fn paced(
    address: SocketAddr,
    requests: Arc<Vec<(Option<Uuid>, Vec<u8>)>>,
    rate: usize,
    sent: Sent,
) -> anyhow::Result<()> {
    let start = clock::monotonic();
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|lane| {
            let (requests, sent) = (requests.clone(), sent.clone());
            tokio::spawn(async move {
                let mut connection = load::Connection::open(address).await?;
                for (index, (id, request)) in
                    requests.iter().enumerate().skip(lane).step_by(CONNECTIONS)
                {
                    let due = start + Duration::from_secs_f64(index as f64 / rate as f64);
                    tokio::time::sleep_until(due.into()).await;
                    if let Some(id) = id {
                        sent.lock()
                            .expect("not poisoned")
                            .insert(*id, clock::monotonic());
                    }
                    let status = connection.exchange(request).await?;
                    ensure!(
                        (200..300).contains(&status),
                        "a delivery was answered {status}"
                    );
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await.context("a sender")??;
    }
    Ok(())
}

async fn listen(address: SocketAddr, cookie: String, sent: Sent) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET /api/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nCookie: {cookie}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        let Some(ids) = line.strip_prefix("data:").and_then(|text| ids(text.trim())) else {
            continue;
        };
        let now = clock::monotonic();
        let mut sent = sent.lock().expect("not poisoned");
        let mut latencies = LATENCIES.lock().expect("not poisoned");
        for at in ids.iter().filter_map(|id| sent.remove(id)) {
            latencies.push(u32::try_from((now - at).as_micros()).unwrap_or(u32::MAX));
        }
    }
    Ok(())
}

fn ids(text: &str) -> Option<Vec<Uuid>> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value["ids"]
        .as_array()?
        .iter()
        .map(|id| id.as_str()?.parse().ok())
        .collect()
}

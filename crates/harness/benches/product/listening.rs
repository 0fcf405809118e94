//! A thousand open live channels of a few people and accounts: what they hold, and how soon a change in each of
//! the accounts is with the last of them. Its limit: an empty route of server-sent events behind axum's own
//! server, which knows no account.

use super::{
    freshness,
    load::percentile_ms,
    report::{Figure, Report, Target},
};
use anyhow::{Context as _, ensure};
use axum::{
    Router,
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
    routing::{get, post},
};
use frontdesk_events::nats::{
    Connection, Role,
    live::{Change, Topic},
};
use frontdesk_harness::{Program, eventually, guard::Guarded, nats::free_port, people};
use frontdesk_process::clock;
use futures::{Stream, StreamExt as _, stream};
use std::{
    convert::Infallible,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream},
    sync::{broadcast, mpsc},
    task::JoinSet,
};
use uuid::Uuid;

const LISTENERS: usize = 1_000;
/// Enough for all of them: a person may have 16, and an account 128.
const ACCOUNTS: usize = 16;
const PEOPLE: usize = 4;
/// Listeners that come and go first, so that pools and buffers which are made once are not counted.
const WARM: usize = 16;
/// After a change, so that the next one finds a quiet account.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(10);

/// Measures the bare route, then the product.
///
/// # Errors
/// When a part does not start or a change does not arrive.
pub async fn measure(report: &mut Report, executable: &Path, quick: bool) -> anyhow::Result<()> {
    let rounds = if quick { 30 } else { 400 };
    bare(report, rounds).await?;
    let (nats, database) = (
        frontdesk_harness::nats().await,
        frontdesk_harness::database().await,
    );
    let environment = freshness::environment(&nats, &database);
    let program = Program::start(executable, "all", "API_LISTEN", &environment).await;
    let client = database.client().await;
    let (mut accounts, mut requests) = (Vec::new(), Vec::new());
    for number in 0..ACCOUNTS {
        let owner = people::user(&client, &format!("owner{number}")).await;
        requests.push(request(&people::sign_in(&client, owner, owner).await));
        for other in 1..PEOPLE {
            let reader = people::user(&client, &format!("reader{number}_{other}")).await;
            people::join(&client, reader, owner, "reader").await;
            requests.push(request(&people::sign_in(&client, reader, owner).await));
        }
        accounts.push(owner);
    }
    let connection = nats.connect(Role::Operator).await;
    let crowd = Crowd {
        address: program.address,
        requests,
        resident_mb: &|| program.resident_mb(),
    };
    let tell = async |id| tell(&connection, &accounts, id).await;
    let (mb, latencies) = crowd.measure(rounds, tell).await?;
    report.add(Figure {
        name: "live_1000_mb",
        what: "1,000 open live channels together, resident MB more than before",
        value: mb,
        limit: Some("limit_live_1000_mb"),
        target: Some(Target::Below(40.0)),
    });
    report.note(
        "live_1000_p50_ms",
        "a change told in NATS to sixteen accounts until the last of 1,000 listeners has it, p50",
        percentile_ms(&latencies, 0.5),
    );
    report.add(Figure {
        name: "live_1000_p99_ms",
        what: "a change told in NATS to sixteen accounts until the last of 1,000 listeners has it, p99",
        value: percentile_ms(&latencies, 0.99),
        limit: Some("limit_live_1000_p99_ms"),
        target: Some(Target::Below(150.0)),
    });
    Ok(())
}

fn request(cookie: &str) -> String {
    format!(
        "GET /api/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nCookie: {cookie}\r\n\r\n"
    )
}

/// As the projector does it after a commit.
async fn tell(connection: &Connection, accounts: &[Uuid], id: Uuid) -> anyhow::Result<()> {
    for account in accounts {
        let change = Change {
            user: Some(*account),
            topic: Topic::Calls,
            ids: vec![id.to_string()],
        };
        connection.tell(&change).await;
    }
    Ok(())
}

async fn bare(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    let address: SocketAddr = format!("127.0.0.1:{}", free_port()).parse()?;
    let itself = std::env::current_exe()?;
    let address_text = address.to_string();
    let command = [itself.to_str().unwrap_or_default(), "--bare", &address_text];
    let log = std::env::temp_dir().join("frontdesk-bench-bare.log");
    let server = Guarded::start(&command, &log, None);
    eventually("the bare route answers", async || {
        TcpStream::connect(address).await.ok()
    })
    .await;
    let crowd = Crowd {
        address,
        requests: vec!["GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()],
        resident_mb: &|| resident_mb(server.pid()),
    };
    let mut teller = super::load::Connection::open(address).await?;
    let tell = async |id: Uuid| {
        let request =
            format!("POST /tell HTTP/1.1\r\nHost: localhost\r\nContent-Length: 36\r\n\r\n{id}");
        teller.exchange(request.as_bytes()).await.map(|_| ())
    };
    let (mb, latencies) = crowd.measure(rounds, tell).await?;
    report.note(
        "limit_live_1000_mb",
        "1,000 streams of an empty route behind axum's own server, resident MB more than before",
        mb,
    );
    report.note(
        "limit_live_1000_p99_ms",
        "a message told to that route until the last of 1,000 has it, p99",
        percentile_ms(&latencies, 0.99),
    );
    Ok(())
}

fn resident_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

/// Listeners and the server they listen to.
struct Crowd<'a> {
    address: SocketAddr,
    /// What they ask with, in turn.
    requests: Vec<String>,
    resident_mb: &'a dyn Fn() -> f64,
}

impl Crowd<'_> {
    /// What the listeners hold in megabytes, and the sorted microseconds from telling to the last of them.
    async fn measure(
        &self,
        rounds: usize,
        mut tell: impl AsyncFnMut(Uuid) -> anyhow::Result<()>,
    ) -> anyhow::Result<(f64, Vec<u32>)> {
        for number in 0..WARM {
            drop(self.open(number).await?);
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        let before = (self.resident_mb)();
        let (heard, mut all_heard) = mpsc::unbounded_channel();
        let mut readers = JoinSet::new();
        for number in 0..LISTENERS {
            let (mut lines, heard) = (self.open(number).await?, heard.clone());
            readers.spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    if line.starts_with("data:") {
                        let _ = heard.send((clock::monotonic(), line));
                    }
                }
            });
        }
        let mut latencies = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            tokio::time::sleep(PAUSE).await;
            let (id, sent) = (Uuid::new_v4(), clock::monotonic());
            tell(id).await?;
            let last = last_heard(&mut all_heard, &id.to_string(), sent).await?;
            latencies.push(u32::try_from(last.as_micros()).unwrap_or(u32::MAX));
        }
        // Also what was told and read is part of what they hold.
        let held = (self.resident_mb)() - before;
        latencies.sort_unstable();
        Ok((held, latencies))
    }

    /// Opens one stream and reads its greeting.
    async fn open(&self, number: usize) -> anyhow::Result<Lines<BufReader<TcpStream>>> {
        let mut stream = TcpStream::connect(self.address).await?;
        let request = &self.requests[number % self.requests.len()];
        stream.write_all(request.as_bytes()).await?;
        let mut lines = BufReader::new(stream).lines();
        let status = lines.next_line().await?.context("no answer")?;
        ensure!(status.contains(" 200 "), "a stream was answered {status}");
        while let Some(line) = lines.next_line().await? {
            if line.starts_with("data:") {
                return Ok(lines);
            }
        }
        anyhow::bail!("a stream ended before its greeting")
    }
}

async fn last_heard(
    all_heard: &mut mpsc::UnboundedReceiver<(Instant, String)>,
    id: &str,
    sent: Instant,
) -> anyhow::Result<Duration> {
    let (mut count, mut last) = (0, sent);
    let reading = async {
        while count < LISTENERS {
            let (at, line) = all_heard.recv().await.context("the listeners are gone")?;
            ensure!(
                line.contains(id),
                "another change than the one told: {line}"
            );
            count += 1;
            last = last.max(at);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(LONGEST, reading)
        .await
        .with_context(|| format!("{id} was not heard by all"))??;
    Ok(last - sent)
}

/// Serves the bare route until killed: whatever is posted to `/tell` goes to all who listen at `/live`.
///
/// # Errors
/// When the address is taken.
pub async fn serve_bare(address: SocketAddr) -> anyhow::Result<()> {
    let (told, _) = broadcast::channel(64);
    let app = Router::new()
        .route("/live", get(live))
        .route(
            "/tell",
            post(
                async |State(told): State<broadcast::Sender<String>>, body: String| {
                    let _ = told.send(body);
                },
            ),
        )
        .with_state(told);
    axum::serve(TcpListener::bind(address).await?, app).await?;
    Ok(())
}

async fn live(
    State(told): State<broadcast::Sender<String>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let hello = stream::iter([Ok(Event::default().event("hello").data("{}"))]);
    let changes = stream::unfold(told.subscribe(), async |mut told| {
        let event = Event::default()
            .event("calls")
            .data(told.recv().await.ok()?);
        Some((Ok(event), told))
    });
    Sse::new(hello.chain(changes)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

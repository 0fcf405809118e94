//! A load generator that costs little: keep-alive connections that write prepared requests and
//! read just enough of an answer to know its status. On two cores shared with the server, a
//! comfortable HTTP client would measure itself.

use anyhow::{Context as _, bail};
use frontdesk_process::clock;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

/// What came of a load.
pub struct Outcome {
    /// Answers with status 2xx.
    pub ok: usize,
    /// Answers with another status.
    pub refused: usize,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Latency of each answer in microseconds, sorted.
    latencies: Vec<u32>,
}

impl Outcome {
    /// Answers with 2xx a second.
    pub fn per_second(&self) -> f64 {
        self.ok as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency of each answer in microseconds, sorted.
    pub fn into_latencies(self) -> Vec<u32> {
        self.latencies
    }

    /// A percentile (0 to 1) of the latency in milliseconds.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        percentile_ms(&self.latencies, share)
    }
}

/// A percentile (0 to 1) of sorted microseconds, in milliseconds.
pub fn percentile_ms(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    f64::from(sorted.get(index).copied().unwrap_or_default()) / 1000.0
}

/// Sends each request once, over so many connections, as fast as answers come, and stops at
/// `longest` even if requests are left.
///
/// # Errors
/// When a connection breaks or an answer is not HTTP.
pub async fn send_all(
    address: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    connections: usize,
    longest: Duration,
) -> anyhow::Result<Outcome> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let start = clock::monotonic();
    for _ in 0..connections {
        let (requests, next) = (requests.clone(), next.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let (mut ok, mut refused, mut latencies) = (0, 0, Vec::new());
            while start.elapsed() < longest {
                let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                let sent = clock::monotonic();
                let status = connection.exchange(request).await?;
                latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                if (200..300).contains(&status) {
                    ok += 1;
                } else {
                    refused += 1;
                }
            }
            anyhow::Ok((ok, refused, latencies))
        });
    }
    let (mut ok, mut refused, mut latencies) = (0, 0, Vec::new());
    while let Some(ended) = tasks.join_next().await {
        let (more_ok, more_refused, more) = ended.context("a connection's task")??;
        ok += more_ok;
        refused += more_refused;
        latencies.extend(more);
    }
    let elapsed = start.elapsed();
    latencies.sort_unstable();
    Ok(Outcome {
        ok,
        refused,
        elapsed,
        latencies,
    })
}

/// One keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Writes a request and reads its whole answer; gives the status.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not HTTP/1.1 with a length.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some((status, length)) = answer(&self.buffer)? {
                while self.buffer.len() < length {
                    if self.stream.read_buf(&mut self.buffer).await? == 0 {
                        bail!("the server closed the connection in an answer");
                    }
                }
                return Ok(status);
            }
        }
    }
}

/// Status and whole length of an answer, once its head is complete.
fn answer(buffer: &[u8]) -> anyhow::Result<Option<(u16, usize)>> {
    let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&buffer[..head]).context("a head that is not text")?;
    let status = text
        .get(9..12)
        .and_then(|digits| digits.parse().ok())
        .context("no status in the answer")?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, value)| value.trim().parse::<usize>())?;
    Ok(Some((status, head + 4 + length)))
}

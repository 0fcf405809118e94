//! `make bench`: the product's figures, each beside a limit measured in the same run.
//!
//! Everything runs on this machine: nats-server, PostgreSQL, the built executable and the load
//! generator share its cores. Every loop is bounded in count and time, and only loopback is
//! spoken to.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    unreachable_pub,
    reason = "a program of several files that prints rounded figures"
)]

#[path = "product/asking.rs"]
mod asking;
#[path = "product/floor.rs"]
mod floor;
#[path = "product/freshness.rs"]
mod freshness;
#[path = "product/listening.rs"]
mod listening;
#[path = "product/listing.rs"]
mod listing;
#[path = "product/load.rs"]
mod load;
#[path = "product/receiving.rs"]
mod receiving;
#[path = "product/replay.rs"]
mod replay;
#[path = "product/report.rs"]
mod report;
#[path = "product/search.rs"]
mod search;
#[path = "product/signing_in.rs"]
mod signing_in;
#[path = "product/traffic.rs"]
mod traffic;

use anyhow::Context as _;
use clap::Parser;
use report::Report;
use std::path::{Path, PathBuf};

#[derive(Parser)]
struct Arguments {
    /// A small run that only shows that everything works; its figures are not written.
    #[arg(long)]
    quick: bool,
    /// Only these parts: ingest, replay, freshness, live, api, asked, search, login.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Events of the replay.
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Cargo passes this; it means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
    /// Serve a route that does nothing, for the limit of ingest.
    #[arg(long, hide = true)]
    floor: Option<std::net::SocketAddr>,
    /// Serve a stream of events and nothing else, for the limit of the live channel.
    #[arg(long, hide = true)]
    bare: Option<std::net::SocketAddr>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository")
}

/// The product as it was built into the directory where this program was built, wherever that is: another
/// one may be of other code.
fn product() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe().context("finding this program")?;
    // release/deps/product-…
    let release = here
        .ancestors()
        .nth(2)
        .context("the directory of the build")?;
    let executable = release.join("frontdesk");
    anyhow::ensure!(
        executable.exists(),
        "{} is missing: cargo build --release -p frontdesk",
        executable.display()
    );
    Ok(executable)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(address) = arguments.floor {
        return floor::serve(address).await;
    }
    if let Some(address) = arguments.bare {
        return listening::serve_bare(address).await;
    }
    let executable = product()?;
    let wanted =
        |part: &str| arguments.only.is_empty() || arguments.only.iter().any(|name| name == part);
    let events = if arguments.quick {
        60_000
    } else {
        arguments.events
    };

    let mut report = Report::default();
    if wanted("ingest") {
        floor::measure(&mut report, arguments.quick).await?;
        receiving::measure(&mut report, &executable, arguments.quick).await?;
    }
    if wanted("replay") {
        replay::measure(&mut report, &executable, events).await?;
    }
    if wanted("freshness") {
        freshness::measure(&mut report, &executable, arguments.quick).await?;
    }
    if wanted("live") {
        listening::measure(&mut report, &executable, arguments.quick).await?;
    }
    if wanted("api") {
        listing::measure(&mut report, &executable, arguments.quick).await?;
    }
    if wanted("search") {
        search::measure(&mut report, &executable, arguments.quick).await?;
    }
    if wanted("asked") {
        asking::measure(&mut report, &executable, arguments.quick).await?;
    }
    if wanted("login") {
        signing_in::measure(&mut report, &executable, arguments.quick).await?;
    }
    if arguments.quick || !arguments.only.is_empty() {
        println!("a partial run: docs/benchmarks.md and target/bench.json stay as they were");
        return Ok(());
    }
    report.write(&root(), &machine())
}

/// The machine in one line, without its name.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or(": unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let date = frontdesk_process::clock::now().format("%Y-%m-%d");
    format!(
        "`make bench`, {date}, {cores} cores of{}",
        model.trim_start_matches(['\t', ':'])
    )
}

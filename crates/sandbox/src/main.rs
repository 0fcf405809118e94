//! `frontdesk-sandbox`: the command line of the outside world. Never in production.

use anyhow::Context as _;
use bytes::Bytes;
use clap::{Args, Parser, Subcommand, ValueEnum};
use frontdesk_process::{Shutdown, clock, supervise, telemetry};
use frontdesk_sandbox::{
    delivery,
    livekit::token::LiveKitKey,
    loopback,
    paypal::transmission::Transmitter,
    run::{Outside, Pace, Real, serve_certificates, state::State},
    seed,
    wire::{self, Post},
    world::World,
};
use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Plays the outside world for one machine: LiveKit with callers and an agent, and PayPal.
#[derive(Debug, Parser)]
#[command(version, about)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play calls and payments until stopped
    Run {
        #[command(flatten)]
        outside: OutsideArgs,
        /// How many people call a minute, on average
        // Enough that somebody is nearly always on the line; more would make today's line in the
        // charts a cliff beside the days of the past.
        #[arg(long, default_value_t = 1.5)]
        calls_per_minute: f64,
        /// How many times faster than life calls go
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        /// Days of past calls told at the first run (0: none)
        #[arg(long, default_value_t = 60)]
        history_days: u32,
    },
    /// Tell the calls and payments of the past days, then end
    History {
        #[command(flatten)]
        outside: OutsideArgs,
        /// How many days
        #[arg(long, default_value_t = 60)]
        days: u32,
    },
    /// Write the sandbox's users, clients and numbers into the database
    Seed {
        /// PostgreSQL
        #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
        database_url: String,
    },
    /// Sign and post a file, and print the answer
    Send {
        /// Who sends it
        sender: Sender,
        /// The body, sent byte for byte
        file: PathBuf,
        #[command(flatten)]
        outside: OutsideArgs,
    },
    /// Sign a file and print the curl command that posts it
    Sign {
        /// Who signs it
        sender: Sender,
        /// The body, byte for byte
        file: PathBuf,
        #[command(flatten)]
        outside: OutsideArgs,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sender {
    /// A webhook body of LiveKit
    Livekit,
    /// A webhook body of PayPal
    Paypal,
    /// A CloudEvent of an agent (structured, or a batch)
    Event,
}

#[derive(Debug, Args)]
struct OutsideArgs {
    /// Frontdesk's ingest; this machine only [default: where INGEST_LISTEN says]
    #[arg(long)]
    target: Option<String>,
    /// Where ingest listens
    #[arg(
        long,
        env = "INGEST_LISTEN",
        default_value = "127.0.0.1:8081",
        hide = true
    )]
    ingest_listen: SocketAddr,
    /// The same seed and start time give the same calls
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keys, certificates, and what was told already
    #[arg(long, default_value = ".data/sandbox")]
    state_dir: PathBuf,
    /// Where PayPal's certificate is served; this machine only
    #[arg(long, env = "SANDBOX_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Signs webhooks and agents' tokens
    #[arg(long, env = "LIVEKIT_API_KEY")]
    livekit_api_key: String,
    /// The secret of that key
    #[arg(long, env = "LIVEKIT_API_SECRET", hide_env_values = true)]
    livekit_api_secret: String,
    /// The webhook id PayPal signs for (the first, when there are several)
    #[arg(long, env = "PAYPAL_WEBHOOK_ID", default_value = "")]
    paypal_webhook_id: String,
    /// Where users, clients and numbers are written; nowhere when absent
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Deliver PayPal's events out of order
    #[arg(long)]
    shuffle: bool,
    /// Deliver PayPal's events twice
    #[arg(long)]
    double: bool,
    /// A real LiveKit: no calls are made up beside it
    #[arg(long, env = "LIVEKIT_URL")]
    livekit_url: Option<String>,
    /// A real PayPal account: no payments are made up beside it
    #[arg(long, env = "PAYPAL_CLIENT_ID")]
    paypal_client_id: Option<String>,
}

impl From<OutsideArgs> for Outside {
    fn from(args: OutsideArgs) -> Self {
        let given = |setting: Option<String>| setting.is_some_and(|value| !value.is_empty());
        let ingest = args.ingest_listen;
        Self {
            target: args.target.unwrap_or_else(|| format!("http://{ingest}")),
            seed: args.seed,
            state_dir: args.state_dir,
            listen: args.listen,
            livekit: LiveKitKey {
                key: args.livekit_api_key,
                secret: args.livekit_api_secret,
            },
            webhook_id: args.paypal_webhook_id,
            database_url: args.database_url,
            shuffle: args.shuffle,
            double: args.double,
            real: Real {
                livekit: given(args.livekit_url),
                paypal: given(args.paypal_client_id),
            },
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    telemetry::start_logging(telemetry::OF_A_ROLE);
    match dispatch(CommandLine::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run {
            outside,
            calls_per_minute,
            speed,
            history_days,
        } => {
            anyhow::ensure!(
                calls_per_minute > 0.0 && speed > 0.0 && speed.is_finite(),
                "calls a minute and speed are above zero"
            );
            let shutdown = supervise::shutdown_on_signal()?;
            let scene = Outside::from(outside).prepare().await?;
            scene
                .run(
                    Pace {
                        calls_per_minute,
                        speed,
                        history_days,
                    },
                    shutdown,
                )
                .await?;
        }
        Command::History { outside, days } => history(outside.into(), days).await?,
        Command::Seed { database_url } => {
            seed::seed(&mut seed::connect(&database_url).await?, &World::town()).await?;
        }
        Command::Send {
            sender,
            file,
            outside,
        } => return send(sender, &file, outside.into()).await,
        Command::Sign {
            sender,
            file,
            outside,
        } => {
            let outside = Outside::from(outside);
            let target = loopback::target(&outside.target)?;
            let (post, _) = sign(sender, read(&file)?, &outside).await?;
            print(&format!(
                "{}\n",
                post.curl(&target, &file.to_string_lossy())
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn history(outside: Outside, days: u32) -> anyhow::Result<()> {
    let (state_dir, listen) = (outside.state_dir.clone(), outside.listen);
    let certificates = Shutdown::new();
    lend_certificate(listen, &outside.transmitter().await?, &certificates).await;
    let scene = outside.prepare().await?;
    let mut state = State::open(&state_dir, clock::now())?;
    scene.tell_past(state.anchor, days).await;
    scene.tell_billing(&mut state).await;
    state.past_told = true;
    certificates.cancel();
    state.write(&state_dir)
}

async fn send(sender: Sender, file: &Path, outside: Outside) -> anyhow::Result<ExitCode> {
    let target = loopback::target(&outside.target)?;
    let (post, transmitter) = sign(sender, read(file)?, &outside).await?;
    let certificates = Shutdown::new();
    if let Some(transmitter) = transmitter {
        lend_certificate(outside.listen, &transmitter, &certificates).await;
    }
    let answer = delivery::request(&delivery::client()?, &target, &post)
        .send()
        .await
        .context("posting")?;
    let (status, text) = (
        answer.status(),
        answer.text().await.context("reading the answer")?,
    );
    certificates.cancel();
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    print(&format!("{status}\n{text}{end}"))?;
    Ok(if status.is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A running sandbox serves the same certificate at the same address; where none runs, this does.
async fn lend_certificate(listen: SocketAddr, transmitter: &Transmitter, until: &Shutdown) {
    if let Err(error) = serve_certificates(listen, transmitter, until.clone()).await {
        tracing::debug!(%error, "leaving the certificate to whoever serves there");
    }
}

/// The signed request, and for PayPal whose certificate it needs.
async fn sign(
    sender: Sender,
    body: Bytes,
    outside: &Outside,
) -> anyhow::Result<(Post, Option<Transmitter>)> {
    match sender {
        Sender::Livekit => Ok((wire::livekit(&outside.livekit_key(), body)?, None)),
        Sender::Event => Ok((wire::written_event(&outside.livekit_key(), body)?, None)),
        Sender::Paypal => {
            let transmitter = outside.transmitter().await?;
            let event: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let id = event["id"].as_str().unwrap_or("unnamed").to_owned();
            let post = transmitter.post(&transmitter.prepare(&id, 0, clock::now()), body);
            Ok((post, Some(transmitter)))
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Bytes> {
    Ok(std::fs::read(file)
        .with_context(|| format!("reading {}", file.display()))?
        .into())
}

/// Answers go to standard output, everything else to the log.
fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("writing to standard output")
}

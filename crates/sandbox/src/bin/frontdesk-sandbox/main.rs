//! `frontdesk-sandbox`: the command line of the outside world. Never in production.

mod arguments;

use anyhow::Context as _;
use arguments::{CallCourse, Command, CommandLine, Sender, SubscribedPlan};
use bytes::Bytes;
use clap::Parser as _;
use frontdesk_process::{Shutdown, clock, supervise, telemetry};
use frontdesk_sandbox::{
    delivery, loopback,
    paypal::transmission::Transmitter,
    ready,
    run::{Outside, Pace, by_hand::End, services::serve_certificates, state::State},
    seed,
    wire::{self, Post},
    world::World,
};
use std::{io::Write as _, net::SocketAddr, path::Path, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    telemetry::start_logging(match command {
        Command::Run { .. } | Command::History { .. } => telemetry::OF_A_ROLE,
        _ => telemetry::OF_A_COMMAND,
    });
    match dispatch(command).await {
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
            let pace = Pace {
                calls_per_minute,
                speed,
                history_days,
            };
            run(outside.into(), pace).await?;
        }
        Command::History { outside, days } => history(outside.into(), days).await?,
        Command::Seed {
            database_url,
            state_dir,
            public_url,
            paypal_client_id,
        } => {
            let is_real = paypal_client_id.is_some_and(|id| !id.is_empty());
            seed_all(&database_url, &state_dir, &public_url, is_real).await?;
        }
        Command::Subscribe {
            email,
            plan,
            outside,
        } => subscribe(&email, plan, outside.into()).await?,
        Command::Call {
            number,
            course,
            speed,
            outside,
        } => call(&number, course, speed, outside.into()).await?,
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

async fn run(outside: Outside, pace: Pace) -> anyhow::Result<()> {
    anyhow::ensure!(
        pace.calls_per_minute > 0.0 && pace.speed > 0.0 && pace.speed.is_finite(),
        "calls a minute and speed are above zero"
    );
    let shutdown = supervise::shutdown_on_signal()?;
    outside.prepare().await?.run(pace, shutdown).await
}

/// The town, the plans' names where PayPal is not real, and the accounts that are ready to sign in. There is no
/// mailbox beside them.
async fn seed_all(
    database_url: &str,
    state_dir: &Path,
    public_url: &str,
    paypal_is_real: bool,
) -> anyhow::Result<()> {
    let mut client = seed::connect(database_url).await?;
    seed::seed(&mut client, &World::town()).await?;
    if !paypal_is_real {
        seed::name_plans(&client).await?;
    }
    let accounts = ready::open(&mut client, public_url, clock::now()).await?;
    std::fs::create_dir_all(state_dir)
        .with_context(|| format!("making {}", state_dir.display()))?;
    ready::write(state_dir, &accounts, None)
}

async fn subscribe(email: &str, plan: SubscribedPlan, outside: Outside) -> anyhow::Result<()> {
    let certificates = Shutdown::new();
    lend_certificate(outside.listen, &outside.transmitter().await?, &certificates).await;
    let counts = outside.subscribe(email, plan.into(), clock::now()).await?;
    certificates.cancel();
    anyhow::ensure!(
        counts.refused + counts.failed == 0,
        "PayPal's events were not taken: {counts:?}"
    );
    print(&format!(
        "{email} is subscribed; the dashboard says so within a moment\n"
    ))
}

async fn call(
    number: &str,
    course: CallCourse,
    speed: f64,
    outside: Outside,
) -> anyhow::Result<()> {
    let shutdown = supervise::shutdown_on_signal()?;
    let call = outside
        .call(number, course.into(), speed, clock::now())
        .await?;
    let whose = call
        .business
        .as_deref()
        .unwrap_or("nobody's: no account will show the call");
    print(&format!("calling {number} ({whose}); Ctrl-C hangs up\n"))?;
    let played = call
        .play(&shutdown, |event| {
            // Somebody who closed the terminal has hung up already.
            let _ = print(&format!("  {event}\n"));
        })
        .await?;
    if played.end == End::Closed {
        print("the other side ended the call\n")?;
    }
    let counts = played.counts;
    anyhow::ensure!(
        counts.refused + counts.failed + counts.dropped == 0,
        "not everything was taken: {counts:?}"
    );
    Ok(())
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

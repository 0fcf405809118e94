//! `frontdesk`: the one executable. It reads configuration, wires roles together and holds no
//! rule of its own.

mod migrate;
mod serve;

use clap::{Parser, Subcommand};
use frontdesk_events::nats::NatsArgs;
use frontdesk_process::telemetry;
use std::process::ExitCode;

/// glibc's allocator keeps the peaks of ingest's many small buffers; this one gives them back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Back end and dashboard of an AI phone-receptionist service.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one role, or all of them in one process.
    #[command(subcommand)]
    Serve(serve::Role),
    /// Create or update tables, read models and streams; refuses a NATS server that may lose events.
    Migrate(Box<migrate::MigrateArgs>),
    /// Look at projections, rebuild, swap and verify them.
    Projections(Box<ProjectionsArgs>),
    /// What an operator does to users by hand.
    Users(Box<UsersArgs>),
}

#[derive(clap::Args)]
struct UsersArgs {
    /// PostgreSQL, for example postgres://user@host/frontdesk.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    #[command(subcommand)]
    command: frontdesk_api::UsersCommand,
}

#[derive(clap::Args)]
struct ProjectionsArgs {
    /// PostgreSQL, for example postgres://user@host/frontdesk.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    #[command(flatten)]
    nats: NatsArgs,
    #[command(subcommand)]
    command: frontdesk_projector::ProjectionsCommand,
}

/// An error is one clear line, whatever RUST_BACKTRACE says.
fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::start_logging(match cli.command {
        Command::Serve(_) => telemetry::OF_A_ROLE,
        Command::Migrate(_) | Command::Projections(_) | Command::Users(_) => {
            telemetry::OF_A_COMMAND
        }
    });
    match start(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("frontdesk: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> anyhow::Result<()> {
    // Several dependencies bring rustls; the process chooses its cryptography once.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a TLS provider is installed already"))?;
    // So that of several roles in one process none reads a token before Google's can be verified.
    frontdesk_api::auth::jwt::install();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(role) => serve::run(role).await,
            Command::Migrate(args) => migrate::run(*args).await,
            Command::Projections(args) => {
                frontdesk_projector::command(args.command, &args.database_url, &args.nats).await
            }
            Command::Users(args) => {
                frontdesk_api::users_command(args.command, &args.database_url).await
            }
        }
    })
}

//! What can be asked for, and the settings it reads.

use clap::{Args, Parser, Subcommand, ValueEnum};
use frontdesk_sandbox::{
    livekit::token::LiveKitKey,
    run::{Outside, Real, services::Services},
    stories::plot::Course,
    world::Plan,
};
use std::{net::SocketAddr, path::PathBuf};

/// Plays the outside world for one machine: LiveKit with callers and an agent, PayPal, Google's and
/// GitHub's logins, and a mailbox.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    /// Write the sandbox's users, clients, numbers and ready accounts into the database, then end
    Seed {
        /// PostgreSQL, as the owner of its tables
        #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
        database_url: String,
        /// Where the ready accounts are written down
        #[arg(long, default_value = ".data/sandbox")]
        state_dir: PathBuf,
        /// The product's address
        #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:8080")]
        public_url: String,
        /// A real PayPal account: its plans have other names
        #[arg(long, env = "PAYPAL_CLIENT_ID")]
        paypal_client_id: Option<String>,
    },
    /// Let PayPal tell that somebody subscribed who had no subscription
    Subscribe {
        /// The e-mail address of the account
        email: String,
        /// To what
        plan: SubscribedPlan,
        #[command(flatten)]
        outside: OutsideArgs,
    },
    /// Place one call to a number now
    Call {
        /// The number dialled, E.164
        number: String,
        /// How it goes
        #[arg(long, value_enum, default_value_t = CallCourse::Answered)]
        course: CallCourse,
        /// How many times faster than life it goes
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        #[command(flatten)]
        outside: OutsideArgs,
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
pub(crate) enum Sender {
    /// A webhook body of LiveKit
    Livekit,
    /// A webhook body of PayPal
    Paypal,
    /// A CloudEvent of an agent (structured, or a batch)
    Event,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum SubscribedPlan {
    /// One number
    Solo,
    /// Three numbers
    Pro,
    /// Any number of numbers
    WhiteLabel,
}

impl From<SubscribedPlan> for Plan {
    fn from(plan: SubscribedPlan) -> Self {
        match plan {
            SubscribedPlan::Solo => Self::Solo,
            SubscribedPlan::Pro => Self::Pro,
            SubscribedPlan::WhiteLabel => Self::WhiteLabel,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CallCourse {
    /// The receptionist answers
    Answered,
    /// Nobody answers
    Missed,
    /// The caller gives up while it rings
    Abandoned,
}

impl From<CallCourse> for Course {
    fn from(course: CallCourse) -> Self {
        match course {
            CallCourse::Answered => Self::Answered,
            CallCourse::Missed => Self::Missed,
            CallCourse::Abandoned => Self::Abandoned,
        }
    }
}

/// The product's own settings, by which its outside services are found: a service is imitated
/// where they lead here.
#[derive(Debug, Args)]
pub(crate) struct ServicesArgs {
    /// Where the mailbox takes mail; this machine only
    #[arg(long, env = "SANDBOX_SMTP_LISTEN", default_value = "127.0.0.1:8091")]
    smtp_listen: SocketAddr,
    /// Where the product sends mail
    #[arg(long, env = "SMTP_HOST", hide = true)]
    smtp_host: Option<String>,
    /// At which port
    #[arg(long, env = "SMTP_PORT", hide = true)]
    smtp_port: Option<u16>,
    /// The product's address
    #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:8080")]
    public_url: String,
    /// The product's name at Google
    #[arg(long, env = "GOOGLE_CLIENT_ID", hide = true)]
    google_client_id: Option<String>,
    /// Its secret there
    #[arg(
        long,
        env = "GOOGLE_CLIENT_SECRET",
        hide_env_values = true,
        hide = true
    )]
    google_client_secret: Option<String>,
    /// Where the product looks for Google: absent for the real one
    #[arg(long, env = "GOOGLE_ISSUER", hide = true)]
    google_issuer: Option<String>,
    /// The product's name at GitHub
    #[arg(long, env = "GITHUB_CLIENT_ID", hide = true)]
    github_client_id: Option<String>,
    /// Its secret there
    #[arg(
        long,
        env = "GITHUB_CLIENT_SECRET",
        hide_env_values = true,
        hide = true
    )]
    github_client_secret: Option<String>,
    /// Where the product looks for GitHub: absent for the real one
    #[arg(long, env = "GITHUB_URL", hide = true)]
    github_url: Option<String>,
}

impl From<ServicesArgs> for Services {
    fn from(args: ServicesArgs) -> Self {
        // Credentials count only while the product brings them here.
        let pair = |address: Option<String>, id: Option<String>, secret: Option<String>| {
            given(address)?;
            Some((given(id)?, given(secret)?))
        };
        let mail_elsewhere = given(args.smtp_host).is_some_and(|host| {
            (host, args.smtp_port)
                != (
                    args.smtp_listen.ip().to_string(),
                    Some(args.smtp_listen.port()),
                )
        });
        Self {
            smtp_listen: (!mail_elsewhere).then_some(args.smtp_listen),
            public_url: args.public_url,
            google: pair(
                args.google_issuer,
                args.google_client_id,
                args.google_client_secret,
            ),
            github: pair(
                args.github_url,
                args.github_client_id,
                args.github_client_secret,
            ),
        }
    }
}

/// An empty setting is none.
fn given(setting: Option<String>) -> Option<String> {
    setting.filter(|value| !value.is_empty())
}

/// Whether an address is where the sandbox itself serves.
fn is_ours(url: &str, listen: SocketAddr) -> bool {
    let own = [format!("http://{listen}"), format!("ws://{listen}")];
    own.iter().any(|own| url.trim_end_matches('/') == own)
}

#[derive(Debug, Args)]
pub(crate) struct OutsideArgs {
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
    /// Where PayPal's certificate, the mailbox and the logins are served; this machine only
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
    #[command(flatten)]
    services: ServicesArgs,
    /// Deliver PayPal's events out of order
    #[arg(long)]
    shuffle: bool,
    /// Deliver PayPal's events twice
    #[arg(long)]
    double: bool,
    /// LiveKit's server API; another address than the sandbox's own is a real LiveKit, and no calls are
    /// made up beside it
    #[arg(long, env = "LIVEKIT_URL")]
    livekit_url: Option<String>,
    /// A real PayPal account: no payments are made up beside it
    #[arg(long, env = "PAYPAL_CLIENT_ID")]
    paypal_client_id: Option<String>,
}

impl From<OutsideArgs> for Outside {
    fn from(args: OutsideArgs) -> Self {
        let ingest = args.ingest_listen;
        Self {
            target: args.target.unwrap_or_else(|| format!("http://{ingest}")),
            seed: args.seed,
            state_dir: args.state_dir,
            listen: args.listen,
            services: args.services.into(),
            livekit: LiveKitKey {
                key: args.livekit_api_key,
                secret: args.livekit_api_secret,
            },
            webhook_id: args.paypal_webhook_id,
            database_url: args.database_url,
            shuffle: args.shuffle,
            double: args.double,
            real: Real {
                livekit: given(args.livekit_url).is_some_and(|url| !is_ours(&url, args.listen)),
                paypal: given(args.paypal_client_id).is_some(),
            },
        }
    }
}

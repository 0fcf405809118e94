//! What each role reads from flags and environment.

use clap::Subcommand;
use frontdesk_api::ApiArgs;
use frontdesk_events::nats::{NatsArgs, connection::Secret};
use frontdesk_ingest::IngestArgs;
use frontdesk_process::{
    files::{FileArgs, Files},
    insiders::{InsiderArgs, Insiders, Network},
    livekit::KeyArgs,
};
use frontdesk_projector::ProjectorArgs;
use frontdesk_workers::{LiveKit, Shared, WorkersArgs};
use std::{net::SocketAddr, path::PathBuf};
use url::Url;

/// Which role to run.
#[derive(Subcommand)]
pub(crate) enum Role {
    /// Receive webhooks and agents' events.
    Ingest(Box<IngestOnly>),
    /// Fold streams into read models.
    Projector(Box<ProjectorOnly>),
    /// Serve the dashboard and its API.
    Api(Box<ApiOnly>),
    /// Relay facts about accounts, send mails, make exports.
    Workers(Box<WorkersOnly>),
    /// Everything in one process, for one machine.
    All(Box<All>),
}

impl Role {
    pub(super) fn insiders(&self) -> Insiders {
        let args = match self {
            Self::Ingest(args) => &args.insiders,
            Self::Projector(args) => &args.insiders,
            Self::Api(args) => &args.insiders,
            Self::Workers(args) => &args.insiders,
            Self::All(args) => &args.insiders,
        };
        args.clone().into()
    }
}

#[derive(clap::Args)]
pub(crate) struct IngestOnly {
    #[command(flatten)]
    pub(super) nats: NatsArgs,
    #[command(flatten)]
    pub(super) ingest: IngestArgs,
    /// Proxies before us (addresses and networks, with commas): what they pass on comes from many
    /// senders, so the bound of connections from one address is not theirs.
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',')]
    pub(super) trusted_proxies: Vec<Network>,
    #[command(flatten)]
    pub(super) durability: DurabilityArgs,
    #[command(flatten)]
    pub(super) insiders: InsiderArgs,
}

#[derive(clap::Args)]
pub(crate) struct ProjectorOnly {
    #[command(flatten)]
    pub(super) nats: NatsArgs,
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
    #[command(flatten)]
    pub(super) projector: ProjectorArgs,
    /// Where /healthz, /readyz and /metrics of this role answer.
    #[arg(long, env = "PROJECTOR_LISTEN", default_value = "127.0.0.1:8082")]
    pub(super) projector_listen: SocketAddr,
    #[command(flatten)]
    pub(super) insiders: InsiderArgs,
}

#[derive(clap::Args)]
pub(crate) struct ApiOnly {
    #[command(flatten)]
    pub(super) nats: NatsArgs,
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
    #[command(flatten)]
    pub(super) api: ApiArgs,
    /// The keys that agents' tokens are signed with; without any, agents need keys of accounts.
    #[command(flatten)]
    pub(super) livekit: KeyArgs,
    #[command(flatten)]
    pub(super) insiders: InsiderArgs,
}

#[derive(clap::Args)]
pub(crate) struct WorkersOnly {
    #[command(flatten)]
    pub(super) nats: NatsArgs,
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
    #[command(flatten)]
    pub(super) workers: WorkersArgs,
    #[command(flatten)]
    pub(super) exports: ExportArgs,
    #[command(flatten)]
    pub(super) files: FileArgs,
    #[command(flatten)]
    pub(super) livekit: LiveKitArgs,
    /// The address people type: links in mails begin with it.
    #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:8080")]
    pub(super) public_url: Url,
    /// The secret that links in mails are made with: the api's.
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    pub(super) jwt_secret: Secret,
    /// Where /healthz, /readyz and /metrics of this role answer.
    #[arg(long, env = "WORKERS_LISTEN", default_value = "127.0.0.1:8083")]
    pub(super) workers_listen: SocketAddr,
    #[command(flatten)]
    pub(super) insiders: InsiderArgs,
}

#[derive(clap::Args)]
pub(crate) struct All {
    #[command(flatten)]
    pub(super) nats: NatsArgs,
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
    #[command(flatten)]
    pub(super) ingest: IngestArgs,
    #[command(flatten)]
    pub(super) projector: ProjectorArgs,
    #[command(flatten)]
    pub(super) api: ApiArgs,
    #[command(flatten)]
    pub(super) workers: WorkersArgs,
    #[command(flatten)]
    pub(super) durability: DurabilityArgs,
    #[command(flatten)]
    pub(super) insiders: InsiderArgs,
}

impl WorkersOnly {
    /// What the role has in common with the others.
    pub(super) fn shared(&self) -> anyhow::Result<Shared> {
        Ok(Shared {
            public_url: self.public_url.clone(),
            jwt_secret: self.jwt_secret.clone(),
            export_dir: self.exports.export_dir.clone(),
            files: Files::open(&self.files)?,
            livekit: LiveKit {
                url: self.livekit.livekit_url.clone(),
                api_key: self.livekit.livekit_api_key.clone(),
                api_secret: self.livekit.livekit_api_secret.clone(),
            },
        })
    }
}

impl All {
    /// What the workers have in common with the others.
    pub(super) fn shared(&self) -> anyhow::Result<Shared> {
        let keys = &self.ingest.livekit;
        Ok(Shared {
            public_url: self.api.public_url.clone(),
            jwt_secret: self.api.jwt_secret.clone(),
            export_dir: self.api.export_dir.clone(),
            files: Files::open(&self.api.files)?,
            livekit: LiveKit {
                url: self.api.livekit_url.clone(),
                api_key: keys.livekit_api_key.clone(),
                api_secret: keys.livekit_api_secret.clone().map(Secret::from),
            },
        })
    }
}

#[derive(clap::Args)]
pub(super) struct DatabaseArgs {
    /// PostgreSQL, for example postgres://user@host/frontdesk.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(super) database_url: String,
}

#[derive(clap::Args)]
pub(super) struct ExportArgs {
    /// Where exports lie until they are fetched or over: the same directory for workers, who write
    /// them, and the api, which gives them out. Of this installation alone.
    #[arg(long, env = "EXPORT_DIR", default_value = ".data/exports")]
    pub(super) export_dir: PathBuf,
}

#[derive(clap::Args)]
pub(super) struct LiveKitArgs {
    /// LiveKit's address, for example wss://livekit.example.com: calls are ended there when somebody
    /// asks for it on the dashboard. The api must know it too.
    #[arg(long, env = "LIVEKIT_URL")]
    pub(super) livekit_url: Option<String>,
    /// LiveKit API key (the first, when there are several).
    #[arg(long, env = "LIVEKIT_API_KEY")]
    pub(super) livekit_api_key: Option<String>,
    /// The secret that goes with it.
    #[arg(long, env = "LIVEKIT_API_SECRET", hide_env_values = true)]
    pub(super) livekit_api_secret: Option<Secret>,
}

#[derive(clap::Args, Clone, Copy)]
pub(super) struct DurabilityArgs {
    /// Be ready although NATS acknowledges before it fsyncs: a power cut then loses events.
    #[arg(long, env = "ALLOW_LAZY_SYNC")]
    pub(super) allow_lazy_sync: bool,
}

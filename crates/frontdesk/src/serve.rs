//! `frontdesk serve`: roles as tasks of one process that end together.

use anyhow::Context as _;
use axum::Router;
use clap::Subcommand;
use frontdesk_api::{Api, ApiArgs};
use frontdesk_events::nats::{self, Connection, NatsArgs, connection::Secret};
use frontdesk_ingest::{Ingest, IngestArgs};
use frontdesk_process::{
    Shutdown,
    files::{FileArgs, Files},
    health::Health,
    insiders::{InsiderArgs, Insiders, protected},
    listen::{self, Limits},
    livekit::KeyArgs,
    supervise::{self, Roles},
    telemetry::Metrics,
};
use frontdesk_projector::ProjectorArgs;
use frontdesk_workers::{LiveKit, Shared, Workers, WorkersArgs};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use url::Url;

/// How often a healthy server's durability is looked at again: its configuration can change
/// under us with a restart.
const DURABILITY_AGAIN: Duration = Duration::from_secs(30);
const DURABILITY_RETRY: Duration = Duration::from_secs(1);

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
    fn insiders(&self) -> Insiders {
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
    nats: NatsArgs,
    #[command(flatten)]
    ingest: IngestArgs,
    #[command(flatten)]
    durability: DurabilityArgs,
    #[command(flatten)]
    insiders: InsiderArgs,
}

#[derive(clap::Args)]
pub(crate) struct ProjectorOnly {
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    projector: ProjectorArgs,
    /// Where /healthz, /readyz and /metrics of this role answer.
    #[arg(long, env = "PROJECTOR_LISTEN", default_value = "127.0.0.1:8082")]
    projector_listen: SocketAddr,
    #[command(flatten)]
    insiders: InsiderArgs,
}

#[derive(clap::Args)]
pub(crate) struct ApiOnly {
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    api: ApiArgs,
    /// The keys that agents' tokens are signed with; without any, agents need keys of accounts.
    #[command(flatten)]
    livekit: KeyArgs,
    #[command(flatten)]
    insiders: InsiderArgs,
}

#[derive(clap::Args)]
pub(crate) struct WorkersOnly {
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    workers: WorkersArgs,
    #[command(flatten)]
    exports: ExportArgs,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    livekit: LiveKitArgs,
    /// The address people type: links in mails begin with it.
    #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:8080")]
    public_url: Url,
    /// The secret that links in mails are made with: the api's.
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    jwt_secret: Secret,
    /// Where /healthz, /readyz and /metrics of this role answer.
    #[arg(long, env = "WORKERS_LISTEN", default_value = "127.0.0.1:8083")]
    workers_listen: SocketAddr,
    #[command(flatten)]
    insiders: InsiderArgs,
}

#[derive(clap::Args)]
pub(crate) struct All {
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    ingest: IngestArgs,
    #[command(flatten)]
    projector: ProjectorArgs,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    workers: WorkersArgs,
    #[command(flatten)]
    durability: DurabilityArgs,
    #[command(flatten)]
    insiders: InsiderArgs,
}

#[derive(clap::Args)]
struct DatabaseArgs {
    /// PostgreSQL, for example postgres://user@host/frontdesk.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

#[derive(clap::Args)]
struct ExportArgs {
    /// Where exports lie until they are fetched or over: the same directory for workers, who write
    /// them, and the api, which gives them out. Of this installation alone.
    #[arg(long, env = "EXPORT_DIR", default_value = ".data/exports")]
    export_dir: PathBuf,
}

#[derive(clap::Args)]
struct LiveKitArgs {
    /// LiveKit's address, for example wss://livekit.example.com: calls are ended there when somebody
    /// asks for it on the dashboard. The api must know it too.
    #[arg(long, env = "LIVEKIT_URL")]
    livekit_url: Option<String>,
    /// LiveKit API key (the first, when there are several).
    #[arg(long, env = "LIVEKIT_API_KEY")]
    livekit_api_key: Option<String>,
    /// The secret that goes with it.
    #[arg(long, env = "LIVEKIT_API_SECRET", hide_env_values = true)]
    livekit_api_secret: Option<Secret>,
}

impl From<LiveKitArgs> for LiveKit {
    fn from(args: LiveKitArgs) -> Self {
        Self {
            url: args.livekit_url,
            api_key: args.livekit_api_key,
            api_secret: args.livekit_api_secret,
        }
    }
}

#[derive(clap::Args, Clone, Copy)]
struct DurabilityArgs {
    /// Be ready although NATS acknowledges before it fsyncs: a power cut then loses events.
    #[arg(long, env = "ALLOW_LAZY_SYNC")]
    allow_lazy_sync: bool,
}

/// What every role is started with.
struct Process {
    health: Health,
    metrics: Metrics,
    insiders: Insiders,
    shutdown: Shutdown,
    roles: Roles,
    /// Drained when everything else has ended.
    ingest: Option<Ingest>,
}

impl Process {
    fn start(insiders: Insiders) -> anyhow::Result<Self> {
        let shutdown = supervise::shutdown_on_signal()?;
        Ok(Self {
            health: Health::default(),
            metrics: Metrics::install()?,
            insiders,
            roles: Roles::new(shutdown.clone()),
            shutdown,
            ingest: None,
        })
    }

    /// Listens on an address and serves an application with health and metrics beside it.
    async fn serve(
        &mut self,
        name: &'static str,
        address: SocketAddr,
        app: Router,
        limits: Limits,
    ) -> anyhow::Result<()> {
        let listener =
            listen::bind(address).with_context(|| format!("listening on {address} for {name}"))?;
        tracing::info!(role = name, %address, "listening");
        let inside = self.health.router(self.insiders.clone());
        let inside = inside.merge(self.insiders.only(self.metrics.router()));
        let app = app.merge(protected(inside));
        self.roles.start(
            name,
            listen::serve(listener, app, limits, self.shutdown.clone()),
        );
        Ok(())
    }

    /// Health and metrics of a role that serves nothing else.
    async fn health_alone(
        &mut self,
        name: &'static str,
        address: SocketAddr,
    ) -> anyhow::Result<()> {
        self.serve(name, address, Router::new(), Limits::default())
            .await
    }

    async fn ingest(
        &mut self,
        args: IngestArgs,
        nats: &NatsArgs,
        durability: DurabilityArgs,
    ) -> anyhow::Result<Router> {
        let address = args.ingest_listen;
        let connection = Connection::open(nats, nats::Role::Ingest).await?;
        self.watch_durability(connection.clone(), durability);
        let ingest =
            Ingest::start(args, connection, self.health.clone(), self.shutdown.clone()).await?;
        self.serve("ingest", address, ingest.app(), ingest.limits())
            .await?;
        let webhooks = ingest.router();
        self.ingest = Some(ingest);
        Ok(webhooks)
    }

    async fn projector(
        &mut self,
        args: ProjectorArgs,
        nats: &NatsArgs,
        database: &DatabaseArgs,
    ) -> anyhow::Result<()> {
        let connection = Connection::open(nats, nats::Role::Projector).await?;
        let run = frontdesk_projector::run(
            args,
            database.database_url.clone(),
            connection,
            self.health.clone(),
            self.shutdown.clone(),
        );
        self.roles.start("projector", run);
        Ok(())
    }

    async fn api(
        &mut self,
        args: ApiArgs,
        nats: &NatsArgs,
        database: &DatabaseArgs,
        beside: Router,
    ) -> anyhow::Result<()> {
        let address = args.api_listen;
        let connection = Connection::open(nats, nats::Role::Api).await?;
        let api = Api::start(
            args,
            &database.database_url,
            connection,
            self.health.clone(),
            self.shutdown.clone(),
        )
        .await?;
        self.serve(
            "api",
            address,
            beside.merge(api.router()),
            Limits::default(),
        )
        .await
    }

    async fn workers(
        &mut self,
        args: &WorkersArgs,
        shared: Shared,
        nats: &NatsArgs,
        database: &DatabaseArgs,
    ) -> anyhow::Result<()> {
        let connection = Connection::open(nats, nats::Role::Workers).await?;
        let workers = Workers::new(
            args,
            shared,
            &database.database_url,
            connection,
            self.health.clone(),
            self.shutdown.clone(),
        )?;
        self.roles.start("workers", workers.run());
        Ok(())
    }

    /// A 2xx means "on disk" only on a server that fsyncs; until that is seen, and whenever it is
    /// no longer so, the process is not ready.
    fn watch_durability(&mut self, connection: Connection, args: DurabilityArgs) {
        const NAME: &str = "nats-durability";
        self.health.declare(NAME);
        let (health, shutdown) = (self.health.clone(), self.shutdown.clone());
        self.roles.start("durability", async move {
            while !shutdown.is_cancelled() {
                let checked = match connection.durability().await {
                    Ok(server) => server.check(args.allow_lazy_sync),
                    Err(error) => Err(error),
                };
                let again = match checked {
                    Ok(()) => {
                        health.ok(NAME);
                        DURABILITY_AGAIN
                    }
                    Err(error) => {
                        health.not_ok(NAME, &format!("{error:#}"));
                        DURABILITY_RETRY
                    }
                };
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep(again) => {}
                }
            }
            Ok(())
        });
    }
}

/// Runs a role until a signal or until it fails.
///
/// # Errors
/// When a role cannot start or ends by itself.
pub(crate) async fn run(role: Role) -> anyhow::Result<()> {
    let mut process = Process::start(role.insiders())?;
    start(&mut process, role).await?;
    let ended = process.roles.run().await;
    if let Some(ingest) = process.ingest {
        ingest.drain().await;
    }
    ended
}

async fn start(process: &mut Process, role: Role) -> anyhow::Result<()> {
    match role {
        Role::Ingest(args) => {
            let _: Router = process
                .ingest(args.ingest, &args.nats, args.durability)
                .await?;
        }
        Role::Projector(args) => {
            process
                .projector(args.projector, &args.nats, &args.database)
                .await?;
            process
                .health_alone("projector-health", args.projector_listen)
                .await?;
        }
        Role::Api(mut args) => {
            args.api.livekit = args.livekit.keys()?.map(Arc::new);
            process
                .api(args.api, &args.nats, &args.database, Router::new())
                .await?;
        }
        Role::Workers(args) => {
            let shared = Shared {
                public_url: args.public_url,
                jwt_secret: args.jwt_secret,
                export_dir: args.exports.export_dir,
                files: Files::open(&args.files)?,
                livekit: args.livekit.into(),
            };
            process
                .workers(&args.workers, shared, &args.nats, &args.database)
                .await?;
            process
                .health_alone("workers-health", args.workers_listen)
                .await?;
        }
        Role::All(mut args) => {
            args.api.livekit = args.ingest.livekit.keys()?.map(Arc::new);
            let livekit = LiveKit {
                url: args.api.livekit_url.clone(),
                api_key: args.ingest.livekit.livekit_api_key.clone(),
                api_secret: args
                    .ingest
                    .livekit
                    .livekit_api_secret
                    .clone()
                    .map(Secret::from),
            };
            let webhooks = process
                .ingest(args.ingest, &args.nats, args.durability)
                .await?;
            process
                .projector(args.projector, &args.nats, &args.database)
                .await?;
            let shared = Shared {
                public_url: args.api.public_url.clone(),
                jwt_secret: args.api.jwt_secret.clone(),
                export_dir: args.api.export_dir.clone(),
                livekit,
                files: Files::open(&args.api.files)?,
            };
            process
                .api(args.api, &args.nats, &args.database, webhooks)
                .await?;
            process
                .workers(&args.workers, shared, &args.nats, &args.database)
                .await?;
        }
    }
    Ok(())
}

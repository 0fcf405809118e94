//! `frontdesk serve`: roles as tasks of one process that end together.

mod arguments;

pub(crate) use arguments::Role;

use anyhow::Context as _;
use arguments::{DatabaseArgs, DurabilityArgs};
use axum::Router;
use frontdesk_api::{Api, ApiArgs};
use frontdesk_events::nats::{self, Connection, NatsArgs};
use frontdesk_ingest::{Ingest, IngestArgs};
use frontdesk_process::{
    Shutdown,
    health::Health,
    insiders::{Insiders, Network, protected},
    listen::{self, Limits},
    supervise::{self, Roles},
    telemetry::Metrics,
};
use frontdesk_projector::ProjectorArgs;
use frontdesk_workers::{Shared, Workers, WorkersArgs};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// How often a healthy server's durability is looked at again: its configuration can change
/// under us with a restart.
const DURABILITY_AGAIN: Duration = Duration::from_secs(30);
const DURABILITY_RETRY: Duration = Duration::from_secs(1);

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
        proxies: Vec<Network>,
        nats: &NatsArgs,
        durability: DurabilityArgs,
    ) -> anyhow::Result<Router> {
        let address = args.ingest_listen;
        let connection = Connection::open(nats, nats::Role::Ingest).await?;
        self.watch_durability(connection.clone(), durability);
        let (health, shutdown) = (self.health.clone(), self.shutdown.clone());
        let ingest = Ingest::start(args, proxies, connection, health, shutdown).await?;
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
        let limits = Limits {
            proxies: args.trusted_proxies.clone(),
            ..Limits::default()
        };
        let connection = Connection::open(nats, nats::Role::Api).await?;
        let api = Api::start(
            args,
            &database.database_url,
            connection,
            self.health.clone(),
            self.shutdown.clone(),
        )
        .await?;
        self.serve("api", address, beside.merge(api.router()), limits)
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
            let proxies = args.trusted_proxies;
            let _: Router = process
                .ingest(args.ingest, proxies, &args.nats, args.durability)
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
            let shared = args.shared()?;
            process
                .workers(&args.workers, shared, &args.nats, &args.database)
                .await?;
            process
                .health_alone("workers-health", args.workers_listen)
                .await?;
        }
        Role::All(mut args) => {
            args.api.livekit = args.ingest.livekit.keys()?.map(Arc::new);
            let shared = args.shared()?;
            let proxies = args.api.trusted_proxies.clone();
            let webhooks = process
                .ingest(args.ingest, proxies, &args.nats, args.durability)
                .await?;
            process
                .projector(args.projector, &args.nats, &args.database)
                .await?;
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

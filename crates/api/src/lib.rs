//! The dashboard's API: read models as JSON, changes as server-sent events, and the built
//! dashboard itself.
//!
//! Each resource is one file with its SQL beside the handler; there is no layer between. It
//! refuses to write read models, to compute what a fold should have computed, and to let a request
//! reach an account's rows except through a [`viewer::Viewer`].
//!
//! Reading order: [`router`] (every route), [`config`], [`viewer`] (who may see and do what),
//! [`parameters`], [`body`], [`text`] and [`problem`] (what comes in, what goes wrong), [`freshness`],
//! [`auth`], then the resources.

pub mod admin;
pub mod agent;
pub mod answer;
pub mod audit;
pub mod auth;
pub mod billing_words;
pub mod body;
pub mod calls;
mod chance;
pub mod clients;
pub mod config;
mod csv;
pub mod cursor;
pub mod edge;
pub mod freshness;
pub mod invoices;
pub mod keys;
mod limits;
pub mod live;
pub mod members;
pub mod moment;
pub mod money;
pub mod openapi;
pub mod origin;
mod outbox;
pub mod parameters;
pub mod problem;
pub mod router;
pub mod session;
mod shared;
pub mod stats;
pub mod subscriptions;
pub mod text;
pub mod users;
pub mod viewer;
pub mod web;

pub use config::ApiArgs;
pub use openapi::document as openapi_document;
pub use users::operator::{UsersCommand, command as users_command};

use auth::Hasher;
use auth::provider::Providers;
use clients::sample::Uploads;
use config::Access;
use freshness::Board;
use frontdesk_events::nats::Connection;
use frontdesk_process::{Shutdown, clock, files::Files, health::Health, keyring::Keyring};
use limits::Limits;
use live::Live;
use shared::Shared;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use viewer::{Database, Lookups};

/// The running role: what every handler may use. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

struct Parts {
    access: Access,
    providers: Providers,
    limits: Limits,
    hasher: Hasher,
    database: Database,
    files: Files,
    export_dir: PathBuf,
    uploads: Uploads,
    nats: Connection,
    health: Health,
    board: Board,
    live: Live,
    lookups: Lookups,
    shared: Shared,
    web: Option<web::Dashboard>,
}

impl Api {
    /// Checks the configuration and starts what runs in the background: freshness, the live
    /// channel, and the end of accounts that are due. PostgreSQL and NATS may still be away; `/readyz` says so until they are not.
    ///
    /// # Errors
    /// One line about the setting that is wrong.
    pub async fn start(
        args: ApiArgs,
        database_url: &str,
        nats: Connection,
        health: Health,
        shutdown: Shutdown,
    ) -> anyhow::Result<Self> {
        let access = Access::check(&args)?;
        let providers = Providers::open(&args.providers, &access)?;
        let database = Database::open(database_url)?;
        let files = Files::open(&args.files)?;
        auth::sweep::start(database.clone(), shutdown.clone());
        let board = freshness::start(
            database.clone(),
            nats.clone(),
            health.clone(),
            shutdown.clone(),
        );
        tokio::spawn(users::ending::keep(
            database.clone(),
            files.clone(),
            shutdown.clone(),
        ));
        let live = Live::start(nats.clone(), database.clone(), health.clone(), shutdown);
        let web = args.web_dir.as_deref().and_then(web::Dashboard::open);
        Ok(Self(Arc::new(Parts {
            access,
            providers,
            limits: Limits::new(clock::monotonic()),
            hasher: Hasher::default(),
            database,
            files,
            export_dir: args.export_dir,
            uploads: Uploads::default(),
            nats,
            health,
            board,
            live,
            lookups: Lookups::default(),
            shared: Shared::default(),
            web,
        })))
    }

    /// Every route of the API and the dashboard, ready to be merged with other routers.
    pub fn router(&self) -> axum::Router {
        router::router(self.clone())
    }

    /// How many password hashes were made or verified since the start: the same for people we know and
    /// people we do not, which is how a test sees that a log-in does not tell them apart.
    #[must_use]
    pub fn password_hashes(&self) -> u64 {
        self.0.hasher.made()
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.access.keyring
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn files(&self) -> &Files {
        &self.0.files
    }

    pub(crate) fn export_dir(&self) -> &Path {
        &self.0.export_dir
    }

    pub(crate) fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }

    pub(crate) fn nats(&self) -> &Connection {
        &self.0.nats
    }

    pub(crate) fn health(&self) -> &Health {
        &self.0.health
    }

    pub(crate) fn board(&self) -> &Board {
        &self.0.board
    }

    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    pub(crate) fn lookups(&self) -> &Lookups {
        &self.0.lookups
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    pub(crate) fn web(&self) -> Option<&web::Dashboard> {
        self.0.web.as_ref()
    }
}

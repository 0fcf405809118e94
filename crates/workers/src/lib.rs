//! Everything with an effect outside PostgreSQL: the outbox relay, mail, exports, calls that are hung
//! up, later PayPal and the reconcilers.
//!
//! The relay brings facts from the outbox into the stream ACCOUNTS. A worker reads that stream and
//! acts, once for each event: it claims the effect in `ops.effects` before it tries it and writes its
//! outcome after. Nothing here changes an account, and no log line, dead letter or row of `ops` holds
//! an address, a number or what a link carries.
//!
//! Reading order: [`worker`] (what a worker is), `ledger` (what was done), `runner` (who drives
//! them); `relay`; then the workers, `mail`, `export`,
//! `hangup` and `redrive`.

pub mod worker;

mod config;
mod database;
mod export;
mod hangup;
mod ledger;
mod mail;
mod redrive;
mod relay;
mod runner;

pub use config::{SmtpTls, WorkersArgs};
pub use export::tables as exported_tables;

use export::Export;
use frontdesk_events::nats::{Connection, connection::Secret};
use frontdesk_process::{Shutdown, files::Files, health::Health, keyring::Keyring};
use futures::future::BoxFuture;
use hangup::Hangup;
use mail::{Mail, Notices, Post};
use redrive::Redrive;
use runner::Runner;
use sqlx::PgPool;
use std::{path::PathBuf, sync::Arc};
use url::Url;

/// The running role.
pub struct Workers {
    place: Place,
    post: Option<Arc<Post>>,
    export: Export,
    hangup: Option<Hangup>,
    database_url: String,
}

/// What relay and workers share. Cheap to clone.
#[derive(Clone)]
struct Place {
    pool: PgPool,
    connection: Connection,
    health: Health,
    shutdown: Shutdown,
}

/// What this role has from those beside it, so that links and files are the same to all.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The address people type; links in mails begin with it.
    pub public_url: Url,
    /// `JWT_SECRET`: what links carry is derived from it.
    pub jwt_secret: Secret,
    /// Where exports lie until they are fetched or over.
    pub export_dir: PathBuf,
    /// Where uploaded files lie.
    pub files: Files,
    /// Where calls are hung up.
    pub livekit: LiveKit,
}

/// LiveKit's server API as the environment names it. Without a `url` nobody is hung up.
#[derive(Debug, Clone, Default)]
pub struct LiveKit {
    /// `LIVEKIT_URL`.
    pub url: Option<String>,
    /// `LIVEKIT_API_KEY`.
    pub api_key: Option<String>,
    /// `LIVEKIT_API_SECRET`.
    pub api_secret: Option<Secret>,
}

impl Workers {
    /// Checks the configuration. PostgreSQL, NATS and the mail server may still be away.
    ///
    /// # Errors
    /// One line about the setting that is wrong.
    pub fn new(
        args: &WorkersArgs,
        shared: Shared,
        database_url: &str,
        connection: Connection,
        health: Health,
        shutdown: Shutdown,
    ) -> anyhow::Result<Self> {
        let keyring = Keyring::new(shared.jwt_secret.expose())?;
        let place = Place {
            pool: database::pool(database_url)?,
            connection,
            health,
            shutdown,
        };
        let post = config::Smtp::check(args)?
            .map(|smtp| Post::new(smtp, shared.public_url, keyring, place.health.clone()))
            .transpose()?
            .map(Arc::new);
        if post.is_none() {
            tracing::warn!(
                "no SMTP_HOST: mails are not sent; they wait in the stream ACCOUNTS until there is one"
            );
        }
        let hangup = hangup::Address::check(&shared.livekit)?
            .map(|address| Hangup::new(&address, place.pool.clone()));
        Ok(Self {
            hangup,
            export: Export::new(
                shared.export_dir,
                shared.files,
                place.pool.clone(),
                place.connection.clone(),
            ),
            place,
            post,
            database_url: database_url.to_owned(),
        })
    }

    /// Works until shutdown. Boxed, so that it is compiled here and not in every program that awaits it.
    ///
    /// # Errors
    /// Never for a server that is away; health says so instead.
    #[must_use = "nothing happens until it is awaited"]
    pub fn run(self) -> BoxFuture<'static, anyhow::Result<()>> {
        Box::pin(self.work())
    }

    async fn work(self) -> anyhow::Result<()> {
        let Self {
            place,
            post,
            export,
            hangup,
            database_url,
        } = self;
        let relay = relay::keep(&place, &database_url);
        let mails = async {
            let Some(post) = post else {
                return Ok(());
            };
            let mail = Mail::new(Arc::clone(&post), place.pool.clone());
            let notices = Notices::new(post, place.pool.clone());
            let facts = Runner::new(mail, place.clone()).run();
            let (ended, ()) = tokio::join!(facts, notices.run(&place.shutdown));
            ended
        };
        let hangups = async {
            match hangup {
                Some(hangup) => Runner::new(hangup, place.clone()).run().await,
                None => Ok(()),
            }
        };
        let redrive = Redrive::new(place.connection.clone(), place.pool.clone());
        let redrives = Runner::new(redrive, place.clone()).run();
        let export = Arc::new(export);
        let exports = Runner::shared(Arc::clone(&export), place.clone()).run();
        let sweep = export.sweep(&place.shutdown);
        let ((), mails, exports, hangups, redrives, ()) =
            tokio::join!(relay, mails, exports, hangups, redrives, sweep);
        mails.and(exports).and(hangups).and(redrives)
    }
}

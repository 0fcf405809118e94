//! PostgreSQL under the role `frontdesk_workers`: it reads accounts and writes `ops` alone.

use anyhow::Context as _;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr as _, time::Duration};

/// Each effect under way holds one session for its claim and at times a second for a statement.
const SESSIONS: u32 = 16;
/// How long a statement waits for a free session.
const PATIENCE: Duration = Duration::from_secs(5);
/// The end of any statement: what is large is read in pages.
const STATEMENT_TIMEOUT: &str = "30s";

/// Sessions for everything but the relay; connects when it is first needed.
pub(crate) fn pool(url: &str) -> anyhow::Result<PgPool> {
    Ok(PgPoolOptions::new()
        .max_connections(SESSIONS)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(options(url)?))
}

/// What every session is set to.
pub(crate) fn options(url: &str) -> anyhow::Result<PgConnectOptions> {
    // The driver's words may repeat the URL, which holds a password.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| anyhow::anyhow!("DATABASE_URL is not a postgres:// URL"))
        .context("reading the settings of workers")?;
    Ok(options.application_name("frontdesk workers").options([
        ("role", "frontdesk_workers"),
        ("statement_timeout", STATEMENT_TIMEOUT),
    ]))
}

//! The pool, and what every session in it is set to.
//!
//! A read that has a session runs to its end, also when whoever asked has hung up. Dropped in the
//! middle it could leave its transaction open behind the driver's back (the driver counts a
//! transaction only when the answer to `begin` has come), and whoever got that session next would
//! read an old snapshot under somebody else's settings.

use anyhow::Context as _;
use futures::future::BoxFuture;
use sqlx::{
    Connection as _, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{num::NonZero, str::FromStr as _, thread, time::Duration};

use crate::problem::is_connection_trouble;

/// PostgreSQL is fastest with a few sessions a core; more only queue inside it instead of here.
const SESSIONS_PER_CORE: usize = 4;

/// How long a request waits for a free session before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an unused session is trusted. A used one is not asked first whether it still lives:
/// that would double the round trips of every request.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// The end of any statement: above it the filters are too wide for the indexes, and the client
/// is better told so than kept waiting.
const STATEMENT_TIMEOUT: &str = "5s";

/// A read under way. Boxed, because the compiler cannot yet say "sendable whatever the connection's
/// lifetime" of an async closure.
pub(crate) type Reading<'c, T> = BoxFuture<'c, sqlx::Result<T>>;

/// How PostgreSQL should plan a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// One statement with one good plan, whatever its parameters: prepared once, one round trip.
    Fixed,
    /// Filters that may be absent decide which index serves, so each run is planned with its
    /// values; all statements see one snapshot. Three round trips more.
    ByValues,
}

impl Plan {
    async fn run<A, T, Q>(
        self,
        session: &mut PgConnection,
        wanted: &A,
        query: &Q,
    ) -> sqlx::Result<T>
    where
        Q: for<'c> Fn(&'c mut PgConnection, &'c A) -> Reading<'c, T>,
    {
        match self {
            Self::Fixed => query(session, wanted).await,
            Self::ByValues => {
                let begin = "begin isolation level repeatable read read only; \
                             set local plan_cache_mode = force_custom_plan";
                let mut transaction = session.begin_with(begin).await?;
                let answer = query(&mut transaction, wanted).await?;
                transaction.commit().await?;
                Ok(answer)
            }
        }
    }
}

/// PostgreSQL as the API sees it. Cheap to clone; connects when it is first needed.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
}

impl Database {
    /// Prepares the pool; does not connect, so PostgreSQL may come later.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .context("DATABASE_URL")?
            .application_name("frontdesk api")
            .options([
                ("role", "frontdesk_api"),
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
                // A year of figures groups tens of thousands of buckets: in memory that takes half
                // the time it takes over temporary files.
                ("work_mem", "32MB"),
                // Its compiler costs more than any of these queries takes.
                ("jit", "off"),
            ]);
        let cores = thread::available_parallelism().map_or(2, NonZero::get);
        let sessions = u32::try_from(cores * SESSIONS_PER_CORE).unwrap_or(u32::MAX);
        let pool = PgPoolOptions::new()
            .max_connections(sessions)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool })
    }

    /// Runs a read. It runs a second time when the first try failed for a reason that a fresh try
    /// mends: its session had died unnoticed, or a rebuilt schema was swapped in under its plans.
    ///
    /// Waiting for a session ends with whoever waits. What comes after does not: the statement
    /// timeout bounds it.
    pub(super) async fn read<A, T, Q>(&self, plan: Plan, wanted: A, query: Q) -> sqlx::Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        Q: for<'c> Fn(&'c mut PgConnection, &'c A) -> Reading<'c, T> + Send + Sync + 'static,
    {
        let (pool, session) = (self.pool.clone(), self.pool.acquire().await?);
        let reading =
            tokio::spawn(async move { read_on(&pool, session, plan, &wanted, &query).await });
        reading.await.unwrap_or_else(|error| {
            match error.try_into_panic() {
                // As if it had happened here, where it is caught and logged with its request.
                Ok(panic) => std::panic::resume_unwind(panic),
                // Nobody aborts it, so the process is going down.
                Err(_) => Err(sqlx::Error::PoolClosed),
            }
        })
    }

    /// A session that acts for nobody: for the role's own look at checkpoints, never for a
    /// request.
    pub(crate) async fn system(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        self.pool.acquire().await
    }
}

async fn read_on<A, T, Q>(
    pool: &PgPool,
    mut session: PoolConnection<Postgres>,
    plan: Plan,
    wanted: &A,
    query: &Q,
) -> sqlx::Result<T>
where
    Q: for<'c> Fn(&'c mut PgConnection, &'c A) -> Reading<'c, T>,
{
    let error = match plan.run(&mut session, wanted, query).await {
        Err(error) => error,
        answer => return answer,
    };
    if is_stale_plan(&error) {
        // PostgreSQL refuses such a statement for ever, so the session must forget it.
        session.clear_cached_statements().await?;
    } else if is_connection_trouble(&error) {
        drop(session);
        session = pool.acquire().await?;
    } else {
        return Err(error);
    }
    tracing::debug!(%error, "reading again");
    plan.run(&mut session, wanted, query).await
}

/// PostgreSQL refuses a prepared statement whose columns changed type.
fn is_stale_plan(error: &sqlx::Error) -> bool {
    /// feature_not_supported; the message tells the cases apart.
    const CODE: &str = "0A000";
    error.as_database_error().is_some_and(|error| {
        error.code().as_deref() == Some(CODE)
            && error
                .message()
                .contains("cached plan must not change result type")
    })
}

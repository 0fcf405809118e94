//! The pools, for each database role and for what must not wait for the others, and what every session
//! in them is set to.

use anyhow::Context as _;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{num::NonZero, str::FromStr as _, sync::Arc, thread, time::Duration};

use super::{
    transaction::{
        Answer, Question, Reading, Writing, read_on, to_its_end, typed, untyped_read,
        write_again_on, write_on,
    },
    turns::Turns,
};
use crate::problem::Problem;
use uuid::Uuid;

/// PostgreSQL is fastest with a few sessions a core; more only queue inside it instead of here.
const SESSIONS_PER_CORE: usize = 4;
/// How many of them one account may have at once: with these alone it can keep all cores busy.
const SESSIONS_PER_CORE_AND_ACCOUNT: usize = 2;
/// Looking up a credential is one short statement.
const AUTH_SESSIONS_PER_CORE: usize = 2;
/// Administrators are few, and the sweeps run one at a time.
const ADMIN_SESSIONS: u32 = 3;
/// Agents ask one short question when it rings. It must not wait for an administrator's figures.
const AGENT_SESSIONS: u32 = 2;
/// The look at checkpoints says whether the process is well, so it waits for no request.
const WATCH_SESSIONS: u32 = 1;

/// How long a request waits for a free session before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an unused session is trusted. A used one is not asked first whether it still lives:
/// that would double the round trips of every request.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// The end of any statement: above it the filters are too wide for the indexes, and the client
/// is better told so than kept waiting.
const STATEMENT_TIMEOUT: &str = "5s";

/// How PostgreSQL should plan a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// One good plan, whatever the parameters: prepared once.
    Fixed,
    /// Filters that may be absent decide which index serves, so each run is planned with its values.
    ByValues,
}

impl Plan {
    fn setting(self) -> &'static str {
        match self {
            Self::Fixed => "",
            Self::ByValues => "; set local plan_cache_mode = force_custom_plan",
        }
    }
}

/// Which rows a read reaches.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// Those of an account and a person.
    Account(Settings),
    /// All: for administrators, whose right the caller has checked.
    Everything,
}

/// For whom a transaction is. Row-level security compares with these.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) account: Uuid,
    pub(super) person: Uuid,
}

impl Settings {
    /// What opens a transaction for them, in one round trip. Ids are hex and dashes: nothing in them
    /// can end the string.
    fn begin(self, how: &str, plan: Plan) -> AssertSqlSafe<String> {
        let Self { account, person } = self;
        let plan = plan.setting();
        AssertSqlSafe(format!(
            "begin {how}{plan}; set local app.user_id = '{account}'; set local app.person_id = '{person}'"
        ))
    }
}

/// PostgreSQL as the API sees it, in its three roles. A pool for each, and for what must not wait behind
/// the others of its role. Cheap to clone; connects when it is first needed.
#[derive(Debug, Clone)]
pub struct Database {
    api: PgPool,
    auth: PgPool,
    admin: PgPool,
    agent: PgPool,
    watch: PgPool,
    turns: Arc<Turns>,
}

impl Database {
    /// Prepares the pools; does not connect, so PostgreSQL may come later.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        let cores = thread::available_parallelism().map_or(2, NonZero::get);
        let sessions = |a_core: usize| u32::try_from(cores * a_core).unwrap_or(u32::MAX);
        Ok(Self {
            api: pool(url, "frontdesk_api", sessions(SESSIONS_PER_CORE))?,
            auth: pool(url, "frontdesk_auth", sessions(AUTH_SESSIONS_PER_CORE))?,
            admin: pool(url, "frontdesk_admin", ADMIN_SESSIONS)?,
            agent: pool(url, "frontdesk_admin", AGENT_SESSIONS)?,
            watch: pool(url, "frontdesk_api", WATCH_SESSIONS)?,
            turns: Turns::of(cores * SESSIONS_PER_CORE_AND_ACCOUNT),
        })
    }

    /// Runs a read. It runs a second time when the first try failed for a reason that a fresh try
    /// mends: its session had died unnoticed, or a rebuilt schema was swapped in under its plans.
    ///
    /// Waiting for a session ends with whoever waits. What comes after does not: the statement
    /// timeout bounds it.
    pub(super) async fn read<A, T, Q>(
        &self,
        reach: Reach,
        plan: Plan,
        wanted: A,
        query: Q,
    ) -> sqlx::Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        Q: for<'c> Fn(&'c mut PgConnection, &'c A) -> Reading<'c, T> + Send + Sync + 'static,
    {
        let answer = self.ask(reach, plan, untyped_read(wanted, query)).await;
        answer.map(typed)
    }

    async fn ask(&self, reach: Reach, plan: Plan, question: Question) -> sqlx::Result<Answer> {
        // Without a snapshot of its own a read of several statements could contradict itself.
        let how = "isolation level repeatable read read only";
        let (pool, begin, turn) = match reach {
            Reach::Account(settings) => {
                let turn = self.turns.take(settings.account, PATIENCE).await?;
                (&self.api, settings.begin(how, plan).0, Some(turn))
            }
            Reach::Everything => (&self.admin, format!("begin {how}{}", plan.setting()), None),
        };
        let pool = pool.clone();
        let session = pool.acquire().await?;
        to_its_end(async move {
            let _turn = turn;
            read_on(&pool, session, begin, &question).await
        })
        .await
    }

    pub(super) async fn write<T, Q>(&self, settings: Settings, change: Q) -> Result<T, Problem>
    where
        T: Send + 'static,
        Q: for<'c> FnOnce(&'c mut PgConnection) -> Writing<'c, T> + Clone + Send + 'static,
    {
        let turn = self.turns.take(settings.account, PATIENCE).await?;
        let begin = settings.begin("", Plan::Fixed).0;
        write_again_on(&self.api, Some(turn), begin, change).await
    }

    /// Changes or reads, in one transaction, what finds out who somebody is: credentials of all users.
    /// For logging in and what belongs to a person, never for an account's rows. Statements compare
    /// with the person or account themselves.
    ///
    /// # Errors
    /// The problem to answer with; then nothing was changed.
    pub(crate) async fn auth<T, Q>(&self, change: Q) -> Result<T, Problem>
    where
        T: Send + 'static,
        Q: for<'c> FnOnce(&'c mut PgConnection) -> Writing<'c, T> + Send + 'static,
    {
        write_on(&self.auth, "begin".to_owned(), change).await
    }

    /// Changes or reads, in one transaction, across accounts: for administrators, whose right the
    /// caller has checked, and for what the service does by itself.
    ///
    /// # Errors
    /// The problem to answer with; then nothing was changed.
    pub(crate) async fn admin<T, Q>(&self, change: Q) -> Result<T, Problem>
    where
        T: Send + 'static,
        Q: for<'c> FnOnce(&'c mut PgConnection) -> Writing<'c, T> + Clone + Send + 'static,
    {
        write_again_on(&self.admin, None, "begin".to_owned(), change).await
    }

    /// Like [`Self::admin`], for the agents' question alone.
    ///
    /// # Errors
    /// The problem to answer with.
    pub(crate) async fn agent<T, Q>(&self, question: Q) -> Result<T, Problem>
    where
        T: Send + 'static,
        Q: for<'c> FnOnce(&'c mut PgConnection) -> Writing<'c, T> + Clone + Send + 'static,
    {
        write_again_on(&self.agent, None, "begin read only".to_owned(), question).await
    }

    /// A session that looks up credentials, each statement by itself.
    pub(super) async fn auth_session(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        self.auth.acquire().await
    }

    /// The session that acts for nobody: for the role's own look at checkpoints, never for a
    /// request.
    pub(crate) async fn system(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        self.watch.acquire().await
    }
}

fn pool(url: &str, role: &str, sessions: u32) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(url)
        .context("DATABASE_URL")?
        .application_name("frontdesk api")
        .options([
            ("role", role),
            ("statement_timeout", STATEMENT_TIMEOUT),
            ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
            // A year of figures groups tens of thousands of buckets: in memory that takes half
            // the time it takes over temporary files.
            ("work_mem", "32MB"),
            // Its compiler costs more than any of these queries takes.
            ("jit", "off"),
        ]);
    Ok(PgPoolOptions::new()
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
        .connect_lazy_with(options))
}

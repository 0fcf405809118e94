//! The pools, for each database role and for what must not wait for the others, and what every session
//! in them is set to.
//!
//! A read that has a session runs to its end, also when whoever asked has hung up. Dropped in the
//! middle it could leave its transaction open behind the driver's back (the driver counts a
//! transaction only when the answer to `begin` has come), and whoever got that session next would
//! read an old snapshot under somebody else's settings.

use anyhow::Context as _;
use futures::future::BoxFuture;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{any::Any, num::NonZero, str::FromStr as _, sync::Arc, thread, time::Duration};
use tokio::sync::oneshot;

use super::turns::{Turn, Turns};
use crate::problem::{Problem, is_connection_trouble, is_stale_plan};
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

/// A read under way. Boxed, because the compiler cannot yet say "sendable whatever the connection's
/// lifetime" of an async closure.
pub(crate) type Reading<'c, T> = BoxFuture<'c, sqlx::Result<T>>;

/// A change under way; what goes wrong is a problem for the caller, and nothing was changed then.
pub(crate) type Writing<'c, T> = BoxFuture<'c, Result<T, Problem>>;

/// What a read or a change answers, its type set aside: all that surrounds a transaction is compiled
/// once, and not again for each of the hundred things that are asked.
type Answer = Box<dyn Any + Send>;

/// A read of any type; it may run twice.
type Question =
    Box<dyn for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<Answer>> + Send + Sync>;

/// A change of any type.
type Change =
    Box<dyn for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<Answer, Problem>> + Send>;

/// Sets the type of a read aside.
fn untyped_read<A, T, Q>(wanted: A, query: Q) -> Question
where
    A: Send + Sync + 'static,
    T: Send + 'static,
    Q: for<'c> Fn(&'c mut PgConnection, &'c A) -> Reading<'c, T> + Send + Sync + 'static,
{
    let asked = Arc::new((wanted, query));
    Box::new(move |db| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let (wanted, query) = &*asked;
            Ok(Box::new(query(db, wanted).await?) as Answer)
        })
    })
}

/// Sets the type of a change aside.
fn untyped_change<T, Q>(change: Q) -> Change
where
    T: Send + 'static,
    Q: for<'c> FnOnce(&'c mut PgConnection) -> Writing<'c, T> + Send + 'static,
{
    Box::new(move |db| {
        let changing = change(db);
        Box::pin(async move { Ok(Box::new(changing.await?) as Answer) })
    })
}

/// The answer in the type its question gives.
fn typed<T: 'static>(answer: Answer) -> T {
    *answer
        .downcast()
        .expect("an answer has the type of its question")
}

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
        let answer = write_on(&self.auth, "begin".to_owned(), untyped_change(change)).await;
        answer.map(typed)
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

/// Runs to its end also when whoever asked has hung up. Never tried again: it is for what sees no read
/// model, and those alone are swapped under a running role.
async fn write_on(pool: &PgPool, begin: String, change: Change) -> Result<Answer, Problem> {
    let mut session = pool.acquire().await?;
    to_its_end(async move { changed(&mut session, begin, change).await }).await
}

/// Like [`write_on`], and tried once more when a rebuilt schema was swapped in under the session's plans:
/// such a statement is refused before it does anything, and its transaction was rolled back. Nothing else
/// is tried again: a change whose commit was not answered may have happened.
async fn write_again_on<T, Q>(
    pool: &PgPool,
    turn: Option<Turn>,
    begin: String,
    change: Q,
) -> Result<T, Problem>
where
    T: Send + 'static,
    Q: for<'c> FnOnce(&'c mut PgConnection) -> Writing<'c, T> + Clone + Send + 'static,
{
    let tries = [untyped_change(change.clone()), untyped_change(change)];
    write_twice_on(pool, turn, begin, tries).await.map(typed)
}

async fn write_twice_on(
    pool: &PgPool,
    turn: Option<Turn>,
    begin: String,
    [first, second]: [Change; 2],
) -> Result<Answer, Problem> {
    let mut session = pool.acquire().await?;
    to_its_end(async move {
        let _turn = turn;
        match changed(&mut session, begin.clone(), first).await {
            Err(problem) if problem.is_stale_plan() => {
                tracing::debug!("changing again: the tables were replaced");
                changed(&mut session, begin, second).await
            }
            answer => answer,
        }
    })
    .await
}

async fn changed(
    session: &mut PgConnection,
    begin: String,
    change: Change,
) -> Result<Answer, Problem> {
    let mut transaction = session.begin_with(AssertSqlSafe(begin)).await?;
    match change(&mut transaction).await {
        Ok(answer) => {
            transaction.commit().await?;
            Ok(answer)
        }
        Err(problem) => {
            // Before it is told: its locks would else stand in the way of whoever tries again.
            transaction.rollback().await?;
            if problem.is_stale_plan() {
                // PostgreSQL refuses such a statement for ever, so the session must forget it.
                session.clear_cached_statements().await?;
            }
            Err(problem)
        }
    }
}

/// Runs something that must not stop in the middle, also when whoever asked has hung up.
pub(crate) async fn to_its_end<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<sqlx::Error> + Send + 'static,
{
    let (tell, told) = oneshot::channel();
    // Boxed, so that the runtime's part of it is compiled once and not for each thing there is to do.
    let work: BoxFuture<'static, ()> = Box::pin(async move {
        // Whoever hung up does not mind.
        let _ = tell.send(work.await);
    });
    if let Err(error) = tokio::spawn(work).await
        && let Ok(panic) = error.try_into_panic()
    {
        // As if it had happened here, where it is caught and logged with its request.
        std::panic::resume_unwind(panic);
    }
    // Nobody aborts it, so without an answer the process is going down.
    told.await
        .unwrap_or_else(|_| Err(sqlx::Error::PoolClosed.into()))
}

async fn read_on(
    pool: &PgPool,
    mut session: PoolConnection<Postgres>,
    begin: String,
    question: &Question,
) -> sqlx::Result<Answer> {
    let error = match run(&mut session, &begin, question).await {
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
    run(&mut session, &begin, question).await
}

async fn run(session: &mut PgConnection, begin: &str, question: &Question) -> sqlx::Result<Answer> {
    let mut transaction = session.begin_with(AssertSqlSafe(begin.to_owned())).await?;
    // Nothing was written, so nothing needs a commit. Dropped, the transaction is rolled back by a
    // message that waits for the session's next use, which is the pool's own check as it takes the
    // session back: a round trip less, and the answer does not wait for it.
    question(&mut transaction).await
}

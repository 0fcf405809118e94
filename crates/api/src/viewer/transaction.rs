//! One read or change in a transaction of its own: what opens it, that it runs to its end, and when it is
//! tried again.
//!
//! A read that has a session runs to its end, also when whoever asked has hung up. Dropped in the
//! middle it could leave its transaction open behind the driver's back (the driver counts a
//! transaction only when the answer to `begin` has come), and whoever got that session next would
//! read an old snapshot under somebody else's settings.

use super::turns::Turn;
use crate::problem::{Problem, is_connection_trouble, is_stale_plan};
use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres, pool::PoolConnection};
use std::{any::Any, sync::Arc};
use tokio::sync::oneshot;

/// A read under way. Boxed, because the compiler cannot yet say "sendable whatever the connection's
/// lifetime" of an async closure.
pub(crate) type Reading<'c, T> = BoxFuture<'c, sqlx::Result<T>>;

/// A change under way; what goes wrong is a problem for the caller, and nothing was changed then.
pub(crate) type Writing<'c, T> = BoxFuture<'c, Result<T, Problem>>;

/// What a read or a change answers, its type set aside: all that surrounds a transaction is compiled
/// once, and not again for each of the hundred things that are asked.
pub(super) type Answer = Box<dyn Any + Send>;

/// A read of any type; it may run twice.
pub(super) type Question =
    Box<dyn for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<Answer>> + Send + Sync>;

/// A change of any type.
type Change =
    Box<dyn for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<Answer, Problem>> + Send>;

/// Sets the type of a read aside.
pub(super) fn untyped_read<A, T, Q>(wanted: A, query: Q) -> Question
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
pub(super) fn typed<T: 'static>(answer: Answer) -> T {
    *answer
        .downcast()
        .expect("an answer has the type of its question")
}

/// Runs to its end also when whoever asked has hung up. Never tried again: it is for what sees no read
/// model, and those alone are swapped under a running role.
pub(super) async fn write_on<T, Q>(pool: &PgPool, begin: String, change: Q) -> Result<T, Problem>
where
    T: Send + 'static,
    Q: for<'c> FnOnce(&'c mut PgConnection) -> Writing<'c, T> + Send + 'static,
{
    let change = untyped_change(change);
    let answer = write_once(pool, begin, change).await;
    answer.map(typed)
}

async fn write_once(pool: &PgPool, begin: String, change: Change) -> Result<Answer, Problem> {
    let mut session = pool.acquire().await?;
    to_its_end(async move { changed(&mut session, begin, change).await }).await
}

/// Like [`write_on`], and tried once more when a rebuilt schema was swapped in under the session's plans:
/// such a statement is refused before it does anything, and its transaction was rolled back. Nothing else
/// is tried again: a change whose commit was not answered may have happened.
pub(super) async fn write_again_on<T, Q>(
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
    write_up_to_twice(pool, turn, begin, tries).await.map(typed)
}

async fn write_up_to_twice(
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

/// Reads, and once more when a fresh try mends what went wrong (see [`super::Database::read`]).
pub(super) async fn read_on(
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

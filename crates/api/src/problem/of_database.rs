//! What went wrong in the database, as the caller may know it.

use super::Problem;

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        /// PostgreSQL's code of a statement that ran into `statement_timeout`.
        const QUERY_CANCELLED: &str = "57014";
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        match &error {
            _ if code.as_deref() == Some(QUERY_CANCELLED) => {
                tracing::warn!(%error, "a query took too long");
                Self::unavailable("this question takes too long to answer; narrow the filters")
            }
            // Class 40: two changes waited for each other, and PostgreSQL let one go.
            _ if code.as_deref().is_some_and(|code| code.starts_with("40")) => {
                tracing::warn!(%error, "two changes waited for each other");
                Self::unavailable("somebody changed the same at the same moment; try again")
            }
            _ if is_stale_plan(&error) => Self::stale_plan(),
            sqlx::Error::PoolTimedOut => {
                tracing::warn!("no database connection became free in time");
                Self::unavailable("too many questions at once")
            }
            _ if is_connection_trouble(&error) => {
                tracing::warn!(%error, "the database is away");
                Self::unavailable("the database is away")
            }
            _ => {
                tracing::error!(%error, "a query failed");
                Self::internal()
            }
        }
    }
}

/// Whether the connection and not the statement is at fault: shutdown, crash, broken socket.
pub(crate) fn is_connection_trouble(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // Class 08 is about connections; 57P01–57P03 say that the server stops or starts; 53300
        // that it has no place left.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P0") || code == "53300"
        }),
        _ => false,
    }
}

/// Whether PostgreSQL refused a prepared statement because its columns changed type.
pub(crate) fn is_stale_plan(error: &sqlx::Error) -> bool {
    /// feature_not_supported; the message tells the cases apart.
    const CODE: &str = "0A000";
    error.as_database_error().is_some_and(|error| {
        error.code().as_deref() == Some(CODE)
            && error
                .message()
                .contains("cached plan must not change result type")
    })
}

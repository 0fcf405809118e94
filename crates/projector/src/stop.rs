//! Why a run of the engine ended before it was told to, sorted by what helps.

use frontdesk_events::nats::ReadError;
use tokio_postgres::error::SqlState;

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// A server is away or does not answer. Helps: patience, then again from the checkpoint.
    #[error("{0:#}")]
    Lost(anyhow::Error),
    /// Another writer moved the checkpoints, or the schema was swapped. Helps: again at once.
    #[error("another writer moved the checkpoints")]
    Raced,
    /// Something in this batch cannot be folded or written. Helps: smaller batches, until the
    /// event is found that must leave.
    #[error("{reason}")]
    Data {
        /// Why.
        reason: String,
        /// The batch's last sequence.
        last: u64,
        /// How many events it held.
        events: usize,
    },
    /// Nothing helps but an operator, who may put it right at any time.
    #[error("{0}")]
    Halt(String),
    /// Too many dead letters. Nothing helps but another program.
    #[error("{0}")]
    Storm(String),
}

/// What a database error calls for.
pub(crate) enum Verdict {
    Lost,
    Raced,
    Data,
    Halt,
}

/// Sorts a database error by its SQLSTATE class.
pub(crate) fn verdict(error: &tokio_postgres::Error) -> Verdict {
    let Some(state) = error.code().map(SqlState::code) else {
        return Verdict::Lost;
    };
    match state.get(..2) {
        // Serialisation failure or deadlock: the other one has won.
        Some("40") => Verdict::Raced,
        // Data exception, cardinality or constraint violation, a limit exceeded.
        Some("21" | "22" | "23" | "54") => Verdict::Data,
        // Syntax, missing tables or rights: another version's schema, or none.
        Some("42" | "3F") => Verdict::Halt,
        _ => Verdict::Lost,
    }
}

impl From<tokio_postgres::Error> for Stop {
    fn from(error: tokio_postgres::Error) -> Self {
        match verdict(&error) {
            Verdict::Raced => Self::Raced,
            Verdict::Halt => Self::Halt(format!("the database refuses: {}", words(&error))),
            Verdict::Lost | Verdict::Data => Self::Lost(anyhow::anyhow!("{}", words(&error))),
        }
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Lost(error.into())
    }
}

/// A database error in its own words: the client's `Display` says "db error" and no more.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => format!("{:#}", anyhow::Error::msg(error.to_string())),
    }
}

//! Ends streams whose right to listen is over: signed out, suspended, removed, moved to another account, a key or
//! token that was revoked or has run out.
//!
//! Whatever ended it may have happened in another process, so the tables are asked, for all listeners of this
//! process at once. Nobody has to remember to tell us.

use super::listeners::{Listeners, heard_by};
use crate::viewer::{Database, Viewer, look_again};
use frontdesk_process::clock;
use std::time::Duration;

/// How often. A stream outlives its right by this, and the moment the look takes.
const EVERY: Duration = Duration::from_secs(2);

/// When nobody's right could be confirmed for this long, all streams end: whoever comes back is let in as
/// with any request, or told to wait while the database is away.
const UNSURE: Duration = Duration::from_secs(20);

/// Looks for ever.
pub(super) async fn watch(database: Database, listeners: &Listeners) {
    let mut round = tokio::time::interval(EVERY);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sure = clock::monotonic();
    loop {
        round.tick().await;
        match look(&database, listeners).await {
            Ok(()) => sure = clock::monotonic(),
            Err(error) if clock::monotonic() - sure < UNSURE => {
                tracing::debug!(%error, "rights of listeners not confirmed this time");
            }
            Err(error) => {
                tracing::warn!(%error, "rights of listeners could not be confirmed; their streams end");
                for (number, _) in listeners.viewers() {
                    listeners.end(number);
                }
            }
        }
    }
}

async fn look(database: &Database, listeners: &Listeners) -> sqlx::Result<()> {
    let (numbers, viewers): (Vec<u64>, Vec<Viewer>) = listeners.viewers().into_iter().unzip();
    let again = look_again(database, &viewers, clock::now()).await?;
    for ((number, before), now) in numbers.into_iter().zip(&viewers).zip(again) {
        // Whoever would be told more or otherwise must come again.
        if now.is_none_or(|now| heard_by(&now) != heard_by(before)) {
            listeners.end(number);
        }
    }
    Ok(())
}

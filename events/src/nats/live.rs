//! The live channel: which rows changed, told over core NATS after the commit.
//!
//! It is a hint and may be lost; whoever listens asks the API again. It carries ids only.

use super::connection::Connection;
use crate::subject;
use futures::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// At most this many ids travel in one change; a larger change is told as several.
pub const MOST_IDS: usize = 500;

/// What kind of rows changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// Calls; ids are call ids.
    Calls,
    /// Subscriptions, invoices and payments; ids are the provider's.
    Billing,
}

/// Rows of one user that changed in one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Whose rows; `None` while nobody owns them.
    pub user: Option<Uuid>,
    /// What kind.
    pub topic: Topic,
    /// Which.
    pub ids: Vec<String>,
}

impl Connection {
    /// Tells the listeners of a user. A failure is not an error of the caller's: rows and
    /// checkpoint are committed, and listeners refetch when they reconnect.
    pub async fn tell(&self, change: &Change) {
        let user = change.user.map(|user| user.to_string());
        let payload = serde_json::to_vec(change).expect("a change is plain data");
        if let Err(error) = self
            .client
            .publish(subject::live(user.as_deref()), payload.into())
            .await
        {
            tracing::debug!(%error, "live change not told");
        }
    }

    /// Everything told from now on, for all users. Ends when the connection is closed.
    ///
    /// # Errors
    /// When the subscription cannot be made.
    pub async fn listen(
        &self,
    ) -> anyhow::Result<impl Stream<Item = Change> + Send + Unpin + use<>> {
        let messages = self.client.subscribe("live.*").await?;
        Ok(Box::pin(messages.filter_map(async |message| {
            serde_json::from_slice(&message.payload).ok()
        })))
    }
}

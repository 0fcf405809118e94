//! Facts about accounts, written with the change they tell of. The relay brings them into the stream
//! ACCOUNTS; nothing else learns of a change.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// A fact. `data` holds ids and what changed, never an address, a caller's number or a secret: a
/// stream forgets nothing.
#[derive(Debug)]
pub(crate) struct Fact<'a> {
    /// The CloudEvents type (`frontdesk_events::catalogue::account`).
    pub(crate) kind: &'a str,
    /// Whose facts keep their order: the user, or the sign-up that is not one yet.
    pub(crate) of: Uuid,
    /// What it is about: the CloudEvents subject.
    pub(crate) subject: Uuid,
    pub(crate) data: Value,
}

impl<'a> Fact<'a> {
    /// A fact whose data is the catalogue's type of this kind.
    pub(crate) fn about(kind: &'a str, of: Uuid, subject: Uuid, data: &impl Serialize) -> Self {
        Self {
            kind,
            of,
            subject,
            data: serde_json::to_value(data).expect("the catalogue's types are plain data"),
        }
    }

    /// A fact about a user, in the order of theirs.
    pub(crate) fn about_user(kind: &'a str, user: Uuid, data: &impl Serialize) -> Self {
        Self::about(kind, user, user, data)
    }
}

/// Writes a fact down. It is published once the transaction commits, and never otherwise.
pub(crate) async fn record(
    db: &mut PgConnection,
    at: DateTime<Utc>,
    fact: Fact<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into account.outbox (event_id, partition_key, kind, subject, data, occurred_at)
        values ($1, $2, $3, $4, $5, $6)",
        Uuid::new_v4(),
        fact.of,
        fact.kind,
        fact.subject.to_string(),
        fact.data,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

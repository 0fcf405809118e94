//! The record of security-relevant acts: append-only, written with the act. What is shown of it is
//! in [`entries`]; it refuses to hold addresses of others, numbers and secrets.

pub mod entries;
pub mod own;

use crate::{
    origin::Origin,
    viewer::{Means, Viewer},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Something that was done. Holds ids and words, never a secret.
#[derive(Debug)]
pub(crate) struct Act<'a> {
    /// `user.logged_in`, `key.created`, …: stable, for programs.
    pub(crate) act: &'a str,
    /// The account it concerns; none when a stranger failed at something.
    pub(crate) account: Option<Uuid>,
    pub(crate) actor: Actor,
    /// What it was done to.
    pub(crate) subject: Option<String>,
    pub(crate) detail: Value,
}

/// Who did it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor {
    person: Option<Uuid>,
    kind: &'static str,
}

impl Actor {
    /// Nobody we know.
    pub(crate) const STRANGER: Self = Self {
        person: None,
        kind: "stranger",
    };
    /// The service by itself.
    pub(crate) const SYSTEM: Self = Self {
        person: None,
        kind: "system",
    };

    /// Somebody who has just proven who they are and has no session yet.
    pub(crate) fn person(person: Uuid) -> Self {
        Self {
            person: Some(person),
            kind: "session",
        }
    }

    /// An administrator, acting as one.
    pub(crate) fn admin(viewer: &Viewer) -> Self {
        Self {
            person: Some(viewer.person()),
            kind: "admin",
        }
    }
}

impl From<&Viewer> for Actor {
    fn from(viewer: &Viewer) -> Self {
        Self {
            person: Some(viewer.person()),
            kind: match viewer.means() {
                Means::Session { .. } => "session",
                Means::Token { .. } => "token",
                Means::Key { .. } => "key",
            },
        }
    }
}

/// Writes an act down, in the transaction that does it. The service's own acts come from nowhere.
pub(crate) async fn note(
    db: &mut PgConnection,
    at: DateTime<Utc>,
    origin: impl Into<Option<&Origin>>,
    act: Act<'_>,
) -> sqlx::Result<()> {
    let origin = origin.into();
    sqlx::query!(
        "insert into account.audit (at, user_id, actor_id, actor_kind, act, subject, address, user_agent, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        at,
        act.account,
        act.actor.person,
        act.actor.kind,
        act.act,
        act.subject,
        origin.map(|origin| origin.address.to_string()),
        origin.map(|origin| origin.user_agent.as_str()),
        act.detail,
    )
    .execute(db)
    .await?;
    Ok(())
}

//! What a change of a client leaves behind: a row of its history, and a fact on its way.

use super::settings::Settings;
use crate::{
    outbox::{self, Fact},
    problem::Problem,
    viewer::Viewer,
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::catalogue::account;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{PgConnection, types::Json};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Changes of one client in a day, each of which is kept for ever with both its texts: more than anybody
/// makes by hand, and few enough that a program in a circle fills no disk.
const MOST_A_DAY: i64 = 200;

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// What it was; null when there was nothing.
    #[schema(value_type = Value)]
    pub from: Value,
    /// What it became.
    #[schema(value_type = Value)]
    pub to: Value,
}

/// The fields that changed, by name.
pub(super) type Changes = BTreeMap<String, Changed>;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChangeKind {
    /// It was made.
    Created,
    /// Its settings were edited.
    Edited,
    /// They were set back to what they were after another change, or it came back from deletion.
    Restored,
    /// It was deleted.
    Deleted,
    /// It was given a number.
    NumberAssigned,
    /// A number was taken from it.
    NumberReleased,
    /// A voice sample was uploaded or deleted.
    VoiceSample,
}

impl ChangeKind {
    /// As stored.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited => "edited",
            Self::Restored => "restored",
            Self::Deleted => "deleted",
            Self::NumberAssigned => "number_assigned",
            Self::NumberReleased => "number_released",
            Self::VoiceSample => "voice_sample",
        }
    }

    /// The fact that tells of it; numbers have facts of their own.
    fn fact(self) -> Option<&'static str> {
        match self {
            Self::Created => Some(account::CLIENT_CREATED),
            Self::Edited | Self::VoiceSample => Some(account::CLIENT_CHANGED),
            Self::Restored => Some(account::CLIENT_RESTORED),
            Self::Deleted => Some(account::CLIENT_DELETED),
            Self::NumberAssigned | Self::NumberReleased => None,
        }
    }
}

/// What differs between two settings; all of them when there was nothing before.
pub(super) fn between(before: Option<&Settings>, after: &Settings) -> Changes {
    let fields = |settings: &Settings| {
        serde_json::to_value(settings).expect("settings are plain data with string keys")
    };
    let (before, after) = (before.map_or_else(|| json!({}), fields), fields(after));
    let mut changes = Changes::new();
    for (name, to) in after.as_object().into_iter().flatten() {
        let from = &before[name];
        if from != to {
            changes.insert(
                name.clone(),
                Changed {
                    from: from.clone(),
                    to: to.clone(),
                },
            );
        }
    }
    changes
}

/// One field that is no setting.
pub(super) fn of_one(name: &str, from: impl Serialize, to: impl Serialize) -> Changes {
    let changed = Changed {
        from: json!(from),
        to: json!(to),
    };
    Changes::from([(name.to_owned(), changed)])
}

/// Whether the client may be changed once more today. Under the account's lock. Not asked for what takes
/// something away (deletion, release): that comes no oftener than what gives it.
///
/// # Errors
/// 429.
pub(super) async fn allow_another(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    client: Uuid,
) -> Result<(), Problem> {
    // From the end of the index, so that a long history costs no more than a short one.
    let last_but_most = sqlx::query_scalar!(
        "select at from account.client_changes where client_id = $1 order by id desc offset $2 limit 1",
        client,
        MOST_A_DAY - 1,
    )
    .fetch_optional(db)
    .await?;
    match last_but_most {
        Some(at) if now - at < TimeDelta::days(1) => Err(Problem::too_many(
            3600,
            "this client was changed two hundred times within a day",
        )),
        _ => Ok(()),
    }
}

/// Writes down that a client was changed: for its owners, and as a fact.
pub(super) async fn write_down(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    client: Uuid,
    kind: ChangeKind,
    changes: &Changes,
    settings: &Settings,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into account.client_changes (user_id, client_id, at, by_user, kind, changes, snapshot)
        values ($1, $2, $3, $4, $5, $6, $7)",
        viewer.account(),
        client,
        now,
        viewer.person(),
        kind.word(),
        Json(changes) as _,
        Json(settings) as _,
    )
    .execute(&mut *db)
    .await?;
    let Some(fact) = kind.fact() else {
        return Ok(());
    };
    let told = account::Client {
        user_id: viewer.account(),
        client_id: client,
        // Names alone: what people write stays in the database, where it can be erased.
        changes: changes.keys().cloned().collect(),
    };
    record(db, viewer, now, client, fact, json!(told)).await
}

/// Writes down that a number came to a client or left it.
pub(super) async fn tell_of_number(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    client: Uuid,
    fact: &str,
    number: &str,
) -> sqlx::Result<()> {
    let told = account::Number {
        user_id: viewer.account(),
        client_id: client,
        number: number.to_owned(),
    };
    record(db, viewer, now, client, fact, json!(told)).await
}

async fn record(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    client: Uuid,
    kind: &str,
    data: Value,
) -> sqlx::Result<()> {
    let fact = Fact {
        kind,
        of: viewer.account(),
        subject: client,
        data,
    };
    outbox::record(db, now, fact).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str) -> Settings {
        let text = json!({
            "name": name, "profession": "dentist", "time_zone": "UTC", "voice": "warm", "greeting": "",
            "instructions": "", "hours": {}, "transfer_number": null,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn only_what_differs_is_told() {
        let (one, other) = (settings("A"), settings("B"));
        assert!(between(Some(&one), &one).is_empty());
        let changes = between(Some(&one), &other);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes["name"].from, "A");
        assert_eq!(changes["name"].to, "B");
        let made = between(None, &one);
        assert_eq!(made["name"].from, Value::Null);
        assert!(made.contains_key("hours") && !made.contains_key("transfer_number"));
    }
}

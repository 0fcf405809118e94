//! A client as it is stored, with the numbers it has now.
//!
//! Row-level security shows the account's own rows of the numbers' history, released ones included.
//! Nobody can take a number that was not released, and the release is among those rows; so the last of
//! them says whether the number is still here, without a look at anybody else's.

use super::{Client, ListedClient, VoiceSample, hours::Hours, settings::Settings};
use crate::moment::Moment;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// A row of `account.clients`.
#[derive(Debug, Clone)]
pub(super) struct ClientRow {
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) name: String,
    pub(super) profession: String,
    pub(super) time_zone: String,
    pub(super) voice: String,
    pub(super) greeting: String,
    pub(super) instructions: String,
    pub(super) hours: Json<Hours>,
    pub(super) transfer_number: Option<String>,
    pub(super) voice_sample: Option<Json<StoredSample>>,
    pub(super) numbers: Vec<String>,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) deleted_at: Option<DateTime<Utc>>,
}

/// The voice sample a row names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredSample {
    /// Where it lies in the file store.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) bytes: i64,
    pub(super) uploaded_at: DateTime<Utc>,
}

/// What is deleted is listed to be brought back, and whoever looks for one looks among the latest.
const MOST_DELETED: i64 = 100;

/// Clients as `$kind`: the columns that every kind has, and `$more`.
macro_rules! select_clients {
    ($kind:ident, $more:literal, $which:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_as!(
            $kind,
            r#"with last as (
                select distinct on (number) number, client_id
                from account.number_assignments
                order by number, assigned_at desc, id desc
            ), held as (
                -- Gathered once: a look for each client would walk the history for each of them.
                select client_id, array_agg(number order by number) as numbers
                from last where client_id is not null group by client_id
            )
            select c.id, c.user_id, c.name, c.profession, c.time_zone, c.voice,
                c.hours as "hours: Json<Hours>", c.transfer_number,
                coalesce(held.numbers, '{}') as "numbers!", c.version, "# + $more + r#"
            from account.clients c left join held on held.client_id = c.id "# + $which
            $(, $value)*
        )
    };
}

/// Without the texts: their lengths are known without reading them.
macro_rules! list_clients {
    ($which:literal $(, $value:expr)* $(,)?) => {
        select_clients!(
            ListedClient,
            r#"octet_length(c.greeting) > 0 as "has_greeting!",
                octet_length(c.instructions) > 0 as "has_instructions!",
                c.created_at as "created_at: Moment", c.updated_at as "updated_at: Moment""#,
            $which
            $(, $value)*
        )
    };
}

macro_rules! select_whole_clients {
    ($which:literal $(, $value:expr)* $(,)?) => {
        select_clients!(
            ClientRow,
            r#"c.greeting, c.instructions, c.voice_sample as "voice_sample: Json<StoredSample>",
                c.created_at, c.updated_at, c.deleted_at"#,
            $which
            $(, $value)*
        )
    };
}

/// The clients that are not deleted, by name.
pub(super) async fn all(db: &mut PgConnection) -> sqlx::Result<Vec<ListedClient>> {
    list_clients!("where c.deleted_at is null order by lower(c.name), c.id")
        .fetch_all(db)
        .await
}

/// Those deleted since, the last one first.
pub(super) async fn deleted(
    db: &mut PgConnection,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<ListedClient>> {
    list_clients!(
        "where c.deleted_at >= $1 order by c.deleted_at desc, c.id limit $2",
        since,
        MOST_DELETED,
    )
    .fetch_all(db)
    .await
}

/// One that is not deleted.
pub(super) async fn one(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<ClientRow>> {
    select_whole_clients!("where c.id = $1 and c.deleted_at is null", id)
        .fetch_optional(db)
        .await
}

/// One that is not deleted, or was since.
pub(super) async fn one_kept(
    db: &mut PgConnection,
    id: Uuid,
    since: DateTime<Utc>,
) -> sqlx::Result<Option<ClientRow>> {
    select_whole_clients!(
        "where c.id = $1 and (c.deleted_at is null or c.deleted_at >= $2)",
        id,
        since
    )
    .fetch_optional(db)
    .await
}

impl ClientRow {
    /// What its owner decided.
    pub(super) fn settings(&self) -> Settings {
        Settings {
            name: self.name.clone(),
            profession: self.profession.clone(),
            time_zone: self.time_zone.clone(),
            voice: self.voice.clone(),
            greeting: self.greeting.clone(),
            instructions: self.instructions.clone(),
            hours: self.hours.0.clone(),
            transfer_number: self.transfer_number.clone(),
        }
    }
}

impl From<ClientRow> for Client {
    fn from(row: ClientRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            name: row.name,
            profession: row.profession,
            time_zone: row.time_zone,
            voice: row.voice,
            greeting: row.greeting,
            instructions: row.instructions,
            hours: row.hours.0,
            transfer_number: row.transfer_number,
            voice_sample: row.voice_sample.map(|sample| VoiceSample::from(sample.0)),
            numbers: row.numbers,
            version: row.version,
            created_at: Moment(row.created_at),
            updated_at: Moment(row.updated_at),
        }
    }
}

impl From<StoredSample> for VoiceSample {
    fn from(sample: StoredSample) -> Self {
        Self {
            name: sample.name,
            r#type: sample.r#type,
            bytes: sample.bytes,
            uploaded_at: Moment(sample.uploaded_at),
        }
    }
}

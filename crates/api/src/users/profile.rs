//! `GET` and `PUT /api/users/profile`: how somebody is called, where and in which language they live,
//! and what they want to be told.

use crate::{
    Api, answer,
    body::{self, Body, Fields},
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{Problem, ReadProblems, WriteProblems},
    text,
    viewer::{Plan, Right, Viewer},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person's profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Their name: one line of 1 to 100 characters.
    #[schema(example = "Ada Lovelace", min_length = 1, max_length = 100)]
    pub name: String,
    /// IANA name.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// Language and region (BCP 47).
    #[schema(example = "en-US")]
    pub locale: String,
    /// What they want to be told by mail.
    pub notifications: Notifications,
}

/// What somebody wants to be told by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Notifications {
    /// Each call, when it is over.
    #[schema(example = false)]
    pub new_call: bool,
    /// Each call that nobody answered.
    #[schema(example = true)]
    pub missed_call: bool,
    /// Each morning, what happened the day before.
    #[schema(example = true)]
    pub daily_summary: bool,
    /// A payment that did not go through.
    #[schema(example = true)]
    pub payment_trouble: bool,
}
body::only_as_object!(Notifications);

/// Shows the profile of who is signed in.
#[utoipa::path(
    get, operation_id = "show_profile", path = "/api/users/profile", tag = "users",
    responses((status = 200, description = "The profile", body = Profile), ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let person = viewer.person();
    let profile = viewer
        .read(api.database(), Plan::Fixed, person, |db, person| {
            Box::pin(read(db, *person))
        })
        .await?;
    Ok(answer::json(answer::written(&profile, 256)))
}

/// Changes the profile of who is signed in.
#[utoipa::path(
    put, operation_id = "change_profile", path = "/api/users/profile", tag = "users", request_body = Profile,
    responses((status = 200, description = "The profile as it is now", body = Profile), WriteProblems)
)]
pub async fn change(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
    Body(wanted): Body<Profile>,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let wanted = checked(wanted)?;
    let (person, now) = (viewer.person(), clock::now());
    let profile = viewer
        .write(api.database(), move |db| {
            Box::pin(async move {
                save(db, now, person, &wanted).await?;
                Ok(wanted)
            })
        })
        .await?;
    Ok(answer::json(answer::written(&profile, 256)))
}

fn checked(given: Profile) -> Result<Profile, Problem> {
    let mut fields = Fields::default();
    let name = fields.take("name", given.name, text::name);
    let time_zone = fields.take("time_zone", given.time_zone, text::time_zone);
    let locale = fields.take("locale", given.locale, text::locale);
    fields.finish()?;
    // Nothing is missing once nothing was refused.
    Ok(Profile {
        name: name.unwrap_or_default(),
        time_zone: time_zone.unwrap_or_default(),
        locale: locale.unwrap_or_default(),
        notifications: given.notifications,
    })
}

async fn save(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    person: Uuid,
    wanted: &Profile,
) -> Result<(), Problem> {
    // Two changes at once would each tell of the other's fields.
    sqlx::query!(
        "select from account.users where id = $1 for no key update",
        person
    )
    .fetch_one(&mut *db)
    .await?;
    let changes = differences(&read(db, person).await?, wanted);
    if changes.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update account.users set name = $2, time_zone = $3, locale = $4, notify_new_call = $5,
            notify_missed_call = $6, notify_daily_summary = $7, notify_payment_trouble = $8
        where id = $1",
        person,
        wanted.name,
        wanted.time_zone,
        wanted.locale,
        wanted.notifications.new_call,
        wanted.notifications.missed_call,
        wanted.notifications.daily_summary,
        wanted.notifications.payment_trouble,
    )
    .execute(&mut *db)
    .await?;
    let changed = account::Profile {
        user_id: person,
        changes,
    };
    let fact = Fact::about(account::PROFILE_CHANGED, person, person, &changed);
    Ok(outbox::record(db, now, fact).await?)
}

async fn read(db: &mut PgConnection, person: Uuid) -> sqlx::Result<Profile> {
    let row = sqlx::query!(
        "select name, time_zone, locale, notify_new_call, notify_missed_call, notify_daily_summary,
            notify_payment_trouble
        from account.users where id = $1",
        person,
    )
    .fetch_one(db)
    .await?;
    Ok(Profile {
        name: row.name,
        time_zone: row.time_zone,
        locale: row.locale,
        notifications: Notifications {
            new_call: row.notify_new_call,
            missed_call: row.notify_missed_call,
            daily_summary: row.notify_daily_summary,
            payment_trouble: row.notify_payment_trouble,
        },
    })
}

/// The names of what differs, as the fact lists them.
fn differences(before: &Profile, after: &Profile) -> Vec<String> {
    let differs = [
        ("name", before.name != after.name),
        ("time_zone", before.time_zone != after.time_zone),
        ("locale", before.locale != after.locale),
        ("notifications", before.notifications != after.notifications),
    ];
    let names = differs.into_iter().filter(|(_, differs)| *differs);
    names.map(|(name, _)| name.to_owned()).collect()
}

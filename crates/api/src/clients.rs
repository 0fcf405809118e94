//! Clients: one is a receptionist for one business, with what it says and when, and its numbers.
//!
//! Everything that changes a client goes the same way: one transaction takes the account's [`lock`],
//! looks, changes, and writes down what it changed ([`change`]) and that it did (outbox, audit). So two
//! changes of one account never cross, and of two that contradict each other the second is told.
//!
//! Reading order: [`settings`] (what an owner decides, and its rules), [`row`] (a client as stored),
//! [`create`], [`edit`], [`delete`], [`history`] (with restore), [`numbers`], [`sample`], [`figures`];
//! [`professions`] and [`voices`] are what there is to choose from.

mod change;
pub mod create;
pub mod delete;
pub mod edit;
pub mod figures;
pub mod history;
pub mod hours;
pub(crate) mod lock;
pub mod numbers;
pub mod professions;
mod row;
pub mod sample;
pub mod settings;
mod sound;
pub mod voices;

use crate::{
    Api, answer,
    moment::Moment,
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, ReadProblems, Unchanged},
    viewer::{Plan, Right, Viewer},
};
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use chrono::TimeDelta;
use frontdesk_process::clock;
use hours::Hours;
use serde::Serialize;
use sqlx::types::Json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How long a deleted client can be brought back.
pub(crate) const KEPT: TimeDelta = TimeDelta::days(30);

/// One receptionist for one business.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "018f3c1e-0000-7000-8000-000000000001",
    "user_id": "018f3c1e-0000-7000-8000-000000000000",
    "name": "Bright Smile Dental",
    "profession": "dentist",
    "time_zone": "America/New_York",
    "voice": "warm",
    "greeting": "Thank you for calling {business}. How can I help you today?",
    "instructions": "You answer the telephone of {business}, a dental practice.",
    "hours": {
        "monday": [{ "from": "09:00", "to": "12:30" }, { "from": "13:30", "to": "17:00" }],
        "tuesday": [], "wednesday": [], "thursday": [], "friday": [], "saturday": [], "sunday": []
    },
    "transfer_number": "+12025550123",
    "voice_sample": null,
    "numbers": ["+12025550147"],
    "version": 3,
    "created_at": "2026-11-23T09:30:00.000Z",
    "updated_at": "2026-11-24T10:00:00.000Z"
}))]
pub struct Client {
    /// Its id.
    pub id: Uuid,
    /// The account it belongs to: the user who pays for it.
    pub user_id: Uuid,
    /// The business's name; no two clients of an account have the same.
    pub name: String,
    /// What the business does: the id of a profession, or own words.
    pub profession: String,
    /// IANA name.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// The id of a voice.
    pub voice: String,
    /// What it says first. `{business}` and `{owner}` stand for the names of business and owner.
    pub greeting: String,
    /// How it is to speak and act; with the same placeholders.
    pub instructions: String,
    /// When the business is open, in the client's time zone.
    pub hours: Hours,
    /// Where callers who want a person are put through to, E.164.
    pub transfer_number: Option<String>,
    /// The sound its voice is modelled on.
    pub voice_sample: Option<VoiceSample>,
    /// The numbers it has now, E.164, in order.
    pub numbers: Vec<String>,
    /// Rises with each change of its settings; an edit says which version it is based on.
    pub version: i64,
    /// When it was made.
    pub created_at: Moment,
    /// When anything of it was last changed.
    pub updated_at: Moment,
}

/// A sound file that was uploaded.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceSample {
    /// What its owner calls it; never a path.
    #[schema(example = "my voice.wav")]
    pub name: String,
    /// Its media type, judged by its content.
    #[schema(example = "audio/wav")]
    pub r#type: String,
    /// Its size.
    #[schema(example = 48_000)]
    pub bytes: i64,
    /// When it was uploaded.
    pub uploaded_at: Moment,
}

/// A client as a list shows it: without its texts and its voice sample, which are shown with the client
/// itself.
// The texts of a thousand clients are up to forty megabytes, and no list shows them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "018f3c1e-0000-7000-8000-000000000001",
    "user_id": "018f3c1e-0000-7000-8000-000000000000",
    "name": "Bright Smile Dental",
    "profession": "dentist",
    "time_zone": "America/New_York",
    "voice": "warm",
    "has_greeting": true,
    "has_instructions": true,
    "hours": {
        "monday": [{ "from": "09:00", "to": "12:30" }, { "from": "13:30", "to": "17:00" }],
        "tuesday": [], "wednesday": [], "thursday": [], "friday": [], "saturday": [], "sunday": []
    },
    "transfer_number": "+12025550123",
    "numbers": ["+12025550147"],
    "version": 3,
    "created_at": "2026-11-23T09:30:00.000Z",
    "updated_at": "2026-11-24T10:00:00.000Z"
}))]
pub struct ListedClient {
    /// Its id.
    pub id: Uuid,
    /// The account it belongs to: the user who pays for it.
    pub user_id: Uuid,
    /// The business's name; no two clients of an account have the same.
    pub name: String,
    /// What the business does: the id of a profession, or own words.
    pub profession: String,
    /// IANA name.
    pub time_zone: String,
    /// The id of a voice.
    pub voice: String,
    /// Whether it has something to say first.
    pub has_greeting: bool,
    /// Whether it is told how to speak and act.
    pub has_instructions: bool,
    /// When the business is open, in the client's time zone.
    #[schema(value_type = Hours)]
    pub hours: Json<Hours>,
    /// Where callers who want a person are put through to, E.164.
    pub transfer_number: Option<String>,
    /// The numbers it has now, E.164, in order.
    pub numbers: Vec<String>,
    /// Rises with each change of its settings.
    pub version: i64,
    /// When it was made.
    pub created_at: Moment,
    /// When anything of it was last changed.
    pub updated_at: Moment,
}

/// All clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientList {
    /// By name; those that were deleted, the last one first.
    pub items: Vec<ListedClient>,
}

/// Which clients.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClientFilters {
    /// `true`: those deleted within the last 30 days instead, which can still be restored; the latest
    /// hundred of them.
    deleted: Option<bool>,
}

/// Lists clients by name, without their texts.
#[utoipa::path(
    get, operation_id = "list_clients", path = "/api/clients", tag = "clients", params(ClientFilters),
    responses((status = 200, description = "All clients, by name", body = ClientList), Unchanged, ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    mut given: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadClients)?;
    let filters = ClientFilters {
        deleted: given.take("deleted", parameters::flag),
    };
    given.finish()?;
    let kept_since = clock::now() - KEPT;
    let items = match filters.deleted {
        Some(true) => {
            let read = viewer.read(api.database(), Plan::Fixed, kept_since, |db, since| {
                Box::pin(row::deleted(db, *since))
            });
            read.await?
        }
        _ => {
            let read = viewer.read(api.database(), Plan::Fixed, (), |db, ()| {
                Box::pin(row::all(db))
            });
            read.await?
        }
    };
    Ok(answer::tagged(&headers, &ClientList { items }))
}

/// Shows one client.
#[utoipa::path(
    get, operation_id = "show_client", path = "/api/clients/{id}", tag = "clients",
    params(("id" = Uuid, Path, description = "The client")),
    responses((status = 200, description = "The client", body = Client), Unchanged, MissingProblem, ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    given: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let read = viewer.read(api.database(), Plan::Fixed, id, |db, id| {
        Box::pin(row::one(db, *id))
    });
    let client = read.await?.ok_or_else(missing)?;
    Ok(answer::tagged(&headers, &Client::from(client)))
}

/// 404 for a client that is not there, is deleted, or is somebody else's.
fn missing() -> Problem {
    Problem::not_found("there is no client with this id")
}

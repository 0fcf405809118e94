//! `GET /api/admin/health`: how the machinery stands, in one answer.
//!
//! Each part is asked beside the others and given a moment. One that does not answer is named and left
//! out; the page comes all the same, because it is looked at when something is broken.

mod parts;

use super::Administrator;
use crate::{
    Api, answer,
    freshness::Freshness,
    moment::Moment,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
};
use axum::{extract::State, response::Response};
use frontdesk_process::clock;
use parts::Parts;
use serde::Serialize;
use utoipa::ToSchema;

/// How the machinery stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminHealth {
    /// When it was looked at.
    pub at: Moment,
    /// How far the read models are behind their streams.
    pub projections: Vec<ProjectionHealth>,
    /// The streams; null when they do not answer.
    pub streams: Option<Vec<StreamHealth>>,
    /// What arrived in the last minutes, by source; null when the database does not answer.
    pub arrivals: Option<Arrivals>,
    /// Events that nobody could take; null when the streams do not answer.
    pub dead_letters: Option<DeadLetterHealth>,
    /// Facts that are not in their stream yet; null when the database does not answer.
    pub outbox: Option<OutboxHealth>,
    /// What workers have before them, by worker; null when the streams do not answer.
    pub workers: Option<Vec<WorkerHealth>>,
    /// Effects that were begun and have no outcome yet; null when the database does not answer.
    pub effects: Option<Vec<EffectHealth>>,
    /// Exports of accounts; null when the database does not answer.
    pub exports: Option<ExportHealth>,
    /// What the roles of this process need, by name. Roles in processes of their own tell theirs at
    /// their `/readyz`.
    pub conditions: Vec<ConditionHealth>,
    /// What did not answer, and why.
    pub unreachable: Vec<Unreachable>,
}

/// How far a read model is behind its stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectionHealth {
    /// `calls` or `billing`.
    #[schema(example = "calls")]
    pub name: &'static str,
    /// How current it is.
    #[serde(flatten)]
    pub freshness: Freshness,
}

/// A stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamHealth {
    /// Its name.
    #[schema(example = "CALLS")]
    pub name: &'static str,
    /// Messages in it.
    pub messages: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// How many bytes it may take before it refuses more; null when only the disk ends it.
    pub most_bytes: Option<u64>,
    /// The sequence of its oldest message.
    pub first_sequence: u64,
    /// The sequence of its newest message.
    pub last_sequence: u64,
    /// When that was stored; null when it never held one.
    pub last_stored_at: Option<Moment>,
}

/// What arrived lately.
#[derive(Debug, Serialize, ToSchema)]
pub struct Arrivals {
    /// How long the time is that is looked back on, in seconds: five minutes, less when so much
    /// arrived that looking further back would take long.
    #[schema(example = 300)]
    pub seconds: i64,
    /// By source, the busiest first. Events that the read models have; what they are behind by is not
    /// among them.
    pub sources: Vec<SourceRate>,
}

/// How much a source sends.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceRate {
    /// Who sends.
    #[schema(example = "/livekit/APIkey")]
    pub source: String,
    /// How many events arrived in that time.
    pub events: i64,
    /// How many that is a second.
    pub per_second: f64,
}

/// Events that nobody could take.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterHealth {
    /// How many.
    pub count: u64,
    /// When the newest was given up.
    pub newest_at: Option<Moment>,
    /// The commonest causes, ten at the most.
    pub groups: Vec<super::dead_letters::DeadLetterGroup>,
}

/// Facts that are not in their stream yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxHealth {
    /// How many, counted up to 10,000.
    pub waiting: i64,
    /// When the first of them happened.
    pub oldest_at: Option<Moment>,
}

/// What a worker has before it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerHealth {
    /// Its name: `mail`, `export`, `hangup`, `redrive`.
    #[schema(example = "mail")]
    pub name: String,
    /// Events it has not looked at.
    pub waiting: u64,
    /// Events it is at work on, or that wait for another try.
    pub unsettled: u64,
    /// How many of its events are dead letters.
    pub given_up: u64,
}

/// Effects that were begun and have no outcome yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct EffectHealth {
    /// Which worker's.
    #[schema(example = "mail")]
    pub effect: String,
    /// How many.
    pub open: i64,
    /// When the one was last tried that was last tried longest ago.
    pub oldest_at: Moment,
    /// The most tries any of them has had.
    pub most_attempts: i32,
    /// Why the latest try was in vain; null when none was yet.
    pub reason: Option<String>,
}

/// Exports of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportHealth {
    /// Asked for and not made yet.
    pub waiting: i64,
    /// When the first of them was asked for.
    pub oldest_at: Option<Moment>,
    /// Given up, of those that are remembered.
    pub failed: i64,
}

/// One thing a role needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConditionHealth {
    /// Its name.
    #[schema(example = "api-postgres")]
    pub name: String,
    /// Whether it is as it must be.
    pub ok: bool,
    /// Why not; empty while it is.
    pub why: String,
}

/// A part that did not answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Unreachable {
    /// The name of its field.
    #[schema(example = "streams")]
    pub part: &'static str,
    /// Why.
    pub why: String,
}

/// Shows how the machinery stands. Answers within seconds whatever is broken.
#[utoipa::path(
    get, operation_id = "show_health", path = "/api/admin/health", tag = "admin",
    responses((status = 200, description = "How everything stands, and what does not answer", body = AdminHealth), ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    _: Administrator,
    given: Parameters,
) -> Result<Response, Problem> {
    given.finish()?;
    let now = clock::now();
    let parts = Parts::ask(&api, now).await;
    let projections = [
        ("calls", api.board().calls()),
        ("billing", api.board().billing()),
    ];
    let conditions = api.health().conditions().into_iter();
    let health = AdminHealth {
        at: Moment(now),
        projections: projections
            .map(|(name, freshness)| ProjectionHealth { name, freshness })
            .into(),
        streams: parts.streams,
        arrivals: parts.arrivals,
        dead_letters: parts.dead_letters,
        outbox: parts.outbox,
        workers: parts.workers,
        effects: parts.effects,
        exports: parts.exports,
        conditions: conditions
            .map(|(name, condition)| ConditionHealth {
                name,
                ok: condition.ok,
                why: condition.why,
            })
            .collect(),
        unreachable: parts.unreachable,
    };
    Ok(answer::json(answer::written(&health, 8 * 1024)))
}

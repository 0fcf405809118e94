//! `GET /api/clients/{id}/stats`, `…/calls` and `…/revenue`: what the lists over all say, for one
//! client. A deleted client's calls and figures stay.

use super::missing;
use crate::{
    Api, answer,
    calls::{
        self, CallPage,
        filters::{CallFilters, CallPaging},
    },
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, ReadProblems},
    stats::{self, Counting, Stats, StatsFilters, revenue::Revenue},
    viewer::{Plan, Right, Viewer},
};
use axum::{
    extract::{Path, State},
    http::Uri,
    response::Response,
};
use frontdesk_process::clock;
use std::sync::Arc;
use uuid::Uuid;

/// Shows the figures of a client; `client_id` and `unassigned` are no parameters here.
#[utoipa::path(
    get, operation_id = "show_client_stats", path = "/api/clients/{id}/stats", tag = "stats",
    params(("id" = Uuid, Path, description = "The client"), StatsFilters),
    responses((status = 200, description = "The figures", body = Stats), MissingProblem, ReadProblems)
)]
pub async fn figures(
    State(api): State<Api>,
    viewer: Viewer,
    uri: Uri,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadCalls)?;
    let id = parameters::path_id("id", &id)?;
    StatsFilters::take_period(given, clock::now())?;
    require_client(&api, &viewer, id).await?;
    stats::shared(&api, &viewer, &uri, Counting::Client(id)).await
}

/// Lists the calls of a client, newest first; `client_id` and `unassigned` are no parameters here.
#[utoipa::path(
    get, operation_id = "list_client_calls", path = "/api/clients/{id}/calls", tag = "calls",
    params(("id" = Uuid, Path, description = "The client"), CallFilters, CallPaging),
    responses((status = 200, description = "A page of calls", body = CallPage), MissingProblem, ReadProblems)
)]
pub async fn calls(
    State(api): State<Api>,
    viewer: Viewer,
    uri: Uri,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadCalls)?;
    let id = parameters::path_id("id", &id)?;
    let (filters, paging) = CallFilters::take_for(given, id)?;
    require_client(&api, &viewer, id).await?;
    calls::shared(&api, &viewer, &uri, Arc::new(filters), paging).await
}

/// Shows what a client's calls earned, by local day and currency; `client_id` and `unassigned` are no
/// parameters here.
#[utoipa::path(
    get, operation_id = "show_client_revenue", path = "/api/clients/{id}/revenue", tag = "stats",
    params(("id" = Uuid, Path, description = "The client"), StatsFilters),
    responses((status = 200, description = "The revenue", body = Revenue), MissingProblem, ReadProblems)
)]
pub async fn revenue(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadCalls)?;
    let id = parameters::path_id("id", &id)?;
    let period = StatsFilters::take_period(given, clock::now())?;
    require_client(&api, &viewer, id).await?;
    let revenue = stats::revenue::of_client(&api, &viewer, period, id).await?;
    Ok(answer::json(answer::written(&revenue, 4096)))
}

/// 404 unless the account has or had this client.
async fn require_client(api: &Api, viewer: &Viewer, id: Uuid) -> Result<(), Problem> {
    let read = viewer.read(api.database(), Plan::Fixed, id, |db, id| {
        let id = *id;
        Box::pin(async move {
            sqlx::query_scalar!(
                r#"select exists (select from account.clients where id = $1) as "exists!""#,
                id
            )
            .fetch_one(db)
            .await
        })
    });
    match read.await? {
        true => Ok(()),
        false => Err(missing()),
    }
}

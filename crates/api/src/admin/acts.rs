//! `GET /api/admin/audit` and `GET /api/admin/audit.csv`: what was done in all accounts, and by
//! strangers.

use super::Administrator;
use crate::{
    Api, answer,
    audit::entries::{self, AuditFilters, AuditPage, AuditPaging, Wanted},
    csv,
    parameters::{self, Parameters},
    problem::{Problem, ReadProblems},
    viewer::Right,
};
use axum::{extract::State, response::Response};
use utoipa::IntoParams;
use uuid::Uuid;

const FILE: csv::File = csv::File {
    name: "audit.csv",
    head: entries::HEAD,
    right: Right::Administrate,
};

/// Whose acts.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditOf {
    /// Only what concerns this account.
    user_id: Option<Uuid>,
    /// Only what this person did.
    actor_id: Option<Uuid>,
}

/// Lists security-relevant acts of everybody, newest first.
#[utoipa::path(
    get, operation_id = "list_all_audit", path = "/api/admin/audit", tag = "admin", params(AuditOf, AuditFilters, AuditPaging),
    responses((status = 200, description = "A page of acts", body = AuditPage), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    _: Administrator,
    mut given: Parameters,
) -> Result<Response, Problem> {
    let wanted = wanted(&mut given);
    let paging = AuditPaging::take(&mut given);
    given.finish()?;
    let page = api
        .database()
        .admin(move |db| Box::pin(async move { Ok(entries::page(db, &wanted, paging).await?) }))
        .await?;
    let size = 256 + page.items.len() * 500;
    Ok(answer::json(answer::written(&page, size)))
}

/// Gives all of them as a file.
#[utoipa::path(
    get, operation_id = "download_all_audit", path = "/api/admin/audit.csv", tag = "admin", params(AuditOf, AuditFilters),
    responses(
        (status = 200, description = "All acts that fit, newest first, with a line of titles", content_type = "text/csv", body = String),
        ReadProblems
    )
)]
pub async fn file(
    State(api): State<Api>,
    Administrator(viewer): Administrator,
    mut given: Parameters,
) -> Result<Response, Problem> {
    let wanted = wanted(&mut given);
    given.finish()?;
    let database = api.database().clone();
    let read = move |_, below| {
        let (api, wanted) = (api.clone(), wanted.clone());
        async move {
            api.database()
                .admin(move |db| {
                    Box::pin(async move { Ok(entries::file_page(db, &wanted, below).await?) })
                })
                .await
        }
    };
    csv::answer(database, viewer, FILE, i64::MAX, read).await
}

fn wanted(given: &mut Parameters) -> Wanted {
    let of = AuditOf {
        user_id: given.take("user_id", parameters::uuid),
        actor_id: given.take("actor_id", parameters::uuid),
    };
    Wanted {
        account: of.user_id,
        actor: of.actor_id,
        hides_support: false,
        filters: AuditFilters::take(given),
    }
}

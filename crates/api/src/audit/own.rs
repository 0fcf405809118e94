//! `GET /api/audit` and `GET /api/audit.csv`: what was done in the owner's own account.

use super::entries::{self, AuditFilters, AuditPage, AuditPaging, Wanted};
use crate::{
    Api, answer, csv,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{extract::State, response::Response};

const FILE: csv::File = csv::File {
    name: "audit.csv",
    head: entries::HEAD,
    right: Right::Own,
};

/// Lists security-relevant acts in the account, newest first.
#[utoipa::path(
    get, operation_id = "list_audit", path = "/api/audit", tag = "audit", params(AuditFilters, AuditPaging),
    responses((status = 200, description = "A page of acts", body = AuditPage), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    mut given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::Own)?;
    let wanted = wanted(&viewer, &mut given);
    let paging = AuditPaging::take(&mut given);
    given.finish()?;
    let page = viewer
        .read(api.database(), Plan::ByValues, wanted, move |db, wanted| {
            Box::pin(entries::page(db, wanted, paging))
        })
        .await?;
    let size = 256 + page.items.len() * 500;
    Ok(answer::json(answer::written(&page, size)))
}

/// Gives all of them as a file.
#[utoipa::path(
    get, operation_id = "download_audit", path = "/api/audit.csv", tag = "audit", params(AuditFilters),
    responses(
        (status = 200, description = "All acts that fit, newest first, with a line of titles", content_type = "text/csv", body = String),
        ReadProblems
    )
)]
pub async fn file(
    State(api): State<Api>,
    viewer: Viewer,
    mut given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(FILE.right)?;
    let wanted = wanted(&viewer, &mut given);
    given.finish()?;
    let database = api.database().clone();
    let read = move |viewer: Viewer, below| {
        let (api, wanted) = (api.clone(), wanted.clone());
        async move {
            viewer
                .read(api.database(), Plan::ByValues, wanted, move |db, wanted| {
                    Box::pin(entries::file_page(db, wanted, below))
                })
                .await
        }
    };
    csv::answer(database, viewer, FILE, i64::MAX, read).await
}

fn wanted(viewer: &Viewer, given: &mut Parameters) -> Wanted {
    Wanted {
        account: Some(viewer.account()),
        actor: None,
        hides_support: true,
        filters: AuditFilters::take(given),
    }
}

//! `GET /api/clients`: the businesses, for the filter. Creating and changing them comes with
//! accounts.

use crate::{
    Api, answer,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// One receptionist for one business.
#[derive(Debug, Serialize, ToSchema)]
pub struct Client {
    /// Its id.
    pub id: Uuid,
    /// The account it belongs to: the user who pays for it.
    pub user_id: Uuid,
    /// The business's name.
    pub name: String,
    /// What the business does.
    pub profession: String,
    /// IANA name.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// The numbers it has now, E.164.
    pub numbers: Vec<String>,
}

/// All clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientList {
    /// By name.
    pub items: Vec<Client>,
}

/// Lists the clients that are not deleted.
#[utoipa::path(
    get, operation_id = "list_clients", path = "/api/clients", tag = "clients",
    responses((status = 200, description = "All clients, by name", body = ClientList), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadClients)?;
    given.finish()?;
    let items = viewer
        .read(api.database(), Plan::Fixed, (), |db, ()| Box::pin(read(db)))
        .await?;
    Ok(answer::tagged(&headers, &ClientList { items }))
}

async fn read(db: &mut PgConnection) -> sqlx::Result<Vec<Client>> {
    sqlx::query_as!(
        Client,
        // A number belongs to whom it was assigned last; a row without a client released it.
        r#"with owners as (
            select distinct on (number) number, client_id
            from account.number_assignments
            where assigned_at <= now()
            order by number, assigned_at desc, id desc
        )
        select c.id, c.user_id, c.name, c.profession, c.time_zone,
            coalesce((select array_agg(number order by number) from owners where client_id = c.id), '{}') as "numbers!"
        from account.clients c
        where c.deleted_at is null
        order by lower(c.name), c.id"#
    )
    .fetch_all(db)
    .await
}

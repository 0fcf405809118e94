//! `GET /api/admin/users/{id}`: one user with all an administrator needs to help them.

use super::{
    Administrator,
    clients::{self, AdminClient},
    users::{self, AdminUser},
};
use crate::{
    Api, answer,
    members::{self, Member},
    moment::Moment,
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, ReadProblems},
    subscriptions::{self, Subscription},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// One user with what belongs to them.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminUserPageOfOne {
    /// The user.
    pub user: AdminUser,
    /// How they sign in and where they live.
    pub access: AdminAccess,
    /// Their clients, deleted ones too, newest first.
    pub clients: Vec<AdminClient>,
    /// The subscription that gives access, else the latest; null when there is none.
    pub subscription: Option<Subscription>,
    /// Who has a part in their account, they themselves first.
    pub members: Vec<Member>,
    /// The accounts of others they have a part in, by name.
    pub memberships: Vec<Membership>,
}

/// How somebody signs in.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminAccess {
    /// How many browsers are signed in.
    #[schema(example = 2)]
    pub sessions: i64,
    /// How many keys of programs open the account.
    #[schema(example = 1)]
    pub keys: i64,
    /// Whether they can sign in with a password. Whoever has none and loses their provider has no way in
    /// but a new password by mail.
    pub has_password: bool,
    /// Whether signing in wants a code.
    pub second_factor: bool,
    /// Providers they sign in with.
    #[schema(example = json!(["google"]))]
    pub providers: Vec<String>,
    /// Since when they are suspended.
    pub suspended_at: Option<Moment>,
    /// IANA name.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// Language and region.
    #[schema(example = "en-US")]
    pub locale: String,
}

/// A part in somebody else's account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Membership {
    /// The account: its owner's id.
    pub account_id: Uuid,
    /// Its owner's name.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// What they are in it.
    #[schema(value_type = members::GivenRole)]
    pub role: String,
}

/// Shows one user.
#[utoipa::path(
    get, operation_id = "show_user", path = "/api/admin/users/{id}", tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "The user", body = AdminUserPageOfOne), MissingProblem, ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    _: Administrator,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let now = clock::now();
    let page = api
        .database()
        .admin(move |db| Box::pin(async move { read(db, now, id).await }))
        .await?;
    Ok(answer::json(answer::written(&page, 4096)))
}

async fn read(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    id: Uuid,
) -> Result<AdminUserPageOfOne, Problem> {
    let user = users::one(db, id).await?;
    let user = user.ok_or_else(|| Problem::not_found("there is no user with this id"))?;
    Ok(AdminUserPageOfOne {
        user,
        access: access(db, now, id).await?,
        clients: clients::of_user(db, id).await?,
        subscription: subscriptions::of_user(db, now, id).await?,
        members: members::read(db, id).await?,
        memberships: memberships(db, id).await?,
    })
}

async fn access(db: &mut PgConnection, now: DateTime<Utc>, id: Uuid) -> sqlx::Result<AdminAccess> {
    sqlx::query_as!(
        AdminAccess,
        r#"select
            (select count(*) from account.sessions where user_id = $1 and expires_at > $2) as "sessions!",
            (select count(*) from account.api_keys where account_id = $1 and revoked_at is null
                and (expires_at is null or expires_at > $2)) as "keys!",
            exists (select from account.passwords where user_id = $1) as "has_password!",
            exists (select from account.second_factors where user_id = $1 and confirmed_at is not null) as "second_factor!",
            array(select provider from account.identities where user_id = $1 order by provider) as "providers!",
            suspended_at as "suspended_at: Moment", time_zone, locale
        from account.users where id = $1"#,
        id,
        now,
    )
    .fetch_one(db)
    .await
}

async fn memberships(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Vec<Membership>> {
    sqlx::query_as!(
        Membership,
        "select m.account_id, a.name, m.role
        from account.members m join account.users a on a.id = m.account_id
        where m.user_id = $1
        order by lower(a.name), a.id",
        id,
    )
    .fetch_all(db)
    .await
}

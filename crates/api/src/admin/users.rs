//! `GET /api/admin/users`: everybody who has an account, newest first.

use super::{Administrator, LARGEST_LIMIT, USUAL_LIMIT, part};
use crate::{
    Api, answer,
    cursor::Cursor,
    moment::Moment,
    parameters::{self, Parameters},
    problem::{Problem, ReadProblems},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Somebody who has an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminUser {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// Their address.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// What they are to the service.
    #[schema(value_type = UserRole)]
    pub role: String,
    /// Where they stand.
    #[schema(value_type = UserState)]
    pub state: String,
    /// How many clients they have.
    #[schema(example = 3)]
    pub clients: i64,
    /// Since when.
    pub created_at: Moment,
    /// When one of their browsers was last seen; null when none is signed in.
    pub seen_at: Option<Moment>,
    /// When their account goes, if they asked for that.
    pub deletion_due_at: Option<Moment>,
}

/// What somebody is to the service.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// A customer.
    Owner,
    /// Runs the service.
    Admin,
}

/// Where somebody stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserState {
    /// As usual.
    Active,
    /// They asked for their account to be deleted.
    Leaving,
    /// An administrator has suspended them.
    Suspended,
    /// They are gone.
    Deleted,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminUserPage {
    /// Newest first.
    pub items: Vec<AdminUser>,
    /// What to send as `cursor` for the page that follows; null on the last one.
    pub next_cursor: Option<String>,
}

/// Which users.
#[derive(Debug, Default, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserFilters {
    /// A part of the name or the address, or the id.
    #[param(min_length = 1, max_length = 100, example = "lovelace")]
    q: Option<String>,
    /// Only these; left out, all who are not deleted.
    #[param(value_type = Option<UserState>, inline)]
    state: Option<&'static str>,
    /// Only these.
    #[param(value_type = Option<UserRole>, inline)]
    role: Option<&'static str>,
    /// How many, 1 to 100; 50 when left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Position>,
}

/// The sort key of a row that is listed by age: the page begins below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) at: DateTime<Utc>,
    pub(super) id: Uuid,
}

impl Position {
    /// Above every row.
    pub(super) const TOP: Self = Self {
        at: DateTime::<Utc>::MAX_UTC,
        id: Uuid::max(),
    };

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let cursor = Cursor::decode(text)?;
        let id = parameters::uuid(&cursor.id);
        Ok(Self {
            at: cursor.at,
            id: id.map_err(|_| "is not a cursor of this list".to_owned())?,
        })
    }

    pub(super) fn encode(at: Moment, id: Uuid) -> String {
        let id = id.to_string();
        Cursor { at: at.0, id }.encode()
    }
}

impl UserFilters {
    fn take(mut given: Parameters) -> Result<Self, Problem> {
        let states = &["active", "leaving", "suspended", "deleted"];
        let filters = Self {
            q: given.take("q", part),
            state: given.take("state", parameters::one_of(states)),
            role: given.take("role", parameters::one_of(&["owner", "admin"])),
            limit: given.take("limit", parameters::whole(1, LARGEST_LIMIT)),
            cursor: given.take("cursor", Position::parse),
        };
        given.finish()?;
        Ok(filters)
    }
}

/// Lists users.
#[utoipa::path(
    get, operation_id = "list_users", path = "/api/admin/users", tag = "admin", params(UserFilters),
    responses((status = 200, description = "A page of users", body = AdminUserPage), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    _: Administrator,
    given: Parameters,
) -> Result<Response, Problem> {
    let filters = UserFilters::take(given)?;
    let limit = filters.limit.unwrap_or(USUAL_LIMIT);
    let mut items = api
        .database()
        .admin(move |db| Box::pin(async move { Ok(read(db, &filters, limit + 1).await?) }))
        .await?;
    let more = items.len() as i64 > limit;
    items.truncate(limit as usize);
    let last = items.last().filter(|_| more);
    let next_cursor = last.map(|last| Position::encode(last.created_at, last.id));
    let size = 256 + items.len() * 400;
    Ok(answer::json(answer::written(
        &AdminUserPage { items, next_cursor },
        size,
    )))
}

/// What all queries of users select: what one row shows.
macro_rules! select_users {
    ($from:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            AdminUser,
            r#"select u.id as "id!", u.name as "name!", u.email as "email!", u.role as "role!", state as "state!",
                (select count(*) from account.clients c where c.user_id = u.id and c.deleted_at is null) as "clients!",
                u.created_at as "created_at!: Moment",
                (select max(s.seen_at) from account.sessions s where s.user_id = u.id) as "seen_at?: Moment",
                u.deletion_due_at as "deletion_due_at?: Moment"
            from account.users u
            cross join lateral (select case
                when u.deleted_at is not null then 'deleted'
                when u.suspended_at is not null then 'suspended'
                when u.deletion_due_at is not null then 'leaving'
                else 'active' end as state) standing
            "# + $from,
            $($argument),*
        )
    };
}

async fn read(
    db: &mut PgConnection,
    filters: &UserFilters,
    limit: i64,
) -> sqlx::Result<Vec<AdminUser>> {
    let below = filters.cursor.unwrap_or(Position::TOP);
    select_users!(
        "where (u.created_at, u.id) < ($1, $2)
            and ($3::text is null or strpos(lower(u.name), lower($3)) > 0 or strpos(lower(u.email), lower($3)) > 0
                or u.id::text = lower($3))
            and case when $4::text is null then state <> 'deleted' else state = $4 end
            and ($5::text is null or u.role = $5)
        order by u.created_at desc, u.id desc
        limit $6",
        below.at,
        below.id,
        filters.q,
        filters.state,
        filters.role,
        limit,
    )
    .fetch_all(db)
    .await
}

/// One of them, deleted ones too.
pub(super) async fn one(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<AdminUser>> {
    select_users!("where u.id = $1", id)
        .fetch_optional(db)
        .await
}

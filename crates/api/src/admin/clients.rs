//! `GET /api/admin/clients`: the clients of all users, newest first.

use super::{Administrator, LARGEST_LIMIT, USUAL_LIMIT, part, users::Position};
use crate::{
    Api, answer,
    moment::Moment,
    parameters::{self, Parameters},
    problem::{Problem, ReadProblems},
};
use axum::{extract::State, response::Response};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// One receptionist for one business, as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminClient {
    /// Its id.
    pub id: Uuid,
    /// The business's name.
    #[schema(example = "Bright Smile")]
    pub name: String,
    /// What the business does.
    #[schema(example = "dentist")]
    pub profession: String,
    /// Whose it is.
    pub owner: ClientOwner,
    /// The numbers it has now, E.164.
    #[schema(example = json!(["+12025550147"]))]
    pub numbers: Vec<String>,
    /// Since when.
    pub created_at: Moment,
    /// Since when it is deleted.
    pub deleted_at: Option<Moment>,
}

/// Whose a client is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientOwner {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// Their address.
    #[schema(example = "ada@example.com")]
    pub email: String,
}

/// A page of clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminClientPage {
    /// Newest first.
    pub items: Vec<AdminClient>,
    /// What to send as `cursor` for the page that follows; null on the last one.
    pub next_cursor: Option<String>,
}

/// Which clients.
#[derive(Debug, Default, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClientFilters {
    /// A part of the business's name, of a number it has, or of its owner's name or address; or its id.
    #[param(min_length = 1, max_length = 100, example = "bright")]
    q: Option<String>,
    /// How many, 1 to 100; 50 when left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Position>,
}

/// Lists clients that are not deleted.
#[utoipa::path(
    get, operation_id = "list_all_clients", path = "/api/admin/clients", tag = "admin", params(ClientFilters),
    responses((status = 200, description = "A page of clients", body = AdminClientPage), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    _: Administrator,
    mut given: Parameters,
) -> Result<Response, Problem> {
    let filters = ClientFilters {
        q: given.take("q", part),
        limit: given.take("limit", parameters::whole(1, LARGEST_LIMIT)),
        cursor: given.take("cursor", Position::parse),
    };
    given.finish()?;
    let limit = filters.limit.unwrap_or(USUAL_LIMIT);
    let mut rows = api
        .database()
        .admin(move |db| Box::pin(async move { Ok(read(db, &filters, limit + 1).await?) }))
        .await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| more);
    let next_cursor = last.map(|last| Position::encode(last.created_at, last.id));
    let items: Vec<AdminClient> = rows.into_iter().map(AdminClient::from).collect();
    let size = 256 + items.len() * 400;
    Ok(answer::json(answer::written(
        &AdminClientPage { items, next_cursor },
        size,
    )))
}

struct Row {
    id: Uuid,
    name: String,
    profession: String,
    user_id: Uuid,
    user_name: String,
    user_email: String,
    numbers: Vec<String>,
    created_at: Moment,
    deleted_at: Option<Moment>,
}

impl From<Row> for AdminClient {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            profession: row.profession,
            owner: ClientOwner {
                id: row.user_id,
                name: row.user_name,
                email: row.user_email,
            },
            numbers: row.numbers,
            created_at: row.created_at,
            deleted_at: row.deleted_at,
        }
    }
}

/// What all queries of clients select. A number belongs to whom it was assigned last.
macro_rules! select_clients {
    ($from:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select c.id as "id!", c.name as "name!", c.profession as "profession!", u.id as "user_id!",
                u.name as "user_name!", u.email as "user_email!", numbers as "numbers!",
                c.created_at as "created_at!: Moment", c.deleted_at as "deleted_at?: Moment"
            from account.clients c
            join account.users u on u.id = c.user_id
            cross join lateral (select array(
                select number from (
                    select distinct on (number) number, client_id from account.number_assignments
                    where user_id = c.user_id
                    order by number, assigned_at desc, id desc
                ) last
                where client_id = c.id
                order by number) as numbers) held
            "# + $from,
            $($argument),*
        )
    };
}

async fn read(
    db: &mut PgConnection,
    filters: &ClientFilters,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let below = filters.cursor.unwrap_or(Position::TOP);
    select_clients!(
        "where c.deleted_at is null and (c.created_at, c.id) < ($1, $2)
            and ($3::text is null or strpos(lower(c.name), lower($3)) > 0 or strpos(lower(u.name), lower($3)) > 0
                or strpos(lower(u.email), lower($3)) > 0 or c.id::text = lower($3)
                or exists (select from unnest(numbers) as number where strpos(number, $4) > 0))
        order by c.created_at desc, c.id desc
        limit $5",
        below.at,
        below.id,
        filters.q,
        filters.q.as_deref().and_then(digits),
        limit,
    )
    .fetch_all(db)
    .await
}

/// What is looked for as a part of a number: its digits, when it is nothing else.
fn digits(q: &str) -> Option<String> {
    let written = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')');
    let digits: String = q.chars().filter(|c| !written(*c)).collect();
    let rest = digits.strip_prefix('+').unwrap_or(&digits);
    let is_number = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(digits)
}

/// All of one user's, deleted ones too.
pub(super) async fn of_user(db: &mut PgConnection, user: Uuid) -> sqlx::Result<Vec<AdminClient>> {
    let rows = select_clients!(
        "where c.user_id = $1 order by c.created_at desc, c.id desc limit 200",
        user
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(AdminClient::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for (given, found) in [
            ("+1 (202) 555-0147", Some("+12025550147")),
            ("0147", Some("0147")),
            ("555.01", Some("55501")),
            ("Studio 54", None),
            ("+", None),
            ("-", None),
        ] {
            assert_eq!(digits(given).as_deref(), found, "{given:?}");
        }
    }
}

//! `GET /api/auth/me`: who is signed in, for which account, and which others they may act for.
//!
//! Log-in, sign-up, switching and joining an account answer the same, so a page never asks twice who
//! its user is.

use crate::{
    Api, answer,
    moment::Moment,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    users::email,
    viewer::{Means, PROOF_LASTS, Right, Role, Viewer},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The person.
    pub user: Person,
    /// The account they act for now.
    pub account: Account,
    /// All they may act for: their own first, then by name.
    pub accounts: Vec<Account>,
    /// The browser's session; null for a program's access token.
    pub session: Option<Session>,
    /// Whether they can sign in with a password.
    pub has_password: bool,
    /// Whether signing in wants a code as well.
    pub second_factor: bool,
    /// What is left of their recovery codes; null where signing in wants no code.
    pub recovery_codes: Option<CodesLeft>,
    /// The address they asked for and have not proven yet; null for a program's access token.
    pub email_change: Option<email::Pending>,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MePerson)]
pub struct Person {
    /// Their id, which is also that of their own account.
    pub id: Uuid,
    /// Their name.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// Their proven address.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// `owner`, or `admin` for who runs the service.
    #[schema(example = "owner")]
    pub role: String,
    /// IANA name.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// Language and region.
    #[schema(example = "en-US")]
    pub locale: String,
    /// When their account goes, if they asked for that.
    pub deletion_due_at: Option<Moment>,
}

/// An account a person may act for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = MeAccount)]
pub struct Account {
    /// Its owner's id.
    pub id: Uuid,
    /// Its owner's name.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// `owner`, `manager` or `reader`.
    #[schema(example = "owner")]
    pub role: String,
}

/// Recovery codes that open once more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MeRecoveryCodes)]
pub struct CodesLeft {
    /// How many of them were not used.
    #[schema(example = 7)]
    pub left: i64,
    /// How many there were.
    #[schema(example = 10)]
    pub of: i64,
}

/// The session of this browser.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MeSession)]
pub struct Session {
    /// Its id in the list of sessions.
    pub id: Uuid,
    /// How it began: `password`, `google`, `github`, `signup`.
    #[schema(example = "password")]
    pub method: String,
    /// Until when dangerous acts are allowed without showing a password or code again.
    pub proven_until: Moment,
}

/// Whom a [`Me`] is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub(crate) person: Uuid,
    pub(crate) account: Uuid,
    pub(crate) session: Option<Uuid>,
}

impl From<&Viewer> for Who {
    fn from(viewer: &Viewer) -> Self {
        Self {
            person: viewer.person(),
            account: viewer.account(),
            session: match viewer.means() {
                Means::Session { id, .. } => Some(*id),
                Means::Token { .. } | Means::Key { .. } => None,
            },
        }
    }
}

/// Says who is signed in.
#[utoipa::path(
    get, operation_id = "show_me", path = "/api/auth/me", tag = "auth",
    responses((status = 200, description = "Who is signed in", body = Me), ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let (who, now) = (Who::from(&viewer), clock::now());
    let me = api
        .database()
        .auth(move |db| Box::pin(read(db, who, now)))
        .await?;
    Ok(answer::json(answer::written(&me, 1024)))
}

/// Reads it, in the role that finds out who somebody is: a person's accounts are other tenants' rows.
///
/// # Errors
/// 401 when they are gone meanwhile.
pub(crate) async fn read(
    db: &mut PgConnection,
    who: Who,
    now: DateTime<Utc>,
) -> Result<Me, Problem> {
    let user = sqlx::query_as!(
        Person,
        r#"select id, name, email, role, time_zone, locale, deletion_due_at as "deletion_due_at: Moment"
        from account.users where id = $1 and deleted_at is null"#,
        who.person,
    )
    .fetch_optional(&mut *db)
    .await?
    .ok_or_else(Problem::unauthorised)?;
    let accounts = accounts(db, &user).await?;
    let (session, email_change) = match who.session {
        Some(id) => (
            session(db, id).await?,
            email::pending(db, who.person, now).await?,
        ),
        None => (None, None),
    };
    let recovery_codes = codes_left(db, who.person).await?;
    Ok(Me {
        account: acting(db, &accounts, who.account).await?,
        accounts,
        session,
        has_password: has_password(db, who.person).await?,
        second_factor: recovery_codes.is_some(),
        recovery_codes,
        email_change,
        user,
    })
}

async fn accounts(db: &mut PgConnection, user: &Person) -> sqlx::Result<Vec<Account>> {
    let mut accounts = vec![Account {
        id: user.id,
        name: user.name.clone(),
        role: Role::Owner.word().to_owned(),
    }];
    let joined = sqlx::query_as!(
        Account,
        "select a.id, a.name, m.role
        from account.members m
        join account.users a on a.id = m.account_id and a.deleted_at is null and a.suspended_at is null
        where m.user_id = $1
        order by lower(a.name), a.id",
        user.id,
    )
    .fetch_all(db)
    .await?;
    accounts.extend(joined);
    Ok(accounts)
}

/// The account acted for. An administrator may look at one that is not among theirs.
async fn acting(db: &mut PgConnection, accounts: &[Account], id: Uuid) -> Result<Account, Problem> {
    if let Some(account) = accounts.iter().find(|account| account.id == id) {
        return Ok(account.clone());
    }
    let name = sqlx::query_scalar!("select name from account.users where id = $1", id)
        .fetch_optional(db)
        .await?
        .ok_or_else(Problem::unauthorised)?;
    Ok(Account {
        id,
        name,
        role: Role::Reader.word().to_owned(),
    })
}

async fn session(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Session>> {
    let row = sqlx::query!(
        "select method, proven_at from account.sessions where id = $1",
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Session {
        id,
        method: row.method,
        proven_until: Moment(row.proven_at + PROOF_LASTS),
    }))
}

pub(super) async fn has_password(db: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from account.passwords where user_id = $1) as "has!""#,
        user
    )
    .fetch_one(db)
    .await
}

/// Nothing where signing in wants no code.
async fn codes_left(db: &mut PgConnection, user: Uuid) -> sqlx::Result<Option<CodesLeft>> {
    sqlx::query_as!(
        CodesLeft,
        r#"select count(c.code_hash) filter (where c.used_at is null) as "left!", count(c.code_hash) as "of!"
        from account.second_factors f
        left join account.recovery_codes c on c.user_id = f.user_id
        where f.user_id = $1 and f.confirmed_at is not null
        group by f.user_id"#,
        user
    )
    .fetch_optional(db)
    .await
}

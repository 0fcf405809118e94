//! `/api/keys`: API keys of programs. A key is shown once and its hash kept; its first characters
//! stay readable, so that its owner knows it again.

use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    chance,
    moment::Moment,
    origin::Origin,
    outbox::{self, Fact},
    parameters::{self, Parameters},
    problem::{ConflictProblem, MissingProblem, Problem, ReadProblems, WriteProblems},
    session::{self, Secret},
    text,
    viewer::{KEY_PREFIX, Plan, Right, Scope, Viewer},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account::{KEY_CREATED, KEY_REVOKED, Key as KeyFact};
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Letters of a key that lists show. Forty bits: two keys seldom share them, and then another is
/// drawn.
const SHOWN_LETTERS: usize = 8;

/// More keys than programs that one account runs; a mistake in a loop stops here.
const MOST_KEYS: i64 = 100;

/// An API key as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Key {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    #[schema(example = "Till in the shop")]
    pub name: String,
    /// What the key begins with.
    #[schema(example = "fd_k7x2mq4a")]
    pub prefix: String,
    /// What it may be used for.
    #[schema(example = json!(["calls:read"]))]
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends; null when it does not.
    pub expires_at: Option<Moment>,
    /// When it was last used, to the minute.
    pub used_at: Option<Moment>,
}

/// The keys of the account.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    /// The newest first; none that was revoked.
    pub items: Vec<Key>,
}

/// A new key, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedKey {
    /// The key itself.
    #[schema(example = "fd_k7x2mq4a_2Yb0y9cVPiJ0o4rRNeDWmEPmFOjAgfpfnfQCvQdMn3I")]
    pub key: String,
    /// What lists show of it.
    #[serde(flatten)]
    pub shown: Key,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedKey {
    /// What to call it.
    #[schema(example = "Till in the shop")]
    name: String,
    /// Any of `calls:read`, `clients:read`, `clients:write`, `billing:read`, `agent`.
    #[schema(example = json!(["calls:read"]))]
    scopes: Vec<String>,
    /// When it ends; left out or null when it does not.
    #[schema(example = "2027-11-23T00:00:00Z", format = DateTime)]
    expires_at: Option<String>,
}

/// Lists the API keys of the account.
#[utoipa::path(
    get, operation_id = "list_keys", path = "/api/keys", tag = "keys",
    responses((status = 200, description = "The keys, the newest first", body = KeyList), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::Own)?;
    given.finish()?;
    let items = viewer
        .read(api.database(), Plan::Fixed, (), |db, ()| Box::pin(read(db)))
        .await?;
    Ok(answer::json(answer::written(&KeyList { items }, 4096)))
}

/// Makes an API key.
#[utoipa::path(
    post, operation_id = "create_key", path = "/api/keys", tag = "keys", request_body = WantedKey,
    responses(
        (status = 201, description = "The key, shown this once", body = CreatedKey),
        ConflictProblem, WriteProblems
    )
)]
pub async fn create(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(wanted): Body<WantedKey>,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::Own)?;
    viewer.require_proof(now)?;
    given.finish()?;
    let wanted = wanted.checked(now)?;
    let created = api
        .database()
        .auth(move |db| Box::pin(async move { make(db, &viewer, &origin, wanted, now).await }))
        .await?;
    let body = answer::json(answer::written(&created, 1024));
    Ok((StatusCode::CREATED, body).into_response())
}

/// Ends an API key at once.
#[utoipa::path(
    delete, operation_id = "revoke_key", path = "/api/keys/{id}", tag = "keys",
    params(("id" = Uuid, Path, description = "The key's id")),
    responses((status = 204, description = "It opens nothing any more"), MissingProblem, WriteProblems)
)]
pub async fn revoke(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::Own)?;
    given.finish()?;
    let id = parameters::uuid(&id).map_err(|_| missing())?;
    api.database()
        .auth(move |db| Box::pin(async move { end(db, &viewer, &origin, id, now).await }))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

struct Checked {
    name: String,
    scopes: Vec<Scope>,
    expires_at: Option<DateTime<Utc>>,
}

impl WantedKey {
    fn checked(self, now: DateTime<Utc>) -> Result<Checked, Problem> {
        let mut fields = Fields::default();
        let name = fields.take("name", self.name, text::name);
        let scopes = fields.take("scopes", &*self.scopes, scopes);
        let expires_at = fields.take("expires_at", self.expires_at, |given| {
            let at = given.as_deref().map(parameters::instant).transpose()?;
            match at {
                Some(at) if at <= now => Err("must lie ahead".to_owned()),
                at => Ok(at),
            }
        });
        fields.finish()?;
        match (name, scopes, expires_at) {
            (Some(name), Some(scopes), Some(expires_at)) => Ok(Checked {
                name,
                scopes,
                expires_at,
            }),
            _ => Err(Problem::internal()),
        }
    }
}

fn scopes(given: &[String]) -> Result<Vec<Scope>, String> {
    let known = Scope::ALL.map(Scope::word).join(", ");
    let scopes = given
        .iter()
        .map(|word| Scope::of(word))
        .collect::<Option<Vec<_>>>();
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    let scopes = scopes.ok_or_else(|| format!("must be some of {known}"))?;
    let is_repeated = |(at, scope): (usize, &Scope)| scopes[..at].contains(scope);
    if scopes.iter().enumerate().any(is_repeated) {
        return Err("names a scope more than once".to_owned());
    }
    Ok(scopes)
}

async fn read(db: &mut PgConnection) -> sqlx::Result<Vec<Key>> {
    sqlx::query_as!(
        Key,
        r#"select id, name, prefix, scopes, created_at as "created_at: Moment",
            expires_at as "expires_at: Moment", used_at as "used_at: Moment"
        from account.api_keys
        where revoked_at is null
        order by created_at desc, id"#
    )
    .fetch_all(db)
    .await
}

async fn make(
    db: &mut PgConnection,
    viewer: &Viewer,
    origin: &Origin,
    wanted: Checked,
    now: DateTime<Utc>,
) -> Result<CreatedKey, Problem> {
    // One after the other, or a hundred at once would each count none before them.
    sqlx::query_scalar!(
        "select id from account.users where id = $1 for no key update",
        viewer.account()
    )
    .fetch_one(&mut *db)
    .await?;
    viewer.hold(db).await?;
    let made = sqlx::query_scalar!(
        r#"select count(*) as "made!" from account.api_keys where account_id = $1 and revoked_at is null"#,
        viewer.account()
    )
    .fetch_one(&mut *db)
    .await?;
    if made >= MOST_KEYS {
        return Err(Problem::conflict(
            "key-limit",
            "Too many keys",
            format!("an account has at most {MOST_KEYS} keys; revoke one first"),
        ));
    }
    let created = draw(db, viewer, wanted, now).await?;
    note(db, viewer, origin, "key.created", &created.shown, now).await?;
    Ok(created)
}

async fn draw(
    db: &mut PgConnection,
    viewer: &Viewer,
    wanted: Checked,
    now: DateTime<Utc>,
) -> Result<CreatedKey, Problem> {
    let scopes: Vec<String> = wanted
        .scopes
        .iter()
        .map(|scope| scope.word().to_owned())
        .collect();
    loop {
        let prefix = format!("{KEY_PREFIX}{}", chance::letters(SHOWN_LETTERS)?);
        let key = format!("{prefix}_{}", Secret::draw()?.text);
        let id = Uuid::new_v4();
        let made = sqlx::query!(
            "insert into account.api_keys
                (id, prefix, key_hash, name, user_id, account_id, scopes, created_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (prefix) do nothing",
            id,
            prefix,
            session::hash(&key),
            wanted.name,
            viewer.person(),
            viewer.account(),
            &scopes,
            now,
            wanted.expires_at,
        )
        .execute(&mut *db)
        .await?;
        if made.rows_affected() == 1 {
            let shown = Key {
                id,
                name: wanted.name,
                prefix,
                scopes,
                created_at: Moment(now),
                expires_at: wanted.expires_at.map(Moment),
                used_at: None,
            };
            return Ok(CreatedKey { key, shown });
        }
    }
}

async fn end(
    db: &mut PgConnection,
    viewer: &Viewer,
    origin: &Origin,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    // This role sees the keys of all accounts, so the account is named here.
    let key = sqlx::query_as!(
        Key,
        r#"update account.api_keys set revoked_at = $3
        where id = $1 and account_id = $2 and revoked_at is null
        returning id, name, prefix, scopes, created_at as "created_at: Moment",
            expires_at as "expires_at: Moment", used_at as "used_at: Moment""#,
        id,
        viewer.account(),
        now,
    )
    .fetch_optional(&mut *db)
    .await?;
    let key = key.ok_or_else(missing)?;
    note(db, viewer, origin, "key.revoked", &key, now).await?;
    Ok(())
}

async fn note(
    db: &mut PgConnection,
    viewer: &Viewer,
    origin: &Origin,
    act: &str,
    key: &Key,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let detail: Value = json!({ "prefix": key.prefix, "scopes": key.scopes });
    let noted = Act {
        act,
        account: Some(viewer.account()),
        actor: Actor::from(viewer),
        subject: Some(key.id.to_string()),
        detail,
    };
    audit::note(db, now, origin, noted).await?;
    let fact = KeyFact {
        user_id: viewer.person(),
        key_id: key.id,
        scopes: key.scopes.clone(),
    };
    let kind = if act == "key.created" {
        KEY_CREATED
    } else {
        KEY_REVOKED
    };
    let told = Fact {
        kind,
        of: viewer.account(),
        subject: key.id,
        data: json!(fact),
    };
    outbox::record(db, now, told).await
}

fn missing() -> Problem {
    Problem::not_found("there is no such key")
}

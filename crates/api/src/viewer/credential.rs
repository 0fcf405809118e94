//! From a request's headers to who it is from. Credentials are random and looked up by their SHA-256,
//! so neither a copy of the tables nor the time a lookup takes helps to guess one.

use super::{Means, Role, Scope, Viewer};
use crate::{Api, auth::access, config::Access, problem::Problem};
use axum::http::{HeaderMap, Method, header};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A session that nobody used for this long is over.
pub(crate) const IDLE: TimeDelta = TimeDelta::hours(12);

/// How stale `seen_at` may be: writing it at every request would cost more than the request.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What an API key begins with.
pub(crate) const KEY_PREFIX: &str = "fd_";

/// Finds out who sent this.
///
/// # Errors
/// 401 for nobody we know, 403 for a suspended account or a cookie sent from another site.
pub(super) async fn admit(
    api: &Api,
    method: &Method,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<Viewer, Problem> {
    let found = match bearer(headers) {
        Some(key) if key.starts_with(KEY_PREFIX) => of_key(api, key, now).await?,
        // The header decides, whatever cookie is sent beside it.
        Some(token) => of_token(api, token, now).await?,
        None => {
            let token = session_token(api.access(), headers).ok_or_else(Problem::unauthorised)?;
            if !method.is_safe() && !is_same_origin(api.access(), headers) {
                return Err(Problem::cross_site());
            }
            of_session(api, token, now).await?
        }
    };
    let found = found.ok_or_else(Problem::unauthorised)?;
    if found.suspended {
        return Err(Problem::suspended());
    }
    Ok(found.viewer)
}

pub(super) struct Found {
    pub(super) viewer: Viewer,
    pub(super) suspended: bool,
}

/// A row that names somebody.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) user_id: Uuid,
    pub(super) account_id: Uuid,
    /// Null when they are no member of that account any more, or it is suspended or gone.
    pub(super) role: Option<String>,
    pub(super) is_admin: bool,
    pub(super) suspended: bool,
}

impl Row {
    pub(super) fn found(self, means: Means) -> Found {
        let role = self.role.as_deref().and_then(Role::of);
        let (account, role) = match role {
            Some(role) => (self.account_id, role),
            // An administrator looks at an account without being a member of it.
            None if self.is_admin => (self.account_id, Role::Reader),
            // Who was removed meanwhile is back in their own account: one account's end must not
            // keep a person out of another.
            None => (self.user_id, Role::Owner),
        };
        Found {
            viewer: Viewer::new(self.user_id, account, role, self.is_admin, means),
            suspended: self.suspended,
        }
    }
}

async fn of_session(api: &Api, token: &str, now: DateTime<Utc>) -> Result<Option<Found>, Problem> {
    let hash = Sha256::digest(token.as_bytes()).to_vec();
    let mut session = api.database().auth_session().await?;
    let row = sqlx::query!(
        r#"select s.id, s.user_id, s.account_id, s.proven_at, s.seen_at,
            case when s.account_id = s.user_id then 'owner'
                when a.deleted_at is null and a.suspended_at is null then m.role
            end as role,
            u.role = 'admin' as "is_admin!", u.suspended_at is not null as "suspended!"
        from account.sessions s
        join account.users u on u.id = s.user_id and u.deleted_at is null
        join account.users a on a.id = s.account_id
        left join account.members m on m.account_id = s.account_id and m.user_id = s.user_id
        where s.token_hash = $1 and s.expires_at > $2 and s.seen_at > $3"#,
        hash,
        now,
        now - IDLE,
    )
    .fetch_optional(&mut *session)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if now - row.seen_at > SEEN_EVERY {
        sqlx::query!(
            "update account.sessions set seen_at = greatest(seen_at, $2) where id = $1",
            row.id,
            now
        )
        .execute(&mut *session)
        .await?;
    }
    let means = Means::Session {
        id: row.id,
        proven_at: row.proven_at,
    };
    let row = Row {
        user_id: row.user_id,
        account_id: row.account_id,
        role: row.role,
        is_admin: row.is_admin,
        suspended: row.suspended,
    };
    Ok(Some(row.found(means)))
}

async fn of_key(api: &Api, key: &str, now: DateTime<Utc>) -> Result<Option<Found>, Problem> {
    let hash = Sha256::digest(key.as_bytes()).to_vec();
    let mut session = api.database().auth_session().await?;
    let row = sqlx::query!(
        r#"select k.id, k.user_id, k.account_id, k.scopes, k.used_at,
            case when k.account_id = k.user_id then 'owner' else m.role end as role,
            (u.suspended_at is not null or a.suspended_at is not null) as "suspended!"
        from account.api_keys k
        join account.users u on u.id = k.user_id and u.deleted_at is null
        join account.users a on a.id = k.account_id and a.deleted_at is null
        left join account.members m on m.account_id = k.account_id and m.user_id = k.user_id
        where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)"#,
        hash,
        now,
    )
    .fetch_optional(&mut *session)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.used_at.is_none_or(|used| now - used > SEEN_EVERY) {
        sqlx::query!(
            "update account.api_keys set used_at = $2 where id = $1",
            row.id,
            now
        )
        .execute(&mut *session)
        .await?;
    }
    // A key never outlives its maker's place in the account.
    if row.role.is_none() {
        return Ok(None);
    }
    let scopes = row
        .scopes
        .iter()
        .filter_map(|word| Scope::of(word))
        .collect();
    let means = Means::Key { id: row.id, scopes };
    let row = Row {
        user_id: row.user_id,
        account_id: row.account_id,
        role: row.role,
        is_admin: false,
        suspended: row.suspended,
    };
    Ok(Some(row.found(means)))
}

/// The signature says whose it was a quarter of an hour ago; the look behind it, whether their login,
/// their account and their place in it still are.
async fn of_token(api: &Api, token: &str, now: DateTime<Utc>) -> Result<Option<Found>, Problem> {
    let Some(claims) = access::read(api.access(), token, now) else {
        return Ok(None);
    };
    let mut session = api.database().auth_session().await?;
    let row = sqlx::query!(
        r#"select case when u.id = a.id then 'owner' else m.role end as role,
            u.role = 'admin' as "is_admin!", (u.suspended_at is not null or a.suspended_at is not null) as "suspended!"
        from account.users u
        join account.users a on a.id = $2 and a.deleted_at is null
        left join account.members m on m.account_id = a.id and m.user_id = u.id
        where u.id = $1 and u.deleted_at is null
            and exists (select from account.refresh_tokens t where t.family = $3 and t.user_id = u.id)"#,
        claims.sub,
        claims.account,
        claims.sid,
    )
    .fetch_optional(&mut *session)
    .await?;
    // A token of an account that its holder left must not turn to their own.
    let Some(row) = row.filter(|row| row.role.is_some()) else {
        return Ok(None);
    };
    let means = Means::Token {
        login: claims.sid,
        proven_at: claims.proven_at(),
        expires_at: claims.expires_at(),
    };
    let row = Row {
        user_id: claims.sub,
        account_id: claims.account,
        role: row.role,
        is_admin: row.is_admin,
        suspended: row.suspended,
    };
    Ok(Some(row.found(means)))
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The session in the cookie, if there is one.
pub(crate) fn session_token<'h>(access: &Access, headers: &'h HeaderMap) -> Option<&'h str> {
    cookie(headers, access.session_cookie())
}

/// A cookie's value.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Whether the browser says that a page of ours sent this. A client that says nothing is not a
/// browser of today, and has no business with a cookie.
pub(crate) fn is_same_origin(access: &Access, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin == access.origin.as_str())
}

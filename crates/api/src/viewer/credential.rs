//! From a request's headers to who it is from. Credentials are random and looked up by their SHA-256,
//! so neither a copy of the tables nor the time a lookup takes helps to guess one.

use super::{
    Database, Means, Scope, Viewer,
    rows::{
        Found, KeyRow, Login, LoginRow, Row, SessionRow, select_keys, select_logins,
        select_sessions,
    },
    together::Together,
};
use crate::{Api, auth::access, config::Access, problem::Problem};
use axum::http::{HeaderMap, Method, header};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_process::clock;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

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

/// Who is being looked up at this moment.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    sessions: Together<Vec<u8>, SessionRow>,
    keys: Together<Vec<u8>, KeyRow>,
    logins: Together<Login, LoginRow>,
}

async fn of_session(api: &Api, token: &str, now: DateTime<Utc>) -> Result<Option<Found>, Problem> {
    let hash = Sha256::digest(token.as_bytes()).to_vec();
    let database = api.database().clone();
    let read = move |hashes: Vec<Vec<u8>>| sessions(database.clone(), hashes);
    let Some(row) = api.lookups().sessions.ask(hash, read).await? else {
        return Ok(None);
    };
    if now - row.seen_at > SEEN_EVERY {
        let mut session = api.database().auth_session().await?;
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
    Ok(Some(Row::from(row).found(means)))
}

async fn sessions(
    database: Database,
    hashes: Vec<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, SessionRow>, Problem> {
    let mut session = database.auth_session().await?;
    let rows = select_sessions!("s.token_hash = any($1)", &hashes, clock::now())
        .fetch_all(&mut *session)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.token_hash.clone(), row))
        .collect())
}

async fn of_key(api: &Api, key: &str, now: DateTime<Utc>) -> Result<Option<Found>, Problem> {
    let hash = Sha256::digest(key.as_bytes()).to_vec();
    let database = api.database().clone();
    let read = move |hashes: Vec<Vec<u8>>| keys(database.clone(), hashes);
    let Some(row) = api.lookups().keys.ask(hash, read).await? else {
        return Ok(None);
    };
    if row.used_at.is_none_or(|used| now - used > SEEN_EVERY) {
        let mut session = api.database().auth_session().await?;
        sqlx::query!(
            "update account.api_keys set used_at = $2 where id = $1",
            row.id,
            now
        )
        .execute(&mut *session)
        .await?;
    }
    let scopes = row
        .scopes
        .iter()
        .filter_map(|word| Scope::of(word))
        .collect();
    let means = Means::Key { id: row.id, scopes };
    Ok(row.named().map(|row| row.found(means)))
}

async fn keys(
    database: Database,
    hashes: Vec<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, KeyRow>, Problem> {
    let mut session = database.auth_session().await?;
    let rows = select_keys!("k.key_hash = any($1)", &hashes, clock::now())
        .fetch_all(&mut *session)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.key_hash.clone(), row))
        .collect())
}

/// The signature says whose it was a quarter of an hour ago; the look behind it, whether their login,
/// their account and their place in it still are.
async fn of_token(api: &Api, token: &str, now: DateTime<Utc>) -> Result<Option<Found>, Problem> {
    let Some(claims) = access::read(api.access(), token, now) else {
        return Ok(None);
    };
    let login = Login {
        login: claims.sid,
        person: claims.sub,
        account: claims.account,
    };
    let database = api.database().clone();
    let read = move |asked: Vec<Login>| {
        let database = database.clone();
        async move { Ok(select_logins(&mut *database.auth_session().await?, &asked).await?) }
    };
    let row = api.lookups().logins.ask(login, read).await?;
    let Some(row) = row.and_then(LoginRow::named) else {
        return Ok(None);
    };
    let means = Means::Token {
        login: claims.sid,
        proven_at: claims.proven_at(),
        expires_at: claims.expires_at(),
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
        .and_then(|origin| origin.to_str().ok())
        .is_some_and(|origin| access.is_own(origin))
}

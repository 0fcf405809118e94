//! Sessions of browsers: opaque, kept on the server, ended by deleting a row.

use crate::{
    auth::token, chance, config::Access, origin::Origin, problem::Problem, viewer::PROOF_LASTS,
};
use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

/// The end of any session, used or not.
const LASTS: TimeDelta = TimeDelta::days(7);

/// 256 random bits as text, for whoever is to show them again, and their SHA-256, for us to keep.
pub(crate) struct Secret {
    pub(crate) text: String,
    pub(crate) hash: Vec<u8>,
}

impl Secret {
    pub(crate) fn draw() -> Result<Self, Problem> {
        let mut bytes = [0; 32];
        chance::fill(&mut bytes)?;
        let text = URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash(&text);
        Ok(Self { text, hash })
    }
}

/// What is kept of a secret that was shown.
pub(crate) fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Who signs in, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignIn {
    pub(crate) user: Uuid,
    /// Whose clients they look at first.
    pub(crate) account: Uuid,
    /// `password`, `google`, `github`, `signup`
    pub(crate) method: &'static str,
    /// Whether they showed just now what dangerous acts want to see.
    pub(crate) is_proven: bool,
}

/// Opens a session; a new one at each sign-in, so that one planted before is worth nothing. Gives its
/// row and the cookie that carries it.
pub(crate) async fn open(
    db: &mut PgConnection,
    access: &Access,
    now: DateTime<Utc>,
    origin: &Origin,
    who: SignIn,
) -> Result<(Uuid, HeaderValue), Problem> {
    let secret = Secret::draw()?;
    let id = Uuid::new_v4();
    let proven_at = if who.is_proven {
        now
    } else {
        now - PROOF_LASTS - TimeDelta::seconds(1)
    };
    sqlx::query!(
        "insert into account.sessions
            (id, token_hash, user_id, account_id, method, user_agent, address, created_at, seen_at, proven_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)",
        id,
        secret.hash,
        who.user,
        who.account,
        who.method,
        origin.user_agent,
        origin.address.to_string(),
        now,
        proven_at,
        now + LASTS,
    )
    .execute(db)
    .await?;
    let cookie = cookie(access, access.session_cookie(), &secret.text, LASTS);
    Ok((id, cookie))
}

/// Gives a session another secret, because what it may do has changed: a copy of the old one is worth
/// nothing any more.
///
/// # Errors
/// 401 when it has ended meanwhile.
pub(crate) async fn rotate(
    db: &mut PgConnection,
    access: &Access,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<HeaderValue, Problem> {
    let secret = Secret::draw()?;
    let expires_at = sqlx::query_scalar!(
        "update account.sessions set token_hash = $2 where id = $1 returning expires_at",
        id,
        secret.hash
    )
    .fetch_optional(db)
    .await?
    .ok_or_else(Problem::unauthorised)?;
    let name = access.session_cookie();
    Ok(cookie(access, name, &secret.text, expires_at - now))
}

/// The same for whoever is signed in as they are: programs have no session.
pub(crate) async fn rotate_kept(
    db: &mut PgConnection,
    access: &Access,
    kept: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Option<HeaderValue>, Problem> {
    match kept {
        Some(id) => rotate(db, access, id, now).await.map(Some),
        None => Ok(None),
    }
}

/// Ends the session of a cookie, if it is one.
pub(crate) async fn close(db: &mut PgConnection, token: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from account.sessions where token_hash = $1",
        hash(token)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends every session of somebody but one, and what their programs logged in with.
pub(crate) async fn end_others(
    db: &mut PgConnection,
    user: Uuid,
    kept: Option<Uuid>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from account.sessions where user_id = $1 and ($2::uuid is null or id <> $2)",
        user,
        kept
    )
    .execute(&mut *db)
    .await?;
    token::end_all(db, user).await
}

/// The cookie that takes the session out of the browser.
pub(crate) fn closing_cookie(access: &Access) -> HeaderValue {
    cookie(access, access.session_cookie(), "", TimeDelta::zero())
}

/// A cookie that no script can read and no other site can make the browser send along with a change.
pub(crate) fn cookie(access: &Access, name: &str, value: &str, lasts: TimeDelta) -> HeaderValue {
    let secure = if access.https { "; Secure" } else { "" };
    let seconds = lasts.num_seconds();
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&cookie).expect("base64 and digits fit a header")
}

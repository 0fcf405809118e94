//! Growing waits after failures.
//!
//! A try is counted before it is checked, in one statement under the row's lock, so that a hundred
//! tries at once are a hundred tries; who was right is forgiven afterwards.
//!
//! What a try is counted by decides whom a wait can hit. A password is counted by the address that was
//! tried, known or not, together with the range it came from: a stranger elsewhere can make nobody
//! wait. A code is counted by the account alone, because only who knows the password comes that far.
//!
//! Somebody who has many ranges would have as many counts. So what is tried from afar, where the
//! address's owner never signed in from, is counted by the address alone as well; a high count, and its
//! end stops nobody in a place they signed in from.

use crate::origin::{Origin, Range};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

/// Failures that cost no wait: people mistype.
const FREE: i32 = 5;

/// The same for a whole site of the newer kind of addresses (a /48), which may be one party or the
/// customers of one.
const FREE_OF_A_SITE: i32 = 20;

/// Tries a day from wherever the owner never signed in: less than a list of common passwords, more than
/// anybody who travels mistypes.
const AFAR_A_DAY: i32 = 100;

/// The longest wait: 96 tries a day.
const LONGEST_WAIT: f64 = 900.0;

/// After this long without a failure counting begins anew.
pub(super) const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);

/// What failures are counted by: a hash, so that the table names nobody.
#[derive(Debug, Clone)]
pub(super) struct Tried {
    key: Vec<u8>,
    free: i32,
}

impl Tried {
    /// The password of an address, from where the request came.
    pub(super) fn passwords(email: &str, origin: &Origin) -> Vec<Self> {
        let range = Range::of(origin.address);
        let mut tried = vec![Self::of("password", &[email.as_bytes(), range.bytes()])];
        if let Some(site) = range.site() {
            let mut site = Self::of("password site", &[email.as_bytes(), &site]);
            site.free = FREE_OF_A_SITE;
            tried.push(site);
        }
        tried
    }

    /// The password of an address, from wherever its owner never signed in.
    pub(super) fn afar(email: &str) -> Self {
        Self::of("afar", &[email.as_bytes()])
    }

    /// The second step of somebody whose password was right.
    pub(super) fn code(user: Uuid) -> Self {
        Self::of("code", &[user.as_bytes()])
    }

    /// The password or code of somebody signed in, who is asked again.
    pub(super) fn proof(of: Uuid) -> Self {
        Self::of("proof", &[of.as_bytes()])
    }

    /// The first code of an app that somebody signed in sets up. Apart from [`Self::proof`]: whoever was
    /// shown the secret has a right one at will, and would be forgiven their guesses.
    pub(super) fn first_code(user: Uuid) -> Self {
        Self::of("first code", &[user.as_bytes()])
    }

    /// The password of a sign-up, from where the request came.
    pub(super) fn signup(id: Uuid, origin: &Origin) -> Self {
        Self::of(
            "signup",
            &[id.as_bytes(), Range::of(origin.address).bytes()],
        )
    }

    fn of(kind: &str, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new_with_prefix(kind);
        for part in parts {
            // Without a mark between them two parts could run into one another.
            hash.update([0]);
            hash.update(part);
        }
        Self {
            key: hash.finalize().to_vec(),
            free: FREE,
        }
    }
}

/// Counts a try that begins, or says for how many seconds none may.
pub(super) async fn begin(
    db: &mut PgConnection,
    tried: &Tried,
    now: DateTime<Utc>,
) -> sqlx::Result<Result<(), u16>> {
    let counted = sqlx::query!(
        // No wait is the beginning of time and not now: of two tries at once the later clock may come first.
        "insert into account.login_failures as f (key, failures, last_at, wait_until) values ($1, 1, $2, 'epoch')
        on conflict (key) do update set (failures, last_at, wait_until) = (
            select n, greatest(f.last_at, $2::timestamptz), case
                when n < $4 then 'epoch'
                else $2::timestamptz + least(2 ^ least(n - $4, 20), $5) * interval '1 second'
            end
            from (select case when f.last_at < $3 then 1 else f.failures + 1 end as n) counted
        )
        where f.wait_until <= $2",
        tried.key,
        now,
        now - FORGOTTEN_AFTER,
        tried.free,
        LONGEST_WAIT,
    )
    .execute(&mut *db)
    .await?;
    if counted.rows_affected() > 0 {
        return Ok(Ok(()));
    }
    let until = sqlx::query_scalar!(
        "select wait_until from account.login_failures where key = $1",
        tried.key
    )
    .fetch_optional(db)
    .await?;
    Ok(Err(seconds_until(until, now)))
}

fn seconds_until(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> u16 {
    let wait = until.map_or(TimeDelta::zero(), |until| until - now);
    let seconds = u64::try_from(wait.num_milliseconds())
        .unwrap_or_default()
        .div_ceil(1000);
    u16::try_from(seconds).unwrap_or(u16::MAX).max(1)
}

/// Whether somebody signed in from around here before, as far as the record of acts tells. Nobody did.
pub(super) async fn is_at_home(
    db: &mut PgConnection,
    user: Option<Uuid>,
    origin: &Origin,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from account.audit
            where actor_id = $1 and act in ('user.logged_in', 'user.signed_up')
                and address::inet <<= $2::text::inet
        ) as "home!""#,
        user,
        Range::of(origin.address).widest(),
    )
    .fetch_one(db)
    .await
}

/// Counts a try from afar that begins, or says for how many seconds none may. The count is of a day
/// that begins with its first try.
pub(super) async fn begin_afar(
    db: &mut PgConnection,
    tried: &Tried,
    now: DateTime<Utc>,
) -> sqlx::Result<Result<(), u16>> {
    let counted = sqlx::query!(
        "insert into account.login_failures as f (key, failures, last_at, wait_until) values ($1, 1, $2, 'epoch')
        on conflict (key) do update set
            failures = case when f.last_at < $3 then 1 else f.failures + 1 end,
            last_at = case when f.last_at < $3 then $2 else f.last_at end
        where f.last_at < $3 or f.failures < $4",
        tried.key,
        now,
        now - FORGOTTEN_AFTER,
        AFAR_A_DAY,
    )
    .execute(&mut *db)
    .await?;
    if counted.rows_affected() > 0 {
        return Ok(Ok(()));
    }
    let began = sqlx::query_scalar!(
        "select last_at from account.login_failures where key = $1",
        tried.key
    )
    .fetch_optional(db)
    .await?;
    let over = began.map(|began| began + FORGOTTEN_AFTER);
    Ok(Err(seconds_until(over, now)))
}

/// Takes one try back: it was right, and says nothing of the others.
pub(super) async fn take_back(db: &mut PgConnection, tried: &Tried) -> sqlx::Result<()> {
    sqlx::query!(
        "update account.login_failures set failures = failures - 1 where key = $1 and failures > 0",
        tried.key
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes and changes nothing.
pub(super) async fn touch(db: &mut PgConnection, tried: &[Tried]) -> sqlx::Result<()> {
    for tried in tried {
        sqlx::query!(
            "update account.login_failures set failures = failures where key = $1",
            tried.key
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Forgives everything that was counted: the try was right.
pub(super) async fn forgive(db: &mut PgConnection, tried: &Tried) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from account.login_failures where key = $1",
        tried.key
    )
    .execute(db)
    .await?;
    Ok(())
}

//! Growing waits after failures.
//!
//! A try is counted before it is checked, in one statement under the row's lock, so that a hundred
//! tries at once are a hundred tries; who was right is forgiven afterwards.
//!
//! What a try is counted by decides whom a wait can hit. A password is counted by the address that was
//! tried, known or not, together with the range it came from: a stranger elsewhere can make nobody
//! wait. A code is counted by the account alone, because only who knows the password comes that far.

use crate::origin::{Origin, Range};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

/// Failures that cost no wait: people mistype.
const FREE: i32 = 5;

/// The longest wait: 96 tries a day.
const LONGEST_WAIT: f64 = 900.0;

/// After this long without a failure counting begins anew.
pub(super) const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);

/// What failures are counted by: a hash, so that the table names nobody.
#[derive(Debug, Clone)]
pub(super) struct Tried(Vec<u8>);

impl Tried {
    /// The password of an address, from where the request came.
    pub(super) fn password(email: &str, origin: &Origin) -> Self {
        Self::of(
            "password",
            &[email.as_bytes(), Range::of(origin.address).bytes()],
        )
    }

    /// The second step of somebody whose password was right.
    pub(super) fn code(user: Uuid) -> Self {
        Self::of("code", &[user.as_bytes()])
    }

    /// The password or code of somebody signed in, who is asked again.
    pub(super) fn proof(of: Uuid) -> Self {
        Self::of("proof", &[of.as_bytes()])
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
        Self(hash.finalize().to_vec())
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
        tried.0,
        now,
        now - FORGOTTEN_AFTER,
        FREE,
        LONGEST_WAIT,
    )
    .execute(&mut *db)
    .await?;
    if counted.rows_affected() > 0 {
        return Ok(Ok(()));
    }
    let until = sqlx::query_scalar!(
        "select wait_until from account.login_failures where key = $1",
        tried.0
    )
    .fetch_optional(db)
    .await?;
    let wait = until.map_or(TimeDelta::zero(), |until| until - now);
    let seconds = u64::try_from(wait.num_milliseconds())
        .unwrap_or_default()
        .div_ceil(1000);
    Ok(Err(u16::try_from(seconds).unwrap_or(u16::MAX).max(1)))
}

/// Forgives everything that was counted: the try was right.
pub(super) async fn forgive(db: &mut PgConnection, tried: &Tried) -> sqlx::Result<()> {
    sqlx::query!("delete from account.login_failures where key = $1", tried.0)
        .execute(db)
        .await?;
    Ok(())
}

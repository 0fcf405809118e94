//! The second step of a log-in: the code of an authenticator app (TOTP, RFC 6238), or a recovery code
//! where the app is lost.
//!
//! A code counts once, also when two requests bring it at the same moment: using it up is one
//! conditional update, and the row's lock lets one through. Secrets are sealed in the table; recovery
//! codes are 80 random bits, of which the table has the SHA-256.
//!
//! Counting wrong tries is left to who asks: it knows what a try is counted by.

use crate::{
    audit::{self, Act, Actor},
    chance,
    origin::Origin,
    problem::Problem,
};
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_process::keyring::{self, Keyring};
use qrcode::{EcLevel, QrCode, render::svg};
use serde_json::json;
use sqlx::PgConnection;
use totp_rs::{Algorithm, Totp};
use uuid::Uuid;

/// What secrets are sealed for.
const SEALED_FOR: &str = "totp";

/// What authenticator apps show beside the address.
const ISSUER: &str = "Frontdesk";

/// As RFC 4226 recommends: the length of a SHA-1.
const SECRET_BYTES: usize = 20;

/// How long a secret that was shown waits for its first code.
const OFFER_LASTS: TimeDelta = TimeDelta::hours(1);

const RECOVERY_CODES: usize = 10;

/// Sixteen letters of five bits: too many to try, few enough to type.
const RECOVERY_LETTERS: usize = 16;

/// What the second step says. A value and no error, because what a wrong try leaves behind (the count
/// of failures) must be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// They have none: the first step is enough.
    NotWanted,
    /// The code was right, and is used up.
    Right,
    /// One is wanted, and none was given.
    Missing,
    /// It was not right.
    Wrong,
}

/// Checks a person's code and uses it up.
///
/// # Errors
/// When the database is away.
pub(crate) async fn check(
    db: &mut PgConnection,
    keyring: &Keyring,
    origin: &Origin,
    user: Uuid,
    code: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Checked, Problem> {
    let sealed = sqlx::query_scalar!(
        "select secret_sealed from account.second_factors where user_id = $1 and confirmed_at is not null",
        user
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(sealed) = sealed else {
        return Ok(Checked::NotWanted);
    };
    let Some(code) = code else {
        return Ok(Checked::Missing);
    };
    let is_right = match Code::read(code) {
        Code::OfApp(code) => use_code(db, keyring, user, &sealed, &code, now).await?,
        Code::OfRecovery(code) => use_recovery_code(db, origin, user, &code, now).await?,
    };
    Ok(if is_right {
        Checked::Right
    } else {
        Checked::Wrong
    })
}

/// Whether signing in wants a code of this person.
pub(crate) async fn is_on(db: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from account.second_factors where user_id = $1 and confirmed_at is not null
        ) as "on!""#,
        user
    )
    .fetch_one(db)
    .await
}

/// A secret as its owner must see it once.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) secret: String,
    pub(super) uri: String,
    pub(super) qr_svg: String,
}

/// Draws a secret, in the place of one that was never confirmed.
///
/// # Errors
/// 409 when there is a confirmed one.
pub(super) async fn offer(
    db: &mut PgConnection,
    keyring: &Keyring,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Offer, Problem> {
    let email = sqlx::query_scalar!("select email from account.users where id = $1", user)
        .fetch_one(&mut *db)
        .await?;
    let mut secret = [0; SECRET_BYTES];
    chance::fill(&mut secret)?;
    let kept = sqlx::query!(
        "insert into account.second_factors (user_id, secret_sealed, created_at) values ($1, $2, $3)
        on conflict (user_id) do update
        set secret_sealed = excluded.secret_sealed, created_at = excluded.created_at, last_step = 0
        where second_factors.confirmed_at is null",
        user,
        keyring.seal(SEALED_FOR, user, &secret),
        now,
    )
    .execute(db)
    .await?;
    if kept.rows_affected() == 0 {
        return Err(Problem::conflict(
            "already-on",
            "Two-step sign-in is on",
            "turn it off first to set up another authenticator app",
        ));
    }
    drawn(&secret, email).map_err(|error| {
        tracing::error!(%error, "a second factor could not be shown");
        Problem::internal()
    })
}

/// Takes the first code of an app that was given the secret; from then on signing in wants one. Gives
/// the recovery codes, or nothing when the code is not right.
///
/// # Errors
/// 409 when no secret waits for its first code.
pub(super) async fn confirm(
    db: &mut PgConnection,
    keyring: &Keyring,
    user: Uuid,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Option<Vec<String>>, Problem> {
    let waiting = sqlx::query_scalar!(
        "select secret_sealed from account.second_factors
        where user_id = $1 and confirmed_at is null and created_at > $2
        for update",
        user,
        now - OFFER_LASTS,
    )
    .fetch_optional(&mut *db)
    .await?;
    let sealed = waiting.ok_or_else(|| {
        Problem::conflict(
            "nothing-to-confirm",
            "There is nothing to confirm",
            "ask for a secret first; one that was not confirmed is over after an hour",
        )
    })?;
    let Code::OfApp(code) = Code::read(code) else {
        return Ok(None);
    };
    let Some(step) = step_of(keyring, user, &sealed, &code, now) else {
        return Ok(None);
    };
    sqlx::query!(
        "update account.second_factors set confirmed_at = $2, last_step = $3 where user_id = $1",
        user,
        now,
        step,
    )
    .execute(&mut *db)
    .await?;
    Ok(Some(draw_recovery_codes(db, user).await?))
}

/// Ends it. Whether there was one.
pub(crate) async fn end(db: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
    sqlx::query!(
        "delete from account.recovery_codes where user_id = $1",
        user
    )
    .execute(&mut *db)
    .await?;
    let ended = sqlx::query_scalar!(
        "delete from account.second_factors where user_id = $1 returning confirmed_at",
        user
    )
    .fetch_optional(db)
    .await?;
    Ok(ended.flatten().is_some())
}

/// Draws recovery codes; those before open nothing any more.
pub(super) async fn draw_recovery_codes(
    db: &mut PgConnection,
    user: Uuid,
) -> Result<Vec<String>, Problem> {
    let codes = (0..RECOVERY_CODES)
        .map(|_| chance::letters(RECOVERY_LETTERS))
        .collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<Vec<u8>> = codes
        .iter()
        .map(|code| keyring::hash(code).to_vec())
        .collect();
    sqlx::query!(
        "delete from account.recovery_codes where user_id = $1",
        user
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into account.recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])",
        user,
        &hashes,
    )
    .execute(db)
    .await?;
    Ok(codes.iter().map(|code| grouped(code)).collect())
}

/// What somebody typed, without what people put between groups.
enum Code {
    OfApp(String),
    OfRecovery(String),
}

impl Code {
    fn read(typed: &str) -> Self {
        let code: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        if code.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::OfApp(code)
        } else {
            Self::OfRecovery(code.to_lowercase())
        }
    }
}

async fn use_code(
    db: &mut PgConnection,
    keyring: &Keyring,
    user: Uuid,
    sealed: &[u8],
    code: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let Some(step) = step_of(keyring, user, sealed, code, now) else {
        return Ok(false);
    };
    let used = sqlx::query!(
        "update account.second_factors set last_step = $2 where user_id = $1 and last_step < $2",
        user,
        step,
    )
    .execute(db)
    .await?;
    Ok(used.rows_affected() == 1)
}

async fn use_recovery_code(
    db: &mut PgConnection,
    origin: &Origin,
    user: Uuid,
    code: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let used = sqlx::query!(
        "update account.recovery_codes set used_at = $3
        where user_id = $1 and code_hash = $2 and used_at is null",
        user,
        keyring::hash(code).to_vec(),
        now,
    )
    .execute(&mut *db)
    .await?;
    if used.rows_affected() == 0 {
        return Ok(false);
    }
    let act = Act {
        act: "second_factor.recovery_code_used",
        account: Some(user),
        actor: Actor::person(user),
        subject: None,
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await?;
    Ok(true)
}

/// The time step a code is of, within one step of now: clocks of phones differ.
fn step_of(
    keyring: &Keyring,
    user: Uuid,
    sealed: &[u8],
    code: &str,
    now: DateTime<Utc>,
) -> Option<i64> {
    let Some(secret) = keyring.open(SEALED_FOR, user, sealed) else {
        tracing::error!(%user, "a second factor was sealed with another JWT_SECRET and opens no more");
        return None;
    };
    let seconds = u64::try_from(now.timestamp()).ok()?;
    let step = app(&secret).build_noncompliant().check(code, seconds)?;
    i64::try_from(step).ok()
}

/// SHA-1, six digits, thirty seconds: what every authenticator app understands, and some silently
/// take for anything else.
fn app(secret: &[u8]) -> totp_rs::Builder {
    totp_rs::Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_skew(1)
        .with_secret(secret.to_vec())
}

fn drawn(secret: &[u8], email: String) -> anyhow::Result<Offer> {
    let totp: Totp = app(secret)
        .with_issuer(Some(ISSUER))
        .with_account_name(email)
        .build()?;
    let uri = totp.to_url()?;
    let code = QrCode::with_error_correction_level(&uri, EcLevel::M).context("drawing")?;
    Ok(Offer {
        secret: totp.secret().to_base32(),
        qr_svg: code
            .render::<svg::Color<'_>>()
            .min_dimensions(240, 240)
            .build(),
        uri,
    })
}

fn grouped(code: &str) -> String {
    let groups: Vec<&str> = (0..code.len())
        .step_by(4)
        .map(|at| &code[at..at + 4])
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let keyring = Keyring::new("an invented secret of forty characters..").unwrap();
        let user = Uuid::from_u128(1);
        let sealed = keyring.seal(SEALED_FOR, user, SECRET);
        let step = |code, seconds| step_of(&keyring, user, &sealed, code, at(seconds));
        // Appendix B, the last six of eight digits.
        assert_eq!(step("287082", 59), Some(1));
        assert_eq!(step("081804", 1_111_111_109), Some(37_037_036));
        assert_eq!(step("353130", 20_000_000_000), Some(666_666_666));
        // One step early or late, and not two.
        assert_eq!(step("287082", 0), Some(1));
        assert_eq!(step("287082", 89), Some(1));
        assert_eq!(step("287082", 90), None);
        for wrong in ["", "28708", "2870820", "+87082", "287083", "２８７０８２"] {
            assert_eq!(step(wrong, 59), None, "{wrong}");
        }
        let other = Uuid::from_u128(2);
        assert_eq!(step_of(&keyring, other, &sealed, "287082", at(59)), None);
    }

    #[test]
    fn a_code_may_be_typed_as_people_write_it() {
        assert!(matches!(Code::read(" 287 082 "), Code::OfApp(code) if code == "287082"));
        assert!(
            matches!(Code::read("ABCD-efgh ijkl-mnop"), Code::OfRecovery(code) if code == "abcdefghijklmnop")
        );
        assert_eq!(grouped("abcdefghijklmnop"), "abcd-efgh-ijkl-mnop");
    }

    #[test]
    fn an_app_is_told_issuer_and_address() {
        let offer = drawn(SECRET, "ada+home@example.com".into()).unwrap();
        assert_eq!(offer.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            offer.uri,
            "otpauth://totp/Frontdesk:ada%2Bhome%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Frontdesk"
        );
        assert!(offer.qr_svg.contains("<svg") && !offer.qr_svg.contains("<script"));
    }
}

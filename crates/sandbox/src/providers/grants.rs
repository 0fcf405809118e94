//! Codes and tokens that a provider has given out. A code opens once, soon, for whoever knows what
//! the one who asked for it kept back (PKCE, RFC 7636); shown a second time it also ends the token
//! it opened (RFC 6749, 4.1.2). Memory only: a restart makes everybody ask again.

use super::people::Person;
use crate::keys;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Both providers give minutes; whoever was redirected asks at once.
const CODE_LIVES: TimeDelta = TimeDelta::minutes(5);
/// Google's hour.
pub(super) const TOKEN_LIVES: TimeDelta = TimeDelta::hours(1);
/// Nobody signs in so often on one machine; the oldest go.
const MOST: usize = 1000;

/// What somebody agreed to.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) person: Person,
    pub(super) redirect_uri: String,
    /// Separated by blanks, as granted.
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
}

/// Why a code opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Unknown, used, or too old.
    Code,
    /// Given to another address.
    RedirectUri,
    /// What was kept back is not what was shown, or one of both is missing.
    Verifier,
}

#[derive(Debug)]
struct Code {
    grant: Grant,
    given: DateTime<Utc>,
    /// The token it opened.
    used: Option<String>,
}

#[derive(Debug, Default)]
struct Given {
    codes: HashMap<String, Code>,
    tokens: HashMap<String, (Grant, DateTime<Utc>)>,
}

/// One provider's codes and tokens.
#[derive(Debug, Default)]
pub(super) struct Grants(Mutex<Given>);

impl Grants {
    /// A code for what was agreed to.
    pub(super) fn give(&self, grant: Grant, now: DateTime<Utc>) -> String {
        let code = keys::token(24);
        let mut given = self.lock();
        drop_oldest(&mut given.codes, |code| code.given);
        given.codes.insert(
            code.clone(),
            Code {
                grant,
                given: now,
                used: None,
            },
        );
        code
    }

    /// The token this code opens, with what was agreed to. A code that failed once is gone as well.
    pub(super) fn redeem(
        &self,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        token: String,
        now: DateTime<Utc>,
    ) -> Result<(Grant, String), Refused> {
        let mut given = self.lock();
        let mut found = given.codes.remove(code).ok_or(Refused::Code)?;
        if let Some(opened) = &found.used {
            given.tokens.remove(opened);
            return Err(Refused::Code);
        }
        if now - found.given > CODE_LIVES {
            return Err(Refused::Code);
        }
        if redirect_uri.is_some_and(|uri| uri != found.grant.redirect_uri) {
            return Err(Refused::RedirectUri);
        }
        if !proves(found.grant.challenge.as_deref(), verifier) {
            return Err(Refused::Verifier);
        }
        let grant = found.grant.clone();
        drop_oldest(&mut given.tokens, |(_, at)| *at);
        given.tokens.insert(token.clone(), (grant.clone(), now));
        found.used = Some(token.clone());
        given.codes.insert(code.to_owned(), found);
        Ok((grant, token))
    }

    /// What this token stands for.
    pub(super) fn of_token(&self, token: &str, now: DateTime<Utc>) -> Option<Grant> {
        let given = self.lock();
        let (grant, at) = given.tokens.get(token)?;
        (now - *at < TOKEN_LIVES).then(|| grant.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// S256: the challenge is the hash of the verifier. A verifier without a challenge is refused too,
/// or whoever takes the challenge out of a request would not be noticed.
fn proves(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            (43..=128).contains(&verifier.len())
                && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
        }
        _ => false,
    }
}

fn drop_oldest<V>(kept: &mut HashMap<String, V>, age: impl Fn(&V) -> DateTime<Utc>) {
    if kept.len() < MOST {
        return;
    }
    let oldest = kept.iter().min_by_key(|(_, value)| age(value));
    if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
        kept.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: &str = "http://localhost:8080/api/auth/google/callback";
    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_194_240, 0).unwrap()
    }

    fn grant(challenge: Option<&str>) -> Grant {
        Grant {
            person: Person::from(("Ann Lee", "ann@example.com", true)),
            redirect_uri: BACK.to_owned(),
            scope: "openid".to_owned(),
            nonce: None,
            challenge: challenge.map(str::to_owned),
        }
    }

    fn redeem(
        grants: &Grants,
        code: &str,
        verifier: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<(), Refused> {
        let token = format!("token {code}");
        grants
            .redeem(code, Some(BACK), verifier, token, at)
            .map(drop)
    }

    #[test]
    fn a_code_opens_once_and_its_second_use_ends_what_it_opened() {
        let grants = Grants::default();
        let code = grants.give(grant(Some(CHALLENGE)), now());
        let token = format!("token {code}");
        assert_eq!(redeem(&grants, &code, Some(VERIFIER), now()), Ok(()));
        assert!(grants.of_token(&token, now()).is_some());
        assert_eq!(
            redeem(&grants, &code, Some(VERIFIER), now()),
            Err(Refused::Code)
        );
        assert!(grants.of_token(&token, now()).is_none());
    }

    #[test]
    fn a_code_is_for_minutes_and_a_token_for_an_hour() {
        let grants = Grants::default();
        let code = grants.give(grant(None), now());
        let late = now() + CODE_LIVES + TimeDelta::seconds(1);
        assert_eq!(redeem(&grants, &code, None, late), Err(Refused::Code));
        let code = grants.give(grant(None), now());
        assert_eq!(redeem(&grants, &code, None, now()), Ok(()));
        let token = format!("token {code}");
        assert!(grants.of_token(&token, now() + TOKEN_LIVES).is_none());
    }

    #[test]
    fn only_what_was_kept_back_opens_a_code() {
        let other = "x".repeat(43);
        for (challenge, verifier) in [
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some(other.as_str())),
            (Some(CHALLENGE), Some("short")),
            (None, Some(VERIFIER)),
        ] {
            let grants = Grants::default();
            let code = grants.give(grant(challenge), now());
            assert_eq!(
                redeem(&grants, &code, verifier, now()),
                Err(Refused::Verifier)
            );
            assert_eq!(
                redeem(&grants, &code, Some(VERIFIER), now()),
                Err(Refused::Code),
                "one guess"
            );
        }
    }

    #[test]
    fn no_more_than_a_thousand_are_remembered() {
        let grants = Grants::default();
        let first = grants.give(grant(None), now());
        for second in 1..=MOST {
            grants.give(grant(None), now() + TimeDelta::milliseconds(second as i64));
        }
        assert_eq!(grants.lock().codes.len(), MOST);
        assert_eq!(redeem(&grants, &first, None, now()), Err(Refused::Code));
    }
}

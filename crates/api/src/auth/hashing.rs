//! Password hashes: slow on purpose, and therefore rationed.
//!
//! A hash keeps a core busy for tens of milliseconds and fills 19 MiB, so whoever may ask for many can
//! stop everything else. Here few run at once, on threads where they block nobody, a short line waits,
//! and whoever finds the line full is told to come back. A place in it is taken before a try is counted:
//! that we are busy is nobody's failure.

use crate::problem::Problem;
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a hash costs (OWASP's password storage cheat sheet, argon2id with the least memory it advises).
/// Raised here, old hashes are made anew as their owners log in.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many may be here, running or waiting: the wait of the last is bounded by it, about a second and
/// a half on two cores. Who has a place gets a turn.
const PLACES: usize = 64;

/// What is verified where there is nothing to verify: as costly as any other, and of no password.
const OF_NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$hD0d1h2m8X7v1cGDuGCdfF5ZTBe9zqQ0p3WqVZk8nUo";

/// What a password says against a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is another one.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and its hash is cheaper than today's: make it anew.
    RightButCheap,
}

/// Hashes and verifies, a few at a time. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Hasher(Arc<Line>);

#[derive(Debug)]
struct Line {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    made: AtomicU64,
}

impl Default for Hasher {
    fn default() -> Self {
        Self(Arc::new(Line {
            places: Arc::new(Semaphore::new(PLACES)),
            turns: Arc::new(Semaphore::new(at_once())),
            made: AtomicU64::new(0),
        }))
    }
}

/// A place in the line, and through it any number of hashes, one after the other.
#[derive(Debug)]
pub(crate) struct Place {
    line: Arc<Line>,
    _permit: OwnedSemaphorePermit,
}

impl Hasher {
    /// A place in the line.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub(crate) fn place(&self) -> Result<Place, Problem> {
        let permit = Arc::clone(&self.0.places).try_acquire_owned();
        Ok(Place {
            line: Arc::clone(&self.0),
            _permit: permit.map_err(|_| too_many())?,
        })
    }

    /// A password's hash with its parameters, as a PHC string.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        self.place()?.hash(password).await
    }

    /// How many were made and verified since the start.
    pub(crate) fn made(&self) -> u64 {
        self.0.made.load(Ordering::Relaxed)
    }
}

impl Place {
    /// A password's hash with its parameters, as a PHC string.
    ///
    /// # Errors
    /// 500 when it cannot be made.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        self.in_turn(move || {
            let hash = argon2().hash_password(password.as_bytes())?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether this is the password of the hash. Without a hash it takes as long and is wrong.
    ///
    /// # Errors
    /// 500 when the hash is none.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<Verdict, Problem> {
        self.in_turn(move || {
            let parsed = PasswordHash::new(hash.as_deref().unwrap_or(OF_NOBODY))?;
            let is_right = argon2().verify_password(password.as_bytes(), &parsed);
            Ok(match is_right {
                Ok(()) if hash.is_none() => Verdict::Wrong,
                Ok(()) if is_cheap(&parsed) => Verdict::RightButCheap,
                Ok(()) => Verdict::Right,
                Err(_) => Verdict::Wrong,
            })
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> argon2::password_hash::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.line.turns)
            .acquire_owned()
            .await
            .map_err(|_| too_many())?;
        self.line.made.fetch_add(1, Ordering::Relaxed);
        // The turn goes along: who hangs up does not make room for another hash while this one runs.
        let done = tokio::task::spawn_blocking(move || with_turn(turn, work)).await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(Problem::internal())
            }
            Err(error) => {
                tracing::error!(%error, "hashing a password did not end");
                Err(Problem::internal())
            }
        }
    }
}

fn with_turn<T>(turn: OwnedSemaphorePermit, work: impl FnOnce() -> T) -> T {
    let done = work();
    drop(turn);
    done
}

/// How many run at once: as many as there are cores. Half of them would leave a core to other requests and
/// nearly halve the log-ins, and the system shares the cores fairly among threads as it is. More would make
/// none faster, and each takes 19 MiB.
fn at_once() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn too_many() -> Problem {
    metrics::counter!("password_hashes_refused_total").increment(1);
    Problem::unavailable("too many people sign in at once")
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these are within its bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether a hash costs less than one made today.
fn is_cheap(hash: &PasswordHash) -> bool {
    let Ok(params) = Params::try_from(hash) else {
        return true;
    };
    hash.algorithm.as_str() != "argon2id"
        || params.m_cost() < MEMORY_KIB
        || params.t_cost() < PASSES
        || params.p_cost() != LANES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verifies with less memory: `m=64,t=1`, of "an old password".
    fn cheap() -> String {
        let params = Params::new(64, 1, 1, None).unwrap();
        let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        old.hash_password(b"an old password").unwrap().to_string()
    }

    #[tokio::test]
    async fn a_password_opens_its_own_hash_alone() {
        let hasher = Hasher::default();
        let hash = hasher.hash("three bells by nine".into()).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let verify = async |password: &str| {
            let place = hasher.place().unwrap();
            place
                .verify(password.to_owned(), Some(hash.clone()))
                .await
                .unwrap()
        };
        assert_eq!(verify("three bells by nine").await, Verdict::Right);
        assert_eq!(verify("three bells by ten").await, Verdict::Wrong);
        assert_ne!(
            hash,
            hasher.hash("three bells by nine".into()).await.unwrap()
        );
    }

    #[tokio::test]
    async fn nobody_is_verified_at_the_same_cost_and_never_right() {
        let parsed = PasswordHash::new(OF_NOBODY).unwrap();
        assert!(!is_cheap(&parsed));
        let hasher = Hasher::default();
        assert_eq!(
            hasher
                .place()
                .unwrap()
                .verify("anything".into(), None)
                .await
                .unwrap(),
            Verdict::Wrong
        );
        assert_eq!(hasher.made(), 1);
    }

    #[tokio::test]
    async fn a_hash_of_older_cost_is_to_be_made_anew() {
        let place = Hasher::default().place().unwrap();
        let verdict = place.verify("an old password".into(), Some(cheap())).await;
        assert_eq!(verdict.unwrap(), Verdict::RightButCheap);
    }

    #[tokio::test]
    async fn a_full_line_turns_away_at_once() {
        let hasher = Hasher::default();
        let mut all: Vec<Place> = (0..PLACES).map(|_| hasher.place().unwrap()).collect();
        assert_eq!(hasher.place().unwrap_err().status(), 503);
        let refused = hasher.hash("another password".into()).await.unwrap_err();
        assert_eq!(refused.status(), 503);
        all.pop();
        assert!(hasher.place().is_ok(), "a place is given back");
        assert_eq!(hasher.made(), 0);
    }
}

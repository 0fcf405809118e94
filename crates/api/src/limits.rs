//! How often somebody may ask: token buckets in memory, as many as fit a fixed table.
//!
//! They keep one caller from taking what all need, and one range of addresses from trying many
//! passwords or filling many mailboxes. They are no lock: a bucket belongs to whoever empties it, and
//! an empty one fills again by itself. Nothing is allocated for a request, and a stranger who comes
//! from ever other addresses pushes out only what is nearly full.
//!
//! Each process counts for itself. Loopback is exempt, as it is from the listener's bounds: a program on
//! this machine speaks for many. What comes through a proxy that is named in TRUSTED_PROXIES has the
//! address of its client.

use crate::{origin::Range, problem::Problem};
use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Requests of one person or key. A dashboard asks a few times a second while calls come in; a program
/// that copies everything stays below by paging.
const OF_A_PERSON: Rate = Rate::new(Duration::from_millis(20), 200);

/// Requests from one address, whoever sends them: a whole office behind one router.
const FROM_AN_ADDRESS: Rate = Rate::new(Duration::from_millis(5), 1_000);

/// Passwords, codes and links tried from one range: enough for an office in the morning, and in a day
/// no more than the tail of a list of common passwords.
const TRIES: Rate = Rate::new(Duration::from_secs(3), 30);

/// The same from a whole /48 of the newer addresses: its owner has 65,536 ranges.
const TRIES_OF_A_SITE: Rate = Rate::new(Duration::from_millis(300), 300);

/// Mails a stranger may cause from one range.
const MAILS_FROM: Rate = Rate::new(Duration::from_secs(60), 10);

/// Mails that strangers or several accounts together may cause to one address for one purpose, from
/// wherever.
const MAILS_TO: Rate = Rate::new(Duration::from_secs(300), 5);

/// What somebody wants a mail for that goes to an address which is not proven to be theirs. Each has its
/// own bucket: whoever signs an address up over and over must not keep its owner from a link that gives
/// them their account back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MailFor {
    SignUp,
    Reset,
    Change,
    Invite,
}

/// So many callers are told apart at once, in half a megabyte: far more than are ever in the middle of
/// a bucket together.
const SETS: usize = 4096;

/// Slots a caller may be in. One that finds them all taken takes the place of the one that has asked
/// least.
const WAYS: usize = 8;

/// Every bucket of the role.
#[derive(Debug)]
pub(crate) struct Limits {
    began: Instant,
    people: Buckets,
    addresses: Buckets,
    tries: Buckets,
    tries_of_sites: Buckets,
    mails_from: Buckets,
    mails_to: Buckets,
}

impl Limits {
    pub(crate) fn new(began: Instant) -> Self {
        Self {
            began,
            people: Buckets::new(OF_A_PERSON),
            addresses: Buckets::new(FROM_AN_ADDRESS),
            tries: Buckets::new(TRIES),
            tries_of_sites: Buckets::new(TRIES_OF_A_SITE),
            mails_from: Buckets::new(MAILS_FROM),
            mails_to: Buckets::new(MAILS_TO),
        }
    }

    /// Any request at all, before anybody is known.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn request(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        self.from(&self.addresses, address, now, "slow down a little")
    }

    /// A request of a person or an API key.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn of(&self, caller: Uuid, address: IpAddr, now: Instant) -> Result<(), Problem> {
        if address.is_loopback() {
            return Ok(());
        }
        let taken = self.people.take(&caller, self.at(now));
        taken.map_err(|wait| refused(wait, "slow down a little"))
    }

    /// Somebody unknown tries a password, a code or what a link carries.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn try_secret(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let words = "too many tries from your network";
        self.from(&self.tries, address, now, words)?;
        match Range::of(address).site() {
            Some(site) if !address.is_loopback() => {
                let taken = self.tries_of_sites.take(&site, self.at(now));
                taken.map_err(|wait| refused(wait, words))
            }
            _ => Ok(()),
        }
    }

    /// Somebody unknown wants a mail sent. Whether its address has had enough of them is the answer,
    /// and no error: a stranger must not learn who was written to.
    ///
    /// # Errors
    /// 429 when this network has caused too many.
    pub(crate) fn mail(
        &self,
        address: IpAddr,
        purpose: MailFor,
        to: &str,
        now: Instant,
    ) -> Result<bool, Problem> {
        let words = "too many mails were asked for from your network";
        self.from(&self.mails_from, address, now, words)?;
        Ok(self.mail_to(purpose, to, now))
    }

    /// Somebody who is signed in wants a mail sent to an address that may be a stranger's: whether it has
    /// had enough of them. What one account may ask for is bounded by its rows; here all accounts are
    /// counted together. Take it where the mail would follow, or those who are refused for another reason
    /// would keep the address from its mails.
    pub(crate) fn mail_to(&self, purpose: MailFor, to: &str, now: Instant) -> bool {
        self.mails_to.take(&(purpose, to), self.at(now)).is_ok()
    }

    fn from(
        &self,
        buckets: &Buckets,
        address: IpAddr,
        now: Instant,
        words: &'static str,
    ) -> Result<(), Problem> {
        if address.is_loopback() {
            return Ok(());
        }
        let taken = buckets.take(&Range::of(address), self.at(now));
        taken.map_err(|wait| refused(wait, words))
    }

    fn at(&self, now: Instant) -> u64 {
        nanoseconds(now.saturating_duration_since(self.began))
    }
}

fn refused(wait: Duration, words: &'static str) -> Problem {
    metrics::counter!("api_requests_limited_total").increment(1);
    let seconds = wait.as_millis().div_ceil(1000);
    Problem::too_many(u16::try_from(seconds).unwrap_or(u16::MAX), words)
}

/// One token every so often, and so many at once.
#[derive(Debug, Clone, Copy)]
struct Rate {
    every: Duration,
    burst: u32,
}

impl Rate {
    const fn new(every: Duration, burst: u32) -> Self {
        Self { every, burst }
    }
}

#[derive(Debug)]
struct Buckets {
    every: u64,
    /// How far `full_at` may lie ahead before the next token would be one too many.
    slack: u64,
    sets: Box<[Mutex<[Slot; WAYS]>]>,
    /// Keyed anew at each start, so that nobody can choose whose bucket to share.
    hasher: RandomState,
}

/// A bucket: nothing but the instant at which it is full again (the "generic cell rate algorithm").
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    caller: u64,
    full_at: u64,
}

impl Buckets {
    fn new(rate: Rate) -> Self {
        let every = nanoseconds(rate.every);
        Self {
            every,
            slack: every.saturating_mul(u64::from(rate.burst - 1)),
            sets: (0..SETS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Takes a token, or says after how long there is one.
    fn take(&self, caller: &impl Hash, now: u64) -> Result<(), Duration> {
        let caller = self.hasher.hash_one(caller);
        let place = usize::try_from(caller % SETS as u64).expect("less than the number of sets");
        let mut set = self.sets[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let own = set
            .iter()
            .position(|slot| slot.caller == caller)
            .unwrap_or_else(|| fullest(&set));
        let slot = &mut set[own];
        if slot.caller != caller {
            *slot = Slot { caller, full_at: 0 };
        }
        let full_at = slot.full_at.max(now);
        let ahead = full_at - now;
        if ahead > self.slack {
            return Err(Duration::from_nanos(ahead - self.slack));
        }
        slot.full_at = full_at + self.every;
        Ok(())
    }
}

fn fullest(set: &[Slot; WAYS]) -> usize {
    let (place, _) = set
        .iter()
        .enumerate()
        .min_by_key(|(_, slot)| slot.full_at)
        .expect("a set has slots");
    place
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_process::clock;

    const SECOND: u64 = 1_000_000_000;

    fn bucket() -> Buckets {
        Buckets::new(Rate::new(Duration::from_secs(1), 3))
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_at_a_time() {
        let bucket = bucket();
        let at = 7 * SECOND;
        for _ in 0..3 {
            assert_eq!(bucket.take(&"ada", at), Ok(()));
        }
        assert_eq!(bucket.take(&"ada", at), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(&"bob", at), Ok(()), "another has their own");
        assert_eq!(bucket.take(&"ada", at + SECOND), Ok(()));
        assert!(bucket.take(&"ada", at + SECOND).is_err());
        // Refusals cost nothing: who was refused waits no longer for it.
        for _ in 0..100 {
            assert!(bucket.take(&"ada", at + SECOND).is_err());
        }
        assert_eq!(bucket.take(&"ada", at + 2 * SECOND), Ok(()));
    }

    #[test]
    fn a_crowd_of_strangers_takes_no_more_room_and_frees_nobody_in_the_middle_of_a_bucket() {
        let bucket = bucket();
        while bucket.take(&"ada", SECOND).is_ok() {}
        for stranger in 0..20_000u32 {
            assert!(bucket.take(&stranger, SECOND).is_ok());
        }
        assert!(bucket.take(&"ada", SECOND).is_err());
    }

    #[test]
    fn a_range_is_limited_together_and_this_machine_never() {
        let now = clock::monotonic();
        let limits = Limits::new(now);
        let tries = (0..=255u8).map(|last| IpAddr::from([203, 0, 113, last]));
        let allowed = tries.filter(|address| limits.try_secret(*address, now).is_ok());
        assert_eq!(allowed.count(), 30);
        let neighbour = IpAddr::from([203, 0, 114, 1]);
        assert!(limits.try_secret(neighbour, now).is_ok());
        let own = IpAddr::from([127, 0, 0, 1]);
        assert!((0..1_000).all(|_| limits.try_secret(own, now).is_ok()));
        let later = now + Duration::from_secs(3);
        let again = IpAddr::from([203, 0, 113, 77]);
        assert!(limits.try_secret(again, later).is_ok());
        let refused = limits.try_secret(again, later).unwrap_err();
        assert_eq!(refused.status(), 429);
        let subnets =
            (0..1_000u16).map(|subnet| IpAddr::from([0x2001, 0xdb8, 0, subnet, 0, 0, 0, 1]));
        let allowed = subnets.filter(|address| limits.try_secret(*address, later).is_ok());
        assert_eq!(
            allowed.count(),
            300,
            "of one site, however many subnets it has"
        );
    }

    #[test]
    fn a_mailbox_is_spared_from_wherever_it_is_asked() {
        let now = clock::monotonic();
        let limits = Limits::new(now);
        let sent = (0..50u8)
            .map(|third| IpAddr::from([203, 0, third, 1]))
            .filter(|address| {
                let sent = limits.mail(*address, MailFor::SignUp, "ada@example.com", now);
                sent.unwrap()
            });
        assert_eq!(sent.count(), 5);
        let other = IpAddr::from([198, 51, 100, 1]);
        let sent = |purpose, to| limits.mail(other, purpose, to, now).unwrap();
        assert!(sent(MailFor::SignUp, "bob@example.com"));
        assert!(
            sent(MailFor::Reset, "ada@example.com"),
            "sign-ups keep nobody from a link to a new password"
        );
        let invited = (0..50).filter(|_| limits.mail_to(MailFor::Invite, "ada@example.com", now));
        assert_eq!(
            invited.count(),
            5,
            "nor do people who are signed in fill it"
        );
        assert!(limits.mail_to(MailFor::Change, "ada@example.com", now));
    }
}

//! Mails: one for each fact that somebody must hear of, and those about calls and payments that people
//! chose to get (`notices`).
//!
//! Addresses, names and links are looked up when a mail is sent and kept nowhere. A mail about
//! something that was used, is over or gone meanwhile is not sent. Each has a Message-ID made of its
//! effect's key, so that a mail server or reader that gets one twice can tell.

mod browser;
mod letter;
mod message;
mod moment;
mod notices;
mod people;
mod post;
mod smtp;
mod words;
mod write;

pub(crate) use notices::Notices;
pub(crate) use post::Post;

use crate::worker::{Trial, Verdict, Worker};
use chrono::TimeDelta;
use frontdesk_events::catalogue::account;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use write::Writing;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How old the news in a mail may be: as old as it gets while all tries fail, and what the tries
/// themselves take (thirteen of eleven minutes). Where there was no mail server for months, nobody hears
/// then who signed in last spring.
const STALE: TimeDelta = TimeDelta::seconds(tried_for().as_secs() as i64 + 4 * 3600);

/// How long after an event the last try for its mail begins.
const fn tried_for() -> Duration {
    let mut sum = Duration::ZERO;
    let mut next = 0;
    while next < Mail::DELAYS.len() {
        sum = sum.saturating_add(Mail::DELAYS[next]);
        next += 1;
    }
    sum
}

/// Writes and sends the mails that facts ask for.
pub(crate) struct Mail {
    post: Arc<Post>,
    pool: PgPool,
}

impl Mail {
    pub(crate) fn new(post: Arc<Post>, pool: PgPool) -> Self {
        Self { post, pool }
    }
}

impl Worker for Mail {
    const NAME: &'static str = "mail";
    const KINDS: &'static [&'static str] = &[
        account::SIGNUP_REQUESTED,
        account::SIGNUP_REPEATED,
        account::SIGNED_UP,
        account::SIGNED_IN,
        account::PASSWORD_RESET_REQUESTED,
        account::PASSWORD_CHANGED,
        account::EMAIL_CHANGE_REQUESTED,
        account::EMAIL_CHANGED,
        account::IDENTITY_LINKED,
        account::SECOND_FACTOR_ENABLED,
        account::SECOND_FACTOR_DISABLED,
        account::KEY_CREATED,
        account::MEMBER_INVITED,
        account::MEMBER_JOINED,
        account::EXPORT_READY,
        account::DELETION_REQUESTED,
    ];
    /// A mail server answers within seconds; more at once it may take for a flood.
    const AT_ONCE: usize = 4;
    /// The first minutes bridge a restart of the mail server, the hours its failure, and after three
    /// days a mail server, too, gives a mail up.
    const DELAYS: &'static [Duration] = &[
        Duration::from_secs(5),
        Duration::from_secs(30),
        MINUTE.saturating_mul(2),
        MINUTE.saturating_mul(10),
        MINUTE.saturating_mul(30),
        HOUR,
        HOUR.saturating_mul(2),
        HOUR.saturating_mul(4),
        HOUR.saturating_mul(8),
        HOUR.saturating_mul(16),
        HOUR.saturating_mul(24),
        HOUR.saturating_mul(24),
    ];

    async fn run(&self, trial: &Trial<'_>) -> Verdict {
        let written = write::write(&self.pool, self.post.links(), trial).await;
        let (recipient, letter) = match written {
            Ok(Writing::Letter(letter)) => *letter,
            Ok(Writing::Over(reason)) => return Verdict::over(reason),
            Ok(Writing::Unreadable(reason)) => return Verdict::discard(reason),
            Err(error) => return Verdict::retry(format!("looking up whom to write to: {error}")),
        };
        let happened_at = trial.event.time().unwrap_or(trial.now);
        self.post
            .send(&recipient, &letter, trial.key, happened_at)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mail_is_about_can_be_looked_up_until_the_last_try() {
        let slack = TimeDelta::hours(24);
        assert!(account::LINKS_STAY > STALE + slack, "{STALE}");
        assert_eq!(tried_for(), Mail::DELAYS.iter().sum::<Duration>());
    }
}

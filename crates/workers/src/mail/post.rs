//! The way out: letters become messages, and the mail server takes them or says why not.

use super::{
    letter::Letter,
    message::{self, Recipient},
    smtp::{Limits, Refusal, Smtp},
};
use crate::{config, worker::Verdict};
use chrono::{DateTime, Utc};
use frontdesk_process::{health::Health, keyring::Keyring};
use lettre::message::Mailbox;
use url::Url;
use uuid::Uuid;

/// Whether the mail server takes mails from us as we are set up. No other role depends on it, but
/// nobody hears from us while it does not.
const CONDITION: &str = "mail-server";

/// Sends letters.
pub(crate) struct Post {
    smtp: Smtp,
    from: Mailbox,
    links: Links,
    health: Health,
}

/// What links in mails are made of.
pub(super) struct Links {
    public_url: Url,
    keyring: Keyring,
}

impl Post {
    pub(crate) fn new(
        settings: config::Smtp,
        public_url: Url,
        keyring: Keyring,
        health: Health,
    ) -> anyhow::Result<Self> {
        // Until it says otherwise.
        health.ok(CONDITION);
        Ok(Self {
            from: settings.from.clone(),
            smtp: Smtp::new(settings, &public_url, Limits::USUAL)?,
            links: Links {
                public_url,
                keyring,
            },
            health,
        })
    }

    pub(super) fn links(&self) -> &Links {
        &self.links
    }

    /// Sends one; under the same key it is the same message.
    pub(super) async fn send(
        &self,
        to: &Recipient,
        letter: &Letter,
        key: &str,
        happened_at: DateTime<Utc>,
    ) -> Verdict {
        let message = match message::message(&self.from, to, letter, key, happened_at) {
            Ok(message) => message,
            Err(reason) => return Verdict::discard(reason),
        };
        match self.smtp.send(&message).await {
            Ok(()) => {
                self.health.ok(CONDITION);
                Verdict::Done
            }
            Err(Refusal::ForNow(reason)) => Verdict::retry(reason),
            Err(Refusal::Ours(reason)) => {
                // One recipient's server may say the same of itself; the dashboard works as before.
                self.health.remark(CONDITION, &reason);
                Verdict::retry(reason)
            }
            Err(Refusal::ForGood(reason)) => Verdict::discard(reason),
        }
    }
}

impl Links {
    pub(super) fn page(&self, path: &str) -> Url {
        let mut url = self.public_url.clone();
        url.set_path(path);
        url.set_query(None);
        url.set_fragment(None);
        url
    }

    /// With what a link carries behind `#`, where no server and no log sees it.
    pub(super) fn token(&self, path: &str, id: Uuid) -> Url {
        let mut url = self.page(path);
        url.set_fragment(Some(&self.keyring.mail_link(id)));
        url
    }

    pub(super) fn recipient(&self, address: String) -> Recipient {
        let home = self.public_url.origin().ascii_serialization();
        Recipient { address, home }
    }
}

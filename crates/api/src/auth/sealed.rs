//! Short notes that a browser keeps for us between two requests: sealed, so that nobody reads or
//! changes them, and over after ten minutes.
//!
//! They spare a table of half-begun log-ins that any stranger could fill. What is in one can be shown
//! again until it is over; whoever reads a note makes sure that this is worth nothing.

use crate::{config::Access, problem::Problem, session, viewer::cookie};
use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// Long enough to find a password at a provider, or a phone.
const LASTS: TimeDelta = TimeDelta::minutes(10);

/// One kind of note: the name of its cookie, and what its key is derived for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    /// With https. No other host and no plain http can set it.
    host_name: &'static str,
    /// On plain http on this machine, which cannot have the other.
    plain_name: &'static str,
}

#[derive(Serialize, Deserialize)]
struct Dated<T> {
    ends_at: i64,
    note: T,
}

impl Note {
    pub(super) const fn new(host_name: &'static str, plain_name: &'static str) -> Self {
        Self {
            host_name,
            plain_name,
        }
    }

    /// The cookie that leaves a note in the browser.
    ///
    /// # Errors
    /// 500 when it does not fit a cookie.
    pub(super) fn leave<T: Serialize>(
        self,
        access: &Access,
        note: &T,
        now: DateTime<Utc>,
    ) -> Result<HeaderValue, Problem> {
        let dated = Dated {
            ends_at: (now + LASTS).timestamp(),
            note,
        };
        let text = serde_json::to_vec(&dated).map_err(|error| {
            tracing::error!(%error, "a note could not be written");
            Problem::internal()
        })?;
        let sealed = access.keyring.seal(&self.purpose(), Uuid::nil(), &text);
        Ok(self.cookie(access, &URL_SAFE_NO_PAD.encode(sealed), LASTS))
    }

    /// What a browser kept for us, unless it is over or was never ours.
    pub(super) fn read<T: DeserializeOwned>(
        self,
        access: &Access,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD
            .decode(cookie(headers, self.name(access))?)
            .ok()?;
        let text = access.keyring.open(&self.purpose(), Uuid::nil(), &sealed)?;
        let dated: Dated<T> = serde_json::from_slice(&text).ok()?;
        (now.timestamp() < dated.ends_at).then_some(dated.note)
    }

    /// The cookie that takes it out of the browser.
    pub(super) fn take_back(self, access: &Access) -> HeaderValue {
        self.cookie(access, "", TimeDelta::zero())
    }

    fn purpose(self) -> String {
        format!("note {}", self.plain_name)
    }

    fn name(self, access: &Access) -> &'static str {
        if access.https {
            self.host_name
        } else {
            self.plain_name
        }
    }

    fn cookie(self, access: &Access, value: &str, lasts: TimeDelta) -> HeaderValue {
        session::cookie(access, self.name(access), value, lasts)
    }
}

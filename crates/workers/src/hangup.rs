//! Calls that somebody ends from the dashboard: LiveKit is asked to let the caller go.
//!
//! Where the caller is alone with the receptionist the room is deleted: then the line is hung up and the
//! agent's session ends at once. A room that others share (a dispatch rule of one fixed name) must not
//! go with one of them: there the caller alone is removed, and LiveKit closes the room when it is empty.
//! Between asking who is there and deleting the room lie milliseconds in which another caller can come
//! in; LiveKit has no request that would be both.
//!
//! A caller is known by what no other call has, the SIP call id or the participant's sid. So a room that
//! was made anew under the same name, or somebody who rang again, is never meant.

mod livekit;

pub(crate) use livekit::Address;

use crate::worker::{Trial, Verdict, Worker};
use anyhow::Context as _;
use chrono::TimeDelta;
use frontdesk_events::catalogue::account;
use livekit::{LiveKit, Refusal, There};
use sqlx::PgPool;
use std::time::Duration;

/// Whoever asked has asked again by then, or changed their mind: a line that goes dead minutes after the
/// click would be a fault of its own.
const WORTH_IT: TimeDelta = TimeDelta::seconds(60);

/// Hangs up.
pub(crate) struct Hangup {
    livekit: LiveKit,
    pool: PgPool,
}

/// A call as LiveKit knows it.
#[derive(Debug, sqlx::FromRow)]
struct Call {
    room_name: String,
    call_key: String,
    state: String,
}

impl Hangup {
    pub(crate) fn new(address: &Address, pool: PgPool) -> Self {
        Self {
            livekit: LiveKit::at(address),
            pool,
        }
    }

    async fn end(&self, wanted: &account::Hangup) -> anyhow::Result<Verdict> {
        let Some(call) = self.call(wanted).await? else {
            return Ok(Verdict::over("there is no such call"));
        };
        if call.state == "ended" {
            return Ok(Verdict::over("the call has ended"));
        }
        Ok(match self.let_go(&call).await {
            Ok(verdict) => verdict,
            Err(Refusal::Gone) => Verdict::over("LiveKit has ended it already"),
            Err(Refusal::Other(reason)) => Verdict::retry(reason),
        })
    }

    async fn let_go(&self, call: &Call) -> Result<Verdict, Refusal> {
        match self.livekit.look(&call.room_name, &call.call_key).await? {
            There::Nobody => return Ok(Verdict::over("the caller has left")),
            There::Alone => self.livekit.close(&call.room_name).await?,
            There::AmongOthers { identity } => {
                self.livekit.remove(&call.room_name, &identity).await?;
            }
        }
        Ok(Verdict::Done)
    }

    async fn call(&self, wanted: &account::Hangup) -> anyhow::Result<Option<Call>> {
        sqlx::query_as(
            "select room_name, call_key, state from calls.calls where id = $1 and user_id = $2",
        )
        .bind(wanted.call_id)
        .bind(wanted.user_id)
        .fetch_optional(&self.pool)
        .await
        .context("looking up a call")
    }
}

impl Worker for Hangup {
    const NAME: &'static str = "hangup";
    const KINDS: &'static [&'static str] = &[account::HANGUP_REQUESTED];
    /// Few are asked for at once, and somebody watches each.
    const AT_ONCE: usize = 4;
    /// Half a minute in all: what a restart of LiveKit takes. Then whoever asked may ask again
    /// (`crates/api/src/calls/hangup.rs` counts on it).
    const DELAYS: &'static [Duration] = &[
        Duration::from_secs(1),
        Duration::from_secs(2),
        Duration::from_secs(4),
        Duration::from_secs(8),
    ];

    async fn run(&self, trial: &Trial<'_>) -> Verdict {
        let Ok(wanted) = serde_json::from_slice::<account::Hangup>(trial.event.data()) else {
            return Verdict::discard("its data is not what its type says");
        };
        if trial
            .event
            .time()
            .is_none_or(|asked| trial.now - asked > WORTH_IT)
        {
            return Verdict::over("it was asked for too long ago");
        }
        self.end(&wanted)
            .await
            .unwrap_or_else(|error| Verdict::retry(format!("{error:#}")))
    }
}

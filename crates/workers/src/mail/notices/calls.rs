//! Calls that ended: one mail each up to a bound, and beyond it one for the rest.

use super::{Notice, words};
use crate::mail::post::Links;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

pub(super) const EFFECT: &str = "notify";
/// Why an effect is done that had no mail of its own.
pub(super) const TOGETHER: &str = "told together";

/// The agent's report comes after the end, and webhooks may overtake each other: by then a row says what
/// it will say.
const SETTLED: TimeDelta = TimeDelta::seconds(60);
/// What is older is no news. Also what bounds the tries.
const NEWS: TimeDelta = TimeDelta::hours(1);
/// The longest call that is found; the index is by when calls began.
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// Mails about single calls to one account in an hour. A busy day must not fill a mailbox, nor make the
/// mail server take us for a flood.
const MOST_AN_HOUR: usize = 10;
/// How long calls beyond it are gathered. Short of [`NEWS`], so that none is too old when they are told.
const GATHERED: TimeDelta = TimeDelta::minutes(45);

/// A call somebody wants to hear of.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Call {
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) time_zone: String,
    pub(super) client: Option<String>,
    pub(super) caller_number: Option<String>,
    pub(super) caller_name: Option<String>,
    pub(super) is_answered: bool,
    pub(super) started_at: DateTime<Utc>,
    pub(super) ended_at: DateTime<Utc>,
    pub(super) talk_ms: Option<i64>,
    pub(super) outcome: Option<String>,
    pub(super) summary: Option<String>,
    /// Mails about single calls to this account within the last hour.
    pub(super) told: i64,
}

pub(super) async fn due(
    db: &PgPool,
    links: &Links,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Notice>> {
    let calls: Vec<Call> = sqlx::query_as(
        "select c.id, u.id as user_id, u.email, u.name, u.time_zone, cl.name as client, c.caller_number, c.caller_name,
            c.result = 'answered' as is_answered, c.started_at, c.ended_at, c.talk_ms, c.outcome_label as outcome,
            c.summary, told.count as told
        from account.users u
        cross join lateral (
            select * from calls.calls c
            where c.user_id = u.id and c.started_at > $1 - $4 and c.state = 'ended' and c.direction = 'inbound'
                and c.result is not null and c.ended_at > $1 - $3 and c.ended_at <= $1 - $2
                and (u.notify_new_call or u.notify_missed_call and c.result <> 'answered')
                and not exists (select from ops.effects e where e.key = c.id::text || '/' || $5 and e.state <> 'claimed')
            order by c.ended_at, c.id limit 1000) c
        cross join lateral (
            select count(*) from calls.calls t
            join ops.effects e on e.key = t.id::text || '/' || $5
            where t.user_id = u.id and t.started_at > $1 - $4 - $3 and e.state = 'done' and e.reason is null
                and e.finished_at > $1 - $3) told
        left join account.clients cl on cl.id = c.client_id
        where u.deleted_at is null and u.suspended_at is null and (u.notify_new_call or u.notify_missed_call)
        order by u.id, c.ended_at, c.id",
    )
    .bind(now)
    .bind(SETTLED)
    .bind(NEWS)
    .bind(LONGEST)
    .bind(EFFECT)
    .fetch_all(db)
    .await?;
    let mut due = Vec::new();
    for of_account in calls.chunk_by(|one, next| one.user_id == next.user_id) {
        let (alone, together) = plan(of_account, now);
        due.extend(alone.iter().map(|call| single(call, links)));
        due.extend(gathered(together, links));
    }
    Ok(due)
}

/// Which calls have a mail of their own, and which are told together; the rest waits. In the order they
/// ended, of one account.
fn plan(calls: &[Call], now: DateTime<Utc>) -> (&[Call], &[Call]) {
    let told = calls.first().map_or(0, |call| call.told);
    let room = MOST_AN_HOUR.saturating_sub(usize::try_from(told).unwrap_or(usize::MAX));
    let (alone, rest) = calls.split_at(room.min(calls.len()));
    match rest.first() {
        Some(oldest) if oldest.ended_at <= now - GATHERED => (alone, rest),
        _ => (alone, &[]),
    }
}

fn key(call: &Call) -> String {
    format!("{}/{EFFECT}", call.id)
}

fn single(call: &Call, links: &Links) -> Notice {
    Notice {
        key: key(call),
        effect: EFFECT,
        address: call.email.clone(),
        letter: words::call(
            call,
            links.page(&format!("/calls/{}", call.id)),
            &links.page("/settings/notifications"),
        ),
        happened_at: call.ended_at,
        beside: Vec::new(),
    }
}

/// Under a key of its own: the rows of its calls say that they were told together.
fn gathered(calls: &[Call], links: &Links) -> Option<Notice> {
    let first = calls.first()?;
    Some(Notice {
        key: format!("{}/together/{EFFECT}", first.id),
        effect: EFFECT,
        address: first.email.clone(),
        letter: words::more_calls(
            first,
            calls,
            links.page("/calls"),
            &links.page("/settings/notifications"),
        ),
        happened_at: first.ended_at,
        beside: calls.iter().map(key).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(ended_minutes_ago: &[i64], told: i64, now: DateTime<Utc>) -> Vec<Call> {
        let call = |minutes: &i64| Call {
            id: Uuid::new_v4(),
            user_id: Uuid::nil(),
            email: "ada@example.com".to_owned(),
            name: "Ada".to_owned(),
            time_zone: "UTC".to_owned(),
            client: None,
            caller_number: None,
            caller_name: None,
            is_answered: false,
            started_at: now - TimeDelta::minutes(minutes + 1),
            ended_at: now - TimeDelta::minutes(*minutes),
            talk_ms: None,
            outcome: None,
            summary: None,
            told,
        };
        ended_minutes_ago.iter().map(call).collect()
    }

    #[test]
    fn beyond_the_bound_calls_are_gathered_and_told_together() {
        let now = DateTime::UNIX_EPOCH;
        let planned = |ended: &[i64], told| {
            let calls = calls(ended, told, now);
            let (alone, together) = plan(&calls, now);
            (alone.len(), together.len())
        };
        assert_eq!(planned(&[], 0), (0, 0));
        assert_eq!(planned(&[5, 4], 0), (2, 0));
        assert_eq!(planned(&[5; 15], 0), (10, 0));
        assert_eq!(planned(&[50; 15], 0), (10, 5));
        assert_eq!(planned(&[5, 4], 9), (1, 0));
        assert_eq!(planned(&[44, 4], 10), (0, 0));
        assert_eq!(planned(&[45, 4], 10), (0, 2));
        assert_eq!(planned(&[45, 4], 99), (0, 2));
        assert!(GATHERED + TimeDelta::minutes(5) < NEWS);
    }
}

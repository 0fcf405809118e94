//! The day before in short, each morning where the person lives.

use super::{Notice, words};
use crate::{
    ledger::{Claim, End, Ledger},
    mail::post::Links,
};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use sqlx::{FromRow, PgPool};
use std::{collections::HashSet, ops::Range};
use uuid::Uuid;

const EFFECT: &str = "summary";
/// From eight in the morning until noon: what was down at eight may still tell, and nobody hears of
/// yesterday in the evening.
const HOURS: Range<u32> = 8..12;

#[derive(Debug, Clone, FromRow)]
struct Person {
    id: Uuid,
    email: String,
    name: String,
    time_zone: String,
}

/// What happened on a day.
#[derive(Debug, FromRow)]
pub(super) struct Figures {
    pub(super) calls: i64,
    pub(super) answered: i64,
    pub(super) successful: i64,
    pub(super) talk_ms: i64,
}

pub(super) async fn due(
    db: &PgPool,
    ledger: &Ledger,
    links: &Links,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Notice>> {
    let people: Vec<Person> = sqlx::query_as(
        "select id, email, name, time_zone from account.users
        where notify_daily_summary and deleted_at is null and suspended_at is null order by id",
    )
    .fetch_all(db)
    .await?;
    let mornings: Vec<(String, Tz, NaiveDate, Person)> = people
        .into_iter()
        .filter_map(|person| {
            let zone: Tz = person.time_zone.parse().unwrap_or(Tz::UTC);
            let today = morning(now, zone)?;
            Some((
                format!("{}/{today}/{EFFECT}", person.id),
                zone,
                today,
                person,
            ))
        })
        .collect();
    let keys: Vec<String> = mornings.iter().map(|(key, ..)| key.clone()).collect();
    let told: HashSet<String> = ledger.finished(&keys).await?.into_iter().collect();
    let mut due = Vec::new();
    for (key, zone, today, person) in mornings {
        if told.contains(&key) {
            continue;
        }
        let Some(yesterday) = today.checked_sub_days(Days::new(1)) else {
            continue;
        };
        let (from, to) = (midnight(zone, yesterday), midnight(zone, today));
        let figures = figures(db, person.id, from, to).await?;
        if figures.calls == 0 {
            nothing_to_tell(ledger, &key, now).await?;
            continue;
        }
        let (url, choices) = (links.page("/calls"), links.page("/settings/notifications"));
        due.push(Notice {
            letter: words::day(&person.name, yesterday, &figures, url, &choices),
            key,
            effect: EFFECT,
            address: person.email,
            happened_at: to,
            beside: Vec::new(),
        });
    }
    Ok(due)
}

/// The day whose morning it is there, if it is one.
fn morning(now: DateTime<Utc>, zone: Tz) -> Option<NaiveDate> {
    let there = now.with_timezone(&zone);
    HOURS.contains(&there.hour()).then(|| there.date_naive())
}

/// When a day begins there. Where clocks are put forward at midnight it begins at one.
fn midnight(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let found = zone.from_local_datetime(&midnight).earliest();
    found.map_or_else(
        || {
            let later = midnight + chrono::TimeDelta::hours(1);
            let found = zone.from_local_datetime(&later).earliest();
            found.map_or(later.and_utc(), |there| there.to_utc())
        },
        |there| there.to_utc(),
    )
}

async fn figures(
    db: &PgPool,
    user: Uuid,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<Figures> {
    sqlx::query_as(
        "select count(*) as calls, count(*) filter (where result = 'answered') as answered,
            count(*) filter (where result = 'answered' and outcome_status = 'success') as successful,
            coalesce(sum(talk_ms), 0)::bigint as talk_ms
        from calls.calls
        where user_id = $1 and started_at >= $2 and started_at < $3 and direction = 'inbound' and state = 'ended'",
    )
    .bind(user)
    .bind(from)
    .bind(to)
    .fetch_one(db)
    .await
}

/// A quiet day is not asked about again.
async fn nothing_to_tell(ledger: &Ledger, key: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    if let Claim::Ours(turn) = ledger.claim(key, EFFECT, now).await? {
        let reason = Some("no calls that day");
        let written = ledger
            .finish(key, turn.attempt, End::Discarded, reason, now)
            .await;
        turn.end().await;
        written?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_morning_is_where_the_person_lives() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 27);
        for (now, zone, found) in [
            ("2026-11-27T07:59:59Z", Tz::UTC, None),
            ("2026-11-27T08:00:00Z", Tz::UTC, day),
            ("2026-11-27T11:59:59Z", Tz::UTC, day),
            ("2026-11-27T12:00:00Z", Tz::UTC, None),
            ("2026-11-27T07:00:00Z", Tz::Europe__Berlin, day),
            ("2026-11-26T19:00:00Z", Tz::Pacific__Auckland, day),
        ] {
            assert_eq!(morning(at(now), zone), found, "{now} {zone}");
        }
    }

    #[test]
    fn a_day_is_as_long_as_it_is_there() {
        let length = |zone, day: &str| {
            let day: NaiveDate = day.parse().unwrap();
            let next = day.checked_add_days(Days::new(1)).unwrap();
            (midnight(zone, next) - midnight(zone, day)).num_hours()
        };
        assert_eq!(length(Tz::Europe__Berlin, "2026-11-27"), 24);
        assert_eq!(length(Tz::Europe__Berlin, "2026-03-29"), 23);
        assert_eq!(length(Tz::Europe__Berlin, "2026-10-25"), 25);
        // Its clocks go forward at midnight.
        assert_eq!(length(Tz::Africa__Cairo, "2026-04-24"), 23);
    }
}

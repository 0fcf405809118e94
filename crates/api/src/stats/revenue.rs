//! What inbound calls earned, by local day and currency. Currencies are never added up or turned into each
//! other: nobody here knows the rate of that day.

use super::{PeriodShown, buckets::Spans, period::Period};
use crate::{
    Api,
    freshness::Freshness,
    moment::Moment,
    money::Money,
    problem::Problem,
    viewer::{Plan, Viewer},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// What calls earned in a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct Revenue {
    /// What was asked for.
    pub period: PeriodShown,
    /// Over the whole period, by currency.
    pub totals: Vec<Money>,
    /// By local day and currency; what is not listed earned nothing.
    pub by_day: Vec<DayRevenue>,
    /// How current this is.
    pub freshness: Freshness,
}

/// What a day's calls earned in a currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayRevenue {
    /// Local date.
    #[schema(format = Date, example = "2026-11-23")]
    pub date: String,
    /// How much.
    pub amount: Money,
}

/// The revenue of a client.
pub(crate) async fn of_client(
    api: &Api,
    viewer: &Viewer,
    period: Period,
    client: Uuid,
) -> Result<Revenue, Problem> {
    let freshness = api.board().calls();
    let read = viewer.read(api.database(), Plan::ByValues, period, move |db, period| {
        Box::pin(earned(db, period, client))
    });
    Ok(revenue(&period, read.await?, freshness))
}

/// What the calls that began in a stretch of time earned.
struct Earned {
    at: DateTime<Utc>,
    currency: String,
    amount_minor: i64,
}

fn revenue(period: &Period, earned: Vec<Earned>, freshness: Freshness) -> Revenue {
    let (mut days, mut totals) = (BTreeMap::new(), BTreeMap::new());
    for part in earned {
        let date = part.at.with_timezone(&period.zone).date_naive();
        *days.entry((date, part.currency.clone())).or_insert(0) += part.amount_minor;
        *totals.entry(part.currency).or_insert(0) += part.amount_minor;
    }
    let money = |currency, amount_minor| Money {
        amount_minor,
        currency,
    };
    Revenue {
        period: PeriodShown {
            from: Moment(period.from),
            to: Moment(period.to),
            tz: period.zone.name().to_owned(),
        },
        totals: totals
            .into_iter()
            .map(|(currency, amount)| money(currency, amount))
            .collect(),
        by_day: days
            .into_iter()
            .filter(|(_, amount)| *amount != 0)
            .map(|((date, currency), amount)| DayRevenue {
                date: date.to_string(),
                amount: money(currency, amount),
            })
            .collect(),
        freshness,
    }
}

async fn earned(db: &mut PgConnection, period: &Period, client: Uuid) -> sqlx::Result<Vec<Earned>> {
    let spans = Spans::of(period.from, period.to, period.has_whole_hours());
    sqlx::query_as!(
        Earned,
        // Every zone of today differs from UTC by a multiple of a quarter of an hour.
        r#"with parts as (
            select hour as at, currency, amount_minor
            from calls.hourly_revenue
            where hour >= $1 and hour < $2 and client_id = $7
            union all
            select date_bin('15 minutes', started_at, timestamptz '2000-01-01 00:00:00+00'), revenue_currency, revenue_minor
            from calls.calls
            where result is not null and direction = 'inbound' and revenue_minor is not null and revenue_currency is not null
                and (started_at >= $3 and started_at < $4 or started_at >= $5 and started_at < $6)
                and client_id = $7
        )
        select at as "at!", currency as "currency!", sum(amount_minor)::bigint as "amount_minor!"
        from parts group by at, currency order by at, currency"#,
        spans.hours.0,
        spans.hours.1,
        spans.head.0,
        spans.head.1,
        spans.tail.0,
        spans.tail.1,
        client,
    )
    .fetch_all(db)
    .await
}

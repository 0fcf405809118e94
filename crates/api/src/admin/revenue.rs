//! `GET /api/admin/revenue`: what subscriptions bring in, month by month.
//!
//! Everything is computed from invoices, because only they keep their history: a subscription counts
//! at an instant when it was paid within the 35 days before it, which is a month and PayPal's retries.
//! So what is new, what was lost and what recurs always fit together. Currencies are never added.

mod month;

use super::Administrator;
use crate::{
    Api, answer,
    freshness::Freshness,
    moment::Moment,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use month::Month;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};

/// Three years in one answer.
const MOST_MONTHS: usize = 36;
/// What is shown without `from`: a year.
const USUAL_MONTHS: usize = 12;

/// What subscriptions bring in.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceRevenue {
    /// The oldest first.
    pub months: Vec<RevenueMonth>,
    /// How current this is.
    pub freshness: Freshness,
}

/// One month, of UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevenueMonth {
    /// The month.
    #[schema(example = "2026-11")]
    pub month: String,
    /// The instant subscriptions are counted at: the month's end, or now in a month that goes on.
    pub counted_at: Moment,
    /// Subscriptions and what they bring, by plan and currency; the largest amount first.
    pub plans: Vec<PlanRevenue>,
    /// Money that moved in the month, by currency.
    pub received: Vec<Received>,
    /// Payments that PayPal tried in vain in the month.
    pub failed: FailedPayments,
}

/// Subscriptions of one plan in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanRevenue {
    /// The plan the subscription has today: earlier ones are not kept. Null when it is none of ours, or
    /// was changed for this subscription alone or paid in another currency: it then gives no access.
    #[schema(example = "pro")]
    pub plan: Option<String>,
    /// Its name; null without a plan.
    #[schema(example = "Pro")]
    pub plan_name: Option<String>,
    /// ISO 4217. Amounts are in its smallest unit.
    #[schema(example = "USD")]
    pub currency: String,
    /// Monthly recurring: subscriptions that were paid within the 35 days before `counted_at`, were not
    /// refunded in full since, and were not cancelled with nothing left of what was paid.
    pub recurring: Amount,
    /// Those among them that did not count at the end of the month before: begun, or come back.
    pub new: Amount,
    /// Those that counted at the end of the month before and do not count now, with what they paid then.
    pub lost: Amount,
}

/// Subscriptions and what they pay a month: of each the last payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Amount {
    /// How many.
    #[schema(example = 12)]
    pub subscriptions: i64,
    /// How much, in the smallest unit of the currency.
    #[schema(example = 598_800)]
    pub amount_minor: i64,
}

/// Money that moved.
#[derive(Debug, Serialize, ToSchema)]
pub struct Received {
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
    /// What payments brought that came through, PayPal's fees not taken off.
    pub paid_minor: i64,
    /// What went back as refunds and reversals, as a positive number.
    pub returned_minor: i64,
}

/// Payments that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailedPayments {
    /// How often PayPal said that a payment failed or was denied; a retry that fails counts again.
    pub tries: i64,
    /// Of how many subscriptions.
    pub subscriptions: i64,
}

/// Which months.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RevenuePeriod {
    /// The first month; eleven months before `to` when left out.
    #[param(value_type = Option<String>, pattern = "^\\d{4}-\\d{2}$", example = "2026-01")]
    from: Option<Month>,
    /// The last month, not after this one; this one when left out. At most 36 months in all.
    #[param(value_type = Option<String>, pattern = "^\\d{4}-\\d{2}$", example = "2026-11")]
    to: Option<Month>,
}

/// Shows what subscriptions bring in.
#[utoipa::path(
    get, operation_id = "show_revenue", path = "/api/admin/revenue", tag = "admin", params(RevenuePeriod),
    responses((status = 200, description = "Month by month", body = ServiceRevenue), ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    _: Administrator,
    mut given: Parameters,
) -> Result<Response, Problem> {
    let now = clock::now();
    let months = period(&mut given, now);
    given.finish()?;
    let freshness = api.board().billing();
    let months = api
        .database()
        .admin(move |db| Box::pin(async move { Ok(read(db, &months, now).await?) }))
        .await?;
    let size = 256 + months.len() * 1024;
    Ok(answer::json(answer::written(
        &ServiceRevenue { months, freshness },
        size,
    )))
}

fn period(given: &mut Parameters, now: DateTime<Utc>) -> Vec<Month> {
    let this = Month::of(now);
    let asked = RevenuePeriod {
        from: given.take("from", Month::parse),
        to: given.take("to", Month::parse),
    };
    let to = asked.to.unwrap_or(this);
    let from = asked.from.unwrap_or_else(|| to.before(USUAL_MONTHS - 1));
    if to > this {
        given.refuse("to", "is a month that has not begun");
    } else if from > to {
        given.refuse("from", "is after `to`");
    } else if from.until(to) > MOST_MONTHS {
        given.refuse(
            "from",
            &format!("is more than {MOST_MONTHS} months before `to`"),
        );
    } else {
        return from.through(to);
    }
    Vec::new()
}

async fn read(
    db: &mut PgConnection,
    months: &[Month],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<RevenueMonth>> {
    let Some(first) = months.first() else {
        return Ok(Vec::new());
    };
    let ends: Vec<DateTime<Utc>> = months.iter().map(|month| month.end().min(now)).collect();
    let mut answer: Vec<RevenueMonth> = months
        .iter()
        .zip(&ends)
        .map(|(month, end)| RevenueMonth {
            month: month.to_string(),
            counted_at: Moment(*end),
            plans: Vec::new(),
            received: Vec::new(),
            failed: FailedPayments {
                tries: 0,
                subscriptions: 0,
            },
        })
        .collect();
    let mut instants = vec![first.start()];
    instants.extend(&ends);
    for (month, plan) in subscriptions(db, &instants).await? {
        if let Some(month) = place(month, &mut answer) {
            month.plans.push(plan);
        }
    }
    for (month, received) in received(db, &instants).await? {
        if let Some(month) = place(month, &mut answer) {
            month.received.push(received);
        }
    }
    for (month, failed) in failed(db, &instants).await? {
        if let Some(month) = place(month, &mut answer) {
            month.failed = failed;
        }
    }
    Ok(answer)
}

/// Queries number instants from 1, and the first is the end of the month before the first.
fn place(instant: i64, months: &mut [RevenueMonth]) -> Option<&mut RevenueMonth> {
    months.get_mut(usize::try_from(instant - 2).ok()?)
}

async fn subscriptions(
    db: &mut PgConnection,
    instants: &[DateTime<Utc>],
) -> sqlx::Result<Vec<(i64, PlanRevenue)>> {
    let rows = sqlx::query!(
        r#"with paid as (
            -- Each payment holds until the next one of its subscription, and no longer than 35 days: at two
            -- instants of one month each at the most.
            select subscription_id, amount_minor - refunded_minor as amount_minor, currency,
                least(lead(issued_at) over (partition by subscription_id order by issued_at, id), issued_at + interval '35 days') as holds_until,
                width_bucket(issued_at - interval '1 microsecond', $1::timestamptz[]) as before
            from billing.invoices
            where status in ('paid', 'partially_refunded') and amount_minor > 0 and subscription_id is not null
                and issued_at > ($1::timestamptz[])[1] - interval '35 days'
        ), counted as (
            select n, paid.subscription_id, paid.amount_minor, paid.currency, p.id as plan, p.name
            from paid
            cross join lateral (values (before + 1), (before + 2)) as instants (n)
            left join billing.subscriptions s on s.id = paid.subscription_id
            left join account.plans p on p.paypal_plan_id = s.plan_id and not s.plan_overridden
                and p.currency = paid.currency
            where n <= cardinality($1::timestamptz[]) and ($1::timestamptz[])[n] < holds_until
                and (s.cancelled_at <= ($1::timestamptz[])[n] and s.paid_through <= ($1::timestamptz[])[n]) is not true
        ), marked as (
            select *, lag(n) over of_one is distinct from n - 1 as is_new, lead(n) over of_one is distinct from n + 1 as is_last
            from counted window of_one as (partition by subscription_id order by n)
        ), moves as (
            select n, plan, name, currency, amount_minor, is_new, false as is_lost from marked
            union all
            select n + 1, plan, name, currency, amount_minor, false, true from marked where is_last
        )
        select n::bigint as "n!", plan as "plan?", name as "plan_name?", currency as "currency!",
            count(*) filter (where not is_lost) as "recurring!",
            coalesce(sum(amount_minor) filter (where not is_lost), 0)::bigint as "recurring_minor!",
            count(*) filter (where is_new) as "new!",
            coalesce(sum(amount_minor) filter (where is_new), 0)::bigint as "new_minor!",
            count(*) filter (where is_lost) as "lost!",
            coalesce(sum(amount_minor) filter (where is_lost), 0)::bigint as "lost_minor!"
        from moves group by 1, 2, 3, 4 order by 1, 6 desc, 2, 4"#,
        instants,
    )
    .fetch_all(db)
    .await?;
    let plans = rows.into_iter().map(|row| {
        let amount = |subscriptions, amount_minor| Amount {
            subscriptions,
            amount_minor,
        };
        let plan = PlanRevenue {
            plan: row.plan,
            plan_name: row.plan_name,
            currency: row.currency,
            recurring: amount(row.recurring, row.recurring_minor),
            new: amount(row.new, row.new_minor),
            lost: amount(row.lost, row.lost_minor),
        };
        (row.n, plan)
    });
    Ok(plans.collect())
}

async fn received(
    db: &mut PgConnection,
    instants: &[DateTime<Utc>],
) -> sqlx::Result<Vec<(i64, Received)>> {
    let rows = sqlx::query!(
        r#"select width_bucket(occurred_at, $1::timestamptz[])::bigint + 1 as "n!", currency as "currency!",
            coalesce(sum(amount_minor) filter (where kind = 'payment'), 0)::bigint as "paid!",
            coalesce(-sum(amount_minor) filter (where kind <> 'payment'), 0)::bigint as "returned!"
        from billing.payments
        where state not in ('pending', 'denied', 'failed', 'cancelled')
            and occurred_at >= ($1::timestamptz[])[1] and occurred_at < ($1::timestamptz[])[cardinality($1::timestamptz[])]
        group by 1, 2 order by 1, 2"#,
        instants,
    )
    .fetch_all(db)
    .await?;
    let received = rows.into_iter().map(|row| {
        let received = Received {
            currency: row.currency,
            paid_minor: row.paid,
            returned_minor: row.returned,
        };
        (row.n, received)
    });
    Ok(received.collect())
}

async fn failed(
    db: &mut PgConnection,
    instants: &[DateTime<Utc>],
) -> sqlx::Result<Vec<(i64, FailedPayments)>> {
    // PayPal's own word of each try stands in the index of events; repeats of it have the same id.
    let rows = sqlx::query!(
        r#"select width_bucket(occurred_at, $1::timestamptz[])::bigint + 1 as "n!",
            count(distinct (source, event_id)) as "tries!", count(distinct aggregate) as "subscriptions!"
        from billing.event_index
        where kind in ('com.paypal.billing.subscription.payment.failed', 'com.paypal.payment.sale.denied')
            and occurred_at >= ($1::timestamptz[])[1] and occurred_at < ($1::timestamptz[])[cardinality($1::timestamptz[])]
        group by 1"#,
        instants,
    )
    .fetch_all(db)
    .await?;
    let failed = rows.into_iter().map(|row| {
        let failed = FailedPayments {
            tries: row.tries,
            subscriptions: row.subscriptions,
        };
        (row.n, failed)
    });
    Ok(failed.collect())
}

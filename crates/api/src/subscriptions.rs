//! `GET /api/subscriptions/current`: what is subscribed to, and until when access lasts.
//!
//! Access follows what was paid for, not PayPal's status word: a cancelled subscription serves to
//! its end, and a failed or late payment does not switch a receptionist off within three days.

use crate::{
    Api, answer,
    freshness::Freshness,
    moment::Moment,
    money::Money,
    parameters::{self, Parameters},
    problem::{Problem, ReadProblems},
    viewer::{Plan, Viewer},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use frontdesk_process::clock;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How long access lasts after a payment failed or did not come: PayPal tries again after five
/// days at the latest, people mend a card within three.
const GRACE: TimeDelta = TimeDelta::hours(72);

/// A PayPal subscription.
#[derive(Debug, Serialize, ToSchema)]
pub struct Subscription {
    /// PayPal's id.
    #[schema(example = "I-BW452GLLEP1G")]
    pub id: String,
    /// PayPal's plan id.
    pub plan_id: Option<String>,
    /// PayPal's word; null while only its payments are known.
    #[schema(example = "ACTIVE")]
    pub status: Option<String>,
    /// The state in words, with dates in the user's time zone.
    #[schema(example = "Active, next payment 1 Dec 2026")]
    pub words: String,
    /// When it began.
    pub started_at: Option<Moment>,
    /// When PayPal charges next.
    pub next_billing_at: Option<Moment>,
    /// Access is paid for until here.
    pub paid_through: Option<Moment>,
    /// Whether it gives access now.
    pub entitled: bool,
    /// Whether the last payment failed.
    pub past_due: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<Moment>,
    /// What PayPal still wants.
    pub outstanding: Option<Money>,
    /// The last payment that came through.
    pub last_payment: Option<LastPayment>,
    /// Who pays; null while PayPal's `custom_id` is nobody's billing key.
    pub user_id: Option<Uuid>,
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastPayment {
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Moment,
}

/// The current subscription, if there is one.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurrentSubscription {
    /// The one that gives access, else the latest; null when there is none.
    pub subscription: Option<Subscription>,
    /// How current this is.
    pub freshness: Freshness,
}

/// Whose subscription.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SubscriptionFilters {
    /// Of this user; left out, of everybody the viewer may see.
    user_id: Option<Uuid>,
}

/// Shows the current subscription.
#[utoipa::path(
    get, operation_id = "show_current_subscription", path = "/api/subscriptions/current", tag = "billing", params(SubscriptionFilters),
    responses((status = 200, description = "The current subscription", body = CurrentSubscription), ReadProblems)
)]
pub async fn current(
    State(api): State<Api>,
    viewer: Viewer,
    mut given: Parameters,
) -> Result<Response, Problem> {
    let filters = SubscriptionFilters {
        user_id: given.take("user_id", parameters::uuid),
    };
    given.finish()?;
    let freshness = api.board().billing();
    let user = &filters.user_id;
    let row = viewer
        .read(api.database(), Plan::ByValues, user, |db, user| {
            Box::pin(read(db, *user))
        })
        .await?;
    let subscription = row.map(|row| row.into_subscription(clock::now()));
    Ok(answer::json(answer::written(
        &CurrentSubscription {
            subscription,
            freshness,
        },
        1024,
    )))
}

struct SubscriptionRow {
    id: String,
    plan_id: Option<String>,
    status: Option<String>,
    started_at: Option<DateTime<Utc>>,
    next_billing_at: Option<DateTime<Utc>>,
    paid_through: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    past_due: bool,
    last_failed_at: Option<DateTime<Utc>>,
    outstanding_minor: Option<i64>,
    outstanding_currency: Option<String>,
    last_payment_minor: Option<i64>,
    last_payment_currency: Option<String>,
    last_payment_at: Option<Moment>,
    user_id: Option<Uuid>,
    time_zone: Option<String>,
}

async fn read(db: &mut PgConnection, user: Option<Uuid>) -> sqlx::Result<Option<SubscriptionRow>> {
    sqlx::query_as!(
        SubscriptionRow,
        // What is paid for longest is what gives access; a new one waiting for approval does not
        // hide an old one that still serves.
        r#"select s.id, s.plan_id, s.status, s.started_at, s.next_billing_at, s.paid_through, s.cancelled_at,
            s.past_due, s.last_failed_at, s.outstanding_minor, s.outstanding_currency, s.last_payment_minor,
            s.last_payment_currency, s.last_payment_at as "last_payment_at: Moment", s.user_id,
            u.time_zone as "time_zone?"
        from billing.subscriptions s
        left join account.users u on u.id = s.user_id
        where $1::uuid is null or s.user_id = $1
        order by (s.status is not distinct from 'ACTIVE') desc, s.paid_through desc nulls last,
            s.started_at desc nulls last, s.id
        limit 1"#,
        user,
    )
    .fetch_optional(db)
    .await
}

impl SubscriptionRow {
    fn into_subscription(self, now: DateTime<Utc>) -> Subscription {
        let amount = Money::from_parts(self.last_payment_minor, self.last_payment_currency.clone());
        Subscription {
            words: self.words(now),
            entitled: self.is_entitled(now),
            last_payment: amount
                .zip(self.last_payment_at)
                .map(|(amount, at)| LastPayment { amount, at }),
            outstanding: Money::from_parts(self.outstanding_minor, self.outstanding_currency)
                .filter(|money| money.amount_minor != 0),
            id: self.id,
            plan_id: self.plan_id,
            status: self.status,
            started_at: self.started_at.map(Moment),
            next_billing_at: self.next_billing_at.map(Moment),
            paid_through: self.paid_through.map(Moment),
            past_due: self.past_due,
            cancelled_at: self.cancelled_at.map(Moment),
            user_id: self.user_id,
        }
    }

    fn is_entitled(&self, now: DateTime<Utc>) -> bool {
        self.access_ends().is_some_and(|end| now < end)
    }

    /// When access ends as things stand.
    fn access_ends(&self) -> Option<DateTime<Utc>> {
        let paid = self.paid_through?;
        let running = matches!(self.status.as_deref(), Some("ACTIVE" | "SUSPENDED"));
        // Grace is for whoever could still pay: a charge takes hours to arrive and may fail.
        let late = (self.status.as_deref() == Some("ACTIVE"))
            .then(|| paid.checked_add_signed(GRACE))
            .flatten();
        let failed = self.last_failed_at.filter(|_| self.past_due && running);
        let failed = failed.and_then(|at| at.checked_add_signed(GRACE));
        [Some(paid), late, failed].into_iter().flatten().max()
    }

    fn words(&self, now: DateTime<Utc>) -> String {
        let zone = self
            .time_zone
            .as_deref()
            .and_then(|name| name.parse::<Tz>().ok())
            .unwrap_or(Tz::UTC);
        let day = |at: DateTime<Utc>| at.with_timezone(&zone).format("%-d %b %Y").to_string();
        let access = match self.access_ends() {
            Some(end) if now < end => format!(", access until {}", day(end)),
            Some(end) => format!(", access ended {}", day(end)),
            None => String::new(),
        };
        match self.status.as_deref() {
            Some("ACTIVE" | "SUSPENDED") if self.past_due => {
                let failed = self
                    .last_failed_at
                    .map_or_else(String::new, |at| format!(" on {}", day(at)));
                format!("Payment failed{failed}{access}")
            }
            Some("ACTIVE") => match self.next_billing_at {
                Some(next) if now < next => format!("Active, next payment {}", day(next)),
                Some(next) => format!("Active, payment of {} expected", day(next)),
                None => "Active".to_owned(),
            },
            Some("APPROVAL_PENDING") => "Waiting for approval at PayPal".to_owned(),
            Some("APPROVED") => "Approved, starting".to_owned(),
            Some("SUSPENDED") => format!("Suspended{access}"),
            Some("CANCELLED") => format!("Cancelled{access}"),
            Some("EXPIRED") => format!("Expired{access}"),
            Some(other) => format!("{other}{access}"),
            None => format!("Known only by its payments{access}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn row(status: &str) -> SubscriptionRow {
        SubscriptionRow {
            id: "I-1".into(),
            plan_id: None,
            status: Some(status.into()),
            started_at: None,
            next_billing_at: Some(at("2026-12-01T03:00:00Z")),
            paid_through: Some(at("2026-12-01T03:00:00Z")),
            cancelled_at: None,
            past_due: false,
            last_failed_at: None,
            outstanding_minor: None,
            outstanding_currency: None,
            last_payment_minor: None,
            last_payment_currency: None,
            last_payment_at: None,
            user_id: None,
            time_zone: None,
        }
    }

    #[test]
    fn access_follows_what_was_paid_with_three_days_of_grace() {
        let before = at("2026-11-30T00:00:00Z");
        let (day_after, week_after) = (at("2026-12-02T00:00:00Z"), at("2026-12-08T00:00:00Z"));
        for status in ["ACTIVE", "SUSPENDED", "CANCELLED", "EXPIRED"] {
            assert!(row(status).is_entitled(before), "{status}: paid for");
            assert!(
                !row(status).is_entitled(week_after),
                "{status}: not paid for"
            );
        }
        assert!(
            row("ACTIVE").is_entitled(day_after),
            "the charge is on its way"
        );
        assert!(
            !row("CANCELLED").is_entitled(day_after),
            "nothing more will come"
        );
        let failed = SubscriptionRow {
            past_due: true,
            last_failed_at: Some(day_after),
            ..row("SUSPENDED")
        };
        assert!(failed.is_entitled(at("2026-12-04T23:00:00Z")));
        assert!(!failed.is_entitled(at("2026-12-05T01:00:00Z")));
        let unknown = SubscriptionRow {
            paid_through: None,
            ..row("ACTIVE")
        };
        assert!(
            !unknown.is_entitled(before),
            "nothing was paid that we know of"
        );
    }

    #[test]
    fn words_say_what_happens_next_in_the_users_zone() {
        let now = at("2026-11-30T00:00:00Z");
        assert_eq!(row("ACTIVE").words(now), "Active, next payment 1 Dec 2026");
        let west = SubscriptionRow {
            time_zone: Some("America/New_York".into()),
            ..row("ACTIVE")
        };
        assert_eq!(west.words(now), "Active, next payment 30 Nov 2026");
        assert_eq!(
            row("CANCELLED").words(now),
            "Cancelled, access until 1 Dec 2026"
        );
        assert_eq!(
            row("CANCELLED").words(at("2027-01-01T00:00:00Z")),
            "Cancelled, access ended 1 Dec 2026"
        );
        let failed = SubscriptionRow {
            past_due: true,
            last_failed_at: Some(at("2026-12-01T10:00:00Z")),
            ..row("ACTIVE")
        };
        assert_eq!(
            failed.words(at("2026-12-02T00:00:00Z")),
            "Payment failed on 1 Dec 2026, access until 4 Dec 2026"
        );
        assert_eq!(
            row("ACTIVE").words(at("2026-12-01T12:00:00Z")),
            "Active, payment of 1 Dec 2026 expected"
        );
        assert_eq!(
            row("SOMETHING_NEW").words(now),
            "SOMETHING_NEW, access until 1 Dec 2026"
        );
    }
}

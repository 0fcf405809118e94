//! Whether a subscription gives access, and what to call its state.
//!
//! Pure, so that it can be asked about any moment. Access follows the money: PayPal's status word
//! gives access while it is ACTIVE (PayPal then still expects to be paid, and charges hours after
//! the date it names), and takes none away: what is paid for lasts to its end.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// How long access lasts after a payment failed, when PayPal has given the subscription up:
/// people mend a card within three days.
const GRACE: TimeDelta = TimeDelta::hours(72);

/// What access and words depend on: columns of `billing.subscriptions`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing<'a> {
    /// PayPal's word; absent while only sales are known.
    pub status: Option<&'a str>,
    /// Until when access is paid; absent when nothing was ever paid.
    pub paid_through: Option<DateTime<Utc>>,
    /// The latest date PayPal named. A renewal names none, so it is often past.
    pub next_billing_at: Option<DateTime<Utc>>,
    /// Whether a payment failed after the last one that succeeded.
    pub past_due: bool,
    /// When a payment last failed.
    pub last_failed_at: Option<DateTime<Utc>>,
    /// When PayPal tries it again.
    pub next_retry_at: Option<DateTime<Utc>>,
}

impl Standing<'_> {
    /// Whether it gives access.
    #[must_use]
    pub fn entitled(&self, now: DateTime<Utc>) -> bool {
        self.is_active() || self.access_ends().is_some_and(|end| now < end)
    }

    /// When access ends if nothing more is paid and PayPal gives it up; absent when it never
    /// began.
    #[must_use]
    pub fn access_ends(&self) -> Option<DateTime<Utc>> {
        let failed = self.last_failed_at.filter(|_| self.past_due);
        self.paid_through
            .max(failed.and_then(|at| at.checked_add_signed(GRACE)))
    }

    /// The state in a few words, with dates in this zone.
    #[must_use]
    pub fn words(&self, now: DateTime<Utc>, zone: Tz) -> String {
        let day = |at: DateTime<Utc>| at.with_timezone(&zone).format("%-d %b %Y").to_string();
        let access = match self.access_ends() {
            Some(end) if now < end => format!(", access until {}", day(end)),
            Some(end) => format!(", access ended {}", day(end)),
            None => String::new(),
        };
        let failed = self
            .last_failed_at
            .map_or_else(String::new, |at| format!(" on {}", day(at)));
        match self.status {
            Some("ACTIVE") if self.past_due => {
                match self.next_retry_at.filter(|retry| now < *retry) {
                    Some(retry) => format!("Payment failed{failed}, next attempt {}", day(retry)),
                    None => format!("Payment failed{failed}"),
                }
            }
            Some("ACTIVE") => match self.next_billing_at.max(self.paid_through) {
                _ if self.paid_through.is_none() => "Active, nothing paid yet".to_owned(),
                Some(next) if now < next => format!("Active, next payment {}", day(next)),
                Some(next) => format!("Active, payment of {} expected", day(next)),
                None => "Active".to_owned(),
            },
            Some("SUSPENDED") if self.past_due => {
                format!("Suspended, payment failed{failed}{access}")
            }
            Some("SUSPENDED") => format!("Suspended{access}"),
            Some("CANCELLED") => format!("Cancelled{access}"),
            Some("EXPIRED") => format!("Expired{access}"),
            Some("APPROVAL_PENDING") => "Waiting for approval at PayPal".to_owned(),
            Some("APPROVED") => "Approved, starting".to_owned(),
            Some(other) => format!("{other}{access}"),
            None => format!("Known only by its payments{access}"),
        }
    }

    fn is_active(&self) -> bool {
        self.status == Some("ACTIVE")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn of(status: &str) -> Standing<'_> {
        let end = Some(at("2026-12-01T10:00:00Z"));
        Standing {
            status: Some(status),
            paid_through: end,
            next_billing_at: end,
            ..Standing::default()
        }
    }

    fn failed(status: &str) -> Standing<'_> {
        Standing {
            past_due: true,
            last_failed_at: Some(at("2026-12-01T12:00:00Z")),
            next_retry_at: Some(at("2026-12-06T10:00:00Z")),
            ..of(status)
        }
    }

    #[test]
    fn what_is_paid_for_lasts_to_its_end_whatever_the_status() {
        for status in ["CANCELLED", "EXPIRED", "SUSPENDED", "SOMETHING_NEW"] {
            assert!(of(status).entitled(at("2026-12-01T09:59:59Z")), "{status}");
            assert!(
                !of(status).entitled(at("2026-12-01T10:00:00Z")),
                "{status}: not a day longer"
            );
        }
        let only_sales = Standing {
            status: None,
            ..of("")
        };
        assert!(only_sales.entitled(at("2026-11-01T00:00:00Z")));
    }

    #[test]
    fn an_active_subscription_has_access_while_its_charge_is_on_its_way() {
        assert!(of("ACTIVE").entitled(at("2026-12-01T18:00:00Z")));
        assert!(
            failed("ACTIVE").entitled(at("2026-12-05T00:00:00Z")),
            "PayPal is still trying"
        );
        let trial = Standing {
            paid_through: None,
            ..of("ACTIVE")
        };
        assert!(trial.entitled(at("2026-12-05T00:00:00Z")));
    }

    #[test]
    fn grace_is_for_a_payment_that_failed_and_three_days_long() {
        for status in ["SUSPENDED", "CANCELLED"] {
            assert!(
                failed(status).entitled(at("2026-12-04T11:59:59Z")),
                "{status}"
            );
            assert!(
                !failed(status).entitled(at("2026-12-04T12:00:00Z")),
                "{status}"
            );
        }
        let mended = Standing {
            past_due: false,
            ..failed("CANCELLED")
        };
        assert!(!mended.entitled(at("2026-12-02T00:00:00Z")));
    }

    #[test]
    fn nothing_is_given_for_nothing() {
        for status in ["APPROVAL_PENDING", "APPROVED", "SUSPENDED", "CANCELLED"] {
            let unpaid = Standing {
                paid_through: None,
                ..of(status)
            };
            assert!(!unpaid.entitled(at("2026-01-01T00:00:00Z")), "{status}");
        }
    }

    #[test]
    fn words_say_what_happens_next_in_the_users_zone() {
        let now = at("2026-11-30T00:00:00Z");
        let later = at("2027-01-01T00:00:00Z");
        let words = |standing: Standing<'_>, now| standing.words(now, Tz::UTC);
        assert_eq!(words(of("ACTIVE"), now), "Active, next payment 1 Dec 2026");
        assert_eq!(
            of("ACTIVE").words(now, Tz::Pacific__Kiritimati),
            "Active, next payment 2 Dec 2026"
        );
        assert_eq!(
            words(of("ACTIVE"), at("2026-12-01T12:00:00Z")),
            "Active, payment of 1 Dec 2026 expected"
        );
        assert_eq!(
            words(of("CANCELLED"), now),
            "Cancelled, access until 1 Dec 2026"
        );
        assert_eq!(
            words(of("CANCELLED"), later),
            "Cancelled, access ended 1 Dec 2026"
        );
        assert_eq!(
            words(failed("ACTIVE"), later),
            "Payment failed on 1 Dec 2026"
        );
        let trying = at("2026-12-02T00:00:00Z");
        assert_eq!(
            words(failed("ACTIVE"), trying),
            "Payment failed on 1 Dec 2026, next attempt 6 Dec 2026"
        );
        let given_up = "Suspended, payment failed on 1 Dec 2026, access until 4 Dec 2026";
        assert_eq!(words(failed("SUSPENDED"), trying), given_up);
        let trial = Standing {
            paid_through: None,
            ..of("ACTIVE")
        };
        assert_eq!(words(trial, now), "Active, nothing paid yet");
    }

    #[test]
    fn a_renewal_moves_the_next_payment_though_paypal_names_no_date() {
        let renewed = Standing {
            paid_through: Some(at("2027-01-01T11:42:00Z")),
            ..of("ACTIVE")
        };
        assert_eq!(
            renewed.words(at("2026-12-15T00:00:00Z"), Tz::UTC),
            "Active, next payment 1 Jan 2027"
        );
    }
}

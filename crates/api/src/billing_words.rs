//! Whether a subscription gives access, and what to call its state. Days are left to whoever
//! shows them: only the reader's browser knows the reader's zone and way of writing.
//!
//! Pure, so that it can be asked about any moment. Access follows the money: PayPal's status word
//! gives access while it is ACTIVE (PayPal then still expects to be paid, and charges hours after
//! the date it names), and takes none away: what is paid for lasts to its end. But only for a plan
//! that we offer, on its own terms: what anybody agrees on with PayPal alone is no word of ours.

use crate::moment::Moment;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// How long access lasts after a payment failed, when PayPal has given the subscription up:
/// people mend a card within three days.
const GRACE: TimeDelta = TimeDelta::hours(72);

/// What access and words depend on: columns of `billing.subscriptions`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing<'a> {
    /// Whether PayPal names a plan of ours for it, with nothing changed for it alone. Without that
    /// nothing gives access.
    pub is_ours: bool,
    /// PayPal's word; absent while only sales are known.
    pub status: Option<&'a str>,
    /// Until when access is paid; absent when nothing that counts was ever paid.
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

/// Words, and the day they lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Phrase {
    /// The words, with the blanks and commas around them.
    #[schema(example = "Active, next payment ")]
    pub text: String,
    /// What follows them, to be written as a day; null when nothing does.
    pub day: Option<Moment>,
}

impl Phrase {
    fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            day: None,
        }
    }

    fn day(text: &str, day: DateTime<Utc>) -> Self {
        Self {
            text: format!("{text} "),
            day: Some(Moment(day)),
        }
    }
}

impl Standing<'_> {
    /// Whether it gives access.
    #[must_use]
    pub fn entitled(&self, now: DateTime<Utc>) -> bool {
        self.is_ours && (self.is_active() || self.access_ends().is_some_and(|end| now < end))
    }

    /// When access ends if nothing more is paid and PayPal gives it up; absent when it never
    /// began.
    fn access_ends(&self) -> Option<DateTime<Utc>> {
        let failed = self.last_failed_at.filter(|_| self.past_due);
        self.paid_through
            .max(failed.and_then(|at| at.checked_add_signed(GRACE)))
            .filter(|_| self.is_ours)
    }

    /// When PayPal charges next, as far as that is known; absent when it does not, and when the
    /// day has come and nothing has been heard yet.
    #[must_use]
    pub fn next_payment(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = match self.past_due {
            true => self.next_retry_at,
            false => self.payment_expected(),
        };
        next.filter(|next| self.is_active() && now < *next)
    }

    /// PayPal's date, or the end of what is paid where a renewal named none.
    fn payment_expected(&self) -> Option<DateTime<Utc>> {
        self.next_billing_at.max(self.paid_through)
    }

    /// The state in a few words.
    #[must_use]
    pub fn words(&self, now: DateTime<Utc>) -> Vec<Phrase> {
        let mut words = self.status_words(now);
        if !self.is_ours {
            words.push(Phrase::text(
                ", no access: PayPal names no plan as we offer it",
            ));
        }
        words
    }

    fn status_words(&self, now: DateTime<Utc>) -> Vec<Phrase> {
        let access = self.access_ends().map(|end| {
            let words = if now < end { "until" } else { "ended" };
            Phrase::day(&format!(", access {words}"), end)
        });
        let failed = |before: &str| match self.last_failed_at {
            Some(at) => Phrase::day(&format!("{before} on"), at),
            None => Phrase::text(before),
        };
        let retry = self.next_retry_at.filter(|retry| now < *retry);
        let retry = retry.map(|retry| Phrase::day(", next attempt", retry));
        let phrases = match self.status {
            Some("ACTIVE") if self.past_due => vec![Some(failed("Payment failed")), retry],
            Some("ACTIVE") => return self.active_words(now),
            Some("SUSPENDED") if self.past_due => {
                vec![Some(failed("Suspended, payment failed")), access]
            }
            Some("SUSPENDED") => vec![Some(Phrase::text("Suspended")), access],
            Some("CANCELLED") => vec![Some(Phrase::text("Cancelled")), access],
            Some("EXPIRED") => vec![Some(Phrase::text("Expired")), access],
            Some("APPROVAL_PENDING") => {
                vec![Some(Phrase::text("Waiting for approval at PayPal"))]
            }
            Some("APPROVED") => vec![Some(Phrase::text("Approved, starting"))],
            Some(other) => vec![Some(Phrase::text(other)), access],
            None => vec![Some(Phrase::text("Known only by its payments")), access],
        };
        phrases.into_iter().flatten().collect()
    }

    fn active_words(&self, now: DateTime<Utc>) -> Vec<Phrase> {
        match self.payment_expected() {
            _ if self.paid_through.is_none() => vec![Phrase::text("Active, nothing paid yet")],
            Some(next) if now < next => vec![Phrase::day("Active, next payment", next)],
            Some(next) => vec![
                Phrase::day("Active, payment of", next),
                Phrase::text(" expected"),
            ],
            None => vec![Phrase::text("Active")],
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
            is_ours: true,
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

    /// As a reader in UTC would see them.
    fn words(standing: Standing<'_>, now: DateTime<Utc>) -> String {
        let phrases = standing.words(now).into_iter();
        phrases
            .map(|Phrase { text, day }| match day {
                Some(Moment(day)) => format!("{text}{}", day.format("%-d %b %Y")),
                None => text,
            })
            .collect()
    }

    #[test]
    fn a_plan_that_is_not_ours_gives_nothing_whatever_was_paid() {
        let now = at("2026-11-30T00:00:00Z");
        let told = [
            ("ACTIVE", "Active, next payment 1 Dec 2026"),
            ("CANCELLED", "Cancelled"),
            ("SUSPENDED", "Suspended"),
        ];
        for (status, before) in told {
            let foreign = Standing {
                is_ours: false,
                ..of(status)
            };
            assert!(!foreign.entitled(now), "{status}");
            let told = format!("{before}, no access: PayPal names no plan as we offer it");
            assert_eq!(words(foreign, now), told);
        }
        let failed = Standing {
            is_ours: false,
            ..failed("SUSPENDED")
        };
        assert!(!failed.entitled(at("2026-12-02T00:00:00Z")));
    }

    #[test]
    fn the_next_payment_lies_ahead_or_is_not_known() {
        let before = at("2026-11-30T00:00:00Z");
        let after = at("2026-12-02T00:00:00Z");
        let next = |standing: Standing<'_>, now| standing.next_payment(now);
        assert_eq!(next(of("ACTIVE"), before), Some(at("2026-12-01T10:00:00Z")));
        assert_eq!(next(of("ACTIVE"), after), None);
        let renewed = Standing {
            paid_through: Some(at("2027-01-01T11:42:00Z")),
            ..of("ACTIVE")
        };
        assert_eq!(next(renewed, after), Some(at("2027-01-01T11:42:00Z")));
        assert_eq!(
            next(failed("ACTIVE"), after),
            Some(at("2026-12-06T10:00:00Z"))
        );
        assert_eq!(next(failed("ACTIVE"), at("2026-12-07T00:00:00Z")), None);
        for ended in ["CANCELLED", "SUSPENDED", "EXPIRED", "APPROVAL_PENDING"] {
            assert_eq!(next(of(ended), before), None, "{ended}");
        }
    }

    #[test]
    fn words_say_what_happens_next() {
        let now = at("2026-11-30T00:00:00Z");
        let later = at("2027-01-01T00:00:00Z");
        assert_eq!(words(of("ACTIVE"), now), "Active, next payment 1 Dec 2026");
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
            words(renewed, at("2026-12-15T00:00:00Z")),
            "Active, next payment 1 Jan 2027"
        );
    }
}

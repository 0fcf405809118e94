//! The rows of the read model, and who is told when one changes.

use crate::{
    row,
    table::{Audience, Changes, Derived, Row as _, Table, Tell, TellOwnerOf},
};
use chrono::{DateTime, Utc};
use frontdesk_events::nats::live::Topic;
use uuid::Uuid;

row! {
    /// A subscription.
    pub struct SubscriptionRow in "subscriptions", keyed by (id) {
        /// `I-…`.
        pub id: String,
        /// Who pays, if the billing key is anybody's.
        pub user_id: Option<Uuid>,
        /// The billing key PayPal carries for us.
        pub custom_id: Option<String>,
        /// `P-…`.
        pub plan_id: Option<String>,
        /// Whether the plan's terms were changed for it alone.
        pub plan_overridden: bool,
        /// PayPal's word; absent while only sales are known.
        pub status: Option<String>,
        /// Since when.
        pub status_at: Option<DateTime<Utc>>,
        /// Every status so far: a list of `{status, at}` in order.
        pub status_history: serde_json::Value,
        /// When it begins.
        pub started_at: Option<DateTime<Utc>>,
        /// The latest date of the next payment that PayPal named.
        pub next_billing_at: Option<DateTime<Utc>>,
        /// Until when access is paid.
        pub paid_through: Option<DateTime<Utc>>,
        /// Whether that is PayPal's own date.
        pub paid_through_firm: bool,
        /// When it was cancelled.
        pub cancelled_at: Option<DateTime<Utc>>,
        /// Whether a payment failed after the last one that succeeded.
        pub past_due: bool,
        /// When a payment last failed.
        pub last_failed_at: Option<DateTime<Utc>>,
        /// When PayPal tries it again, while past due.
        pub next_retry_at: Option<DateTime<Utc>>,
        /// How many in a row failed, as PayPal counts.
        pub failed_payments: Option<i32>,
        /// What is owed.
        pub outstanding_minor: Option<i64>,
        /// In which currency.
        pub outstanding_currency: Option<String>,
        /// The last payment that succeeded.
        pub last_payment_minor: Option<i64>,
        /// In which currency.
        pub last_payment_currency: Option<String>,
        /// When.
        pub last_payment_at: Option<DateTime<Utc>>,
        /// Who pays, at PayPal.
        pub payer_name: Option<String>,
        /// Who pays, at PayPal.
        pub payer_email: Option<String>,
    }
}

row! {
    /// One payment for a subscription, with what became of it. It is whoever's the subscription is.
    pub struct InvoiceRow in "invoices", keyed by (id) {
        /// PayPal's sale id.
        pub id: String,
        /// The subscription it pays for.
        pub subscription_id: Option<String>,
        /// `pending`, `paid`, `partially_refunded`, `refunded`, `reversed` or `failed`.
        pub status: String,
        /// Whether a dispute about it is open.
        pub disputed: bool,
        /// What was charged.
        pub amount_minor: i64,
        /// What went back, never more than was charged.
        pub refunded_minor: i64,
        /// What PayPal kept.
        pub fee_minor: Option<i64>,
        /// The currency of all three.
        pub currency: String,
        /// When it was charged.
        pub issued_at: DateTime<Utc>,
    }
}

row! {
    /// One movement of money.
    pub struct PaymentRow in "payments", keyed by (sale_id, kind, id) {
        /// PayPal's id of the movement.
        pub id: String,
        /// The sale it belongs to; its own id when PayPal names none.
        pub sale_id: String,
        /// The subscription, once its sale is known.
        pub subscription_id: Option<String>,
        /// Who pays, where there is no subscription to ask and the sale itself carries a billing key.
        pub user_id: Option<Uuid>,
        /// `payment`, `refund` or `reversal`.
        pub kind: String,
        /// PayPal's word: only some states have moved money.
        pub state: String,
        /// Towards us; what goes back is negative.
        pub amount_minor: i64,
        /// The currency.
        pub currency: String,
        /// When.
        pub occurred_at: DateTime<Utc>,
    }
}

fn tell(user: Option<Uuid>, id: &str) -> Tell {
    Tell {
        user,
        topic: Topic::Billing,
        id: id.to_owned(),
    }
}

/// Whoever has the subscription is told, where there is one.
fn tell_payer(user: Option<Uuid>, subscription: Option<&str>, sale_id: &str) -> Audience {
    match subscription {
        Some(subscription) => Audience::OwnerOf(TellOwnerOf {
            table: SubscriptionRow::TABLE,
            row: subscription.to_owned(),
            topic: Topic::Billing,
            id: sale_id.to_owned(),
        }),
        None => Audience::User(tell(user, sale_id)),
    }
}

/// The rows of one subscription.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubscriptionRows {
    /// One, once anything is known of it.
    pub subscriptions: Vec<SubscriptionRow>,
    /// Whether PayPal names more than one billing key for it.
    pub in_conflict: bool,
}

impl Derived for SubscriptionRows {
    fn tables() -> Vec<Table> {
        vec![Table::of::<SubscriptionRow>()]
    }

    fn changes(before: &Self, after: &Self, out: &mut Changes) {
        out.rows_telling(&before.subscriptions, &after.subscriptions, |row| {
            Some(tell(row.user_id, &row.id))
        });
        if after.in_conflict && !before.in_conflict {
            for row in &after.subscriptions {
                out.warn("PayPal names another billing key for a subscription, which stays with the first", &row.id);
            }
        }
    }
}

/// The rows of one sale: at most one invoice, and a payment for each movement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SaleRows {
    /// Empty while the sale is unknown, or pays for no subscription.
    pub invoices: Vec<InvoiceRow>,
    /// In order of kind and id.
    pub payments: Vec<PaymentRow>,
    /// The sale, where it is paid and its amount cannot be read.
    pub without_amount: Option<String>,
}

impl Derived for SaleRows {
    fn tables() -> Vec<Table> {
        vec![Table::of::<InvoiceRow>(), Table::of::<PaymentRow>()]
    }

    fn changes(before: &Self, after: &Self, out: &mut Changes) {
        out.rows_telling(&before.invoices, &after.invoices, |row| {
            Some(tell_payer(None, row.subscription_id.as_deref(), &row.id))
        });
        out.rows_telling(&before.payments, &after.payments, |row| {
            Some(tell_payer(
                row.user_id,
                row.subscription_id.as_deref(),
                &row.sale_id,
            ))
        });
        if let Some(id) = &after.without_amount
            && before.without_amount.is_none()
        {
            out.warn("a payment whose amount cannot be read has no invoice", id);
        }
    }
}

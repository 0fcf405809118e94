//! The shapes PayPal sends, field for field.
//!
//! Version 1 of its API (sales, refunds) and version 2 (subscriptions, captures) spell the same
//! things differently; both spellings are read wherever either may stand. Every field may be
//! missing, because every field has been.

use crate::{
    Money,
    catalogue::{
        moment::Moment,
        tolerant::{Flag, Integer, Many, One, Reader, Text, Time, Verbatim, record},
    },
    money,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserializer;
use std::borrow::Cow;

/// The longest id we take. PayPal's have up to 50 characters and `custom_id` up to 127; past
/// PostgreSQL's 2,700 bytes a key would fail every write of its batch.
const LONGEST_ID: usize = 128;

/// An id: 1 to 128 bytes. Anything else is no id.
#[derive(Debug)]
pub struct Id;

impl Reader for Id {
    type Value = Option<String>;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(Text::read(deserializer)?.filter(|id| id.len() <= LONGEST_ID))
    }
}

impl JsonSchema for Id {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "null"], "maxLength": LONGEST_ID })
    }
}

/// Declares the whole body of a family of webhooks around its resource.
macro_rules! event {
    ($(#[doc = $meaning:literal])+ $name:ident of $resource:ty) => {
        record! {
            $(#[doc = $meaning])+
            pub struct $name requires ["id", "event_type", "resource"] {
                /// `WH-…`: the same in every retry and resend.
                pub id: Option<String> as Id = "id",
                /// For example `PAYMENT.SALE.COMPLETED`.
                pub event_type: Option<String> as Text = "event_type",
                /// When PayPal says it made the event.
                pub create_time: Option<Moment> as Time = "create_time",
                /// For example `subscription`, `sale`, `refund`.
                pub resource_type: Option<String> as Text = "resource_type",
                /// Absent on sales and refunds, which are of version 1.
                pub resource_version: Option<String> as Text = "resource_version",
                /// PayPal's words; they change.
                pub summary: Option<String> as Text = "summary",
                /// What it is about.
                pub resource: Option<$resource> as One<$resource> = "resource",
            }
        }
    };
}

event! {
    /// A webhook about a subscription.
    SubscriptionEvent of Subscription
}
event! {
    /// A webhook about a payment for a subscription.
    SaleEvent of Sale
}
event! {
    /// A webhook about money that goes back.
    RefundEvent of Refund
}
event! {
    /// A webhook about a payer's complaint.
    DisputeEvent of Dispute
}
event! {
    /// A webhook about a plan.
    PlanEvent of Plan
}
event! {
    /// A webhook about a one-time payment.
    CaptureEvent of Capture
}

record! {
    /// Any resource, as far as it says what it is.
    pub struct Resource {
        /// Its id; disputes have none.
        pub id: Option<String> as Id = "id",
        /// The subscription a sale pays for.
        pub billing_agreement_id: Option<String> as Id = "billing_agreement_id",
        /// The sale a refund belongs to.
        pub sale_id: Option<String> as Id = "sale_id",
        /// A dispute's id.
        pub dispute_id: Option<String> as Id = "dispute_id",
        /// Related addresses.
        pub links: Vec<Link> as Many<One<Link>> = "links",
    }
}

record! {
    /// A related address.
    pub struct Link {
        /// The address.
        pub href: Option<String> as Text = "href",
        /// How it is related.
        pub rel: Option<String> as Text = "rel",
    }
}

/// The sale a refund names: by its field, else by its link.
pub(super) fn sale_named(sale_id: Option<&String>, links: &[Link]) -> Option<String> {
    sale_id.cloned().or_else(|| {
        let link = links
            .iter()
            .find(|link| link.rel.as_deref() == Some("sale"))?;
        let id = link.href.as_deref()?.rsplit('/').next()?;
        (!id.is_empty() && id.len() <= LONGEST_ID).then(|| id.to_owned())
    })
}

record! {
    /// An amount, in the spelling of version 1 or of version 2.
    pub struct Amount {
        /// Version 1: a decimal text.
        pub total: Option<String> as Verbatim = "total",
        /// Version 1: its currency.
        pub currency: Option<String> as Text = "currency",
        /// Version 2, and fees of version 1: a decimal text.
        pub value: Option<String> as Verbatim = "value",
        /// Version 2: its currency.
        pub currency_code: Option<String> as Text = "currency_code",
    }
}

impl Amount {
    fn decimal(&self) -> Option<&str> {
        self.value.as_deref().or(self.total.as_deref())
    }

    /// The amount; `None` when it is not exactly one.
    #[must_use]
    pub fn money(&self) -> Option<Money> {
        Money::parse(
            self.decimal()?,
            self.currency_code.as_deref().or(self.currency.as_deref())?,
        )
    }

    /// Whether it says zero, in whatever currency.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.decimal().is_some_and(money::is_zero)
    }

    /// Whether it is less than nothing: money that goes back, and no payment.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.money().is_some_and(|amount| amount.minor < 0)
    }
}

record! {
    /// A subscription (version 2).
    pub struct Subscription {
        /// `I-…`.
        pub id: Option<String> as Id = "id",
        /// `APPROVAL_PENDING`, `APPROVED`, `ACTIVE`, `SUSPENDED`, `CANCELLED` or `EXPIRED`.
        pub status: Option<String> as Text = "status",
        /// When the status became this.
        pub status_update_time: Option<Moment> as Time = "status_update_time",
        /// The payer's or merchant's reason.
        pub status_change_note: Option<String> as Text = "status_change_note",
        /// Only agreements of version 1 have a state; they are not read.
        pub state: Option<String> as Text = "state",
        /// `P-…`.
        pub plan_id: Option<String> as Id = "plan_id",
        /// What we called the buyer.
        pub custom_id: Option<String> as Id = "custom_id",
        /// How many, as text.
        pub quantity: Option<String> as Verbatim = "quantity",
        /// When it begins.
        pub start_time: Option<Moment> as Time = "start_time",
        /// When it was made.
        pub create_time: Option<Moment> as Time = "create_time",
        /// When anything in it last changed; absent when it was just made.
        pub update_time: Option<Moment> as Time = "update_time",
        /// Who pays.
        pub subscriber: Option<Subscriber> as One<Subscriber> = "subscriber",
        /// Where its payments stand.
        pub billing_info: Option<BillingInfo> as One<BillingInfo> = "billing_info",
        /// Whether its plan has prices of its own.
        pub plan_overridden: bool as Flag = "plan_overridden",
    }
}

record! {
    /// Who pays for a subscription.
    pub struct Subscriber {
        /// E-mail address at PayPal.
        pub email_address: Option<String> as Text = "email_address",
        /// PayPal's id of the payer.
        pub payer_id: Option<String> as Id = "payer_id",
        /// Name.
        pub name: Option<PayerName> as One<PayerName> = "name",
    }
}

record! {
    /// A payer's name.
    pub struct PayerName {
        /// First name.
        pub given_name: Option<String> as Text = "given_name",
        /// Family name.
        pub surname: Option<String> as Text = "surname",
        /// Both, where PayPal does not part them.
        pub full_name: Option<String> as Text = "full_name",
    }
}

record! {
    /// Where a subscription's payments stand.
    pub struct BillingInfo {
        /// What is owed from failed payments.
        pub outstanding_balance: Option<Amount> as One<Amount> = "outstanding_balance",
        /// The cycles so far. Their counts may lag.
        pub cycle_executions: Vec<Cycle> as Many<One<Cycle>> = "cycle_executions",
        /// The last payment that succeeded.
        pub last_payment: Option<Payment> as One<Payment> = "last_payment",
        /// The next payment; in a free trial it says today.
        pub next_billing_time: Option<Moment> as Time = "next_billing_time",
        /// The last payment of a subscription with an end.
        pub final_payment_time: Option<Moment> as Time = "final_payment_time",
        /// How many payments in a row have failed.
        pub failed_payments_count: Option<i64> as Integer = "failed_payments_count",
        /// The last payment that failed.
        pub last_failed_payment: Option<FailedPayment> as One<FailedPayment> = "last_failed_payment",
    }
}

record! {
    /// One kind of billing cycle and how often it ran.
    pub struct Cycle {
        /// `REGULAR` or `TRIAL`.
        pub tenure_type: Option<String> as Text = "tenure_type",
        /// How many have ended.
        pub cycles_completed: Option<i64> as Integer = "cycles_completed",
        /// How many there will be; 0 is endless.
        pub total_cycles: Option<i64> as Integer = "total_cycles",
    }
}

record! {
    /// A payment that succeeded.
    pub struct Payment {
        /// How much.
        pub amount: Option<Amount> as One<Amount> = "amount",
        /// When.
        pub time: Option<Moment> as Time = "time",
    }
}

record! {
    /// A payment that failed.
    pub struct FailedPayment {
        /// How much.
        pub amount: Option<Amount> as One<Amount> = "amount",
        /// When.
        pub time: Option<Moment> as Time = "time",
        /// For example `PAYMENT_DENIED`.
        pub reason_code: Option<String> as Text = "reason_code",
        /// When PayPal tries again, by its specification.
        pub next_payment_retry_time: Option<Moment> as Time = "next_payment_retry_time",
        /// The same, by its simulator.
        pub next_payment_retry_date: Option<Moment> as Time = "next_payment_retry_date",
    }
}

record! {
    /// A sale (version 1): one payment.
    pub struct Sale {
        /// Seventeen characters; refunds and disputes name it.
        pub id: Option<String> as Id = "id",
        /// The subscription it pays for; absent when it pays for none.
        pub billing_agreement_id: Option<String> as Id = "billing_agreement_id",
        /// `completed`, `pending`, `denied`, `partially_refunded`, `refunded` or `reversed`.
        pub state: Option<String> as Text = "state",
        /// How much.
        pub amount: Option<Amount> as One<Amount> = "amount",
        /// What PayPal keeps of it.
        pub transaction_fee: Option<Amount> as One<Amount> = "transaction_fee",
        /// For example `INSTANT_TRANSFER` or `ECHECK`.
        pub payment_mode: Option<String> as Text = "payment_mode",
        /// The subscription's `custom_id`, often.
        pub custom: Option<String> as Id = "custom",
        /// When it was made.
        pub create_time: Option<Moment> as Time = "create_time",
        /// When it last changed.
        pub update_time: Option<Moment> as Time = "update_time",
    }
}

record! {
    /// A refund or a reversal (version 1), in any of the shapes PayPal sends.
    pub struct Refund {
        /// The refund's id; in one shape of a reversal the sale's.
        pub id: Option<String> as Id = "id",
        /// The sale whose money goes back.
        pub sale_id: Option<String> as Id = "sale_id",
        /// Only a sale names its subscription: then the resource is the sale itself.
        pub billing_agreement_id: Option<String> as Id = "billing_agreement_id",
        /// `completed`, `pending`, `failed` or `cancelled`; a sale's states where it is the sale.
        pub state: Option<String> as Text = "state",
        /// How much goes back. Negative in the simulator's shape.
        pub amount: Option<Amount> as One<Amount> = "amount",
        /// The same in the payer's currency.
        pub refund_to_payer: Option<Amount> as One<Amount> = "refund_to_payer",
        /// All refunds of the sale together: never to be added to anything.
        pub total_refunded_amount: Option<Amount> as One<Amount> = "total_refunded_amount",
        /// What PayPal kept, where it is the sale.
        pub transaction_fee: Option<Amount> as One<Amount> = "transaction_fee",
        /// The subscription's `custom_id`, where it is the sale.
        pub custom: Option<String> as Id = "custom",
        /// When it was made.
        pub create_time: Option<Moment> as Time = "create_time",
        /// When it last changed.
        pub update_time: Option<Moment> as Time = "update_time",
        /// Related addresses, the sale's among them.
        pub links: Vec<Link> as Many<One<Link>> = "links",
    }
}

record! {
    /// A payer's complaint about payments. What payer and seller wrote is not read.
    pub struct Dispute {
        /// `PP-…`.
        pub dispute_id: Option<String> as Id = "dispute_id",
        /// What it is about.
        pub disputed_transactions: Vec<Disputed> as Many<One<Disputed>> = "disputed_transactions",
        /// For example `MERCHANDISE_OR_SERVICE_NOT_RECEIVED`.
        pub reason: Option<String> as Text = "reason",
        /// `OPEN`, `WAITING_FOR_…`, `UNDER_REVIEW`, `RESOLVED` or `OTHER`.
        pub status: Option<String> as Text = "status",
        /// `INQUIRY`, `CHARGEBACK`, `PRE_ARBITRATION` or `ARBITRATION`.
        pub dispute_life_cycle_stage: Option<String> as Text = "dispute_life_cycle_stage",
        /// How much.
        pub dispute_amount: Option<Amount> as One<Amount> = "dispute_amount",
        /// How it ended.
        pub dispute_outcome: Option<Outcome> as One<Outcome> = "dispute_outcome",
        /// When it was opened.
        pub create_time: Option<Moment> as Time = "create_time",
        /// When it last changed.
        pub update_time: Option<Moment> as Time = "update_time",
    }
}

record! {
    /// One payment of a dispute.
    pub struct Disputed {
        /// The sale's id.
        pub seller_transaction_id: Option<String> as Id = "seller_transaction_id",
    }
}

record! {
    /// How a dispute ended.
    pub struct Outcome {
        /// For example `RESOLVED_BUYER_FAVOUR`.
        pub outcome_code: Option<String> as Text = "outcome_code",
    }
}

record! {
    /// A plan.
    pub struct Plan {
        /// `P-…`.
        pub id: Option<String> as Id = "id",
        /// `PROD-…`.
        pub product_id: Option<String> as Id = "product_id",
        /// Its name.
        pub name: Option<String> as Text = "name",
        /// `CREATED`, `ACTIVE` or `INACTIVE`.
        pub status: Option<String> as Text = "status",
        /// When it was made.
        pub create_time: Option<Moment> as Time = "create_time",
        /// When it last changed.
        pub update_time: Option<Moment> as Time = "update_time",
    }
}

record! {
    /// A one-time payment, or its refund (version 2).
    pub struct Capture {
        /// Its id.
        pub id: Option<String> as Id = "id",
        /// For example `COMPLETED`.
        pub status: Option<String> as Text = "status",
        /// How much.
        pub amount: Option<Amount> as One<Amount> = "amount",
        /// What we called the buyer.
        pub custom_id: Option<String> as Id = "custom_id",
        /// When it was made.
        pub create_time: Option<Moment> as Time = "create_time",
        /// When it last changed.
        pub update_time: Option<Moment> as Time = "update_time",
    }
}

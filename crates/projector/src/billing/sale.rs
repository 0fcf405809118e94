//! A sale: the payment, what was given or taken back of it, and complaints about it, to an
//! invoice and to movements of money.
//!
//! Everything is kept by its own id, also what comes before its sale: an orphan is shown as a
//! movement, and finds its invoice when the sale arrives. PayPal's own total of refunds is never
//! used; it counts again what came before.

use super::{
    Fact,
    latest::{Latest, Since},
    rows::{InvoiceRow, PaymentRow, SaleRows},
    standing::Standing,
    whose,
};
use crate::aggregate::{Aggregate, FoldError, OwnerQuestion, Owners};
use frontdesk_events::{
    Currency, Money,
    catalogue::{
        moment::Moment,
        paypal::{
            Billing, billing,
            states::{RefundState, SaleState},
        },
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The fold of one sale.
#[derive(Debug)]
pub struct Sale;

/// Everything known of one sale.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    sale: Standing,
    refunds: BTreeMap<String, Refund>,
    /// By id. A sale is reversed at most once, whatever the number of reports.
    reversals: BTreeMap<String, Reversal>,
    /// Whether it is resolved, by dispute.
    disputes: BTreeMap<String, Latest<bool>>,
    accepted: Option<Moment>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Refund {
    state: Latest<RefundState>,
    amount: Latest<Money>,
    to_payer: Latest<Money>,
    made: Since,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Reversal {
    amount: Latest<Money>,
    made: Since,
}

impl Aggregate for Sale {
    const NAME: &'static str = "sale";
    type Fact = Fact;
    type State = State;
    type Rows = SaleRows;

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.says {
            Billing::Sale(sale) => vec![sale.id.clone()],
            Billing::Refund(refund) => vec![refund.sale_id.clone()],
            Billing::Reversal(reversal) => vec![reversal.sale_id.clone()],
            Billing::Dispute(dispute) => dispute.sale_ids.clone(),
            Billing::Subscription(_) | Billing::Other => Vec::new(),
        }
    }

    fn fold(state: &mut State, _key: &str, fact: &Fact) -> Result<(), FoldError> {
        match &fact.says {
            Billing::Sale(sale) => state.sale.merge(sale, fact),
            Billing::Refund(refund) => state
                .refunds
                .entry(refund.id.clone())
                .or_default()
                .merge(refund, fact),
            Billing::Reversal(reversal) => {
                if let Some(sale) = &reversal.sale {
                    state.sale.merge_hearsay(sale, fact);
                }
                let kept = state.reversals.entry(reversal.id.clone()).or_default();
                kept.amount.offer(reversal.at, reversal.amount);
                kept.made.offer(reversal.at, fact.happened_at);
            }
            Billing::Dispute(dispute) => {
                let kept = state.disputes.entry(dispute.id.clone()).or_default();
                kept.offer(dispute.at, Some(dispute.resolved));
            }
            Billing::Subscription(_) | Billing::Other => return Ok(()),
        }
        state.accepted = state.accepted.max(fact.accepted_at);
        Ok(())
    }

    fn questions(state: &State) -> Vec<OwnerQuestion> {
        state.question().into_iter().collect()
    }

    fn rows(key: &str, state: &State, owners: &dyn Owners) -> SaleRows {
        let owner = state
            .question()
            .and_then(|question| owners.owner(&question));
        let user = owner.map(|owner| owner.user);
        SaleRows {
            invoices: state.invoice(key).into_iter().collect(),
            payments: Movements {
                state,
                sale_id: key,
                user,
            }
            .rows(),
            without_amount: state.is_without_amount().then(|| key.to_owned()),
        }
    }
}

impl Refund {
    fn merge(&mut self, refund: &billing::Refund, fact: &Fact) {
        self.state.offer(refund.updated_at, Some(refund.state));
        self.amount.offer(refund.updated_at, refund.amount);
        self.to_payer.offer(refund.updated_at, refund.to_payer);
        self.made
            .offer(refund.created_at, refund.updated_at.or(fact.happened_at));
    }

    fn counts(&self) -> bool {
        self.state.value().is_some_and(|state| state.counts())
    }

    /// How much of a sale in this currency went back. A refund in another currency names the
    /// payer's amount as well; if neither is the sale's, nothing can be taken off it.
    fn of(&self, currency: Currency) -> i64 {
        let amounts = [self.amount.value(), self.to_payer.value()];
        let amount = amounts
            .into_iter()
            .flatten()
            .find(|amount| amount.currency == currency);
        amount
            .filter(|_| self.counts())
            .map_or(0, |amount| amount.minor)
    }
}

impl State {
    /// Asked of a sale without a subscription only. Any other is whoever's the subscription is:
    /// that hears of this sale as well, and what the sale says is one word of several there.
    fn question(&self) -> Option<OwnerQuestion> {
        let custom_id = self.sale.custom_id.value()?;
        match self.sale.subscription_id.value() {
            Some(_) => None,
            None => whose(custom_id, self.accepted),
        }
    }

    fn is_reversed(&self) -> bool {
        !self.reversals.is_empty() || self.sale.state.value() == Some(&SaleState::Reversed)
    }

    /// How much of the sale went back: never more than it was.
    fn refunded(&self, amount: Money) -> i64 {
        if self.is_reversed() || self.sale.state.value() == Some(&SaleState::Refunded) {
            return amount.minor;
        }
        let refunds = self
            .refunds
            .values()
            .map(|refund| refund.of(amount.currency));
        refunds.fold(0, i64::saturating_add).min(amount.minor)
    }

    fn is_without_amount(&self) -> bool {
        let is_paid = self
            .sale
            .state
            .value()
            .is_some_and(|state| state.was_paid());
        is_paid && self.sale.amount.value().is_none()
    }

    fn status(&self, amount: Money) -> &'static str {
        let refunded = self.refunded(amount);
        match self.sale.state.value() {
            _ if self.is_reversed() => "reversed",
            Some(SaleState::Denied) => "failed",
            Some(SaleState::Refunded) => "refunded",
            // Only what was paid can be refunded: the news of the payment is late.
            _ if refunded > 0 && refunded == amount.minor => "refunded",
            _ if refunded > 0 => "partially_refunded",
            Some(SaleState::PartiallyRefunded) => "partially_refunded",
            Some(SaleState::Pending) | None => "pending",
            Some(SaleState::Completed | SaleState::Reversed) => "paid",
        }
    }

    /// An invoice is for a subscription: a sale that pays for none has movements only.
    fn invoice(&self, key: &str) -> Option<InvoiceRow> {
        let amount = *self.sale.amount.value()?;
        let fee = self
            .sale
            .fee
            .value()
            .filter(|fee| fee.currency == amount.currency);
        Some(InvoiceRow {
            id: key.to_owned(),
            subscription_id: Some(self.sale.subscription_id.value()?.clone()),
            status: self.status(amount).to_owned(),
            disputed: self
                .disputes
                .values()
                .any(|resolved| resolved.value() == Some(&false)),
            amount_minor: amount.minor,
            refunded_minor: self.refunded(amount),
            fee_minor: fee.map(|fee| fee.minor),
            currency: amount.currency.to_string(),
            issued_at: self.sale.made.moment()?.time(),
        })
    }
}

/// The movements of money of one sale.
struct Movements<'a> {
    state: &'a State,
    sale_id: &'a str,
    user: Option<Uuid>,
}

impl Movements<'_> {
    fn rows(&self) -> Vec<PaymentRow> {
        let state = self.state;
        let sale_state = state
            .sale
            .state
            .value()
            .map_or("pending", |state| state.as_str());
        let sale = state.sale.amount.value();
        let payment = self.row(
            "payment",
            self.sale_id,
            sale_state,
            sale.copied(),
            &state.sale.made,
        );
        // PayPal may announce one movement as a refund and as a reversal.
        let refunds = state
            .refunds
            .iter()
            .filter(|(id, _)| !state.reversals.contains_key(*id));
        let back = |currency| {
            let amounts = refunds.clone().map(|(_, refund)| refund.of(currency));
            amounts.fold(0, i64::saturating_add)
        };
        // It may be told with the whole of the sale, part of which had gone back: no more goes than came.
        let rest = sale.map(|sale| Money {
            minor: sale.minor.saturating_sub(back(sale.currency)).max(0),
            ..*sale
        });
        let refunds = refunds.clone().filter_map(|(id, refund)| {
            let amount = refund.amount.value().or(refund.to_payer.value())?;
            let refund_state = refund.state.value()?.as_str();
            self.row(
                "refund",
                id,
                refund_state,
                Some(negative(*amount)),
                &refund.made,
            )
        });
        let reversal = state
            .reversals
            .iter()
            .min_by_key(|(id, reversal)| (reversal.made.moment(), *id));
        let reversal = reversal.and_then(|(id, reversal)| {
            let amount = match (reversal.amount.value(), rest) {
                (Some(told), Some(rest)) if told.currency == rest.currency => Money {
                    minor: told.minor.min(rest.minor),
                    ..rest
                },
                (told, rest) => told.copied().or(rest)?,
            };
            self.row(
                "reversal",
                id,
                "completed",
                Some(negative(amount)),
                &reversal.made,
            )
        });
        payment.into_iter().chain(refunds).chain(reversal).collect()
    }

    fn row(
        &self,
        kind: &str,
        id: &str,
        state: &str,
        amount: Option<Money>,
        made: &Since,
    ) -> Option<PaymentRow> {
        let amount = amount?;
        Some(PaymentRow {
            id: id.to_owned(),
            sale_id: self.sale_id.to_owned(),
            subscription_id: self.state.sale.subscription_id.value().cloned(),
            user_id: self.user,
            kind: kind.to_owned(),
            state: state.to_owned(),
            amount_minor: amount.minor,
            currency: amount.currency.to_string(),
            occurred_at: made.moment()?.time(),
        })
    }
}

fn negative(amount: Money) -> Money {
    Money {
        minor: -amount.minor,
        ..amount
    }
}

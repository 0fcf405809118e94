//! The read model `billing`: PayPal's webhooks to subscriptions, invoices and payments.
//!
//! PayPal promises no order, repeats itself under other event ids and never says some things at
//! all (a renewal names no next date, a refund no subscription), so nothing here counts, adds up
//! or remembers who came first. Every fact is kept by its own id or by its own date, and rows are
//! worked out from all of them each time.
//!
//! Two aggregates, because a refund names its sale alone: [`Subscription`] folds a subscription
//! and the sales that name it, [`Sale`] folds one sale and everything that happened to its money.
//! An invoice is whoever's its subscription is, which stays with the payer it named first: a sale
//! often names none, and one that names another must not pass to it. Whoever reads it joins the
//! subscription.
//!
//! Reading order: [`Fact`], [`latest`] (how facts merge), [`standing`] (a sale, as both see it),
//! [`subscription`], [`named`], [`interval`], [`paid_through`], [`sale`], [`rows`].

pub mod interval;
pub mod latest;
pub mod named;
pub mod paid_through;
pub mod rows;
pub mod sale;
pub mod standing;
pub mod subscription;

pub use sale::Sale;
pub use subscription::Subscription;

use crate::aggregate::{FoldError, OwnerQuestion};
use frontdesk_events::{
    Envelope,
    catalogue::{
        moment::Moment,
        paypal::{self, Billing},
    },
};

/// How far PayPal's clock may be ahead of ours: a day, so that no zone left out of a date matters.
const FAST_CLOCK_MICROS: i64 = 86_400_000_000;

/// One webhook, read.
#[derive(Debug, Clone)]
pub struct Fact {
    /// What it says.
    pub says: Billing,
    /// When it happened as its envelope has it: for what carries no date of its own.
    pub happened_at: Option<Moment>,
    /// When we accepted it: a billing key that exists by then has its user.
    pub accepted_at: Option<Moment>,
}

impl crate::aggregate::Fact for Fact {
    fn decode(envelope: &Envelope) -> Result<Self, FoldError> {
        let mut says = paypal::read(envelope.kind(), envelope.data())
            .map_err(|error| FoldError(error.to_string()))?;
        let recorded_at = envelope.recorded_time().and_then(Moment::from_time);
        if let Some(recorded_at) = recorded_at {
            forget_what_is_to_come(&mut says, recorded_at);
        }
        let happened_at = envelope.time().and_then(Moment::from_time).or(recorded_at);
        Ok(Self {
            says,
            happened_at,
            // PayPal's clock may be ahead, and an instant to come has no owner yet.
            accepted_at: recorded_at.or(happened_at),
        })
    }

    /// The subscription, else the sale.
    fn index_key(&self) -> Option<&str> {
        match &self.says {
            Billing::Subscription(subscription) => Some(&subscription.id),
            Billing::Sale(sale) => Some(sale.subscription_id.as_ref().unwrap_or(&sale.id)),
            Billing::Refund(refund) => Some(&refund.sale_id),
            Billing::Reversal(reversal) => {
                let subscription = reversal
                    .sale
                    .as_ref()
                    .and_then(|sale| sale.subscription_id.as_deref());
                subscription.or(Some(&reversal.sale_id))
            }
            Billing::Dispute(dispute) => dispute.sale_ids.first().map(String::as_str),
            Billing::Other => None,
        }
    }
}

/// Of what has happened a date to come is a broken clock's. Believed, the latest word would be the last one
/// for ever, and a payment of 9999 would pay for all time. Dates of what is planned stay.
fn forget_what_is_to_come(says: &mut Billing, accepted: Moment) {
    let dates: Vec<&mut Option<Moment>> = match says {
        Billing::Subscription(told) => vec![
            &mut told.at,
            &mut told.status_at,
            &mut told.created_at,
            &mut told.last_payment_at,
            &mut told.last_failed_at,
        ],
        Billing::Sale(sale) => vec![&mut sale.created_at, &mut sale.updated_at],
        Billing::Refund(refund) => vec![&mut refund.created_at, &mut refund.updated_at],
        Billing::Reversal(reversal) => {
            let sale = reversal.sale.iter_mut();
            let sale = sale.flat_map(|sale| [&mut sale.created_at, &mut sale.updated_at]);
            std::iter::once(&mut reversal.at).chain(sale).collect()
        }
        Billing::Dispute(dispute) => vec![&mut dispute.at],
        Billing::Other => Vec::new(),
    };
    let latest = accepted.micros() + FAST_CLOCK_MICROS;
    for date in dates {
        *date = date.filter(|at| at.micros() <= latest);
    }
}

/// Whose billing key this is, asked for the latest instant the state knows of: keys never change,
/// so a later instant only finds users that an event of long ago came before.
fn whose(custom_id: &str, accepted_at: Option<Moment>) -> Option<OwnerQuestion> {
    accepted_at.map(|at| OwnerQuestion::Billing(custom_id.to_owned(), at.time()))
}

#[cfg(test)]
mod tests;

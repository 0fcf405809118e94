//! How a sale stands: the same for the invoice made of it and for the subscription it pays.

use super::{
    Fact,
    latest::{Earliest, Latest, Since},
};
use frontdesk_events::{
    Money,
    catalogue::{
        moment::Moment,
        paypal::{billing::Sale, states::SaleState},
    },
};
use serde::{Deserialize, Serialize};

/// Of two snapshots of one instant the one of the later stage counts: PayPal's clock has whole
/// seconds, and an e-cheque may clear within one.
type Order = (Option<Moment>, Option<SaleState>);

/// What is known of a sale from all its snapshots.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Its stage.
    pub state: Latest<SaleState, Order>,
    /// How much, without sign.
    pub amount: Latest<Money, Order>,
    /// What PayPal keeps.
    pub fee: Latest<Money, Order>,
    /// What it pays for.
    pub subscription_id: Latest<String, Order>,
    /// Who pays, in our words: the first of them.
    pub custom_id: Earliest<String>,
    /// When it was made.
    pub made: Since,
}

impl Standing {
    /// Merges a snapshot.
    pub fn merge(&mut self, sale: &Sale, fact: &Fact) {
        self.merge_as_of((sale.updated_at, sale.state), sale, fact);
    }

    /// Merges what a reversal says of its sale. It counts only where no snapshot says anything:
    /// its amount may be the part that was taken back.
    pub fn merge_hearsay(&mut self, sale: &Sale, fact: &Fact) {
        self.merge_as_of((None, None), sale, fact);
    }

    fn merge_as_of(&mut self, order: Order, sale: &Sale, fact: &Fact) {
        self.state.offer(order, sale.state);
        self.amount.offer(order, sale.amount);
        self.fee.offer(order, sale.fee);
        self.subscription_id
            .offer(order, sale.subscription_id.clone());
        self.custom_id.offer(order.0, sale.custom_id.clone());
        self.made
            .offer(sale.created_at, sale.updated_at.or(fact.happened_at));
    }

    /// Since when the money was ours, if it ever arrived.
    #[must_use]
    pub fn paid_at(&self) -> Option<Moment> {
        self.state
            .value()
            .filter(|state| state.was_paid())
            .and(self.made.moment())
    }
}

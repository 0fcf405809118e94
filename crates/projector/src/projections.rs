//! The projections there are.

use crate::{aggregate::{Fact, FoldError}, billing, projection::Projection};
use frontdesk_events::{Envelope, StreamName};

/// Stand-in until the aggregates are wired.
pub struct Indexed;

impl Fact for Indexed {
    fn decode(_: &Envelope) -> Result<Self, FoldError> {
        Ok(Self)
    }

    fn index_key(&self) -> Option<&str> {
        None
    }
}

/// Calls, transcripts and their figures.
#[must_use]
pub fn calls() -> Projection<Indexed> {
    Projection::new("calls", StreamName::Calls, include_str!("../schema/calls.sql"), 1)
}

/// Subscriptions, invoices and payments.
#[must_use]
pub fn billing() -> Projection<billing::Fact> {
    Projection::new("billing", StreamName::Billing, include_str!("../schema/billing.sql"), 1)
        .with::<billing::Subscription>()
        .with::<billing::Sale>()
}

//! The projections there are.

use crate::{billing, calls, projection::Projection};
use frontdesk_events::StreamName;

/// Raise it whenever the same events would give other rows of calls: `laws` cannot see yesterday's
/// rules, so nothing else notices.
const CALLS_RULES: u32 = 10;
/// The same for billing.
const BILLING_RULES: u32 = 7;

/// Calls, transcripts and their figures.
#[must_use]
pub fn calls() -> Projection<calls::CallFact> {
    Projection::new(
        "calls",
        StreamName::Calls,
        concat!(
            include_str!("../schema/calls.sql"),
            include_str!("../schema/tenants_calls.sql")
        ),
        CALLS_RULES,
    )
    .with::<calls::RoomSession>()
    .with::<calls::Transcript>()
}

/// Subscriptions, invoices and payments.
#[must_use]
pub fn billing() -> Projection<billing::Fact> {
    Projection::new(
        "billing",
        StreamName::Billing,
        concat!(
            include_str!("../schema/billing.sql"),
            include_str!("../schema/tenants_billing.sql")
        ),
        BILLING_RULES,
    )
    .with::<billing::Subscription>()
    .with::<billing::Sale>()
}

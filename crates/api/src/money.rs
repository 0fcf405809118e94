//! Money as the API writes it: a whole number of the currency's smallest unit. The projector has
//! applied PayPal's exponents; nothing here converts.

use serde::Serialize;
use utoipa::ToSchema;

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Money {
    /// In the currency's smallest unit: cents for USD, yen for JPY.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    pub currency: String,
}

impl Money {
    /// Both parts, or no money.
    #[must_use]
    pub fn from_parts(amount_minor: Option<i64>, currency: Option<String>) -> Option<Self> {
        Some(Self {
            amount_minor: amount_minor?,
            currency: currency?,
        })
    }
}

//! PayPal's side of the wire: events with the fields real deliveries have, signed transmissions,
//! the certificate they are checked with, and every way in which one of these can be wrong.

pub mod authority;
pub mod certificates;
pub mod faults;
pub mod resource;
pub mod transmission;

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// One event before it is transmitted; the same at every retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// `WH-…-…`.
    pub id: String,
    /// `PAYMENT.SALE.COMPLETED` and its like.
    pub event_type: &'static str,
    /// When PayPal made it.
    pub time: DateTime<Utc>,
    /// Exactly what is sent and signed.
    pub body: Bytes,
}

#[cfg(test)]
mod tests;

//! The stages of subscriptions, sales and refunds, each in the order of its life.
//!
//! Of two snapshots of one instant the later stage counts, so the order is part of the meaning.
//! A word PayPal invents after us is no stage: the fold leaves the last known one alone.

use serde::{Deserialize, Serialize};

/// Where a subscription stands, in the order of its life: of two at one instant the later stage
/// counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Made; the payer has not agreed yet.
    ApprovalPending,
    /// The payer agreed; not begun.
    Approved,
    /// Running.
    Active,
    /// Paused by us, or stopped by PayPal after failed payments.
    Suspended,
    /// Over after its last cycle, for ever.
    Expired,
    /// Ended by either side, for ever.
    Cancelled,
}

impl Status {
    const ALL: [(Self, &'static str); 6] = [
        (Self::ApprovalPending, "APPROVAL_PENDING"),
        (Self::Approved, "APPROVED"),
        (Self::Active, "ACTIVE"),
        (Self::Suspended, "SUSPENDED"),
        (Self::Expired, "EXPIRED"),
        (Self::Cancelled, "CANCELLED"),
    ];

    /// PayPal's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(status, _)| *status == self)
            .map_or("", |(_, word)| word)
    }

    /// The status of a word; `None` for one we do not know.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, of)| of.eq_ignore_ascii_case(word))
            .map(|(status, _)| *status)
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Expired | Self::Cancelled)
    }
}

/// Where a sale stands, in the order of its life: of two at one instant the later stage counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleState {
    /// On its way, for example an e-cheque.
    Pending,
    /// It never came.
    Denied,
    /// Paid.
    Completed,
    /// Some of it was given back.
    PartiallyRefunded,
    /// All of it was given back.
    Refunded,
    /// It was taken back.
    Reversed,
}

impl SaleState {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Pending, "pending"),
        (Self::Denied, "denied"),
        (Self::Completed, "completed"),
        (Self::PartiallyRefunded, "partially_refunded"),
        (Self::Refunded, "refunded"),
        (Self::Reversed, "reversed"),
    ];

    /// PayPal's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, word)| word)
    }

    /// The state of a word; `None` for one we do not know.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, of)| of.eq_ignore_ascii_case(word))
            .map(|(state, _)| *state)
    }

    /// Whether the money arrived, whatever became of it afterwards.
    #[must_use]
    pub fn was_paid(self) -> bool {
        self >= Self::Completed
    }
}

/// Where a refund stands; of two at one instant the later counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// On its way to the payer.
    Pending,
    /// It did not leave: the money is still ours.
    Failed,
    /// It was called off: the money is still ours.
    Cancelled,
    /// Done.
    Completed,
}

impl RefundState {
    /// PayPal's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
        }
    }

    /// The state of a word. A word we do not know announces a refund all the same: done.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "pending" => Self::Pending,
            "failed" | "denied" => Self::Failed,
            "cancelled" | "canceled" => Self::Cancelled,
            _ => Self::Completed,
        }
    }

    /// Whether the money goes back.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::Completed)
    }
}

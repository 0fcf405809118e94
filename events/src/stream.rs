//! The four streams, with every option stated.
//!
//! They are the truth for calls and billing, so nothing in them may expire, be purged or be
//! dropped for want of room without the publisher being told.

use crate::{Partition, PartitionSet};
use std::{fmt, time::Duration};

/// A JetStream stream of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamName {
    /// What happened on calls: LiveKit's webhooks and agents' reports.
    Calls,
    /// What PayPal says about subscriptions, sales and disputes.
    Billing,
    /// Facts about users and clients, relayed from the outbox.
    Accounts,
    /// Events a reader could not take, with the reason.
    Dead,
}

impl StreamName {
    /// All of them, in the order they are created.
    pub const ALL: [Self; 4] = [Self::Calls, Self::Billing, Self::Accounts, Self::Dead];

    /// The name on the server.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "CALLS",
            Self::Billing => "BILLING",
            Self::Accounts => "ACCOUNTS",
            Self::Dead => "DEAD",
        }
    }

    /// The stream of this name on the server.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.as_str() == name)
    }

    /// The first token of its subjects.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Billing => "billing",
            Self::Accounts => "accounts",
            Self::Dead => "dead",
        }
    }

    /// What the server stores in it: `calls.<pp>.<source>.<type>`, `accounts.<pp>.<type>`,
    /// `dead.<stream>.<reader>`.
    #[must_use]
    pub fn subjects(self) -> &'static str {
        match self {
            Self::Calls => "calls.*.*.*",
            Self::Billing => "billing.*.*.*",
            Self::Accounts => "accounts.*.*",
            Self::Dead => "dead.*.*",
        }
    }

    /// The subject filters of a reader that owns these partitions.
    #[must_use]
    pub fn filters(self, partitions: &PartitionSet) -> Vec<String> {
        if self == Self::Dead || partitions.is_all() {
            return vec![self.subjects().to_owned()];
        }
        partitions
            .iter()
            .map(|partition| self.filter(partition))
            .collect()
    }

    /// The subject filter of one partition.
    #[must_use]
    pub fn filter(self, partition: Partition) -> String {
        match self {
            Self::Calls | Self::Billing => format!("{}.{partition}.*.*", self.prefix()),
            Self::Accounts | Self::Dead => format!("{}.{partition}.*", self.prefix()),
        }
    }

    /// For how long the server refuses a repeated `Nats-Msg-Id`. It only saves work (folds
    /// ignore repetition); ten minutes cover every retry of LiveKit and the first of PayPal.
    pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(600);

    /// The data of one event: what the largest body is that a sender may be told is taken. LiveKit's may be
    /// larger, and is stored without its metadata.
    pub const LARGEST_DATA: usize = 1024 * 1024;

    /// The headers of one message: JetStream stores no more.
    pub const LARGEST_HEAD: usize = 64 * 1024;

    /// One message. There is room for the largest data with the largest head, because LiveKit takes a
    /// refusal as delivered: what is left of its body must fit. `max_payload` of nats.conf is larger
    /// still, so that the answer would be the stream's refusal and not a closed connection.
    pub const LARGEST_MESSAGE: usize = Self::LARGEST_DATA + Self::LARGEST_HEAD;
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

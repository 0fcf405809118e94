//! What makes up a projection: a stream, a schema, and the aggregates that fill it.

use crate::{
    aggregate::{Aggregate, Fact},
    lane::{AggregateLane, Lane},
    table::{Column, Derived as _, Kind, Table},
};
use frontdesk_events::{Partition, PartitionSet, StreamName};
use sha2::{Digest as _, Sha256};

/// A projection of one stream into one schema.
pub struct Projection<F: Fact> {
    /// Its name: also the schema's, the reader's in dead letters, and the operator's word.
    pub name: &'static str,
    /// What it reads.
    pub stream: StreamName,
    /// What creates its tables in the schema `search_path` names.
    pub sql: &'static str,
    /// Raised whenever the same events would give other rows, so that old tables are rebuilt and
    /// not added to: the differences a batch makes are only right on rows of the same rules.
    pub rules: u32,
    lanes: Vec<LaneOf<F>>,
}

/// One aggregate of a projection.
struct LaneOf<F> {
    name: &'static str,
    tables: fn() -> Vec<Table>,
    lane: fn() -> Box<dyn Lane<F>>,
}

/// Every projection indexes the messages of its stream in this table.
pub const EVENT_INDEX: Table = Table {
    name: "event_index",
    keys: &["sequence"],
    columns: &[
        Column {
            name: "sequence",
            kind: Kind::BigInt,
        },
        Column {
            name: "source",
            kind: Kind::Text,
        },
        Column {
            name: "event_id",
            kind: Kind::Text,
        },
        Column {
            name: "kind",
            kind: Kind::Text,
        },
        Column {
            name: "aggregate",
            kind: Kind::Text,
        },
        Column {
            name: "occurred_at",
            kind: Kind::Time,
        },
        Column {
            name: "received_at",
            kind: Kind::Time,
        },
    ],
    sums: &[],
};

impl<F: Fact> Projection<F> {
    /// A projection without aggregates: it only indexes events.
    #[must_use]
    pub fn new(name: &'static str, stream: StreamName, sql: &'static str, rules: u32) -> Self {
        Self {
            name,
            stream,
            sql,
            rules,
            lanes: Vec::new(),
        }
    }

    /// Adds an aggregate.
    #[must_use]
    pub fn with<A: Aggregate<Fact = F>>(mut self) -> Self {
        self.lanes.push(LaneOf {
            name: A::NAME,
            tables: A::Rows::tables,
            lane: || Box::new(AggregateLane::<A>::default()),
        });
        self
    }

    /// What a schema must have been made by to be written by this code.
    #[must_use]
    pub fn version(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.sql);
        hash.update(self.rules.to_be_bytes());
        hex::encode(&hash.finalize()[..8])
    }

    /// Empty caches for its aggregates, in the order of [`Self::aggregates`].
    pub(crate) fn lanes(&self) -> Vec<Box<dyn Lane<F>>> {
        self.lanes.iter().map(|of| (of.lane)()).collect()
    }

    /// The names of its aggregates.
    #[must_use]
    pub fn aggregates(&self) -> Vec<&'static str> {
        self.lanes.iter().map(|of| of.name).collect()
    }

    /// The tables its aggregates write, without states, event index and checkpoints.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        self.lanes.iter().flat_map(|of| (of.tables)()).collect()
    }

    /// The partitions its stream has: one for BILLING, because refunds do not name their
    /// subscription.
    #[must_use]
    pub fn all_partitions(&self) -> PartitionSet {
        match self.stream {
            StreamName::Billing => PartitionSet::one(Partition::BILLING),
            _ => PartitionSet::all(),
        }
    }
}

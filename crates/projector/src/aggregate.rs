//! What a fold is.
//!
//! An aggregate sees the event and its own state: no clock, no network, no randomness. Its state
//! is a set of facts that merge by minimum, maximum or union, so that neither order nor repetition
//! can matter; its rows are a pure function of the state. Who owned a number, a tenant key or a
//! billing key at an instant comes in through [`Owners`], the one permitted look outside, and only
//! append-only history answers there.

use crate::table::Derived;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// An event as aggregates see it: decoded once, whatever the number of aggregates.
pub trait Fact: Sized + Send + Sync + 'static {
    /// Decodes the catalogue's type of an envelope. A type we do not know is a fact nobody
    /// folds, not an error.
    ///
    /// # Errors
    /// When the data of a *known* type cannot be read at all: a dead letter.
    fn decode(envelope: &frontdesk_events::Envelope) -> Result<Self, FoldError>;

    /// What the event index files it under (room sid, subscription or sale id).
    fn index_key(&self) -> Option<&str>;
}

/// A fold. The laws (order, repeat, batch, rebuild, total) are tested for every implementation.
pub trait Aggregate: Send + Sync + 'static {
    /// Its name in tables and metrics, for example `room_session`; states are in `<name>_states`.
    const NAME: &'static str;
    /// The facts it folds.
    type Fact: Fact;
    /// Facts merged so far. Equal states have equal JSON (ordered maps and sets, no hash maps),
    /// because a rebuilt table of states is compared with the live one byte by byte.
    type State: Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The rows one state gives.
    type Rows: Derived;

    /// The keys of the aggregates this fact belongs to; empty when none.
    fn keys(fact: &Self::Fact) -> Vec<String>;

    /// Merges a fact. Merging is commutative, associative and idempotent.
    ///
    /// # Errors
    /// When the fact cannot be merged; the state is then as it was.
    fn fold(state: &mut Self::State, key: &str, fact: &Self::Fact) -> Result<(), FoldError>;

    /// Which owners the rows of this state depend on.
    fn questions(state: &Self::State) -> Vec<OwnerQuestion>;

    /// The rows of a state.
    fn rows(key: &str, state: &Self::State, owners: &dyn Owners) -> Self::Rows;
}

/// Why a fact cannot be folded. It goes to DEAD with these words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FoldError(pub String);

/// A question to the append-only history of account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OwnerQuestion {
    /// Which client had this number (E.164) then?
    Number(String, DateTime<Utc>),
    /// Which client has this tenant key, if it existed then?
    Tenant(String, DateTime<Utc>),
    /// Which user has this billing key, if it existed then?
    Billing(String, DateTime<Utc>),
}

/// Who owns something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The user.
    pub user: Uuid,
    /// The client; `None` for billing.
    pub client: Option<Uuid>,
}

/// Answers owner questions from what was loaded before the rows are made.
pub trait Owners {
    /// `None` when nobody does.
    fn owner(&self, question: &OwnerQuestion) -> Option<Owner>;
}

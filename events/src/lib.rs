//! The event contract of Frontdesk: what an event is, where it goes and how it travels.
//!
//! Everything that enters, leaves or is replayed passes through these types, so this crate is
//! the only one that names the NATS client. It refuses to know what an event *means* for a call
//! or an invoice: that is the projector's.
//!
//! Reading order: [`envelope`] (one event), [`partition`] and [`subject`] (where it goes),
//! [`stream`] (what keeps it), [`catalogue`] (what its data looks like), [`words`] (what is looked
//! for in it), [`sharing`] (whose it is in a room that is shared), [`nats`] (how it travels).

pub mod asyncapi;
pub mod catalogue;
pub mod envelope;
pub mod money;
pub mod nats;
pub mod partition;
pub mod sharing;
pub mod stream;
pub mod subject;
pub mod words;

pub use cloudevents;
pub use envelope::{Envelope, EnvelopeError};
pub use money::{Currency, Money};
pub use partition::{Partition, PartitionSet};
pub use stream::StreamName;

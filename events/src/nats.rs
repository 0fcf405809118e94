//! How events travel: NATS JetStream, and core NATS for the live channel.
//!
//! Nothing outside this module names the client. It retries nothing by itself: whether an
//! unknown publish is tried again or a reader starts over is the caller's decision, because only
//! the caller knows what its sender was promised.

pub mod admin;
pub mod binding;
pub mod connection;
pub mod consume;
pub mod dead;
pub mod letter;
pub mod live;
pub mod publish;
pub mod read;
pub mod server;

pub use connection::{Connection, NatsArgs, Role};
pub use consume::{Assignment, Consumer, ConsumerOptions, ConsumerState};
pub use dead::DeadLetter;
pub use letter::Letter;
pub use publish::{Outbound, PublishAck, PublishError};
pub use read::{Delivery, ReadError, Reader};

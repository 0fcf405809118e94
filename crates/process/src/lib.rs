//! What every role shares and nothing more: clocks, derived keys, LiveKit's keys, files, telemetry,
//! health and who may look at it, shutdown and supervision, the hardened HTTP listener, and the guard for
//! what spreadsheets read. Nothing here knows an event or a table.

pub mod clock;
pub mod files;
pub mod health;
pub mod insiders;
pub mod keyring;
pub mod listen;
pub mod livekit;
pub mod rarely;
pub mod sheet;
pub mod supervise;
pub mod telemetry;

pub use tokio_util::sync::CancellationToken as Shutdown;

//! Creating streams, and asking the server what it holds.

use super::{binding, connection::Connection};
use crate::{Envelope, Partition, StreamName};
use anyhow::{Context as _, bail};
use async_nats::jetstream::{
    ErrorCode,
    context::GetStreamErrorKind,
    stream::{
        Compression, Config, DeleteMessageErrorKind, DirectGetErrorKind, DiscardPolicy, Info,
        PersistenceMode, RetentionPolicy, StorageType,
    },
};
use chrono::{DateTime, Utc};

/// What `ensure_streams` did to one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamChange {
    /// It did not exist.
    Created,
    /// It existed with other options.
    Updated,
    /// It was as it should be.
    Unchanged,
}

/// A stream as it stands on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// When it was created: another stream of the same name has another birth.
    pub created: DateTime<Utc>,
    /// Messages in it.
    pub messages: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// How many bytes it may take; `None` when only the disk ends it.
    pub most_bytes: Option<u64>,
    /// First sequence; 0 in a stream that never held one.
    pub first_sequence: u64,
    /// Last sequence; 0 in a stream that never held one.
    pub last_sequence: u64,
    /// When its last message was stored.
    pub last_stored_at: DateTime<Utc>,
}

/// A stored message with its place.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its sequence.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
    /// Its event; `None` when it is not one.
    pub envelope: Option<Envelope>,
    /// The payload as stored.
    pub payload: Vec<u8>,
}

/// Every option of a stream, stated.
fn config(stream: StreamName, replicas: usize, max_bytes: i64) -> Config {
    Config {
        name: stream.as_str().into(),
        subjects: vec![stream.subjects().into()],
        description: Some("created by `frontdesk migrate`".into()),
        // The truth expires never and refuses rather than forgets.
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        max_bytes,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        max_age: std::time::Duration::ZERO,
        max_message_size: i32::try_from(StreamName::LARGEST_MESSAGE)
            .expect("a little more than 1 MiB is far below 2 GiB"),
        storage: StorageType::File,
        num_replicas: replicas,
        no_ack: false,
        duplicate_window: StreamName::DUPLICATE_WINDOW,
        // Erasure of a person deletes single messages; nothing ever purges.
        deny_delete: false,
        deny_purge: true,
        allow_rollup: false,
        allow_direct: true,
        compression: Some(Compression::None),
        persist_mode: Some(PersistenceMode::Default),
        allow_atomic_publish: true,
        allow_message_ttl: false,
        allow_message_schedules: false,
        allow_message_counter: false,
        ..Default::default()
    }
}

impl Connection {
    /// Creates or updates the four streams. Each may take so many bytes; -1 is no bound.
    ///
    /// # Errors
    /// Before anything is changed when a stream holds more than the bound, for it would refuse everything
    /// from then on, and when the server does not say what one holds. When the server refuses one, for
    /// example an option that cannot be changed.
    pub async fn ensure_streams(
        &self,
        replicas: usize,
        max_bytes: i64,
    ) -> anyhow::Result<Vec<(StreamName, StreamChange)>> {
        if let Ok(bound) = u64::try_from(max_bytes) {
            self.refuse_too_small(bound).await?;
        }
        let mut changes = Vec::new();
        for stream in StreamName::ALL {
            let wanted = config(stream, replicas, max_bytes);
            let change = match self.look(stream).await? {
                Some(before) => {
                    let after = self
                        .jetstream
                        .update_stream(&wanted)
                        .await
                        .with_context(|| format!("updating stream {stream}"))?;
                    if before.config == after.config {
                        StreamChange::Unchanged
                    } else {
                        StreamChange::Updated
                    }
                }
                None => {
                    self.jetstream
                        .create_stream(wanted)
                        .await
                        .with_context(|| format!("creating stream {stream}"))?;
                    StreamChange::Created
                }
            };
            changes.push((stream, change));
        }
        Ok(changes)
    }

    async fn refuse_too_small(&self, bound: u64) -> anyhow::Result<()> {
        for stream in StreamName::ALL {
            // One that is still to be made holds nothing.
            let held = self.look(stream).await?.map_or(0, |info| info.state.bytes);
            if held > bound {
                bail!(
                    "stream {stream} holds {held} bytes and may take {bound} (STREAM_MAX_BYTES): raise it, \
                     nothing was changed"
                );
            }
        }
        Ok(())
    }

    /// How a stream stands.
    ///
    /// # Errors
    /// When it does not exist or the server is away.
    pub async fn stream_state(&self, stream: StreamName) -> anyhow::Result<StreamState> {
        let info = self.look(stream).await?;
        let info = info.with_context(|| format!("there is no stream {stream}"))?;
        Ok(StreamState {
            created: info.created,
            messages: info.state.messages,
            bytes: info.state.bytes,
            most_bytes: u64::try_from(info.config.max_bytes)
                .ok()
                .filter(|most| *most > 0),
            first_sequence: info.state.first_sequence,
            last_sequence: info.state.last_sequence,
            last_stored_at: info.state.last_timestamp,
        })
    }

    /// What the server says of a stream; `None` when it says that there is none.
    async fn look(&self, stream: StreamName) -> anyhow::Result<Option<Info>> {
        let error = match self.jetstream.get_stream(stream.as_str()).await {
            Ok(found) => return Ok(Some(found.cached_info().clone())),
            Err(error) => error,
        };
        match error.kind() {
            GetStreamErrorKind::JetStream(said)
                if said.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(error).with_context(|| format!("asking for stream {stream}")),
        }
    }

    /// The message at a sequence; `None` when there is none (deleted or never stored).
    ///
    /// # Errors
    /// When the server is away.
    pub async fn stored(
        &self,
        stream: StreamName,
        sequence: u64,
    ) -> anyhow::Result<Option<Stored>> {
        let handle = self.jetstream.get_stream_no_info(stream.as_str()).await?;
        match handle.direct_get(sequence).await {
            Ok(message) => Ok(Some(stored(&message))),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {stream} at {sequence}")),
        }
    }

    /// Deletes the message at a sequence and overwrites its bytes; false when there is none.
    ///
    /// # Errors
    /// When the server is away or this role may not delete there.
    pub async fn delete_stored(&self, stream: StreamName, sequence: u64) -> anyhow::Result<bool> {
        let handle = self.jetstream.get_stream_no_info(stream.as_str()).await?;
        match handle.delete_message(sequence).await {
            Ok(gone) => Ok(gone),
            Err(error) => match error.kind() {
                DeleteMessageErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::SEQUENCE_NOT_FOUND
                        || error.error_code() == ErrorCode::NO_MESSAGE_FOUND
                        // Of a sequence that was there once.
                        || (error.error_code() == ErrorCode::STREAM_MESSAGE_DELETE_FAILED
                            && error.to_string().contains("no message found")) =>
                {
                    Ok(false)
                }
                _ => Err(error).with_context(|| format!("deleting {stream} at {sequence}")),
            },
        }
    }

    /// The last message of a partition; `None` when it never held one.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn last_stored(
        &self,
        stream: StreamName,
        partition: Partition,
    ) -> anyhow::Result<Option<Stored>> {
        let handle = self.jetstream.get_stream_no_info(stream.as_str()).await?;
        match handle
            .direct_get_last_for_subject(stream.filter(partition))
            .await
        {
            Ok(message) => Ok(Some(stored(&message))),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(error).with_context(|| format!("reading the end of {stream}.{partition}"))
            }
        }
    }
}

fn stored(message: &async_nats::jetstream::message::StreamMessage) -> Stored {
    Stored {
        sequence: message.sequence,
        subject: message.subject.to_string(),
        stored_at: message.time,
        envelope: binding::decode(Some(&message.headers), &message.payload).ok(),
        payload: message.payload.to_vec(),
    }
}

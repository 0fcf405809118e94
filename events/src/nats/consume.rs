//! Reading a stream with acks, for what has an effect outside the streams.
//!
//! A durable consumer remembers which messages are settled; several processes share it, each message
//! in one pair of hands at a time. It delivers at least once: who acts on a message must know by the
//! event's id whether it acted before. Attempts are not counted here: the server forgets its count
//! when a consumer is made anew, and reaching its limit only silences a message. Folds do not read
//! this way (`read`), because an ack and a transaction cannot be one.

use super::{binding, connection::Connection, read::Delivery};
use crate::StreamName;
use anyhow::Context as _;
use async_nats::jetstream::{
    self, AckKind,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, ReplayPolicy, pull},
};
use futures::StreamExt as _;
use std::time::Duration;

/// How much longer than the server's answer to a pull we wait for it: a server that went away
/// answers nothing.
const GRACE: Duration = Duration::from_secs(2);

/// What a durable consumer is to be.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// The stream it reads.
    pub stream: StreamName,
    /// Its name on the server: the same in every process that shares it.
    pub name: String,
    /// The subjects it wants; none means all of the stream.
    pub subjects: Vec<String>,
    /// How long a message may stay in silent hands before it goes to others. Hands that are at work
    /// say so ([`Assignment::working`]).
    pub ack_wait: Duration,
    /// How many messages may be unsettled at once, those waiting for another try included. When so
    /// many are, nothing is delivered.
    pub most_unsettled: i64,
}

/// One durable consumer. Cheap to clone: each pair of hands takes from its own.
#[derive(Clone)]
pub struct Consumer {
    consumer: PullConsumer,
}

/// How a consumer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerState {
    /// Messages it has not delivered yet.
    pub waiting: u64,
    /// Messages delivered and not settled: at work, or waiting for another try.
    pub unsettled: u64,
}

impl Connection {
    /// How every durable consumer of a stream stands, by name. Readers that keep no place are left out.
    ///
    /// # Errors
    /// When the stream does not exist, the server is away, or this role may not ask.
    pub async fn consumers(
        &self,
        stream: StreamName,
    ) -> anyhow::Result<Vec<(String, ConsumerState)>> {
        let handle = self
            .jetstream
            .get_stream_no_info(stream.as_str())
            .await
            .with_context(|| format!("asking for stream {stream}"))?;
        let mut listed = handle.consumers();
        let mut found = Vec::new();
        while let Some(info) = listed.next().await {
            let info = info.map_err(|error| anyhow::anyhow!("listing consumers: {error}"))?;
            if let Some(name) = &info.config.durable_name {
                let state = ConsumerState {
                    waiting: info.num_pending,
                    unsettled: info.num_ack_pending as u64,
                };
                found.push((name.clone(), state));
            }
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }
}

/// A message in somebody's hands, to be settled by [`Assignment::ack`] or [`Assignment::retry`].
pub struct Assignment {
    /// The message.
    pub delivery: Delivery,
    message: jetstream::Message,
}

impl Consumer {
    /// Makes the consumer, or changes it to these options; where it stands stays.
    ///
    /// # Errors
    /// When the stream does not exist, the server is away, or this role may not read the stream so.
    pub async fn open(connection: &Connection, options: &ConsumerOptions) -> anyhow::Result<Self> {
        let config = pull::Config {
            durable_name: Some(options.name.clone()),
            name: Some(options.name.clone()),
            description: Some("made by the role that reads it".into()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: options.ack_wait,
            // We count attempts and say when it is enough.
            max_deliver: -1,
            backoff: Vec::new(),
            filter_subject: String::new(),
            filter_subjects: options.subjects.clone(),
            replay_policy: ReplayPolicy::Instant,
            rate_limit: 0,
            sample_frequency: 0,
            max_waiting: 512,
            max_ack_pending: options.most_unsettled,
            headers_only: false,
            max_batch: 0,
            max_bytes: 0,
            max_expires: Duration::ZERO,
            // However long the role is away, its place is kept.
            inactive_threshold: Duration::ZERO,
            // As many replicas as the stream has.
            num_replicas: 0,
            memory_storage: false,
            ..Default::default()
        };
        let consumer = connection
            .jetstream
            .create_consumer_on_stream(config, options.stream.as_str())
            .await
            .with_context(|| format!("opening consumer {} of {}", options.name, options.stream))?;
        Ok(Self { consumer })
    }

    /// Takes one message, waiting up to `patience` for it. None is taken ahead of need, so what waits
    /// for one pair of hands is not kept from another.
    ///
    /// # Errors
    /// When the server says that the consumer is gone.
    pub async fn next(&self, patience: Duration) -> anyhow::Result<Option<Assignment>> {
        let mut messages = self
            .consumer
            .batch()
            .max_messages(1)
            .expires(patience)
            .messages()
            .await
            .context("asking for a message")?;
        let Ok(next) = tokio::time::timeout(patience + GRACE, messages.next()).await else {
            return Ok(None);
        };
        let Some(message) = next else {
            return Ok(None);
        };
        let message = message.map_err(|error| anyhow::anyhow!("taking a message: {error}"))?;
        let delivery = Delivery::of(&message)
            .map_err(|error| anyhow::anyhow!("reading where a message stands: {error}"))?;
        Ok(Some(Assignment { delivery, message }))
    }

    /// How it stands.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn state(&self) -> anyhow::Result<ConsumerState> {
        let info = self
            .consumer
            .get_info()
            .await
            .context("asking how a consumer stands")?;
        Ok(ConsumerState {
            waiting: info.num_pending,
            unsettled: info.num_ack_pending as u64,
        })
    }
}

impl Assignment {
    /// Decodes the event in it.
    ///
    /// # Errors
    /// When the message is not a CloudEvents 1.0 event.
    pub fn envelope(&self) -> Result<crate::Envelope, binding::BindingError> {
        self.delivery.envelope()
    }

    /// Settled: never deliver it again. If this is lost on its way the message comes again.
    pub async fn ack(&self) {
        self.answer(AckKind::Ack).await;
    }

    /// Not now: deliver it again after this long.
    pub async fn retry(&self, after: Duration) {
        self.answer(AckKind::Nak(Some(after))).await;
    }

    /// Still at work: nobody else should have it yet.
    pub async fn working(&self) {
        self.answer(AckKind::Progress).await;
    }

    async fn answer(&self, kind: AckKind) {
        // A lost answer and a lost connection end the same way: it is delivered again.
        if let Err(error) = self.message.ack_with(kind).await {
            tracing::debug!(sequence = self.delivery.sequence, %error, "an ack was not sent");
        }
    }
}

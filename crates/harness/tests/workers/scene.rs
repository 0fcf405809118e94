//! Two accounts with a business each, and a projector that follows what is told of their calls.

use crate::stand::Stand;
use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Connection, Outbound, Role},
    subject,
};
use frontdesk_harness::{Mailbox, eventually};
use frontdesk_process::{Shutdown, health::Health};
use frontdesk_projector::ProjectorArgs;
use frontdesk_workers::LiveKit;
use std::time::Duration;
use uuid::Uuid;

pub(crate) const NUMBERS: [&str; 2] = ["+14155550123", "+14155550199"];

/// Two accounts with calls, the second's are nobody's business.
pub(crate) struct Scene {
    pub(crate) stand: Stand,
    pub(crate) ada: Uuid,
    pub(crate) mallory: Uuid,
    projector: Shutdown,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.projector.cancel();
    }
}

impl Scene {
    pub(crate) async fn set() -> Self {
        Self::around(Stand::start().await).await
    }

    /// Where no worker has looked at anything yet.
    pub(crate) async fn set_without_workers() -> Self {
        Self::around(Stand::without_workers(Mailbox::start().await).await).await
    }

    /// With workers that hang up there.
    pub(crate) async fn set_with(livekit: LiveKit) -> Self {
        let mut stand = Stand::without_workers(Mailbox::start().await).await;
        stand.livekit = livekit;
        stand.start_workers().await;
        Self::around(stand).await
    }

    async fn around(stand: Stand) -> Self {
        let (ada, mallory) = (stand.user("ada").await, stand.user("mallory").await);
        for (user, name, number) in [
            (ada, " ;=HYPERLINK(1)", NUMBERS[0]),
            (mallory, "Mallory's", NUMBERS[1]),
        ] {
            let id = Uuid::new_v4();
            let tenant = id.to_string();
            stand
                .execute(
                    "insert into account.clients (id, user_id, name, profession, tenant_key, greeting, created_at)
                    values ($1, $2, $3, 'dentist', $4, E'Hello,\\n\"you\"', '2020-01-01')",
                    &[&id, &user, &name, &tenant],
                )
                .await;
            stand
                .execute(
                    "insert into account.number_assignments (number, client_id, assigned_at) values ($1, $2, '2020-01-01')",
                    &[&number, &id],
                )
                .await;
        }
        let projector = Shutdown::new();
        let args = ProjectorArgs {
            partitions: "0-15".parse().unwrap(),
            batch: 1000,
        };
        let (url, nats, shutdown) = (stand.database.url(), stand.nats.args(), projector.clone());
        tokio::spawn(async move {
            let connection = Connection::open(&nats, Role::Projector).await.unwrap();
            frontdesk_projector::run(args, url, connection, Health::default(), shutdown)
                .await
                .unwrap();
        });
        Self {
            stand,
            ada,
            mallory,
            projector,
        }
    }

    pub(crate) async fn tell(&self, events: &[Envelope]) {
        for event in events {
            let kind = event.kind();
            let (source, kind) = kind.strip_prefix("io.livekit.").map_or_else(
                || ("agent", kind.strip_prefix("dev.frontdesk.").unwrap()),
                |kind| ("livekit", kind),
            );
            let partition = Partition::of(&event.partition_key().unwrap());
            let subject = subject::event(StreamName::Calls, partition, source, kind);
            let message = Outbound::new(event, subject).unwrap();
            self.stand
                .operator
                .publish(&message, Duration::from_secs(10))
                .await
                .unwrap();
        }
        let end = self
            .stand
            .operator
            .stream_state(StreamName::Calls)
            .await
            .unwrap()
            .last_sequence;
        eventually("the projector has caught up", async || {
            let sql = "select coalesce(min(sequence), 0) from calls.checkpoints";
            let at: i64 = self.stand.client.query_one(sql, &[]).await.unwrap().get(0);
            (at.unsigned_abs() >= end).then_some(())
        })
        .await;
    }
}

//! Servers, workers, and facts as the api leaves them in the outbox.

use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, PartitionSet, StreamName,
    nats::{Connection, Delivery, Reader, Role, connection::Secret},
};
use frontdesk_harness::{Database, Mailbox, Nats, eventually};
use frontdesk_process::{
    Shutdown, clock,
    files::{FileArgs, Files},
    health::Health,
    keyring::Keyring,
};
use frontdesk_workers::{LiveKit, Shared, SmtpTls, Workers, WorkersArgs};
use serde_json::Value;
use std::{path::PathBuf, time::Duration};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub(crate) const SECRET: &str = "an invented secret of forty characters..";
pub(crate) const HOME: &str = "http://localhost:8080";

pub(crate) struct Stand {
    pub(crate) nats: Nats,
    pub(crate) database: Database,
    pub(crate) mailbox: Mailbox,
    pub(crate) operator: Connection,
    pub(crate) client: tokio_postgres::Client,
    pub(crate) export_dir: PathBuf,
    /// Where calls are hung up; nowhere unless a test says so.
    pub(crate) livekit: LiveKit,
    pub(crate) file_dir: PathBuf,
    pub(crate) running: Vec<Running>,
}

/// One process's workers, in this one.
pub(crate) struct Running {
    pub(crate) health: Health,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

impl Running {
    /// As a process ends that is asked to.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// As a process ends that is killed.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// What is remembered of an effect.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    pub(crate) state: String,
    pub(crate) attempts: i32,
    pub(crate) reason: Option<String>,
}

impl Stand {
    /// With workers that mail.
    pub(crate) async fn start() -> Self {
        let mut stand = Self::without_workers(Mailbox::start().await).await;
        stand.start_workers().await;
        stand
    }

    pub(crate) async fn without_workers(mailbox: Mailbox) -> Self {
        let (nats, database) =
            tokio::join!(frontdesk_harness::nats(), frontdesk_harness::database());
        let operator = nats.connect(Role::Operator).await;
        let client = database.client().await;
        let place =
            |of: &str| std::env::temp_dir().join(format!("frontdesk-{of}-{}", Uuid::new_v4()));
        let (export_dir, file_dir) = (place("exports"), place("files"));
        Self {
            nats,
            database,
            mailbox,
            operator,
            client,
            export_dir,
            livekit: LiveKit::default(),
            file_dir,
            running: Vec::new(),
        }
    }

    pub(crate) fn args(&self) -> WorkersArgs {
        WorkersArgs {
            smtp_host: Some("127.0.0.1".to_owned()),
            smtp_port: Some(self.mailbox.port().to_string()),
            smtp_user: None,
            smtp_password: None,
            smtp_tls: SmtpTls::None,
            mail_from: Some("Frontdesk <hello@example.com>".to_owned()),
        }
    }

    pub(crate) async fn start_workers(&mut self) {
        let args = self.args();
        self.start_workers_with(&args).await;
    }

    pub(crate) async fn start_workers_with(&mut self, args: &WorkersArgs) {
        let url = self.database.url();
        self.start_workers_at(args, &url).await;
    }

    /// With this way to PostgreSQL.
    pub(crate) async fn start_workers_at(&mut self, args: &WorkersArgs, url: &str) {
        let (health, shutdown) = (Health::default(), Shutdown::new());
        let shared = Shared {
            public_url: HOME.parse().unwrap(),
            jwt_secret: Secret::from(SECRET.to_owned()),
            export_dir: self.export_dir.clone(),
            livekit: self.livekit.clone(),
            files: self.files(),
        };
        let connection = self.nats.connect(Role::Workers).await;
        let workers = Workers::new(
            args,
            shared,
            url,
            connection,
            health.clone(),
            shutdown.clone(),
        )
        .unwrap();
        let task = tokio::spawn(async move { workers.run().await.unwrap() });
        self.running.push(Running {
            health,
            shutdown,
            task,
        });
    }

    /// The file store.
    pub(crate) fn files(&self) -> Files {
        Files::open(&FileArgs::directory(self.file_dir.to_str().unwrap())).unwrap()
    }

    pub(crate) async fn execute(
        &self,
        sql: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) {
        self.client
            .execute(sql, parameters)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// A user whose address is `<name>@example.com`.
    pub(crate) async fn user(&self, name: &str) -> Uuid {
        self.user_at(name, &format!("{name}@example.com")).await
    }

    pub(crate) async fn user_at(&self, name: &str, email: &str) -> Uuid {
        let id = Uuid::new_v4();
        let billing_key = id.to_string();
        self.execute(
            "insert into account.users (id, email, name, billing_key, time_zone, created_at)
            values ($1, $2, $3, $4, 'Europe/Berlin', '2020-01-01')",
            &[&id, &email, &name, &billing_key],
        )
        .await;
        id
    }

    /// A link of a mail that can be used for an hour.
    pub(crate) async fn mail_token(&self, user: Uuid, purpose: &str, email: &str) -> Uuid {
        let (id, now) = (Uuid::new_v4(), clock::now());
        let old = (purpose == "change_email").then_some("before@example.com");
        self.execute(
            "insert into account.mail_tokens (id, token_hash, user_id, purpose, email, old_email, created_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $7::timestamptz + interval '1 hour')",
            &[&id, &hash_of(id), &user, &purpose, &email, &old, &now],
        )
        .await;
        id
    }

    pub(crate) async fn signup(&self, email: &str, expires_at: DateTime<Utc>) -> Uuid {
        let id = Uuid::new_v4();
        self.execute(
            "insert into account.signups (id, email, name, time_zone, locale, password_hash, token_hash, browser_hash,
                created_at, expires_at)
            values ($1, $2, 'Somebody http://evil.example', 'Europe/Berlin', 'en-US', 'x', $3, 'x', now(), $4)",
            &[&id, &email, &hash_of(id), &expires_at],
        )
        .await;
        id
    }

    /// Leaves a fact in the outbox; answers its event's id.
    pub(crate) async fn fact(&self, kind: &str, key: Uuid, data: Value) -> Uuid {
        self.fact_of(clock::now(), kind, key, data).await
    }

    /// The same for what happened at an instant.
    pub(crate) async fn fact_of(
        &self,
        at: DateTime<Utc>,
        kind: &str,
        key: Uuid,
        data: Value,
    ) -> Uuid {
        let (id, subject) = (Uuid::new_v4(), key.to_string());
        self.execute(
            "insert into account.outbox (event_id, partition_key, kind, subject, data, occurred_at)
            values ($1, $2, $3, $4, $5, $6)",
            &[&id, &key, &kind, &subject, &data, &at],
        )
        .await;
        id
    }

    /// What is remembered of what a worker did about an event.
    pub(crate) async fn effect(&self, event: Uuid, worker: &str) -> Option<Effect> {
        let sql = "select state, attempts, reason from ops.effects where key = $1";
        let key = format!("{event}/{worker}");
        let row = self.client.query_opt(sql, &[&key]).await.unwrap()?;
        Some(Effect {
            state: row.get(0),
            attempts: row.get(1),
            reason: row.get(2),
        })
    }

    /// Waits until a worker has done with an event.
    pub(crate) async fn settled(&self, event: Uuid, worker: &str) -> Effect {
        eventually("the effect is settled", async || {
            let effect = self.effect(event, worker).await?;
            (effect.state != "claimed").then_some(effect)
        })
        .await
    }

    /// Every message of a stream, in order.
    pub(crate) async fn messages(&self, stream: StreamName) -> Vec<Delivery> {
        messages(&self.operator, stream).await
    }

    /// Every event of a stream, in order.
    pub(crate) async fn events(&self, stream: StreamName) -> Vec<Envelope> {
        let messages = self.messages(stream).await;
        messages
            .iter()
            .map(|message| message.envelope().unwrap())
            .collect()
    }

    /// What a durable consumer has not delivered or not settled, by the server's own account.
    pub(crate) async fn unsettled(&self, consumer: &str) -> Option<u64> {
        let url = format!(
            "{}/jsz?accounts=true&streams=true&consumers=true",
            self.nats.args().nats_monitor_url
        );
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let text = http.get(url).send().await.ok()?.text().await.ok()?;
        let page: Value = serde_json::from_str(&text).ok()?;
        let streams = page["account_details"][0]["stream_detail"].as_array()?;
        let mut consumers = streams
            .iter()
            .filter_map(|stream| stream["consumer_detail"].as_array())
            .flatten();
        let found = consumers.find(|found| found["name"] == consumer)?;
        Some(found["num_pending"].as_u64()? + found["num_ack_pending"].as_u64()?)
    }

    pub(crate) async fn outbox_is_empty(&self) {
        eventually("the outbox is empty", async || {
            let row = self
                .client
                .query_one("select count(*) from account.outbox", &[])
                .await
                .ok()?;
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        for running in &self.running {
            running.shutdown.cancel();
            running.task.abort();
        }
        let _ = std::fs::remove_dir_all(&self.export_dir);
        let _ = std::fs::remove_dir_all(&self.file_dir);
    }
}

pub(crate) async fn messages(connection: &Connection, stream: StreamName) -> Vec<Delivery> {
    let end = connection.stream_state(stream).await.unwrap().last_sequence;
    let mut found = Vec::new();
    if end == 0 {
        return found;
    }
    let mut reader = Reader::open(connection, stream, &PartitionSet::all(), 1)
        .await
        .unwrap();
    while found
        .last()
        .is_none_or(|last: &Delivery| last.sequence < end)
    {
        found.extend(reader.read(1000, Duration::from_secs(3)).await.unwrap());
    }
    found
}

pub(crate) fn link_of(id: Uuid) -> String {
    Keyring::new(SECRET).unwrap().mail_link(id)
}

fn hash_of(id: Uuid) -> Vec<u8> {
    frontdesk_process::keyring::hash(&link_of(id)).to_vec()
}

//! Servers, a projector and the API, and people who ask it.

use crate::{
    browser::Browser,
    person::{Answer, Door, Following, Person},
};
use frontdesk_api::{Api, ApiArgs, auth::provider::ProviderArgs};
use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Connection, Outbound, Role},
    subject,
};
use frontdesk_harness::{Database, Nats, eventually, people};
use frontdesk_process::{
    Shutdown,
    files::FileArgs,
    health::Health,
    listen::{self, Limits},
};
use frontdesk_projector::ProjectorArgs;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

/// What every stage's keys are derived from.
pub(crate) const SECRET: &str = "a secret of more than thirty-two characters";

pub(crate) struct Stage {
    pub(crate) nats: Nats,
    pub(crate) database: Database,
    pub(crate) connection: Connection,
    pub(crate) client: tokio_postgres::Client,
    pub(crate) health: Health,
    pub(crate) shutdown: Shutdown,
    api: Api,
    door: Door,
    owner: Person,
    projector: Option<JoinHandle<()>>,
    /// Where uploaded files lie; gone with the stage.
    files: TempDir,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(|_| {}).await
    }

    /// With other arguments than the usual ones.
    pub(crate) async fn set_with(change: impl FnOnce(&mut ApiArgs)) -> Self {
        let (nats, database) =
            tokio::join!(frontdesk_harness::nats(), frontdesk_harness::database());
        let connection = nats.connect(Role::Operator).await;
        let client = database.client().await;
        let (health, shutdown) = (Health::default(), Shutdown::new());
        let mut args = args();
        let files = tempfile::tempdir().unwrap();
        args.files = FileArgs::directory(files.path().to_str().unwrap());
        change(&mut args);
        let api_connection = nats.connect(Role::Api).await;
        let api = Api::start(
            args,
            &database.url(),
            api_connection,
            health.clone(),
            shutdown.clone(),
        )
        .await
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(listen::serve(
            listener,
            api.router(),
            Limits::default(),
            shutdown.clone(),
        ));
        let door = Door::to(address);
        let owner = Person::of_their_own(&client, &door, "olivia").await;
        let mut stage = Self {
            nats,
            database,
            connection,
            client,
            health,
            shutdown,
            api,
            door,
            owner,
            projector: None,
            files,
        };
        stage.start_projector();
        stage
    }

    pub(crate) fn start_projector(&mut self) {
        let args = ProjectorArgs {
            partitions: "0-15".parse().unwrap(),
            batch: 1000,
        };
        let (url, nats_args) = (self.database.url(), self.nats.args());
        let shutdown = self.shutdown.clone();
        self.projector = Some(tokio::spawn(async move {
            let connection = Connection::open(&nats_args, Role::Projector).await.unwrap();
            frontdesk_projector::run(args, url, connection, Health::default(), shutdown)
                .await
                .unwrap();
        }));
    }

    pub(crate) fn stop_projector(&mut self) {
        if let Some(task) = self.projector.take() {
            task.abort();
        }
    }

    /// Stores events as ingest would, in this order.
    pub(crate) async fn publish(&self, envelopes: &[Envelope]) {
        for envelope in envelopes {
            let message = Outbound::new(envelope, subject_of(envelope)).unwrap();
            self.connection
                .publish(&message, Duration::from_secs(10))
                .await
                .unwrap();
        }
    }

    /// Stores events and waits until the tables hold them and the API knows that they do.
    pub(crate) async fn tell(&self, envelopes: &[Envelope]) {
        self.publish(envelopes).await;
        self.caught_up().await;
    }

    pub(crate) async fn caught_up(&self) {
        for (stream, schema) in [
            (StreamName::Calls, "calls"),
            (StreamName::Billing, "billing"),
        ] {
            let end = self
                .connection
                .stream_state(stream)
                .await
                .unwrap()
                .last_sequence;
            let sql = format!("select coalesce(min(sequence), 0) from {schema}.checkpoints");
            eventually("the projector has caught up", async || {
                let at: i64 = self.client.query_one(&sql, &[]).await.unwrap().get(0);
                (at as u64 >= end).then_some(())
            })
            .await;
        }
    }

    /// Who asks unless a test says otherwise: the owner of an account of their own, with nothing in it.
    pub(crate) fn owner(&self) -> &Person {
        &self.owner
    }

    /// A user with a billing key `bill_<name>`; answers the id.
    pub(crate) async fn user(&self, name: &str) -> Uuid {
        people::user(&self.client, name).await
    }

    /// A user from now on, of a name that nobody has.
    pub(crate) async fn newcomer(&self, name: &str) -> Uuid {
        people::newcomer(&self.client, &format!("{name}{}", Uuid::new_v4().simple())).await
    }

    /// Signs somebody in to their own account.
    pub(crate) async fn sign_in(&self, user: Uuid) -> Person {
        Person::in_account(&self.client, &self.door, user, user).await
    }

    /// Signs somebody in to an account they are a member of.
    pub(crate) async fn sign_in_to(&self, user: Uuid, account: Uuid) -> Person {
        Person::in_account(&self.client, &self.door, user, account).await
    }

    /// Somebody who has an account of their own, signed in.
    pub(crate) async fn person(&self, name: &str) -> Person {
        Person::of_their_own(&self.client, &self.door, name).await
    }

    /// An administrator of the service, signed in to an account of their own.
    pub(crate) async fn admin(&self) -> Person {
        let id = self.newcomer("admin").await;
        let sql = "update account.users set role = 'admin' where id = $1";
        self.client.execute(sql, &[&id]).await.unwrap();
        self.sign_in(id).await
    }

    /// Somebody else's hand in an account (`manager`, `reader`), signed in to it.
    pub(crate) async fn member(&self, account: Uuid, role: &str) -> Person {
        let id = self.newcomer(role).await;
        people::join(&self.client, id, account, role).await;
        Person::in_account(&self.client, &self.door, id, account).await
    }

    /// A client of a user, reached by its tenant key `tnt_<name>` and by a number.
    pub(crate) async fn business(&self, user: Uuid, name: &str, number: &str) -> Uuid {
        people::business(&self.client, user, name, number).await
    }

    /// The owner's business that every [`crate::story::Story`] calls unless it says otherwise.
    pub(crate) async fn reception(&self) -> Uuid {
        self.business(self.owner.id, "smile", "+14155550123").await
    }

    /// Where the API answers.
    pub(crate) fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// The store of uploaded files.
    pub(crate) fn files(&self) -> FileArgs {
        FileArgs::directory(self.files.path().to_str().unwrap())
    }

    /// The directory they lie in.
    pub(crate) fn directory(&self) -> &Path {
        self.files.path()
    }

    /// The routes themselves, for requests that end otherwise than a client's.
    pub(crate) fn router(&self) -> axum::Router {
        self.api.router()
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(self.door.clone())
    }

    /// The role itself.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// Changes or arranges what no request can: above all that time has passed.
    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        self.client
            .execute(sql, &[])
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// Makes every wait after wrong tries an hour longer, and says how many there are. They begin with a second,
    /// which is over before a slow machine has asked once more.
    pub(crate) async fn lengthen_waits(&self) -> u64 {
        let sql = "update account.login_failures set wait_until = wait_until + interval '1 h'
                   where wait_until > 'epoch'";
        self.execute(sql).await
    }

    /// Ends every wait after wrong tries; what was counted stays.
    pub(crate) async fn end_waits(&self) {
        self.execute("update account.login_failures set wait_until = now()")
            .await;
    }

    /// Where the API answers, for a client that is not ours.
    pub(crate) fn url(&self) -> String {
        self.door.url()
    }

    /// A request of nobody.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.door.request(method, path)
    }

    /// A GET of the owner. The answer must be what the OpenAPI document says.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.owner.get(path).await
    }

    /// The JSON of the owner's GET, which must succeed.
    pub(crate) async fn json(&self, path: &str) -> Value {
        self.owner.json(path).await
    }

    /// The ids of a list of the owner's.
    pub(crate) async fn ids(&self, path: &str) -> Vec<String> {
        self.owner.ids(path).await
    }

    /// Opens the owner's live channel.
    pub(crate) async fn follow(&self, last_event_id: Option<&str>) -> Following {
        self.owner.follow(last_event_id).await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop_projector();
        self.shutdown.cancel();
    }
}

pub(crate) fn args() -> ApiArgs {
    ApiArgs {
        api_listen: ([127, 0, 0, 1], 0).into(),
        public_url: "http://localhost:8080".parse().unwrap(),
        cors_origins: Vec::new(),
        jwt_secret: SECRET.to_owned().into(),
        ready_accounts: None,
        trusted_proxies: Vec::new(),
        files: FileArgs::directory(env!("CARGO_TARGET_TMPDIR")),
        export_dir: concat!(env!("CARGO_TARGET_TMPDIR"), "/exports").into(),
        web_dir: None::<PathBuf>,
        livekit: None,
        livekit_url: Some("http://127.0.0.1:9".to_owned()),
        providers: ProviderArgs::default(),
    }
}

fn subject_of(envelope: &Envelope) -> String {
    let kind = envelope.kind();
    if let Some(kind) = kind.strip_prefix("com.paypal.") {
        return subject::event(StreamName::Billing, Partition::BILLING, "paypal", kind);
    }
    let partition = Partition::of(&envelope.partition_key().unwrap());
    match kind.strip_prefix("io.livekit.") {
        Some(kind) => subject::event(StreamName::Calls, partition, "livekit", kind),
        None => subject::event(
            StreamName::Calls,
            partition,
            "agent",
            kind.strip_prefix("dev.frontdesk.").unwrap_or(kind),
        ),
    }
}

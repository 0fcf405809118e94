//! Servers, a projector and the API, and a client that checks every answer against the OpenAPI
//! document.

use crate::contract::Contract;
use frontdesk_api::{Api, ApiArgs};
use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Connection, Outbound, Role},
    subject,
};
use frontdesk_harness::{Database, Nats, eventually};
use frontdesk_process::{
    Shutdown,
    health::Health,
    listen::{self, Limits},
};
use frontdesk_projector::ProjectorArgs;
use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::Value;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

/// The token of every stage.
pub(crate) const TOKEN: &str = "stage-token";

pub(crate) struct Stage {
    pub(crate) nats: Nats,
    pub(crate) database: Database,
    pub(crate) connection: Connection,
    pub(crate) client: tokio_postgres::Client,
    pub(crate) health: Health,
    pub(crate) shutdown: Shutdown,
    api: Api,
    address: SocketAddr,
    http: reqwest::Client,
    contract: Contract,
    projector: Option<JoinHandle<()>>,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
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
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let contract = Contract::committed();
        let mut stage = Self {
            nats,
            database,
            connection,
            client,
            health,
            shutdown,
            api,
            address,
            http,
            contract,
            projector: None,
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

    /// A user with a billing key; answers the id.
    pub(crate) async fn user(&self, name: &str) -> Uuid {
        let id = Uuid::new_v4();
        let sql = "insert into account.users (id, email, name, billing_key, created_at)
                   values ($1, $2 || '@example.com', $2, 'bill_' || $2, '2020-01-01')";
        self.client.execute(sql, &[&id, &name]).await.unwrap();
        id
    }

    /// A client of a user, reached by its tenant key `tnt_<name>` and by a number.
    pub(crate) async fn business(&self, user: Uuid, name: &str, number: &str) -> Uuid {
        let id = Uuid::new_v4();
        let sql =
            "insert into account.clients (id, user_id, name, profession, tenant_key, created_at)
                   values ($1, $2, $3, 'dentist', 'tnt_' || $3, '2020-01-01')";
        self.client
            .execute(sql, &[&id, &user, &name])
            .await
            .unwrap();
        let sql = "insert into account.number_assignments (number, client_id, assigned_at) values ($1, $2, '2020-01-01')";
        self.client.execute(sql, &[&number, &id]).await.unwrap();
        id
    }

    /// The routes themselves, for requests that end otherwise than a client's.
    pub(crate) fn router(&self) -> axum::Router {
        self.api.router()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("http://{}{path}", self.address))
    }

    /// A GET with the token. The answer must be what the OpenAPI document says.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let answer = read(
            self.request(Method::GET, path)
                .bearer_auth(TOKEN)
                .send()
                .await
                .unwrap(),
        )
        .await;
        self.contract.check(
            "get",
            path,
            answer.status,
            answer.header("content-type"),
            &answer.text,
        );
        answer
    }

    /// The JSON of a GET that must succeed.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// The ids of a list.
    pub(crate) async fn ids(&self, path: &str) -> Vec<String> {
        let list = self.json(path).await;
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Opens the live channel.
    pub(crate) async fn follow(&self, last_event_id: Option<&str>) -> Following {
        let mut request = self.request(Method::GET, "/api/live").bearer_auth(TOKEN);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/event-stream")
        );
        Following {
            response,
            buffer: String::new(),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop_projector();
        self.shutdown.cancel();
    }
}

pub(crate) async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}

pub(crate) fn args() -> ApiArgs {
    ApiArgs {
        api_listen: ([127, 0, 0, 1], 0).into(),
        public_url: "http://localhost:8080".parse().unwrap(),
        cors_origins: Vec::new(),
        dev_token: Some(TOKEN.to_owned().into()),
        web_dir: None::<PathBuf>,
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
            kind.strip_prefix("dev.frontdesk.").unwrap(),
        ),
    }
}

/// An open live channel.
pub(crate) struct Following {
    response: Response,
    buffer: String,
}

impl Following {
    /// The next block of the stream, comments included; `None` at its end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.response.chunk());
            let chunk = chunk
                .await
                .expect("the live channel says something within half a minute");
            self.buffer
                .push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    /// Waits for a block of this event.
    pub(crate) async fn event(&mut self, name: &str) -> String {
        loop {
            let block = self.next().await.expect("the live channel stays open");
            if block.lines().any(|line| line == format!("event: {name}")) {
                return block;
            }
        }
    }
}

//! Somebody who asks the API: a browser with a session, whose every answer is checked against the
//! OpenAPI document.

use crate::contract::{Contract, Exchange};
use frontdesk_harness::people;
use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::Value;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio_postgres::Client;
use uuid::Uuid;

/// Somebody signed in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Person {
    /// The user's id.
    pub(crate) id: Uuid,
    /// The cookie of their session, `session=…`.
    pub(crate) cookie: String,
    door: Door,
}

impl Person {
    pub(crate) async fn of_their_own(client: &Client, door: &Door, name: &str) -> Self {
        let id = people::user(client, name).await;
        Self::in_account(client, door, id, id).await
    }

    pub(crate) async fn in_account(client: &Client, door: &Door, id: Uuid, account: Uuid) -> Self {
        Self {
            id,
            cookie: people::sign_in(client, id, account).await,
            door: door.clone(),
        }
    }

    /// A request as the dashboard sends it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let is_safe = method.is_safe();
        let request = self
            .door
            .request(method, path)
            .header("cookie", &self.cookie);
        if is_safe {
            return request;
        }
        request.header("sec-fetch-site", "same-origin")
    }

    /// Sends a request, with a JSON body or none. The answer must be what the OpenAPI document says.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method.clone(), path);
        self.door.exchange(request, &method, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
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
        let mut request = self.request(Method::GET, "/api/live");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Following::open(request).await
    }
}

/// Where the API answers, and what it promises to answer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Door {
    address: SocketAddr,
    http: reqwest::Client,
    contract: Arc<Contract>,
}

impl Door {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            address,
            http,
            contract: Arc::new(Contract::committed()),
        }
    }

    /// `http://…`, for a client that is not ours.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For requests that end otherwise than a client's.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request of nobody.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("http://{}{path}", self.address))
    }

    /// Sends it. The answer must be what the OpenAPI document says.
    pub(crate) async fn exchange(
        &self,
        mut request: RequestBuilder,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = read(request.send().await.unwrap()).await;
        self.contract.check(&Exchange {
            method: method.as_str(),
            path,
            sent: body,
            status: answer.status,
            media_type: answer.header("content-type"),
            body: &answer.text,
        });
        answer
    }
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

pub(crate) async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}

/// How long anything may take on the live channel. Each wait as a whole ends here: signs of life keep
/// a stream talking for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open live channel.
pub(crate) struct Following {
    response: Response,
    buffer: String,
}

impl Following {
    /// Opens it with a request for `/api/live`.
    pub(crate) async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// The next block of the stream, comments included; `None` at its end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        within("the live channel says something", self.read()).await
    }

    async fn read(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                return Some(block);
            }
            let chunk = self.response.chunk().await.ok()??;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Waits for a block of this event.
    pub(crate) async fn event(&mut self, name: &str) -> String {
        let line = format!("event: {name}");
        self.until(&line, |block| block.lines().any(|said| said == line))
            .await
            .pop()
            .unwrap()
    }

    /// What is said up to the first block like this one, signs of life left out.
    pub(crate) async fn until(&mut self, what: &str, is_it: impl Fn(&str) -> bool) -> Vec<String> {
        let reading = async {
            let mut said = Vec::new();
            loop {
                let block = self.read().await.expect("the live channel stays open");
                if block.starts_with(':') {
                    continue;
                }
                let found = is_it(&block);
                said.push(block);
                if found {
                    return said;
                }
            }
        };
        within(what, reading).await
    }

    /// Waits for the end of the stream, and gives what was said before it, signs of life left out.
    pub(crate) async fn ended(&mut self, what: &str) -> Vec<String> {
        let reading = async {
            let mut said = Vec::new();
            while let Some(block) = self.read().await {
                if !block.starts_with(':') {
                    said.push(block);
                }
            }
            said
        };
        within(&format!("the end of the live channel: {what}"), reading).await
    }
}

async fn within<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("still waiting after {PATIENCE:?}: {what}"))
}

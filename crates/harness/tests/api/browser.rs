//! A browser: it keeps the cookies it is given, says where its requests come from, and has nobody
//! signed in until somebody signs in.

use crate::{
    person::{Answer, Door},
    stage::{SECRET, Stage},
};
use frontdesk_process::keyring::Keyring;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The password of everybody who signs up here.
pub(crate) const PASSWORD: &str = "three bells by nine";

#[derive(Clone)]
pub(crate) struct Browser {
    door: Door,
    /// What it would send.
    pub(crate) cookies: BTreeMap<String, String>,
    agent: String,
    /// The address a trusted proxy says it has; none for this machine's own.
    address: Option<String>,
}

impl Browser {
    pub(crate) fn at(door: Door) -> Self {
        Self {
            door,
            cookies: BTreeMap::new(),
            agent: "A browser".into(),
            address: None,
        }
    }

    /// Another make of browser.
    pub(crate) fn called(mut self, agent: &str) -> Self {
        self.agent = agent.into();
        self
    }

    /// Somewhere else: needs 127.0.0.1 among the trusted proxies.
    pub(crate) fn from(mut self, address: &str) -> Self {
        self.address = Some(address.into());
        self
    }

    /// With a session that began elsewhere.
    pub(crate) fn with_cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.insert(name.into(), value.into());
        self
    }

    /// A request as a page of ours sends it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self
            .door
            .request(method, path)
            .header("user-agent", &self.agent)
            .header("sec-fetch-site", "same-origin");
        if let Some(address) = &self.address {
            request = request.header("x-forwarded-for", address);
        }
        if self.cookies.is_empty() {
            return request;
        }
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        request.header("cookie", pairs.join("; "))
    }

    /// The answer must be what the OpenAPI document says; its cookies are kept.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request = self.request(method.clone(), path);
        let answer = self.door.exchange(request, &method, path, body).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(&body)).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        let body = json!({ "email": address(name), "password": password });
        self.post("/api/auth/login", body).await
    }

    /// Signs up as `<name>@example.com` with [`PASSWORD`], shows the link of the mail, and is signed in.
    pub(crate) async fn sign_up(&mut self, stage: &Stage, name: &str) -> Uuid {
        let asked = self.post("/api/auth/signup", wanted(name)).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        let token = mailed(stage, "dev.frontdesk.signup.requested.v1").await;
        let made = self
            .post("/api/auth/verify-email", json!({ "token": token }))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["user"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// The id of whoever is signed in.
    pub(crate) async fn me(&mut self) -> Option<String> {
        let me = self.get("/api/auth/me").await;
        (me.status == 200).then(|| me.json()["user"]["id"].as_str().unwrap().to_owned())
    }
}

pub(crate) fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// What the form of the sign-up sends.
pub(crate) fn wanted(name: &str) -> Value {
    json!({ "name": name, "email": address(name), "password": PASSWORD })
}

/// What the link of the latest mail of a kind carries, derived as the mail worker does.
pub(crate) async fn mailed(stage: &Stage, kind: &str) -> String {
    let sql = "select coalesce(data->>'signup_id', data->>'token_id', data->>'invitation_id') from account.outbox
               where kind = $1 order by id desc limit 1";
    let id: String = stage
        .client
        .query_one(sql, &[&kind])
        .await
        .unwrap_or_else(|error| panic!("{kind}: {error}"))
        .get(0);
    token(id.parse().unwrap())
}

/// What the link about a row carries.
pub(crate) fn token(row: Uuid) -> String {
    Keyring::new(SECRET).unwrap().mail_link(row)
}

/// The kinds of all facts, in order.
pub(crate) async fn facts(stage: &Stage) -> Vec<String> {
    let sql = "select kind from account.outbox order by id";
    let rows = stage.client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many rows a query finds.
pub(crate) async fn count(stage: &Stage, from: &str) -> i64 {
    let sql = format!("select count(*) from {from}");
    stage.client.query_one(&sql, &[]).await.unwrap().get(0)
}

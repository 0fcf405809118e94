//! A browser: it keeps the cookies it is given and says where its requests come from. Every answer is
//! checked against the OpenAPI document.

use crate::contract::{Contract, Exchange};
use frontdesk_harness::eventually;
use reqwest::{Method, RequestBuilder, Response, header::HeaderMap, redirect};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "three bells by nine";

/// A browser of the product's pages, in which nobody is signed in at first.
#[derive(Clone)]
pub(crate) struct Browser {
    url: String,
    http: reqwest::Client,
    contract: Arc<Contract>,
    cookies: BTreeMap<String, String>,
}

/// An answer, read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The JSON, if the status is this.
    #[track_caller]
    pub(crate) fn being(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        match self.text.as_str() {
            "" => Value::Null,
            _ => self.json(),
        }
    }

    /// The last word of a problem's type, if the status is this.
    #[track_caller]
    pub(crate) fn problem(self, status: u16) -> String {
        let problem = self.being(status);
        let kind = problem["type"].as_str().unwrap();
        kind.rsplit(':').next().unwrap().to_owned()
    }
}

/// One that follows no redirect by itself.
pub(crate) fn http() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(redirect::Policy::none());
    builder.no_proxy().build().unwrap()
}

impl Browser {
    pub(crate) fn of(url: String) -> Self {
        Self {
            url,
            http: http(),
            contract: Arc::new(Contract::committed()),
            cookies: BTreeMap::new(),
        }
    }

    /// Another one, in which nobody is signed in.
    pub(crate) fn another(&self) -> Self {
        Self {
            cookies: BTreeMap::new(),
            ..self.clone()
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.http
            .request(method, format!("{}{path}", self.url))
            .header("sec-fetch-site", "same-origin")
            .header("cookie", pairs.join("; "))
    }

    /// A request as a page of ours sends it.
    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method.clone(), path);
        let answer = self.exchange(request, &method, path, body).await;
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

    /// A GET of a program with an API key.
    pub(crate) async fn with_key(&self, key: &str, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = request.bearer_auth(key);
        self.exchange(request, &Method::GET, path, None).await
    }

    async fn exchange(
        &self,
        mut request: RequestBuilder,
        method: &Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer {
            status,
            headers,
            text: response.text().await.unwrap(),
        };
        self.contract.check(&Exchange {
            method: method.as_str(),
            path,
            sent: body.as_ref(),
            status,
            media_type: answer.header("content-type"),
            body: &answer.text,
        });
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// The JSON of a GET that must succeed.
    pub(crate) async fn json(&mut self, path: &str) -> Value {
        self.get(path).await.being(200)
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn log_in(&mut self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD });
        self.post("/api/auth/login", body).await
    }

    /// Who is signed in, for which account.
    pub(crate) async fn me(&mut self) -> Value {
        self.json("/api/auth/me").await
    }

    /// Asks until the answer is so.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        path: &str,
        mut read: impl FnMut(&Value) -> Option<T>,
    ) -> T {
        eventually(what, async || read(&self.json(path).await)).await
    }

    /// Opens the live channel.
    pub(crate) async fn follow(&self) -> Following {
        let response = self.request(Method::GET, "/api/live").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut following = Following {
            response,
            heard: String::new(),
        };
        following.hear("event: hello").await;
        following
    }
}

/// An open live channel.
pub(crate) struct Following {
    response: Response,
    heard: String,
}

impl Following {
    /// Waits until this was said, at whatever time since it is open.
    pub(crate) async fn hear(&mut self, what: &str) {
        while !self.heard.contains(what) {
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.response.chunk());
            let chunk = chunk
                .await
                .unwrap_or_else(|_| panic!("half a minute without {what}: {}", self.heard));
            let chunk = chunk.unwrap().expect("the live channel stays open");
            self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

//! Google's side against a certified OpenID Connect server (npm's `oidc-provider`), as a browser goes
//! through it: its own pages, its cookies, its checks.

use crate::{browser::Browser, stage::Stage};
use frontdesk_api::auth::provider::ProviderArgs;
use frontdesk_harness::{eventually, guard::Guarded};
use reqwest::{Client, Method, Response, Url, header, redirect};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
};

const CLIENT: &str = "frontdesk";
const SECRET: &str = "an invented secret / of a client";
const CALLBACK: &str = "http://localhost:8080/api/auth/google/callback";

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// The server, and where it answers; nothing when it is not installed.
async fn start() -> Option<(Guarded, String)> {
    let needs = clients().join("node_modules/oidc-provider");
    if !needs.exists() {
        // Past the test's captured output: a run that checked nothing must show it.
        let said = writeln!(
            std::io::stderr(),
            "SKIPPED: {} is not installed (make test installs it)",
            needs.display()
        );
        said.unwrap();
        return None;
    }
    let script = clients().join("issuer.mjs");
    let log = std::env::temp_dir().join(format!("frontdesk-issuer-{}.log", std::process::id()));
    let command = ["node", script.to_str().unwrap(), CLIENT, SECRET, CALLBACK];
    let process = Guarded::start(&command, &log, None);
    let issuer = eventually("the certified server says where it is", async || {
        let text = std::fs::read_to_string(&log).ok()?;
        let line = text.lines().find(|line| line.starts_with('{'))?;
        let said: Value = serde_json::from_str(line).ok()?;
        Some(said["issuer"].as_str()?.to_owned())
    })
    .await;
    Some((process, issuer))
}

/// A browser at the provider: it keeps cookies and goes where it is sent, but not back to us.
struct Tab {
    http: Client,
    issuer: String,
    cookies: BTreeMap<String, String>,
}

impl Tab {
    fn at(issuer: &str) -> Self {
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            http,
            issuer: issuer.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    async fn ask(&mut self, method: Method, url: &str, form: &[(&str, &str)]) -> Response {
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies = pairs.collect::<Vec<_>>().join("; ");
        let mut request = self
            .http
            .request(method, url)
            .header(header::COOKIE, cookies);
        if !form.is_empty() {
            let written = Url::parse_with_params("http://a/", form).unwrap();
            let body = written.query().unwrap().to_owned();
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body);
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// From where we sent it until it is sent back to us: logs in with a name, and consents.
    async fn log_in(&mut self, page: &str, name: &str) -> String {
        let mut url = page.to_owned();
        let mut steps = vec![
            vec![("prompt", "consent")],
            vec![("prompt", "login"), ("login", name), ("password", "any")],
        ];
        for _ in 0..12 {
            let mut answer = self.ask(Method::GET, &url, &[]).await;
            if answer.status() == 200 {
                let form = steps.pop().expect("two pages ask something");
                answer = self.ask(Method::POST, &url, &form).await;
            }
            assert_eq!(
                answer.status(),
                303,
                "{url}: {}",
                answer.text().await.unwrap()
            );
            let location = answer.headers()[header::LOCATION].to_str().unwrap();
            if location.starts_with(CALLBACK) {
                return location["http://localhost:8080".len()..].to_owned();
            }
            url = if location.starts_with('/') {
                format!("{}{location}", self.issuer)
            } else {
                location.to_owned()
            };
        }
        panic!("the certified server sends nobody back");
    }
}

async fn sign_in(browser: &mut Browser, issuer: &str, name: &str) -> String {
    let left = browser.get("/api/auth/google").await;
    assert_eq!(left.status, 303, "{}", left.text);
    let back = Tab::at(issuer).log_in(left.header("location"), name).await;
    assert!(
        back.contains("iss="),
        "it says who it is (RFC 9207): {back}"
    );
    browser.get(&back).await.header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_through_a_certified_server() {
    let Some((_process, issuer)) = start().await else {
        return;
    };
    let stage = Stage::set_with(|args| {
        args.providers = ProviderArgs {
            google_client_id: Some(CLIENT.into()),
            google_client_secret: Some(SECRET.to_owned().into()),
            google_issuer: issuer.clone(),
            ..ProviderArgs::default()
        };
    })
    .await;
    let mut browser = stage.browser();
    assert_eq!(sign_in(&mut browser, &issuer, "ada").await, "/");
    let me = browser.get("/api/auth/me").await.json();
    assert_eq!(me["user"]["email"], "ada@example.com");
    let mut phone = stage.browser();
    assert_eq!(sign_in(&mut phone, &issuer, "ada").await, "/");
    assert_eq!(phone.me().await.as_deref(), me["user"]["id"].as_str());
    let unverified = sign_in(&mut stage.browser(), &issuer, "unverified-eve").await;
    assert_eq!(unverified, "/sign-in?problem=email-unverified");
    // A code that came back once is refused by the server itself.
    let mut other = stage.browser();
    let left = other.get("/api/auth/google").await;
    let back = Tab::at(&issuer)
        .log_in(left.header("location"), "bob")
        .await;
    let mut copy = other.clone();
    assert_eq!(other.get(&back).await.header("location"), "/");
    assert_eq!(
        copy.get(&back).await.header("location"),
        "/sign-in?problem=provider-failed"
    );
}

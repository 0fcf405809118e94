//! Signing in as people do on one machine: through the sandbox's Google and GitHub.

use crate::{browser::Browser, stage::Stage};
use frontdesk_api::auth::provider::ProviderArgs;
use frontdesk_sandbox::{
    keys::SigningKey,
    providers::{Client, github::GitHub, google::Google},
};
use reqwest::{Url, redirect};
use tokio::net::TcpListener;

const SECRET: &str = "an invented secret";
const HERE: &str = "http://localhost:8080";

/// Starts both; gives what the role is told to find them.
async fn start() -> ProviderArgs {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let client = |provider| Client::of_product("us".into(), SECRET.into(), HERE, provider).unwrap();
    let google = Google::of(client("google"), &base, SigningKey::create().unwrap());
    let router = google.router().merge(GitHub::of(client("github")).router());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    ProviderArgs {
        google_client_id: Some("us".into()),
        google_client_secret: Some(SECRET.to_owned().into()),
        google_issuer: format!("{base}/google"),
        github_client_id: Some("us".into()),
        github_client_secret: Some(SECRET.to_owned().into()),
        github_url: format!("{base}/github"),
        github_api_url: format!("{base}/github/api"),
    }
}

/// Says who it is on the provider's page; gives where the browser ends.
async fn sign_in(browser: &mut Browser, provider: &str, answer: (&str, &str)) -> String {
    let left = browser
        .get(&format!("/api/auth/{provider}?return_to=/calls"))
        .await;
    let mut page = Url::parse(left.header("location")).unwrap();
    page.query_pairs_mut().append_pair(answer.0, answer.1);
    let form = page.query().unwrap().to_owned();
    page.set_query(None);
    let tab = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let sent = tab
        .post(page)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 303);
    let back = sent.headers()["location"].to_str().unwrap();
    let back = back.strip_prefix(HERE).unwrap().to_owned();
    browser.get(&back).await.header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_cannot_be_told_from_the_real_ones() {
    let settings = start().await;
    let stage = Stage::set_with(|args| args.providers = settings).await;
    for (provider, person, name) in [
        ("google", "0", "Lena Brandt"),
        ("github", "1", "Tomás Oliveira"),
    ] {
        let mut browser = stage.browser();
        assert_eq!(
            sign_in(&mut browser, provider, ("person", person)).await,
            "/calls"
        );
        let me = browser.get("/api/auth/me").await.json();
        assert_eq!(me["user"]["name"], name);
        let mut phone = stage.browser();
        assert_eq!(
            sign_in(&mut phone, provider, ("person", person)).await,
            "/calls"
        );
        assert_eq!(phone.me().await.as_deref(), me["user"]["id"].as_str());
        let mut other = stage.browser();
        let denied = sign_in(&mut other, provider, ("deny", "1")).await;
        assert_eq!(
            denied,
            "/sign-in?problem=provider-denied&return_to=%2Fcalls"
        );
        let unverified = sign_in(&mut other, provider, ("person", "3")).await;
        assert_eq!(
            unverified,
            "/sign-in?problem=email-unverified&return_to=%2Fcalls"
        );
    }
    // Lena's address has an account, which GitHub's Lena is not merged with.
    let known = sign_in(&mut stage.browser(), "github", ("person", "0")).await;
    assert_eq!(known, "/sign-in?problem=address-known&return_to=%2Fcalls");
}

//! Signing in with GitHub, by a real OAuth client, and GitHub's own ways.

use crate::{
    sign_in::{Http, came, choose},
    stand::{PUBLIC, SECRET, Stand},
};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _, TokenUrl,
    basic::BasicClient,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use url::Url;

const ID: &str = "frontdesk.github";
const TOKEN: &str = "/github/login/oauth/access_token";

type Product =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn callback() -> String {
    format!("{PUBLIC}/api/auth/github/callback")
}

fn product(stand: &Stand) -> Product {
    BasicClient::new(ClientId::new(ID.to_owned()))
        .set_client_secret(ClientSecret::new(SECRET.to_owned()))
        .set_auth_uri(AuthUrl::new(stand.at("/github/login/oauth/authorize")).unwrap())
        .set_token_uri(TokenUrl::new(stand.at(TOKEN)).unwrap())
        .set_redirect_uri(RedirectUrl::new(callback()).unwrap())
}

fn send(stand: &Stand, scope: &str) -> (Url, PkceCodeVerifier, CsrfToken) {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (page, state) = product(stand)
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new(scope.to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    (page, verifier, state)
}

/// A code and what opens it, for the request as the product sends it.
async fn code(stand: &Stand, scope: &str, person: &str) -> (String, String) {
    let (page, verifier, state) = send(stand, scope);
    let back = came(&choose(stand, &page, &[("person", person)]).await);
    assert_eq!(&back["state"], state.secret());
    (back["code"].clone(), verifier.into_secret())
}

async fn signed_in(stand: &Stand, scope: &str, person: &str) -> String {
    let (code, verifier) = code(stand, scope, person).await;
    let tokens = product(stand)
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier))
        .request_async(&Http(stand.client.clone()))
        .await
        .unwrap();
    tokens.access_token().secret().clone()
}

async fn api(stand: &Stand, path: &str, authorization: &str) -> (u16, Value) {
    let asked = stand
        .client
        .get(stand.at(path))
        .header("authorization", authorization);
    let answer = asked.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// What the token endpoint answers to this form: always with status 200.
async fn exchange(stand: &Stand, form: &[(&str, &str)], accept: &str) -> String {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let asked = stand
        .client
        .post(stand.at(TOKEN))
        .header("accept", accept)
        .body(body);
    let asked = asked.header("content-type", "application/x-www-form-urlencoded");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

#[tokio::test]
async fn somebody_signs_in_and_the_product_asks_who_it_is() {
    let stand = Stand::start().await;
    let token = signed_in(&stand, "read:user user:email", "0").await;
    assert!(token.starts_with("gho_"));
    for scheme in ["Bearer", "token"] {
        let (status, user) = api(&stand, "/github/api/user", &format!("{scheme} {token}")).await;
        assert_eq!(
            (status, &user["login"], &user["email"]),
            (200, &json!("lena-brandt"), &Value::Null)
        );
        assert!(user["id"].as_u64().unwrap() > 1_000_000);
    }
    let (_, emails) = api(
        &stand,
        "/github/api/user/emails",
        &format!("Bearer {token}"),
    )
    .await;
    assert_eq!(
        emails[1],
        json!({ "email": "lena.brandt@example.com", "primary": true, "verified": true, "visibility": "private" })
    );
    assert_eq!(emails[0]["primary"], false);
    let unproven = signed_in(&stand, "user:email", "3").await;
    let (_, emails) = api(
        &stand,
        "/github/api/user/emails",
        &format!("Bearer {unproven}"),
    )
    .await;
    assert_eq!(
        (&emails[1]["primary"], &emails[1]["verified"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn the_api_refuses_as_githubs_does() {
    let stand = Stand::start().await;
    let token = signed_in(&stand, "read:user", "0").await;
    let (status, told) = api(
        &stand,
        "/github/api/user/emails",
        &format!("Bearer {token}"),
    )
    .await;
    assert_eq!(
        (status, &told["message"]),
        (404, &json!("Not Found")),
        "the scope is missing"
    );
    let (status, told) = api(&stand, "/github/api/user", "Bearer gho_no").await;
    assert_eq!((status, &told["message"]), (401, &json!("Bad credentials")));
    let (status, told) = api(&stand, "/github/api/user", &format!("Basic {token}")).await;
    assert_eq!(
        (status, &told["message"]),
        (401, &json!("Requires authentication"))
    );
    let nameless = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = nameless
        .get(stand.at("/github/api/user"))
        .bearer_auth(&token);
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("User-Agent"));
}

#[tokio::test]
async fn errors_come_with_status_200_as_a_form_or_as_json() {
    let stand = Stand::start().await;
    let (code, verifier) = code(&stand, "user:email", "0").await;
    let client = [("client_id", ID), ("client_secret", SECRET)];
    let with = |fields: &[(&'static str, &str)]| {
        let all = client.iter().copied().chain(fields.iter().copied());
        all.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<Vec<_>>()
    };
    let error = async |form: Vec<(String, String)>| -> String {
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let told: Value =
            serde_json::from_str(&exchange(&stand, &form, "application/json").await).unwrap();
        told["error"].as_str().unwrap_or_default().to_owned()
    };
    let wrong = vec![
        ("client_id".to_owned(), ID.to_owned()),
        ("client_secret".to_owned(), "no".to_owned()),
    ];
    assert_eq!(error(wrong).await, "incorrect_client_credentials");
    assert_eq!(
        error(with(&[("code", "no")])).await,
        "bad_verification_code"
    );
    let form = exchange(
        &stand,
        &[("client_id", ID), ("client_secret", SECRET), ("code", "no")],
        "*/*",
    )
    .await;
    let told: HashMap<_, _> = url::form_urlencoded::parse(form.as_bytes())
        .into_owned()
        .collect();
    assert_eq!(told["error"], "bad_verification_code");

    let elsewhere = [
        ("code", code.as_str()),
        ("redirect_uri", "http://localhost:1/"),
        ("code_verifier", &verifier),
    ];
    assert_eq!(error(with(&elsewhere)).await, "redirect_uri_mismatch");
    let (code, verifier) = self::code(&stand, "user:email", "0").await;
    assert_eq!(
        error(with(&[("code", &code)])).await,
        "bad_verification_code",
        "the verifier is missing"
    );
    assert_eq!(
        error(with(&[("code", &code), ("code_verifier", &verifier)])).await,
        "bad_verification_code"
    );
    let (code, verifier) = self::code(&stand, "user:email", "0").await;
    let good = [("code", code.as_str()), ("code_verifier", &verifier)];
    assert_eq!(error(with(&good)).await, "", "it opens");
    assert_eq!(error(with(&good)).await, "bad_verification_code", "once");

    let stranger = stand.client.post(stand.at(TOKEN)).body("client_id=another");
    let stranger = stranger.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(stranger.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn json_is_understood_as_well() {
    let stand = Stand::start().await;
    let (code, verifier) = code(&stand, "user:email", "1").await;
    let asked = stand
        .client
        .post(stand.at(TOKEN))
        .header("accept", "application/json");
    let body = json!({ "client_id": ID, "client_secret": SECRET, "code": code, "code_verifier": verifier });
    let told: Value = asked
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&told["token_type"], &told["scope"]),
        (&json!("bearer"), &json!("user:email"))
    );
}

#[tokio::test]
async fn errors_of_the_page_go_to_the_registered_address_only() {
    let stand = Stand::start().await;
    let (page, _, state) = send(&stand, "user:email");
    let back = came(&choose(&stand, &page, &[("deny", "yes")]).await);
    assert_eq!(
        (back["error"].as_str(), &back["state"]),
        ("access_denied", state.secret())
    );

    let mut elsewhere = page.clone();
    let others: Vec<_> = page
        .query_pairs()
        .into_owned()
        .filter(|(name, _)| name != "redirect_uri")
        .collect();
    elsewhere.query_pairs_mut().clear().extend_pairs(others);
    elsewhere
        .query_pairs_mut()
        .append_pair("redirect_uri", "https://evil.example.com/");
    let answer = stand.client.get(elsewhere).send().await.unwrap();
    let location: Url = answer.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(location.as_str().starts_with(&callback()), "{location}");
    assert_eq!(came(&location)["error"], "redirect_uri_mismatch");

    let unknown = stand.at(
        "/github/login/oauth/authorize?client_id=another&redirect_uri=https://evil.example.com/",
    );
    let answer = stand.client.get(unknown).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

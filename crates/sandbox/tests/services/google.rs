//! Signing in with Google, by a real OAuth client and by those who try it otherwise.

use crate::{
    sign_in::{Http, came, choose},
    stand::{PUBLIC, SECRET, Stand},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
        BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

const ID: &str = "frontdesk.google";

#[derive(Debug, Serialize, Deserialize)]
struct WithIdToken {
    id_token: String,
}
impl ExtraTokenFields for WithIdToken {}

type Tokens = StandardTokenResponse<WithIdToken, BasicTokenType>;
type Product = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    oauth2::StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

struct Door {
    stand: Stand,
    discovered: Value,
    product: Product,
}

impl Door {
    async fn open() -> Self {
        let stand = Stand::start().await;
        let path = "/google/.well-known/openid-configuration";
        let discovered = stand.json(path).await;
        let at = |name: &str| discovered[name].as_str().unwrap().to_owned();
        let product = oauth2::Client::new(ClientId::new(ID.to_owned()))
            .set_client_secret(ClientSecret::new(SECRET.to_owned()))
            .set_auth_uri(AuthUrl::new(at("authorization_endpoint")).unwrap())
            .set_token_uri(TokenUrl::new(at("token_endpoint")).unwrap())
            .set_redirect_uri(RedirectUrl::new(callback()).unwrap());
        Self {
            stand,
            discovered,
            product,
        }
    }

    /// Where the product sends a browser, and what it keeps back.
    fn send(&self) -> (Url, PkceCodeVerifier, CsrfToken) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = ["openid", "email", "profile"].map(|scope| Scope::new(scope.to_owned()));
        let (page, state) = self
            .product
            .authorize_url(CsrfToken::new_random)
            .add_scopes(scopes)
            .add_extra_param("nonce", "a nonce")
            .set_pkce_challenge(challenge)
            .url();
        (page, verifier, state)
    }

    /// A code for the first person of the page.
    async fn code(&self) -> (String, PkceCodeVerifier) {
        let (page, verifier, _) = self.send();
        let back = choose(&self.stand, &page, &[("person", "0")]).await;
        (came(&back)["code"].clone(), verifier)
    }

    async fn exchange(
        &self,
        code: &str,
        verifier: PkceCodeVerifier,
    ) -> Result<Tokens, BasicErrorResponseType> {
        let http = Http(self.stand.client.clone());
        let exchanged = self
            .product
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(verifier)
            .request_async(&http)
            .await;
        exchanged.map_err(|error| match error {
            RequestTokenError::ServerResponse(answer) => answer.error().clone(),
            other => panic!("{other:?}"),
        })
    }

    async fn post(&self, to: Url, form: String) -> reqwest::Response {
        let sent = self.stand.client.post(to).body(form);
        let sent = sent.header("content-type", "application/x-www-form-urlencoded");
        sent.send().await.unwrap()
    }

    /// The claims of a token whose signature the published key fits.
    async fn claims(&self, token: &str) -> Value {
        let at = self.discovered["jwks_uri"].as_str().unwrap();
        let keys: Value = self
            .stand
            .client
            .get(at)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let key = &keys["keys"][0];
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
        assert_eq!(
            (&header["alg"], &header["kid"]),
            (&json!("RS256"), &key["kid"])
        );
        let public = ring::signature::RsaPublicKeyComponents {
            n: decode(key["n"].as_str().unwrap()),
            e: decode(key["e"].as_str().unwrap()),
        };
        let signed = format!("{}.{}", parts[0], parts[1]);
        public
            .verify(
                &ring::signature::RSA_PKCS1_2048_8192_SHA256,
                signed.as_bytes(),
                &decode(parts[2]),
            )
            .unwrap();
        serde_json::from_slice(&decode(parts[1])).unwrap()
    }
}

fn callback() -> String {
    format!("{PUBLIC}/api/auth/google/callback")
}

#[tokio::test]
async fn somebody_signs_in_and_the_product_learns_who_it_is() {
    let door = Door::open().await;
    let (page, verifier, state) = door.send();
    let mine = [("name", "Zoë O'Neill"), ("email", "zoe@example.com")];
    let back = choose(&door.stand, &page, &mine).await;
    assert!(back.as_str().starts_with(&format!("{}?", callback())));
    assert_eq!(&came(&back)["state"], state.secret());
    assert_eq!(&came(&back)["iss"], &door.discovered["issuer"]);
    let tokens = door.exchange(&came(&back)["code"], verifier).await.unwrap();
    let claims = door.claims(&tokens.extra_fields().id_token).await;
    assert_eq!(claims["iss"], door.discovered["issuer"]);
    assert_eq!(claims["aud"], ID);
    assert_eq!(claims["nonce"], "a nonce");
    assert_eq!(claims["email"], "zoe@example.com");
    assert_eq!(claims["email_verified"], false, "the box was not ticked");
    assert_eq!(claims["name"], "Zoë O'Neill");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
    let subject = claims["sub"].as_str().unwrap();
    assert!(subject.len() == 21 && subject.bytes().all(|digit| digit.is_ascii_digit()));

    let at = door.discovered["userinfo_endpoint"].as_str().unwrap();
    let asked = door
        .stand
        .client
        .get(at)
        .bearer_auth(tokens.access_token().secret());
    let told: Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&told["sub"], &told["email"]),
        (&claims["sub"], &claims["email"])
    );

    let (page, verifier, _) = door.send();
    let verified = [
        ("name", "Zoë"),
        ("email", "ZOE@example.com"),
        ("verified", "yes"),
    ];
    let back = choose(&door.stand, &page, &verified).await;
    let tokens = door.exchange(&came(&back)["code"], verifier).await.unwrap();
    let again = door.claims(&tokens.extra_fields().id_token).await;
    assert_eq!(
        (&again["sub"], &again["email_verified"]),
        (&claims["sub"], &json!(true))
    );
}

#[tokio::test]
async fn a_secret_in_the_body_does_as_well() {
    let mut door = Door::open().await;
    door.product = door.product.set_auth_type(AuthType::RequestBody);
    let (code, verifier) = door.code().await;
    assert!(door.exchange(&code, verifier).await.is_ok());
}

#[tokio::test]
async fn whoever_says_no_is_not_told_on() {
    let door = Door::open().await;
    let (page, _, state) = door.send();
    let back = came(&choose(&door.stand, &page, &[("deny", "yes")]).await);
    assert_eq!(
        (back["error"].as_str(), &back["state"]),
        ("access_denied", state.secret())
    );
    assert!(!back.contains_key("code"));
}

#[tokio::test]
async fn a_code_opens_once_and_for_its_own_verifier() {
    let door = Door::open().await;
    let (code, verifier) = door.code().await;
    let again = PkceCodeVerifier::new(verifier.secret().clone());
    let token = door.exchange(&code, verifier).await.unwrap();
    let reused = door.exchange(&code, again).await.unwrap_err();
    assert_eq!(reused, BasicErrorResponseType::InvalidGrant);
    let at = door.discovered["userinfo_endpoint"].as_str().unwrap();
    let asked = door
        .stand
        .client
        .get(at)
        .bearer_auth(token.access_token().secret());
    assert_eq!(
        asked.send().await.unwrap().status(),
        401,
        "what a stolen code opened is shut"
    );

    let (code, verifier) = door.code().await;
    let (_, other) = PkceCodeChallenge::new_random_sha256();
    let guessed = door.exchange(&code, other).await.unwrap_err();
    assert_eq!(guessed, BasicErrorResponseType::InvalidGrant);
    let late = door.exchange(&code, verifier).await.unwrap_err();
    assert_eq!(late, BasicErrorResponseType::InvalidGrant, "one guess");
}

#[tokio::test]
async fn another_secret_or_address_opens_nothing() {
    let mut door = Door::open().await;
    let (code, verifier) = door.code().await;
    let elsewhere = RedirectUrl::new(format!("{PUBLIC}/api/auth/google/callback/")).unwrap();
    door.product = door.product.set_redirect_uri(elsewhere);
    let error = door.exchange(&code, verifier).await.unwrap_err();
    assert_eq!(error.as_ref(), "redirect_uri_mismatch");
    let mut door = Door::open().await;
    let (code, verifier) = door.code().await;
    let wrong = ClientSecret::new("wrong".to_owned());
    door.product = door.product.set_client_secret(wrong);
    let error = door.exchange(&code, verifier).await.unwrap_err();
    assert_eq!(error, BasicErrorResponseType::InvalidClient);
}

/// The request with another value of this parameter, or without it.
fn changed(page: &Url, name: &str, value: Option<&str>) -> Url {
    let pairs = page.query_pairs().into_owned();
    let others: Vec<_> = pairs.filter(|(known, _)| known != name).collect();
    let mut url = page.clone();
    url.query_pairs_mut().clear().extend_pairs(others);
    if let Some(value) = value {
        url.query_pairs_mut().append_pair(name, value);
    }
    url
}

#[tokio::test]
async fn a_request_that_is_not_the_products_ends_on_googles_page() {
    let door = Door::open().await;
    let (page, ..) = door.send();
    let longer = format!("{}?x=1", callback());
    let numeric = callback().replace("localhost", "127.0.0.1");
    for (name, value, status) in [
        ("client_id", Some("another"), 401),
        ("client_id", None, 401),
        ("redirect_uri", Some(longer.as_str()), 400),
        ("redirect_uri", Some(numeric.as_str()), 400),
        ("redirect_uri", Some("https://evil.example.com/"), 400),
        ("redirect_uri", None, 400),
        ("response_type", Some("token"), 400),
        ("scope", Some("email"), 400),
        ("code_challenge_method", Some("plain"), 400),
        ("code_challenge_method", None, 400),
    ] {
        let url = changed(&page, name, value);
        let asked = door.stand.client.get(url.clone()).send().await.unwrap();
        assert_eq!(asked.status(), status, "{url}");
        assert!(!asked.headers().contains_key("location"));
        // Nor by sending the form without having seen the page.
        let body = format!("{}&person=0", url.query().unwrap());
        let mut action = url.clone();
        action.set_query(None);
        let answer = door.post(action, body).await;
        assert_eq!(answer.status(), status, "{url}");
    }
}

#[tokio::test]
async fn the_token_endpoint_answers_its_client_only() {
    let door = Door::open().await;
    let token_endpoint: Url = door.discovered["token_endpoint"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let client = "client_id=frontdesk.google&client_secret=no";
    for body in [
        "",
        "grant_type=authorization_code&code=4/0x",
        &format!("grant_type=authorization_code&code=4/0x&{client}"),
    ] {
        let answer = door.post(token_endpoint.clone(), body.to_owned()).await;
        assert_eq!(answer.status(), 401, "{body:?}");
    }
    let asked = door
        .stand
        .client
        .post(token_endpoint)
        .body("x".repeat(70_000));
    let asked = asked.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(asked.send().await.unwrap().status(), 413);
}

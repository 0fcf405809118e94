//! Google and GitHub in one server that does what a test tells it: right, wrong, slowly, or not at
//! all. A code is good for the browser it was given to and for nothing else, as at the real ones.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use frontdesk_api::auth::provider::ProviderArgs;
use frontdesk_process::clock;
use frontdesk_sandbox::keys::SigningKey;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};
use tokio::net::TcpListener;
use uuid::Uuid;

pub(crate) const CLIENT: &str = "frontdesk-of-tests";
pub(crate) const SECRET: &str = "an invented secret";

/// Making one takes a moment.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::create().unwrap());
static FOREIGN: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::create().unwrap());

/// What the token endpoint does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Honest,
    /// 500.
    Broken,
    /// Never answers.
    Silent,
    /// Answers more than anybody should read.
    Endless,
    /// Sends elsewhere, where a good answer waits.
    Elsewhere,
    /// Answers a page.
    Chatty,
    /// Answers without an id token.
    Wordless,
}

/// How an id token is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Hand {
    #[default]
    Own,
    /// Somebody else's key under the right name.
    Foreign,
    /// A name that nobody published.
    Unknown,
    /// Nobody's.
    None,
    /// The client's secret, as if it were a shared key.
    Shared,
}

/// What the next log-ins see. A test changes it as it likes.
#[derive(Debug, Default, Clone)]
pub(crate) struct Manner {
    pub(crate) mood: Mood,
    pub(crate) hand: Hand,
    /// Changes to the claims of id tokens; null leaves a claim out.
    pub(crate) claims: Vec<(&'static str, Value)>,
    /// What GitHub says of somebody's addresses, instead of one that is primary and verified.
    pub(crate) emails: Option<Value>,
    /// Changes to what the issuer publishes of itself.
    pub(crate) published: Vec<(&'static str, Value)>,
}

/// Somebody at the provider.
#[derive(Debug, Clone)]
pub(crate) struct Somebody {
    pub(crate) subject: u64,
    pub(crate) email: String,
    pub(crate) name: String,
}

struct Given {
    person: Somebody,
    challenge: String,
    nonce: Option<String>,
    redirect: String,
}

struct Inner {
    address: String,
    manner: Mutex<Manner>,
    codes: Mutex<HashMap<String, Given>>,
    tokens: Mutex<HashMap<String, Somebody>>,
    /// How often the token endpoint was asked, and the place it sends elsewhere to.
    asked: Mutex<(usize, usize)>,
}

#[derive(Clone)]
pub(crate) struct Impostor(Arc<Inner>);

impl Impostor {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let impostor = Self(Arc::new(Inner {
            address,
            manner: Mutex::default(),
            codes: Mutex::default(),
            tokens: Mutex::default(),
            asked: Mutex::default(),
        }));
        let router = Router::new()
            .route("/google/.well-known/openid-configuration", get(published))
            .route("/google/keys", get(keys))
            .route("/google/token", post(exchange))
            .route("/github/login/oauth/access_token", post(exchange))
            .route("/github/api/user", get(user))
            .route("/github/api/user/emails", get(emails))
            .route("/elsewhere", get(elsewhere).post(elsewhere))
            .with_state(impostor.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        impostor
    }

    /// What the role is told to find it.
    pub(crate) fn settings(&self) -> ProviderArgs {
        ProviderArgs {
            google_client_id: Some(CLIENT.into()),
            google_client_secret: Some(SECRET.to_owned().into()),
            google_issuer: self.issuer(),
            github_client_id: Some(CLIENT.into()),
            github_client_secret: Some(SECRET.to_owned().into()),
            github_url: format!("{}/github", self.0.address),
            github_api_url: format!("{}/github/api", self.0.address),
        }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/google", self.0.address)
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.0.manner.lock().unwrap() = manner;
    }

    /// How often a code was brought.
    pub(crate) fn asked(&self) -> usize {
        self.0.asked.lock().unwrap().0
    }

    /// How often somebody followed it elsewhere.
    pub(crate) fn followed(&self) -> usize {
        self.0.asked.lock().unwrap().1
    }

    /// Somebody says yes on the page that a browser was sent to; gives the code and the state that
    /// the browser brings back.
    pub(crate) fn consent(&self, location: &str, person: &Somebody) -> (String, String) {
        let page = Url::parse(location).unwrap();
        let asked: HashMap<String, String> = page.query_pairs().into_owned().collect();
        assert_eq!(asked["client_id"], CLIENT);
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["code_challenge"].len(), 43);
        assert!(asked["state"].len() >= 43, "a state of 256 bits");
        let provider = if location.contains("/google/") {
            "google"
        } else {
            "github"
        };
        let redirect = format!("http://localhost:8080/api/auth/{provider}/callback");
        assert_eq!(asked["redirect_uri"], redirect);
        assert_eq!(asked.contains_key("nonce"), provider == "google");
        let code = Uuid::new_v4().simple().to_string();
        let given = Given {
            person: person.clone(),
            challenge: asked["code_challenge"].clone(),
            nonce: asked.get("nonce").cloned(),
            redirect,
        };
        self.0.codes.lock().unwrap().insert(code.clone(), given);
        (code, asked["state"].clone())
    }

    fn manner(&self) -> Manner {
        self.0.manner.lock().unwrap().clone()
    }

    fn id_token(&self, given: &Given) -> String {
        let manner = self.manner();
        let now = clock::now().timestamp();
        let mut claims = json!({
            "iss": self.issuer(), "aud": CLIENT, "azp": CLIENT, "sub": given.person.subject.to_string(),
            "email": given.person.email, "email_verified": true, "name": given.person.name,
            "nonce": given.nonce, "iat": now, "exp": now + 3600,
        });
        for (name, value) in &manner.claims {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(*name);
            } else {
                claims[*name] = value.clone();
            }
        }
        let header = match manner.hand {
            Hand::Own | Hand::Foreign => json!({ "alg": "RS256", "kid": "one" }),
            Hand::Unknown => json!({ "alg": "RS256", "kid": "two" }),
            Hand::None => json!({ "alg": "none", "kid": "one" }),
            Hand::Shared => json!({ "alg": "HS256", "kid": "one" }),
        };
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = match manner.hand {
            Hand::Own | Hand::Unknown => KEY.sign(said.as_bytes()),
            Hand::Foreign => FOREIGN.sign(said.as_bytes()),
            Hand::None => Vec::new(),
            Hand::Shared => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
                ring::hmac::sign(&key, said.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The person of a code that is brought as it must be. It is used up also when it is not.
    fn redeem(&self, headers: &HeaderMap, form: &HashMap<String, String>) -> Option<Given> {
        let given = self.0.codes.lock().unwrap().remove(form.get("code")?)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")?));
        let basic = format!("Basic {}", {
            use base64::engine::general_purpose::STANDARD;
            let encoded = SECRET.replace(' ', "+");
            STANDARD.encode(format!("{CLIENT}:{encoded}"))
        });
        let is_client = headers
            .get(header::AUTHORIZATION)
            .map(|value| value.as_bytes())
            == Some(basic.as_bytes())
            || form.get("client_secret").map(String::as_str) == Some(SECRET);
        let is_right = is_client
            && challenge == given.challenge
            && form.get("redirect_uri") == Some(&given.redirect)
            && form.get("grant_type").map(String::as_str) == Some("authorization_code");
        is_right.then_some(given)
    }

    fn bearer(&self, headers: &HeaderMap) -> Option<Somebody> {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = token.strip_prefix("Bearer ")?;
        self.0.tokens.lock().unwrap().get(token).cloned()
    }

    fn answer(&self, given: &Given) -> Value {
        let token = Uuid::new_v4().simple().to_string();
        let person = given.person.clone();
        self.0.tokens.lock().unwrap().insert(token.clone(), person);
        let mut answer = json!({ "access_token": token, "token_type": "Bearer", "scope": "email" });
        if given.nonce.is_some() && self.manner().mood != Mood::Wordless {
            answer["id_token"] = json!(self.id_token(given));
        }
        answer
    }
}

async fn published(State(impostor): State<Impostor>) -> Json<Value> {
    let issuer = impostor.issuer();
    let mut published = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
    });
    for (name, value) in impostor.manner().published {
        published[name] = value;
    }
    Json(published)
}

async fn keys() -> Json<Value> {
    let public = KEY.public();
    let (n, e) = (
        URL_SAFE_NO_PAD.encode(public.n),
        URL_SAFE_NO_PAD.encode(public.e),
    );
    Json(json!({ "keys": [
        { "kty": "EC", "kid": "curved", "crv": "P-256", "x": "AA", "y": "AA" },
        { "kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": n, "e": e },
    ] }))
}

async fn exchange(State(impostor): State<Impostor>, headers: HeaderMap, body: String) -> Response {
    let form: HashMap<String, String> = Url::parse(&format!("http://a/?{body}"))
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect();
    impostor.0.asked.lock().unwrap().0 += 1;
    let given = impostor.redeem(&headers, &form);
    match (impostor.manner().mood, given) {
        (Mood::Broken, _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        (Mood::Silent, _) => std::future::pending().await,
        (Mood::Chatty, _) => "<html>sign in first</html>".into_response(),
        (Mood::Elsewhere, _) => {
            let to = format!("{}/elsewhere", impostor.0.address);
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        (_, None) => {
            let refused = Json(json!({ "error": "invalid_grant" }));
            (StatusCode::BAD_REQUEST, refused).into_response()
        }
        (Mood::Endless, Some(given)) => {
            let mut answer = impostor.answer(&given);
            answer["scope"] = json!("x".repeat(1 << 20));
            Json(answer).into_response()
        }
        (Mood::Honest | Mood::Wordless, Some(given)) => {
            Json(impostor.answer(&given)).into_response()
        }
    }
}

async fn elsewhere(State(impostor): State<Impostor>) -> StatusCode {
    impostor.0.asked.lock().unwrap().1 += 1;
    StatusCode::OK
}

async fn user(State(impostor): State<Impostor>, headers: HeaderMap) -> Response {
    match impostor.bearer(&headers) {
        Some(person) => Json(json!({
            "id": person.subject, "login": person.name.to_lowercase(), "name": person.name, "email": null,
        }))
        .into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn emails(State(impostor): State<Impostor>, headers: HeaderMap) -> Response {
    let Some(person) = impostor.bearer(&headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let usual = json!([
        { "email": "other@example.com", "primary": false, "verified": true, "visibility": null },
        { "email": person.email, "primary": true, "verified": true, "visibility": "private" },
    ]);
    Json(impostor.manner().emails.unwrap_or(usual)).into_response()
}

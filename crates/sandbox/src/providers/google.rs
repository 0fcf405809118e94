//! Google's side of OpenID Connect, as its discovery document and its answers show it
//! (OpenID Connect Core 1.0; developers.google.com/identity/openid-connect). A request that names a
//! wrong client or address ends on a page of Google's own: an error goes back to the product only
//! once it is certain that the product is who asked.

use super::{
    Client, credentials,
    grants::{Grant, Grants, Refused, TOKEN_LIVES},
    people::{self, Choice, Chosen, Person},
    token,
};
use crate::{
    keys::{self, SigningKey},
    pages::trouble,
};
use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_process::clock;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

const AUTHORIZE: &str = "/google/o/oauth2/v2/auth";
/// Google's subjects are numbers of 21 digits.
const SUBJECTS: u64 = 1_000_000_000_000_000_000;

/// The stand-in.
#[derive(Debug)]
pub struct Google {
    client: Client,
    /// `http://<address>/google`.
    issuer: String,
    key: SigningKey,
    grants: Grants,
}

impl Google {
    /// Google for this product, found at `base` (an origin) under `/google`.
    #[must_use]
    pub fn of(client: Client, base: &str, key: SigningKey) -> Self {
        Self {
            client,
            issuer: format!("{base}/google"),
            key,
            grants: Grants::default(),
        }
    }

    /// Its addresses.
    pub fn router(self) -> Router {
        Router::new()
            .route("/google/.well-known/openid-configuration", get(discovery))
            .route(AUTHORIZE, get(authorize).post(authorize_chosen))
            .route("/google/token", post(exchange))
            .route("/google/oauth2/v3/certs", get(key_set))
            .route("/google/v1/userinfo", get(userinfo).post(userinfo))
            .with_state(Arc::new(self))
    }

    fn key_id(&self) -> String {
        hex::encode(&Sha256::digest(&self.key.public().n)[..20])
    }

    /// A JWT signed RS256 (RFC 7515).
    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": self.key_id(), "typ": "JWT" });
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn id_token(&self, grant: &Grant, access_token: &str, now: DateTime<Utc>) -> String {
        let mut claims = claims_of(&grant.person, &grant.scope);
        claims["iss"] = self.issuer.as_str().into();
        claims["azp"] = self.client.id.as_str().into();
        claims["aud"] = self.client.id.as_str().into();
        let half = &Sha256::digest(access_token)[..16];
        claims["at_hash"] = URL_SAFE_NO_PAD.encode(half).into();
        if let Some(nonce) = &grant.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        claims["iat"] = now.timestamp().into();
        claims["exp"] = (now + TOKEN_LIVES).timestamp().into();
        self.sign(&claims)
    }
}

fn claims_of(person: &Person, scope: &str) -> Value {
    let mut claims = json!({ "sub": format!("107{:018}", person.number("google", SUBJECTS)) });
    let wants = |name: &str| scope.split(' ').any(|scope| scope == name);
    if wants("email") {
        claims["email"] = person.email.as_str().into();
        claims["email_verified"] = person.verified.into();
    }
    if wants("profile") {
        let (given, family) = person.names();
        claims["name"] = person.name.as_str().into();
        claims["given_name"] = given.into();
        if !family.is_empty() {
            claims["family_name"] = family.into();
        }
    }
    claims
}

async fn discovery(State(google): State<Arc<Google>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", google.issuer);
    Json(json!({
        "issuer": google.issuer,
        "authorization_endpoint": at("/o/oauth2/v2/auth"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/v1/userinfo"),
        "jwks_uri": at("/oauth2/v3/certs"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "sub"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code"],
    }))
}

async fn key_set(State(google): State<Arc<Google>>) -> Json<Value> {
    let public = google.key.public();
    Json(json!({ "keys": [{
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": google.key_id(),
        "n": URL_SAFE_NO_PAD.encode(&public.n), "e": URL_SAFE_NO_PAD.encode(&public.e),
    }] }))
}

/// What the product asks of a browser it sends here.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

impl Asked {
    /// The page Google shows when something is wrong, or nothing.
    fn refused(&self, client: &Client) -> Option<Response> {
        let refuse = |status, code: &str, why: &str| {
            Some(trouble(
                status,
                &format!("Error {}: {code}", status.as_u16()),
                why,
            ))
        };
        if self.client_id.as_deref() != Some(&client.id) {
            let why = "The OAuth client was not found.";
            return refuse(StatusCode::UNAUTHORIZED, "invalid_client", why);
        }
        if self.redirect_uri.as_deref() != Some(client.redirect_uri.as_str()) {
            let why = "The address to go back to is not the one registered for this client.";
            return refuse(StatusCode::BAD_REQUEST, "redirect_uri_mismatch", why);
        }
        if self.response_type.as_deref() != Some("code") {
            let why = "The response type is not code.";
            return refuse(StatusCode::BAD_REQUEST, "unsupported_response_type", why);
        }
        let scopes = self.scope.as_deref().unwrap_or_default();
        if !scopes.split(' ').any(|scope| scope == "openid") {
            let why = "The scope openid is missing.";
            return refuse(StatusCode::BAD_REQUEST, "invalid_scope", why);
        }
        let method = self.code_challenge_method.as_deref();
        if self.code_challenge.is_some() && method != Some("S256") {
            let why = "The code challenge's method is not S256.";
            return refuse(StatusCode::BAD_REQUEST, "invalid_request", why);
        }
        None
    }

    fn carried(self) -> Vec<(String, String)> {
        [
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("response_type", self.response_type),
            ("scope", self.scope),
            ("state", self.state),
            ("nonce", self.nonce),
            ("code_challenge", self.code_challenge),
            ("code_challenge_method", self.code_challenge_method),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}

async fn authorize(State(google): State<Arc<Google>>, Query(asked): Query<Asked>) -> Response {
    match asked.refused(&google.client) {
        Some(refused) => refused,
        None => ask_who(&google.client, asked, None),
    }
}

fn ask_who(client: &Client, asked: Asked, why: Option<&str>) -> Response {
    let policy = [(header::CONTENT_SECURITY_POLICY, client.page_policy())];
    (
        policy,
        people::page("Google", AUTHORIZE, &asked.carried(), why),
    )
        .into_response()
}

#[derive(Deserialize)]
struct Answered {
    #[serde(flatten)]
    asked: Asked,
    #[serde(flatten)]
    choice: Choice,
}

async fn authorize_chosen(
    State(google): State<Arc<Google>>,
    Form(Answered { asked, choice }): Form<Answered>,
) -> Response {
    let client = &google.client;
    if let Some(refused) = asked.refused(client) {
        return refused;
    }
    let person = match choice.made() {
        Chosen::Person(person) => person,
        Chosen::Denied => {
            let denied = [("iss", google.issuer.as_str()), ("error", "access_denied")];
            let back = client.back(&denied, asked.state.as_deref());
            return Redirect::to(&back).into_response();
        }
        Chosen::Nobody(why) => return ask_who(client, asked, why),
    };
    let scope = asked.scope.unwrap_or_default();
    let grant = Grant {
        person,
        redirect_uri: client.redirect_uri.to_string(),
        scope: scope.clone(),
        nonce: asked.nonce,
        challenge: asked.code_challenge,
    };
    let code = format!("4/0{}", google.grants.give(grant, clock::now()));
    let parameters = [
        // Google names itself since 2026, without saying so in its discovery document.
        ("iss", google.issuer.as_str()),
        ("code", code.as_str()),
        ("scope", &scope),
        ("authuser", "0"),
        ("prompt", "consent"),
    ];
    Redirect::to(&client.back(&parameters, asked.state.as_deref())).into_response()
}

#[derive(Deserialize)]
struct Exchange {
    grant_type: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    code_verifier: Option<String>,
}

async fn exchange(
    State(google): State<Arc<Google>>,
    headers: HeaderMap,
    Form(asked): Form<Exchange>,
) -> Response {
    let shown = credentials(&headers, (asked.client_id, asked.client_secret));
    let client = &google.client;
    if shown != Some((client.id.clone(), client.secret.clone())) {
        return problem(StatusCode::UNAUTHORIZED, "invalid_client", "Unauthorized");
    }
    if asked.grant_type.as_deref() != Some("authorization_code") {
        let why = "Invalid grant_type";
        return problem(StatusCode::BAD_REQUEST, "unsupported_grant_type", why);
    }
    let (Some(code), Some(redirect_uri)) = (asked.code, asked.redirect_uri) else {
        let why = "Missing required parameter: code or redirect_uri";
        return problem(StatusCode::BAD_REQUEST, "invalid_request", why);
    };
    let now = clock::now();
    let redeemed = google.grants.redeem(
        code.strip_prefix("4/0").unwrap_or_default(),
        Some(&redirect_uri),
        asked.code_verifier.as_deref(),
        format!("ya29.{}", keys::token(48)),
        now,
    );
    let (grant, token) = match redeemed {
        Ok(redeemed) => redeemed,
        Err(Refused::Code) => {
            return problem(StatusCode::BAD_REQUEST, "invalid_grant", "Bad Request");
        }
        Err(Refused::RedirectUri) => {
            return problem(
                StatusCode::BAD_REQUEST,
                "redirect_uri_mismatch",
                "Bad Request",
            );
        }
        Err(Refused::Verifier) => {
            let why = "Invalid code verifier.";
            return problem(StatusCode::BAD_REQUEST, "invalid_grant", why);
        }
    };
    // A second short of the hour, as Google counts it.
    let lives = (TOKEN_LIVES - TimeDelta::seconds(1)).num_seconds();
    Json(json!({
        "access_token": token,
        "expires_in": lives,
        "scope": grant.scope,
        "token_type": "Bearer",
        "id_token": google.id_token(&grant, &token, now),
    }))
    .into_response()
}

fn problem(status: StatusCode, error: &str, description: &str) -> Response {
    let body = Json(json!({ "error": error, "error_description": description }));
    (status, body).into_response()
}

async fn userinfo(State(google): State<Arc<Google>>, headers: HeaderMap) -> Response {
    let grant =
        token(&headers, &["bearer"]).and_then(|token| google.grants.of_token(token, clock::now()));
    match grant {
        Some(grant) => Json(claims_of(&grant.person, &grant.scope)).into_response(),
        None => problem(
            StatusCode::UNAUTHORIZED,
            "invalid_request",
            "Invalid Credentials",
        ),
    }
}

//! GitHub's side of OAuth (docs.github.com/en/apps/oauth-apps): no OpenID, so whoever asks must ask
//! the API who it was. Its ways are kept: errors of the token endpoint come with status 200, answers
//! are forms unless JSON is asked for, and the API refuses whoever names no user agent.

use super::{
    Client, credentials,
    grants::{Grant, Grants, Refused},
    people::{self, Choice, Chosen, Person},
    token,
};
use crate::{keys, pages::trouble};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use frontdesk_process::clock;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};

const AUTHORIZE: &str = "/github/login/oauth/authorize";
const ERROR_PAGE: &str = "/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/";
const USER_AGENT_NEEDED: &str = "\r\nRequest forbidden by administrative rules. Please make sure your request \
    has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). \
    Check https://developer.github.com for other possible causes.\r\n";
/// What a scope is called; others are left out of what is granted, as GitHub does.
const SCOPES: [&str; 3] = ["user", "read:user", "user:email"];
const IDS: u64 = 200_000_000;

/// The stand-in.
#[derive(Debug)]
pub struct GitHub {
    client: Client,
    grants: Grants,
}

impl GitHub {
    /// GitHub for this product.
    #[must_use]
    pub fn of(client: Client) -> Self {
        Self {
            client,
            grants: Grants::default(),
        }
    }

    /// Its addresses.
    pub fn router(self) -> Router {
        Router::new()
            .route(AUTHORIZE, get(authorize).post(authorize_chosen))
            .route("/github/login/oauth/access_token", post(exchange))
            .route("/github/api/user", get(user))
            .route("/github/api/user/emails", get(emails))
            .with_state(Arc::new(self))
    }
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

impl Asked {
    /// Where GitHub leads when something is wrong, or nothing. Errors go to the registered address
    /// whatever the request says.
    fn refused(&self, client: &Client) -> Option<Response> {
        if self.client_id.as_deref() != Some(&client.id) {
            let why = "No application is registered under this client id.";
            return Some(trouble(StatusCode::NOT_FOUND, "404", why));
        }
        let registered = client.redirect_uri.as_str();
        if self
            .redirect_uri
            .as_deref()
            .is_some_and(|uri| uri != registered)
        {
            let why =
                "The redirect_uri MUST match the registered callback URL for this application.";
            return Some(self.back(client, "redirect_uri_mismatch", why));
        }
        let method = self.code_challenge_method.as_deref();
        if self.code_challenge.is_some() && method != Some("S256") {
            let why = "The code_challenge_method must be S256.";
            return Some(self.back(client, "invalid_request", why));
        }
        None
    }

    fn back(&self, client: &Client, error: &str, why: &str) -> Response {
        let page = format!("https://docs.github.com{ERROR_PAGE}");
        let parameters = [
            ("error", error),
            ("error_description", why),
            ("error_uri", &page),
        ];
        Redirect::to(&client.back(&parameters, self.state.as_deref())).into_response()
    }

    fn carried(self) -> Vec<(String, String)> {
        [
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("scope", self.scope),
            ("state", self.state),
            ("code_challenge", self.code_challenge),
            ("code_challenge_method", self.code_challenge_method),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}

async fn authorize(State(github): State<Arc<GitHub>>, Query(asked): Query<Asked>) -> Response {
    match asked.refused(&github.client) {
        Some(refused) => refused,
        None => ask_who(&github.client, asked, None),
    }
}

fn ask_who(client: &Client, asked: Asked, why: Option<&str>) -> Response {
    let policy = [(header::CONTENT_SECURITY_POLICY, client.page_policy())];
    (
        policy,
        people::page("GitHub", AUTHORIZE, &asked.carried(), why),
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
    State(github): State<Arc<GitHub>>,
    axum::Form(Answered { asked, choice }): axum::Form<Answered>,
) -> Response {
    let client = &github.client;
    if let Some(refused) = asked.refused(client) {
        return refused;
    }
    let person = match choice.made() {
        Chosen::Person(person) => person,
        Chosen::Denied => {
            let why = "The user has denied your application access.";
            return asked.back(client, "access_denied", why);
        }
        Chosen::Nobody(why) => return ask_who(client, asked, why),
    };
    let wanted = asked.scope.unwrap_or_default();
    let granted = wanted
        .split([' ', ','])
        .filter(|scope| SCOPES.contains(scope));
    let grant = Grant {
        person,
        redirect_uri: client.redirect_uri.to_string(),
        scope: granted.collect::<Vec<_>>().join(" "),
        nonce: None,
        challenge: asked.code_challenge,
    };
    let code = github.grants.give(grant, clock::now());
    let back = client.back(&[("code", &code)], asked.state.as_deref());
    Redirect::to(&back).into_response()
}

/// Parameters of the token endpoint come in the query, as a form, or as JSON.
fn parameters(headers: &HeaderMap, query: Option<&str>, body: &[u8]) -> HashMap<String, String> {
    let form = |bytes: &[u8]| -> HashMap<String, String> {
        url::form_urlencoded::parse(bytes).into_owned().collect()
    };
    let mut given = form(query.unwrap_or_default().as_bytes());
    if names(headers, header::CONTENT_TYPE, "json") {
        let object: HashMap<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let strings = object.into_iter();
        given.extend(strings.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))));
    } else {
        given.extend(form(body));
    }
    given
}

fn names(headers: &HeaderMap, header: header::HeaderName, kind: &str) -> bool {
    let value = headers.get(header).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.contains(kind))
}

async fn exchange(
    State(github): State<Arc<GitHub>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let mut given = parameters(&headers, query.as_deref(), &body);
    let mut take = |name: &str| given.remove(name);
    let client = &github.client;
    let shown = credentials(&headers, (take("client_id"), take("client_secret")));
    let Some((_, secret)) = shown.filter(|(id, _)| *id == client.id) else {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "Not Found" }))).into_response();
    };
    if secret != client.secret {
        let why = "The client_id and/or client_secret passed are incorrect.";
        return problem(&headers, "incorrect_client_credentials", why);
    }
    let redeemed = github.grants.redeem(
        &take("code").unwrap_or_default(),
        take("redirect_uri").as_deref(),
        take("code_verifier").as_deref(),
        format!("gho_{}", keys::token(27)),
        clock::now(),
    );
    match redeemed {
        Ok((grant, token)) => {
            let scope = grant.scope.replace(' ', ",");
            let answer = [
                ("access_token", token.as_str()),
                ("scope", &scope),
                ("token_type", "bearer"),
            ];
            say(&headers, &answer)
        }
        Err(Refused::RedirectUri) => {
            let why =
                "The redirect_uri MUST match the registered callback URL for this application.";
            problem(&headers, "redirect_uri_mismatch", why)
        }
        Err(Refused::Code | Refused::Verifier) => {
            let why = "The code passed is incorrect or expired.";
            problem(&headers, "bad_verification_code", why)
        }
    }
}

fn problem(headers: &HeaderMap, error: &str, why: &str) -> Response {
    let page = format!(
        "https://docs.github.com{ERROR_PAGE}#{}",
        error.replace('_', "-")
    );
    let answer = [
        ("error", error),
        ("error_description", why),
        ("error_uri", &page),
    ];
    say(headers, &answer)
}

/// Status 200, whatever it says.
fn say(headers: &HeaderMap, answer: &[(&str, &str)]) -> Response {
    if names(headers, header::ACCEPT, "json") {
        let object: serde_json::Map<_, _> = answer
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        return Json(object).into_response();
    }
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(answer)
        .finish();
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], form).into_response()
}

/// Somebody the API does not answer.
enum Stranger {
    /// No user agent.
    Nameless,
    /// No token that is good; in GitHub's words.
    Unauthorised(&'static str),
}

impl IntoResponse for Stranger {
    fn into_response(self) -> Response {
        match self {
            Self::Nameless => (StatusCode::FORBIDDEN, USER_AGENT_NEEDED).into_response(),
            Self::Unauthorised(why) => api_problem(StatusCode::UNAUTHORIZED, why),
        }
    }
}

fn api_problem(status: StatusCode, why: &str) -> Response {
    let body = json!({
        "message": why,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.as_str(),
    });
    (status, Json(body)).into_response()
}

/// What was granted to whoever asks the API.
fn asking(github: &GitHub, headers: &HeaderMap) -> Result<Grant, Stranger> {
    if !headers.contains_key(header::USER_AGENT) {
        return Err(Stranger::Nameless);
    }
    let token = token(headers, &["bearer", "token"]);
    let token = token.ok_or(Stranger::Unauthorised("Requires authentication"))?;
    let grant = github.grants.of_token(token, clock::now());
    grant.ok_or(Stranger::Unauthorised("Bad credentials"))
}

fn id_of(person: &Person) -> u64 {
    1_000_000 + person.number("github", IDS)
}

/// As GitHub allows them: letters, digits and single dashes.
fn login_of(person: &Person) -> String {
    let mailbox = person.email.split('@').next().unwrap_or_default();
    let words: Vec<_> = mailbox
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    match words.join("-") {
        login if login.is_empty() => format!("user-{}", id_of(person)),
        login => login,
    }
}

async fn user(State(github): State<Arc<GitHub>>, headers: HeaderMap) -> Result<Response, Stranger> {
    let grant = asking(&github, &headers)?;
    let (id, login) = (id_of(&grant.person), login_of(&grant.person));
    let scopes = [("x-oauth-scopes", grant.scope.replace(' ', ", "))];
    let body = json!({
        "login": login,
        "id": id,
        "node_id": format!("U_{id}"),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
        "html_url": format!("https://github.com/{login}"),
        "type": "User",
        "site_admin": false,
        "name": grant.person.name,
        // Most people show none: it must be asked for where addresses are.
        "email": null,
    });
    Ok((scopes, Json(body)).into_response())
}

async fn emails(
    State(github): State<Arc<GitHub>>,
    headers: HeaderMap,
) -> Result<Response, Stranger> {
    let grant = asking(&github, &headers)?;
    let mut scopes = grant.scope.split(' ');
    if !scopes.any(|scope| matches!(scope, "user" | "user:email")) {
        return Ok(api_problem(StatusCode::NOT_FOUND, "Not Found"));
    }
    let person = &grant.person;
    let hidden = format!(
        "{}+{}@users.noreply.github.com",
        id_of(person),
        login_of(person)
    );
    // The hidden one first: whoever takes the first address takes the wrong one.
    let addresses = json!([
        { "email": hidden, "primary": false, "verified": true, "visibility": null },
        { "email": person.email, "primary": true, "verified": person.verified, "visibility": "private" },
    ]);
    Ok(Json(addresses).into_response())
}

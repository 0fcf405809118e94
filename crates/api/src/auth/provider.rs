//! Logging in through Google and GitHub: the one part of the api that speaks to somebody outside
//! (`docs/adr/0007-api-speaks-to-login-providers.md`).
//!
//! A log-in leaves a sealed note in the browser that began it and is believed only there (RFC 9700):
//! the `state` of the answer, the PKCE verifier and the nonce are all in it, and so is the provider,
//! because an answer that one provider caused must not be taken for another's. Each provider has its
//! own redirect address, and where the browser goes afterwards is a page of ours or nothing.
//!
//! A person is what the provider calls them for ever, never their e-mail address. An address that has
//! an account already is not merged with it: its owner signs in as before and links the provider.

mod address;
mod arrival;
mod client;
mod configured;
mod github;
mod google;
mod home;
mod outside;
mod return_to;
mod settings;
mod trouble;

pub(crate) use configured::Providers;
pub use settings::ProviderArgs;

use super::sealed::Note;
use crate::{
    Api,
    origin::Origin,
    parameters::Parameters,
    problem::{MissingProblem, OpenProblems, Problem},
    session::Secret,
    viewer::session_token,
};
use arrival::{Arrival, Landed};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use client::Asked;
use frontdesk_process::clock;
use home::Home;
use return_to::{ReturnTo, with};
use serde::{Deserialize, Serialize};
use trouble::Trouble;
use url::Url;
use uuid::Uuid;

/// What a log-in under way leaves in the browser.
const UNDER_WAY: Note = Note::new("__Host-login", "login");

/// The longest code we pass on. Google says 256 bytes.
const LONGEST_CODE: usize = 512;

/// A login provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    /// Google.
    Google,
    /// GitHub.
    Github,
}

impl Provider {
    /// As stored and shown.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Github => "github",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Google, Self::Github]
            .into_iter()
            .find(|provider| provider.word() == word)
    }
}

/// Somebody as a provider knows them.
struct Person {
    /// For ever theirs.
    subject: String,
    /// Only one that the provider vouches for.
    email: Option<String>,
    name: Option<String>,
}

/// A log-in under way, as its browser keeps it.
#[derive(Serialize, Deserialize)]
struct Begun {
    provider: Provider,
    state: String,
    nonce: String,
    verifier: String,
    return_to: ReturnTo,
    /// For an account that is made at the end. Log-ins that an earlier build began have none.
    #[serde(default)]
    home: Home,
    /// The session to link the provider to, when it is no log-in.
    link: Option<Uuid>,
}

/// A browser about to go to a provider.
pub(super) struct Leaving {
    pub(super) location: Url,
    pub(super) cookie: HeaderValue,
}

/// The provider of a path, if it is offered.
///
/// # Errors
/// 404.
pub(super) fn offered(api: &Api, word: &str) -> Result<Provider, Problem> {
    Provider::of(word)
        .filter(|wanted| api.providers().offered().any(|offered| offered == *wanted))
        .ok_or_else(|| Problem::not_found("there is no such login provider here"))
}

/// Begins a log-in, or the linking of a session's person.
async fn leave(
    api: &Api,
    provider: Provider,
    return_to: ReturnTo,
    home: Home,
    link: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Leaving, Trouble> {
    let (state, nonce, verifier) = (Secret::draw()?, Secret::draw()?, Secret::draw()?);
    let begun = Begun {
        provider,
        state: state.text,
        nonce: nonce.text,
        verifier: verifier.text,
        return_to,
        home,
        link,
    };
    let asked = Asked {
        state: &begun.state,
        verifier: &begun.verifier,
        nonce: (provider == Provider::Google).then_some(begun.nonce.as_str()),
    };
    let location = api.providers().ask(provider, &asked, now).await?;
    let cookie = UNDER_WAY.leave(api.access(), &begun, now)?;
    Ok(Leaving { location, cookie })
}

/// Begins to link a provider to the person of a session.
///
/// # Errors
/// 503 when the provider is away.
pub(super) async fn leave_to_link(
    api: &Api,
    provider: Provider,
    session: Uuid,
    now: DateTime<Utc>,
) -> Result<Leaving, Problem> {
    let (return_to, home) = (ReturnTo::security(), Home::default());
    let leaving = leave(api, provider, return_to, home, Some(session), now).await;
    leaving.map_err(|_| Problem::unavailable("the login provider does not answer"))
}

/// Sends a browser to a provider to sign in.
#[utoipa::path(
    get, operation_id = "leave_for_provider", path = "/api/auth/{provider}", tag = "auth", security(()),
    params(
        ("provider" = String, Path, description = "`google` or `github`", example = "google"),
        ("return_to" = Option<String>, Query, description = "The page of ours to come back to", example = "/calls"),
        ("time_zone" = Option<String>, Query, description = "The browser's, for an account that is made; UTC when it is not known",
            example = "Europe/Berlin"),
        ("locale" = Option<String>, Query, description = "The browser's, likewise; `en-US` when it is none", example = "de-DE")
    ),
    responses(
        (status = 303, description = "To the provider; to the sign-in page with `problem=provider-unavailable` when it is away; \
            on a machine of one's own to the same at `PUBLIC_URL`",
            headers(
                ("location" = String, description = "Where to"),
                ("set-cookie" = String, description = "What belongs to this log-in, sealed")
            )),
        OpenProblems, MissingProblem
    )
)]
pub async fn begin(
    State(api): State<Api>,
    Path(provider): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    mut given: Parameters,
) -> Result<Response, Problem> {
    let provider = offered(&api, &provider)?;
    if let Some(there) = address::elsewhere(api.access(), &uri, &headers) {
        return Ok(see_other(&there, []));
    }
    let return_to = given.take("return_to", ReturnTo::parse);
    let home = Home::take(&mut given);
    given.finish()?;
    let return_to = return_to.unwrap_or_default();
    let left = leave(&api, provider, return_to.clone(), home, None, clock::now()).await;
    Ok(match left {
        Ok(leaving) => see_other(leaving.location.as_str(), [leaving.cookie]),
        Err(trouble) => see_other(&sign_in(trouble, &return_to), []),
    })
}

/// Takes a browser back from a provider. Whatever went wrong is said by the page it is sent to.
#[utoipa::path(
    get, operation_id = "return_from_provider", path = "/api/auth/{provider}/callback", tag = "auth", security(()),
    params(
        ("provider" = String, Path, description = "`google` or `github`", example = "google"),
        ("code" = Option<String>, Query, description = "From the provider"),
        ("state" = Option<String>, Query, description = "From the provider, as we gave it"),
        ("iss" = Option<String>, Query, description = "From the provider (RFC 9207)"),
        ("error" = Option<String>, Query, description = "From the provider")
    ),
    responses(
        (status = 303, description = "Signed in: to the page the log-in began with. A code is wanted: to `/sign-in?step=code`. \
            Otherwise to `/sign-in?problem=…`: `state-mismatch`, `provider-denied`, `provider-failed`, `provider-unavailable`, \
            `email-unverified`, `address-known`, `suspended`, `too-many`, `unavailable`. When a login was linked: to \
            `/settings/security?linked=…`, or with `problem=`: one of these, `identity-taken`, `already-linked`, `signed-out`",
            headers(
                ("location" = String, description = "Where to"),
                ("set-cookie" = String, description = "The session")
            )),
        OpenProblems, MissingProblem
    )
)]
pub async fn come_back(
    State(api): State<Api>,
    Path(provider): Path<String>,
    origin: Origin,
    headers: HeaderMap,
    given: Parameters,
) -> Result<Response, Problem> {
    let provider = offered(&api, &provider)?;
    let now = clock::now();
    let over = UNDER_WAY.take_back(api.access());
    let begun = UNDER_WAY
        .read::<Begun>(api.access(), &headers, now)
        .filter(|begun| begun.provider == provider);
    let Some(begun) = begun else {
        let to = sign_in(Trouble::StateMismatch, &ReturnTo::default());
        return Ok(see_other(&to, [over]));
    };
    let (return_to, is_link) = (begun.return_to.clone(), begun.link.is_some());
    let presented = session_token(api.access(), &headers).map(str::to_owned);
    Ok(
        match settle(&api, begun, origin, presented, given, now).await {
            Ok(Landed::SignedIn(cookie)) => see_other(return_to.as_str(), [over, cookie]),
            Ok(Landed::AtTheSecondStep(cookie)) => {
                see_other(&second_step(&return_to), [over, cookie])
            }
            Ok(Landed::Linked) => {
                let to = with(return_to.as_str(), &[("linked", provider.word())]);
                see_other(&to, [over])
            }
            Err(trouble) if is_link => see_other(
                &with(return_to.as_str(), &[("problem", trouble.word())]),
                [over],
            ),
            Err(trouble) => see_other(&sign_in(trouble, &return_to), [over]),
        },
    )
}

async fn settle(
    api: &Api,
    begun: Begun,
    origin: Origin,
    presented: Option<String>,
    given: Parameters,
    now: DateTime<Utc>,
) -> Result<Landed, Trouble> {
    let answer = answer_to(api.providers(), &begun, given)?;
    api.limits()
        .try_secret(origin.address, clock::monotonic())?;
    let person = api.providers().recognise(&begun, answer, now).await?;
    let arrival = Arrival {
        provider: begun.provider,
        person,
        presented,
        home: begun.home,
        link: begun.link,
        origin,
        now,
    };
    arrival.land(api).await
}

/// What a provider sent back with the browser.
struct Answer {
    code: String,
    /// Whether it said who it is (RFC 9207), which then was right.
    names_issuer: bool,
}

/// An answer that belongs to this log-in.
fn answer_to(
    providers: &Providers,
    begun: &Begun,
    mut given: Parameters,
) -> Result<Answer, Trouble> {
    let mut text = |name| given.take(name, |text| Ok(text.to_owned()));
    let (state, issuer) = (text("state"), text("iss"));
    let (code, error) = (text("code"), text("error"));
    // What else a provider adds is its own business.
    let names_issuer = issuer.is_some();
    let is_ours = state.as_ref() == Some(&begun.state)
        && issuer.is_none_or(|told| providers.is_issuer(begun.provider, &told));
    if !is_ours || given.has_errors() {
        return Err(Trouble::StateMismatch);
    }
    match (code, error.as_deref()) {
        (_, Some("access_denied")) => Err(Trouble::Denied),
        (Some(code), None) if code.len() <= LONGEST_CODE => Ok(Answer { code, names_issuer }),
        _ => Err(Trouble::Failed),
    }
}

fn sign_in(trouble: Trouble, return_to: &ReturnTo) -> String {
    with(
        "/sign-in",
        &[
            ("problem", trouble.word()),
            ("return_to", return_to.as_str()),
        ],
    )
}

fn second_step(return_to: &ReturnTo) -> String {
    with(
        "/sign-in",
        &[("step", "code"), ("return_to", return_to.as_str())],
    )
}

/// Nothing on the way may be kept: `state` and codes pass through here.
fn see_other<const N: usize>(to: &str, cookies: [HeaderValue; N]) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        tracing::error!("an address to go to does not fit a header");
        return Problem::internal().into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

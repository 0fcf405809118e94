//! Login providers: Google (OpenID Connect) and GitHub (OAuth 2), as far as somebody who signs in
//! and a server that asks who it was can tell. Only addresses differ from the real ones.
//!
//! Who you are is chosen on the provider's page, among invented people or by typing a name: nobody
//! has a password here. So a provider answers only for a product on a loopback address, and sends
//! people back to the one address registered for it.

pub mod github;
pub mod google;
mod grants;
mod people;

use crate::loopback;
use anyhow::Context as _;
use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::Url;

/// The product as a provider knows it.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
    /// The one address people are sent back to.
    pub redirect_uri: Url,
}

impl Client {
    /// The product at this public address.
    ///
    /// # Errors
    /// When the address is not of this machine: everybody who reaches the product could be anybody.
    pub fn of_product(
        id: String,
        secret: String,
        public_url: &str,
        provider: &str,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !secret.is_empty(),
            "the stand-in for {provider} needs a client secret"
        );
        let public = loopback::target(public_url)?;
        let redirect_uri = Url::parse(&format!("{public}/api/auth/{provider}/callback"))
            .context("the address people are sent back to")?;
        Ok(Self {
            id,
            secret,
            redirect_uri,
        })
    }

    /// Back to the product with these parameters.
    fn back(&self, parameters: &[(&str, &str)], state: Option<&str>) -> String {
        let mut url = self.redirect_uri.clone();
        let state = state.map(|state| ("state", state));
        url.query_pairs_mut()
            .extend_pairs(parameters.iter().copied().chain(state));
        url.into()
    }

    /// Whether forms of a page may lead back to the product: browsers hold a page's forms to its
    /// policy even where they are redirected.
    fn page_policy(&self) -> String {
        let origin = self.redirect_uri.origin().ascii_serialization();
        format!(
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self' {origin}; \
             base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

/// Name and secret as a client shows them, in the body or by `Authorization: Basic` (RFC 6749,
/// 2.3.1: both parts form-encoded).
fn credentials(
    headers: &HeaderMap,
    body: (Option<String>, Option<String>),
) -> Option<(String, String)> {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let Some((_, encoded)) = basic else {
        return Some((body.0?, body.1.unwrap_or_default()));
    };
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    // One value of a form, read by what reads forms.
    url::form_urlencoded::parse(format!("v={}", text.replace('&', "%26")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The token of `Authorization: Bearer …` (or one of these schemes).
fn token<'a>(headers: &'a HeaderMap, schemes: &[&str]) -> Option<&'a str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    schemes
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(token.trim())
}

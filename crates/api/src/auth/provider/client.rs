//! What Google and GitHub have in common: OAuth 2 with a code, a secret and PKCE.

use super::{Trouble, outside::Outside, settings::Registered};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
        BasicTokenType,
    },
};
use serde::{Deserialize, Serialize};
use std::fmt;
use url::Url;

/// What a code was exchanged for.
pub(super) struct Tokens {
    pub(super) access: String,
    /// OpenID Connect's; GitHub has none.
    pub(super) id: Option<String>,
}

/// What is asked for, and what only this browser can show again.
pub(super) struct Asked<'a> {
    pub(super) state: &'a str,
    pub(super) verifier: &'a str,
    /// OpenID Connect's.
    pub(super) nonce: Option<&'a str>,
}

/// A provider's two addresses, and how we show who we are.
pub(super) struct Client {
    inner: Inner,
    scopes: &'static [&'static str],
}

#[derive(Serialize, Deserialize)]
struct IdToken {
    id_token: Option<String>,
}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<id token>")
    }
}

impl ExtraTokenFields for IdToken {}

type Inner = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<IdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Client {
    pub(super) fn new(
        registered: &Registered,
        redirect: &RedirectUrl,
        (authorize, token): (Url, Url),
        how: AuthType,
        scopes: &'static [&'static str],
    ) -> Self {
        let inner = oauth2::Client::new(ClientId::new(registered.id.clone()))
            .set_client_secret(ClientSecret::new(registered.secret.expose().to_owned()))
            .set_auth_type(how)
            .set_redirect_uri(redirect.clone())
            .set_auth_uri(AuthUrl::from_url(authorize))
            .set_token_uri(TokenUrl::from_url(token));
        Self { inner, scopes }
    }

    /// Where the browser goes.
    pub(super) fn ask(&self, asked: &Asked<'_>) -> Url {
        let verifier = PkceCodeVerifier::new(asked.verifier.to_owned());
        let state = CsrfToken::new(asked.state.to_owned());
        let mut request = self
            .inner
            .authorize_url(|| state)
            .add_scopes(
                self.scopes
                    .iter()
                    .map(|scope| Scope::new((*scope).to_owned())),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if let Some(nonce) = asked.nonce {
            request = request.add_extra_param("nonce", nonce.to_owned());
        }
        request.url().0
    }

    /// Gives the code that came back, and what proves that this browser asked for it.
    pub(super) async fn exchange(
        &self,
        outside: &Outside,
        code: String,
        verifier: String,
    ) -> Result<Tokens, Trouble> {
        let tokens = self
            .inner
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(outside)
            .await
            .map_err(|error| Trouble::of_exchange(&error))?;
        Ok(Tokens {
            access: tokens.access_token().secret().clone(),
            id: tokens.extra_fields().id_token.clone(),
        })
    }
}

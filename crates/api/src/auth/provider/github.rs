//! GitHub: OAuth 2. It signs nothing about a person; its API is asked with the token that the code
//! gave, over TLS.
//!
//! The numeric id is the person. A login name can be given up and taken by somebody else, and of the
//! addresses only the verified primary one is theirs for sure.

use super::{
    Person, Trouble,
    client::{Asked, Client},
    outside::Outside,
    settings::GithubSettings,
};
use oauth2::{AuthType, RedirectUrl};
use serde::Deserialize;
use url::Url;

/// Enough to know somebody again and to write to them.
const SCOPES: &[&str] = &["read:user", "user:email"];

/// GitHub, or an installation of its own kind.
pub(super) struct Github {
    client: Client,
    pages: Url,
    user: Url,
    emails: Url,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

impl Github {
    pub(super) fn new(settings: GithubSettings, redirect: &RedirectUrl) -> Self {
        let endpoints = (
            below(&settings.pages, "login/oauth/authorize"),
            below(&settings.pages, "login/oauth/access_token"),
        );
        let mut emails = below(&settings.api, "user/emails");
        // As many as a page holds: the primary one may be any of them.
        emails.set_query(Some("per_page=100"));
        let how = AuthType::RequestBody;
        Self {
            client: Client::new(&settings.registered, redirect, endpoints, how, SCOPES),
            user: below(&settings.api, "user"),
            emails,
            pages: settings.pages,
        }
    }

    /// Where the browser goes.
    pub(super) fn ask(&self, asked: &Asked<'_>) -> Url {
        self.client.ask(asked)
    }

    /// Who came back with this code.
    pub(super) async fn recognise(
        &self,
        outside: &Outside,
        code: String,
        verifier: String,
    ) -> Result<Person, Trouble> {
        let tokens = self.client.exchange(outside, code, verifier).await?;
        let token = Some(tokens.access.as_str());
        let user: User = outside.read(self.user.clone(), token).await?;
        let emails: Vec<Email> = outside.read(self.emails.clone(), token).await?;
        let email = emails
            .into_iter()
            .find(|email| email.primary && email.verified);
        Ok(Person {
            subject: user.id.to_string(),
            email: email.map(|email| email.email),
            name: user.name.or(Some(user.login)),
        })
    }

    /// GitHub publishes no issuer; what says to be one must at least be of its own address.
    pub(super) fn is_issuer(&self, told: &str) -> bool {
        Url::parse(told).is_ok_and(|told| told.origin() == self.pages.origin())
    }
}

fn below(url: &Url, path: &str) -> Url {
    let mut below = url.clone();
    let base = url.path().trim_end_matches('/');
    below.set_path(&format!("{base}/{path}"));
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_may_lie_below_a_path() {
        let paths = |url: &str| below(&Url::parse(url).unwrap(), "user").to_string();
        assert_eq!(
            paths("https://api.github.com"),
            "https://api.github.com/user"
        );
        assert_eq!(
            paths("http://127.0.0.1:8090/github/api/"),
            "http://127.0.0.1:8090/github/api/user"
        );
    }
}

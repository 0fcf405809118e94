//! The login providers we are set up for.

use super::{
    Answer, Begun, Person, Provider, Trouble, client::Asked, github::Github, google::Google,
    outside::Outside, settings::ProviderArgs,
};
use crate::{auth::jwt, config::Access};
use chrono::{DateTime, Utc};
use oauth2::RedirectUrl;
use url::Url;

/// The providers that are offered.
pub(crate) struct Providers {
    outside: Outside,
    google: Option<Google>,
    github: Option<Github>,
}

impl Providers {
    /// # Errors
    /// One line about the variable that is wrong.
    pub(crate) fn open(args: &ProviderArgs, access: &Access) -> anyhow::Result<Self> {
        let redirect = |provider: Provider| {
            let url = format!("{}/api/auth/{}/callback", access.origin, provider.word());
            RedirectUrl::new(url)
        };
        let (google, github) = (args.google()?, args.github()?);
        anyhow::ensure!(
            jwt::install() || google.is_none(),
            "tokens of LiveKit were read before the api started, so it could not verify Google's"
        );
        let google_returns = redirect(Provider::Google)?;
        let github_returns = redirect(Provider::Github)?;
        Ok(Self {
            outside: Outside::open()?,
            google: google.map(|settings| Google::new(settings, google_returns)),
            github: github.map(|settings| Github::new(settings, &github_returns)),
        })
    }

    /// Which are offered.
    pub(crate) fn offered(&self) -> impl Iterator<Item = Provider> {
        [Provider::Google, Provider::Github]
            .into_iter()
            .filter(|provider| match provider {
                Provider::Google => self.google.is_some(),
                Provider::Github => self.github.is_some(),
            })
    }

    pub(super) async fn ask(
        &self,
        provider: Provider,
        asked: &Asked<'_>,
        now: DateTime<Utc>,
    ) -> Result<Url, Trouble> {
        match (provider, &self.google, &self.github) {
            (Provider::Google, Some(google), _) => google.ask(&self.outside, asked, now).await,
            (Provider::Github, _, Some(github)) => Ok(github.ask(asked)),
            _ => Err(Trouble::Unavailable),
        }
    }

    pub(super) async fn recognise(
        &self,
        begun: &Begun,
        answer: Answer,
        now: DateTime<Utc>,
    ) -> Result<Person, Trouble> {
        let (outside, verifier) = (&self.outside, begun.verifier.clone());
        match (begun.provider, &self.google, &self.github) {
            (Provider::Google, Some(google), _) => {
                google
                    .recognise(outside, answer, verifier, &begun.nonce, now)
                    .await
            }
            (Provider::Github, _, Some(github)) => {
                github.recognise(outside, answer.code, verifier).await
            }
            _ => Err(Trouble::Unavailable),
        }
    }

    pub(super) fn is_issuer(&self, provider: Provider, told: &str) -> bool {
        match (provider, &self.google, &self.github) {
            (Provider::Google, Some(google), _) => google.is_issuer(told),
            (Provider::Github, _, Some(github)) => github.is_issuer(told),
            _ => false,
        }
    }
}

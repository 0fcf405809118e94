//! What must be known to log in at a provider.

use anyhow::{Context as _, bail, ensure};
use frontdesk_events::nats::connection::Secret;
use url::Url;

use crate::config::is_loopback;

/// Google and GitHub as the environment names them. A provider without an id is not offered.
#[derive(Debug, Clone, clap::Args)]
pub struct ProviderArgs {
    /// Google's name for this installation (an OAuth client of the kind "web application" with the
    /// redirect address PUBLIC_URL/api/auth/google/callback); without it nobody signs in with Google.
    #[arg(long, env = "GOOGLE_CLIENT_ID")]
    pub google_client_id: Option<String>,
    /// The secret that belongs to GOOGLE_CLIENT_ID.
    #[arg(long, env = "GOOGLE_CLIENT_SECRET", hide_env_values = true)]
    pub google_client_secret: Option<Secret>,
    /// Who signs Google's tokens; where its pages are is read from there (OpenID Connect Discovery).
    #[arg(
        long,
        env = "GOOGLE_ISSUER",
        default_value = "https://accounts.google.com"
    )]
    pub google_issuer: String,
    /// GitHub's name for this installation (an OAuth app with the callback address
    /// PUBLIC_URL/api/auth/github/callback); without it nobody signs in with GitHub.
    #[arg(long, env = "GITHUB_CLIENT_ID")]
    pub github_client_id: Option<String>,
    /// The secret that belongs to GITHUB_CLIENT_ID.
    #[arg(long, env = "GITHUB_CLIENT_SECRET", hide_env_values = true)]
    pub github_client_secret: Option<Secret>,
    /// GitHub's pages; another address for an installation of GitHub's own.
    #[arg(long, env = "GITHUB_URL", default_value = "https://github.com")]
    pub github_url: String,
    /// GitHub's API.
    #[arg(long, env = "GITHUB_API_URL", default_value = "https://api.github.com")]
    pub github_api_url: String,
}

impl Default for ProviderArgs {
    /// Nobody signs in through a provider.
    fn default() -> Self {
        Self {
            google_client_id: None,
            google_client_secret: None,
            google_issuer: "https://accounts.google.com".to_owned(),
            github_client_id: None,
            github_client_secret: None,
            github_url: "https://github.com".to_owned(),
            github_api_url: "https://api.github.com".to_owned(),
        }
    }
}

/// This installation as a provider knows it.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) id: String,
    pub(super) secret: Secret,
}

/// Google, when it is offered.
pub(super) struct GoogleSettings {
    pub(super) registered: Registered,
    /// Exactly as its tokens say it.
    pub(super) issuer: String,
}

/// GitHub, when it is offered.
pub(super) struct GithubSettings {
    pub(super) registered: Registered,
    pub(super) pages: Url,
    pub(super) api: Url,
}

impl ProviderArgs {
    /// # Errors
    /// One line about the variable that is wrong.
    pub(super) fn google(&self) -> anyhow::Result<Option<GoogleSettings>> {
        let registered = registered("GOOGLE", &self.google_client_id, &self.google_client_secret)?;
        let Some(registered) = registered else {
            return Ok(None);
        };
        address("GOOGLE_ISSUER", &self.google_issuer)?;
        Ok(Some(GoogleSettings {
            registered,
            issuer: self.google_issuer.clone(),
        }))
    }

    /// # Errors
    /// One line about the variable that is wrong.
    pub(super) fn github(&self) -> anyhow::Result<Option<GithubSettings>> {
        let registered = registered("GITHUB", &self.github_client_id, &self.github_client_secret)?;
        let Some(registered) = registered else {
            return Ok(None);
        };
        Ok(Some(GithubSettings {
            registered,
            pages: address("GITHUB_URL", &self.github_url)?,
            api: address("GITHUB_API_URL", &self.github_api_url)?,
        }))
    }
}

/// An empty variable is one that is not set: files of variables are written so.
fn registered(
    provider: &str,
    id: &Option<String>,
    secret: &Option<Secret>,
) -> anyhow::Result<Option<Registered>> {
    let id = id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let secret = secret
        .as_ref()
        .filter(|secret| !secret.expose().trim().is_empty());
    match (id, secret) {
        (Some(id), Some(secret)) => Ok(Some(Registered {
            id: id.to_owned(),
            secret: secret.clone(),
        })),
        (None, None) => Ok(None),
        _ => bail!(
            "{provider}_CLIENT_ID and {provider}_CLIENT_SECRET belong together: set both or neither"
        ),
    }
}

/// An address of a provider. Names and secrets travel to it, so it is https; on this machine plain
/// http does.
fn address(variable: &str, text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).with_context(|| format!("{variable} must be an address"))?;
    ensure!(
        is_safe(&url),
        "{variable} must begin with https:// unless it is a loopback address: it is {url}"
    );
    Ok(url)
}

/// Whether secrets may travel there.
pub(super) fn is_safe(url: &Url) -> bool {
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain
        && match url.scheme() {
            "https" => true,
            "http" => is_loopback(url),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> ProviderArgs {
        ProviderArgs {
            google_client_id: Some("frontdesk".into()),
            google_client_secret: Some("an invented secret".to_owned().into()),
            github_client_id: Some("frontdesk".into()),
            github_client_secret: Some("an invented secret".to_owned().into()),
            ..ProviderArgs::default()
        }
    }

    #[test]
    fn a_provider_without_a_name_is_not_offered() {
        assert!(ProviderArgs::default().google().unwrap().is_none());
        let empty = ProviderArgs {
            github_client_id: Some(" ".into()),
            github_client_secret: Some(String::new().into()),
            ..args()
        };
        assert!(empty.github().unwrap().is_none());
        assert!(args().google().unwrap().is_some() && args().github().unwrap().is_some());
    }

    #[test]
    fn a_name_without_its_secret_is_said_in_one_line() {
        let half = ProviderArgs {
            google_client_secret: None,
            ..args()
        };
        let error = half.google().err().unwrap().to_string();
        assert!(error.contains("GOOGLE_CLIENT_SECRET") && !error.contains('\n'));
    }

    #[test]
    fn secrets_travel_open_on_this_machine_alone() {
        for (address, is_allowed) in [
            ("https://accounts.example.com", true),
            ("http://127.0.0.1:8090/google", true),
            ("http://localhost:1", true),
            ("http://accounts.example.com", false),
            ("http://10.0.0.1", false),
            ("https://me:secret@accounts.example.com", false),
            ("ftp://127.0.0.1", false),
            ("accounts.example.com", false),
        ] {
            let args = ProviderArgs {
                google_issuer: address.into(),
                github_api_url: address.into(),
                ..args()
            };
            assert_eq!(args.google().is_ok(), is_allowed, "{address}");
            assert_eq!(args.github().is_ok(), is_allowed, "{address}");
        }
    }
}

//! What the role reads from its environment, and the one rule about it: without logins a single
//! token opens everything, so it may exist only where nobody but this machine is served.

use anyhow::bail;
use axum::http::HeaderValue;
use frontdesk_events::nats::connection::Secret;
use sha2::{Digest, Sha256};
use std::{net::SocketAddr, path::PathBuf};
use subtle::ConstantTimeEq as _;
use url::{Host, Url};

/// Configuration of the role.
#[derive(Debug, Clone, clap::Args)]
pub struct ApiArgs {
    /// Where the dashboard and its API listen.
    #[arg(long, env = "API_LISTEN", default_value = "127.0.0.1:8080")]
    pub api_listen: SocketAddr,
    /// The address people type: links, cookies and the origin of the dashboard follow from it.
    #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:8080")]
    pub public_url: Url,
    /// Other origins whose pages may call the API, for example https://app.example.com (several
    /// with commas).
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// The token that opens everything until there are logins; refused unless PUBLIC_URL is a
    /// loopback address.
    #[arg(long, env = "DEV_TOKEN", hide_env_values = true)]
    pub dev_token: Option<Secret>,
    /// The directory of the built dashboard.
    #[arg(long, env = "WEB_DIR")]
    pub web_dir: Option<PathBuf>,
}

/// The checked form of the arguments that decide who is let in.
#[derive(Debug, Clone)]
pub struct Access {
    token: Option<Token>,
    /// `scheme://host[:port]` of the dashboard.
    pub(crate) origin: String,
    /// Whether the dashboard is reached by https, so that cookies and HSTS may insist on it.
    pub(crate) https: bool,
    /// Origins that may call from elsewhere.
    pub(crate) cors_origins: Vec<HeaderValue>,
}

/// The SHA-256 of the token: enough to compare with, useless to whoever reads our memory.
#[derive(Clone)]
struct Token([u8; 32]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

impl Access {
    /// Checks the arguments.
    ///
    /// # Errors
    /// One line naming the variable that is wrong and what it must be.
    pub fn check(args: &ApiArgs) -> anyhow::Result<Self> {
        let https = match args.public_url.scheme() {
            "https" => true,
            "http" => false,
            other => bail!("PUBLIC_URL must begin with http:// or https://, not {other}:"),
        };
        let token = args
            .dev_token
            .as_ref()
            .filter(|token| !token.expose().is_empty())
            .map(Token::new)
            .transpose()?;
        if token.is_some() && !is_loopback(&args.public_url) {
            bail!(
                "DEV_TOKEN opens everything to whoever knows it, so it is refused unless PUBLIC_URL is a loopback \
                 address (http://localhost:…): it is {}",
                args.public_url
            );
        }
        if token.is_none() {
            tracing::warn!("no DEV_TOKEN: every request to /api is answered 401");
        }
        let origins = args
            .cors_origins
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty());
        Ok(Self {
            token,
            origin: args.public_url.origin().ascii_serialization(),
            https,
            cors_origins: origins.map(cors_origin).collect::<anyhow::Result<_>>()?,
        })
    }

    /// Whether this is the token. Takes the same time whatever is wrong with it.
    pub(crate) fn admits(&self, presented: &str) -> bool {
        let Some(Token(hash)) = &self.token else {
            return false;
        };
        Sha256::digest(presented.as_bytes())
            .as_slice()
            .ct_eq(hash)
            .into()
    }
}

impl Token {
    fn new(text: &Secret) -> anyhow::Result<Self> {
        // It travels in a header and in a cookie, and must be one word in both.
        let one_word = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
        if !text.expose().bytes().all(one_word) {
            bail!(
                "DEV_TOKEN must be printable ASCII without spaces, quotes, commas, semicolons and backslashes"
            );
        }
        Ok(Self(Sha256::digest(text.expose().as_bytes()).into()))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn cors_origin(text: &str) -> anyhow::Result<HeaderValue> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let origin = url.map(|url| url.origin().ascii_serialization());
    match origin {
        // A path or a wildcard would be a misunderstanding of what an origin is.
        Some(origin) if origin == text.trim_end_matches('/') => Ok(HeaderValue::from_str(&origin)?),
        _ => bail!("CORS_ORIGINS must list origins like https://app.example.com, not {text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(public_url: &str, token: Option<&str>, origins: &[&str]) -> ApiArgs {
        ApiArgs {
            api_listen: ([127, 0, 0, 1], 0).into(),
            public_url: public_url.parse().unwrap(),
            cors_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            dev_token: token.map(|token| Secret::from(token.to_owned())),
            web_dir: None,
        }
    }

    #[test]
    fn the_development_token_is_refused_wherever_others_could_reach_it() {
        for public in [
            "https://app.example.com",
            "http://192.168.1.4:8080",
            "http://localhost.example.com",
            "http://10.0.0.1",
        ] {
            let error = Access::check(&args(public, Some("t"), &[]))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("DEV_TOKEN") && !error.contains('\n'),
                "{error}"
            );
            assert!(Access::check(&args(public, None, &[])).is_ok());
            assert!(
                Access::check(&args(public, Some(""), &[])).is_ok(),
                "an empty token is no token"
            );
        }
        for public in [
            "http://localhost:8080",
            "http://127.0.0.9",
            "http://[::1]:1",
            "https://frontdesk.localhost",
        ] {
            assert!(
                Access::check(&args(public, Some("t"), &[])).is_ok(),
                "{public}"
            );
        }
    }

    #[test]
    fn nobody_is_admitted_without_the_exact_token() {
        let access = Access::check(&args("http://localhost", Some("secret"), &[])).unwrap();
        assert!(access.admits("secret"));
        for wrong in ["", "Secret", "secret ", "secre", "secretsecret"] {
            assert!(!access.admits(wrong), "{wrong:?}");
        }
        let closed = Access::check(&args("http://localhost", None, &[])).unwrap();
        assert!(!closed.admits(""));
    }

    #[test]
    fn a_token_that_does_not_fit_a_cookie_is_refused_at_the_start() {
        for token in ["a b", "a;b", "a\"", "ä", "a\n"] {
            assert!(
                Access::check(&args("http://localhost", Some(token), &[])).is_err(),
                "{token:?}"
            );
        }
    }

    #[test]
    fn origins_are_origins_and_nothing_else() {
        for bad in [
            "*",
            "app.example.com",
            "https://app.example.com/path",
            "ftp://x",
            "null",
        ] {
            assert!(
                Access::check(&args("http://localhost", None, &[bad])).is_err(),
                "{bad}"
            );
        }
        let access = Access::check(&args(
            "http://localhost",
            None,
            &[" https://a.example ", "", "http://b:81/"],
        ))
        .unwrap();
        assert_eq!(access.cors_origins, ["https://a.example", "http://b:81"]);
    }
}

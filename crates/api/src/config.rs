//! What the role reads from its environment, checked once.

use crate::auth::provider::ProviderArgs;
use anyhow::bail;
use axum::http::HeaderValue;
use frontdesk_events::nats::connection::Secret;
use frontdesk_process::{files::FileArgs, insiders::Network, keyring::Keyring, livekit::Keys};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
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
    /// The secret that access tokens, links in mails and sealed second factors are made with: at least
    /// 32 characters. Changing it ends them all.
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Secret,
    /// A file with accounts to try, shown on the sign-in page; refused unless PUBLIC_URL is a loopback
    /// address.
    #[arg(long, env = "READY_ACCOUNTS")]
    pub ready_accounts: Option<PathBuf>,
    /// Proxies before us whose X-Forwarded-For is believed (addresses and networks, with commas). Needed with
    /// an https PUBLIC_URL: without it all that a proxy speaks for share its address and its limits.
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// Where the workers lay exports of accounts.
    #[arg(long, env = "EXPORT_DIR", default_value = ".data/exports")]
    pub export_dir: PathBuf,
    /// The directory of the built dashboard.
    #[arg(long, env = "WEB_DIR")]
    pub web_dir: Option<PathBuf>,
    /// Whose tokens an agent may ask with what to answer; whoever starts the role fills it in, because
    /// ingest reads the same settings.
    #[arg(skip)]
    pub livekit: Option<Arc<Keys>>,
    /// LiveKit's address, for example wss://livekit.example.com: with it, people can end calls from the
    /// dashboard. The workers ask LiveKit; the api only needs to know that they can.
    #[arg(long, env = "LIVEKIT_URL")]
    pub livekit_url: Option<String>,
    /// Logins at Google and GitHub.
    #[command(flatten)]
    pub providers: ProviderArgs,
    /// Where uploaded files lie.
    #[command(flatten)]
    pub files: FileArgs,
}

/// The checked form of the arguments that decide who is let in.
#[derive(Debug, Clone)]
pub struct Access {
    /// `scheme://host[:port]` of the dashboard.
    pub(crate) origin: String,
    /// Whether the dashboard is reached by https, so that cookies and HSTS may insist on it.
    pub(crate) https: bool,
    /// Origins that may call from elsewhere.
    pub(crate) cors_origins: Vec<HeaderValue>,
    /// Where accounts to try are listed; on a loopback address only.
    pub(crate) ready_accounts: Option<PathBuf>,
    pub(crate) trusted_proxies: Vec<Network>,
    /// LiveKit's keys, by which agents prove themselves.
    pub(crate) livekit: Option<Arc<Keys>>,
    /// Whether there is a LiveKit that workers can ask to end a call.
    pub(crate) hangs_up: bool,
    /// The keys derived from `JWT_SECRET`, one for each purpose.
    pub(crate) keyring: Keyring,
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
        if !https && !is_loopback(&args.public_url) {
            bail!(
                "PUBLIC_URL must begin with https:// unless it is a loopback address (http://localhost:…), \
                 or passwords and sessions travel open: it is {}",
                args.public_url
            );
        }
        // We speak plain http, so before an https address stands a proxy. A warning would be read after
        // somebody has used up the limits of all, or on loopback guessed without any.
        if https && !is_loopback(&args.public_url) && args.trusted_proxies.is_empty() {
            bail!(
                "PUBLIC_URL is https, so a proxy stands before this, and TRUSTED_PROXIES must name its address \
                 (127.0.0.1 for one on this machine, a network like 10.0.0.0/8 for several): without it everybody \
                 has the proxy's address, and limits hit all or nobody"
            );
        }
        let ready_accounts = args
            .ready_accounts
            .clone()
            .filter(|path| !path.as_os_str().is_empty());
        if ready_accounts.is_some() && !is_loopback(&args.public_url) {
            bail!(
                "READY_ACCOUNTS shows passwords to everybody, so it is refused unless PUBLIC_URL is a loopback \
                 address (http://localhost:…): it is {}",
                args.public_url
            );
        }
        let origins = args
            .cors_origins
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty());
        Ok(Self {
            origin: args.public_url.origin().ascii_serialization(),
            https,
            cors_origins: origins.map(cors_origin).collect::<anyhow::Result<_>>()?,
            ready_accounts,
            trusted_proxies: args.trusted_proxies.clone(),
            livekit: args.livekit.clone(),
            hangs_up: args
                .livekit_url
                .as_deref()
                .is_some_and(|url| !url.trim().is_empty()),
            keyring: Keyring::new(args.jwt_secret.expose())?,
        })
    }

    /// Whether a page of this origin is the dashboard's own. A dashboard at a loopback address is reached by every
    /// name of this machine.
    pub(crate) fn is_own(&self, origin: &str) -> bool {
        if origin == self.origin {
            return true;
        }
        let (Ok(own), Ok(told)) = (Url::parse(&self.origin), Url::parse(origin)) else {
            return false;
        };
        is_loopback(&own)
            && is_loopback(&told)
            && told.scheme() == own.scheme()
            && told.port_or_known_default() == own.port_or_known_default()
            && told.origin().ascii_serialization() == origin
    }

    /// The name of the session's cookie. With `__Host-` no other host and no plain http can set it;
    /// plain http on this machine cannot have it.
    pub(crate) fn session_cookie(&self) -> &'static str {
        if self.https {
            "__Host-session"
        } else {
            "session"
        }
    }

    /// The name of the cookie by which a browser may end the sign-up that it began.
    pub(crate) fn signup_cookie(&self) -> &'static str {
        if self.https {
            "__Host-signup"
        } else {
            "signup"
        }
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
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

    fn args(public_url: &str, origins: &[&str]) -> ApiArgs {
        ApiArgs {
            api_listen: ([127, 0, 0, 1], 0).into(),
            public_url: public_url.parse().unwrap(),
            cors_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            jwt_secret: "a secret of more than thirty-two characters"
                .to_owned()
                .into(),
            ready_accounts: None,
            trusted_proxies: Vec::new(),
            export_dir: ".data/exports".into(),
            web_dir: None,
            livekit: None,
            livekit_url: None,
            providers: ProviderArgs::default(),
            files: FileArgs::directory("files"),
        }
    }

    #[test]
    fn passwords_travel_open_on_this_machine_alone() {
        for public in [
            "http://192.168.1.4:8080",
            "http://localhost.example.com",
            "http://10.0.0.1",
        ] {
            let error = Access::check(&args(public, &[])).unwrap_err().to_string();
            assert!(
                error.contains("PUBLIC_URL") && !error.contains('\n'),
                "{error}"
            );
        }
        for public in [
            "http://localhost:8080",
            "http://127.0.0.9",
            "http://[::1]:1",
        ] {
            assert!(Access::check(&args(public, &[])).is_ok(), "{public}");
        }
    }

    #[test]
    fn behind_https_the_proxy_must_be_named() {
        let mut args = args("https://app.example.com", &[]);
        let error = Access::check(&args).unwrap_err().to_string();
        assert!(
            error.contains("TRUSTED_PROXIES") && !error.contains('\n'),
            "{error}"
        );
        args.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        assert!(Access::check(&args).is_ok());
        args.public_url = "https://localhost:8443".parse().unwrap();
        args.trusted_proxies.clear();
        assert!(Access::check(&args).is_ok(), "nobody else is there");
    }

    #[test]
    fn ready_accounts_are_refused_wherever_others_could_see_them() {
        let mut args = args("https://app.example.com", &[]);
        args.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        args.ready_accounts = Some("accounts.json".into());
        let error = Access::check(&args).unwrap_err().to_string();
        assert!(error.contains("READY_ACCOUNTS"), "{error}");
        args.public_url = "http://localhost:8080".parse().unwrap();
        assert!(Access::check(&args).is_ok());
    }

    #[test]
    fn a_short_secret_is_refused_and_not_repeated() {
        let mut args = args("http://localhost", &[]);
        args.jwt_secret = "hunter2".to_owned().into();
        let error = Access::check(&args).unwrap_err().to_string();
        assert!(
            error.contains("JWT_SECRET") && !error.contains("hunter2"),
            "{error}"
        );
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
                Access::check(&args("http://localhost", &[bad])).is_err(),
                "{bad}"
            );
        }
        let access = Access::check(&args(
            "http://localhost",
            &[" https://a.example ", "", "http://b:81/"],
        ))
        .unwrap();
        assert_eq!(access.cors_origins, ["https://a.example", "http://b:81"]);
    }
}

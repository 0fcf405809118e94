//! Where a signing certificate may come from. The URL is in a header of an unverified request, so
//! it is an attacker's until every part of it is known.

use crate::rejection::Rejection;
use std::{fmt, str::FromStr};
use url::{Host, Url};

/// Which PayPal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Environment {
    /// Play money.
    Sandbox,
    /// Money.
    Live,
}

impl Environment {
    /// The name certificates of this environment are issued to.
    pub(super) fn certificate_name(self) -> &'static str {
        match self {
            Self::Sandbox => "messageverificationcerts.sandbox.paypal.com",
            Self::Live => "messageverificationcerts.paypal.com",
        }
    }

    /// PayPal's own hosts. `api.` is what is seen in deliveries.
    pub(crate) fn certificate_origins(self) -> Vec<CertificateOrigin> {
        let hosts = match self {
            Self::Sandbox => ["api.sandbox.paypal.com", "api-m.sandbox.paypal.com"],
            Self::Live => ["api.paypal.com", "api-m.paypal.com"],
        };
        hosts
            .into_iter()
            .map(|host| host.parse().expect("PayPal's hosts are host names"))
            .collect()
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        })
    }
}

/// Scheme, host and port, exactly. Plain http only on loopback, for a stand-in of PayPal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateOrigin(url::Origin);

impl CertificateOrigin {
    pub(super) fn is_loopback(&self) -> bool {
        matches!(&self.0, url::Origin::Tuple(_, host, _) if is_loopback(host))
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl FromStr for CertificateOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("PAYPAL_CERT_HOSTS: {text:?} {why}"));
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let Ok(url) = Url::parse(&full) else {
            return wrong("is not a host");
        };
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return wrong("is more than a host or an origin");
        }
        let origin = Self(url.origin());
        match url.scheme() {
            _ if origin.is_loopback() && matches!(url.scheme(), "http" | "https") => Ok(origin),
            "https" if url.port_or_known_default() == Some(443) => Ok(origin),
            "https" => wrong("has a port other than 443, which is for loopback alone"),
            _ => wrong("is not https, which only loopback may be without"),
        }
    }
}

/// PayPal: `https://<host>/v1/notifications/certs/CERT-…`.
const PATH: &str = "/v1/notifications/certs/";
const LONGEST_URL: usize = 500;

/// The certificate URL of a delivery, if we may fetch it.
pub(super) fn permitted(text: &str, origins: &[CertificateOrigin]) -> Result<Url, Rejection> {
    let refused = Rejection::Unsigned {
        reason: "certificate_url",
    };
    // Before parsing, because the parser mends: it drops tabs, turns `\` into `/`, decodes hosts.
    let plain = text.len() <= LONGEST_URL
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._:/[]".contains(&b))
        && !text.contains("..");
    if !plain {
        return Err(refused);
    }
    let Ok(url) = Url::parse(text) else {
        return Err(refused);
    };
    let name = url.path().strip_prefix(PATH).unwrap_or_default();
    let is_name = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
    if is_name && origins.iter().any(|origin| origin.0 == url.origin()) {
        Ok(url)
    } else {
        Err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_host_over_https_is_permitted() {
        let origins = Environment::Live.certificate_origins();
        let check = |url: &str| permitted(url, &origins).is_ok();
        assert!(check(
            "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb"
        ));
        assert!(check(
            "https://API.PayPal.com:443/v1/notifications/certs/CERT-1"
        ));
        for bad in [
            "http://api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
            "https://evilpaypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com.evil.test/v1/notifications/certs/CERT-1",
            "https://api.paypal.com@evil.test/v1/notifications/certs/CERT-1",
            "https://evil.test#api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
            "https://api.paypal.com./v1/notifications/certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
            "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
            "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
            "https://api.paypal.com/v1/notifications/certs/%2e%2e/x",
            "https://api.paypal.com/v1/notifications/certs/a/b",
            "https://api.paypal.com/v1/notifications/certs/",
            "https://api.paypal.com/v1/notifications/certs",
            "https://api.paypal.com\\@evil.test/v1/notifications/certs/CERT-1",
            "https://api.paypal.com\t/v1/notifications/certs/CERT-1",
            "https://127.0.0.1/v1/notifications/certs/CERT-1",
            "file:///v1/notifications/certs/CERT-1",
            "//api.paypal.com/v1/notifications/certs/CERT-1",
            "",
        ] {
            assert!(!check(bad), "{bad:?}");
        }
        assert!(!check(&format!(
            "https://api.paypal.com/v1/notifications/certs/{}",
            "x".repeat(500)
        )));
    }

    #[test]
    fn a_stand_in_is_permitted_at_its_own_port_alone() {
        let origins = ["http://127.0.0.1:8090".parse().unwrap()];
        assert!(
            permitted(
                "http://127.0.0.1:8090/v1/notifications/certs/CERT-1",
                &origins
            )
            .is_ok()
        );
        for bad in [
            "http://127.0.0.1:8091",
            "http://127.0.0.1",
            "http://localhost:8090",
            "https://127.0.0.1:8090",
        ] {
            assert!(
                permitted(&format!("{bad}/v1/notifications/certs/CERT-1"), &origins).is_err(),
                "{bad}"
            );
        }
    }
}

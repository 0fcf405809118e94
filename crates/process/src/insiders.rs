//! Who may look inside a process: at its counters, and at why it is not ready.
//!
//! A counter that is read before and after a request tells what the request did, so counters are for
//! whoever runs the machine. The rest of the world is told that there is nothing. A peer is believed by
//! its address alone, and not when it speaks for somebody else: what a proxy on this machine passes on
//! comes from outside.

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

/// What proxies add to a request they pass on. Whoever runs one that adds none of these must not let it
/// pass `/metrics` on.
const OF_PROXIES: [&str; 6] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
];

/// Machines: one address, or all that begin alike (`10.0.0.0/8`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                (first.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.bits))
                    .unwrap_or(0);
                (first.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (first, bits) = match text.trim().split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text.trim(), None),
        };
        let first: IpAddr = first.parse().map_err(|_| NoNetwork)?;
        // Written as the newer kind, an older address would never be compared with one.
        let first = if bits.is_none() {
            first.to_canonical()
        } else {
            first
        };
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| NoNetwork)?,
            None => most,
        };
        if bits > most {
            return Err(NoNetwork);
        }
        Ok(Self { first, bits })
    }
}

/// Neither an address nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address like 192.0.2.7 or a network like 10.0.0.0/8")]
pub struct NoNetwork;

impl fmt::Display for Network {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}/{}", self.first, self.bits)
    }
}

/// Who may look inside.
#[derive(Debug, Clone, clap::Args)]
pub struct InsiderArgs {
    /// From where /metrics answers, and /readyz says why a role is not ready: addresses and networks, with
    /// commas. What a proxy passes on is answered to nobody.
    #[arg(
        long,
        env = "METRICS_FROM",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1"
    )]
    pub metrics_from: Vec<Network>,
}

/// Who may look inside. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Insiders(Arc<[Network]>);

impl From<InsiderArgs> for Insiders {
    fn from(args: InsiderArgs) -> Self {
        Self(args.metrics_from.into())
    }
}

impl Insiders {
    /// Whether a request comes from one. One without a peer does not.
    #[must_use]
    pub fn admit(&self, extensions: &Extensions, headers: &HeaderMap) -> bool {
        let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else {
            return false;
        };
        let is_passed_on = OF_PROXIES.iter().any(|name| headers.contains_key(*name));
        !is_passed_on && self.0.iter().any(|network| network.contains(peer.ip()))
    }

    /// The same routes, which are not there for anybody else.
    pub fn only(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), let_in))
    }
}

async fn let_in(State(insiders): State<Insiders>, request: Request, next: Next) -> Response {
    if insiders.admit(request.extensions(), request.headers()) {
        next.run(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// The headers that keep browsers safe, on answers that are for programs: nothing of them is run, framed,
/// guessed at or kept.
pub fn protected(routes: Router) -> Router {
    const HEADERS: [(HeaderName, &str); 5] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    routes.layer(middleware::map_response(async |mut answer: Response| {
        for (name, value) in HEADERS {
            answer
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        answer
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Health;
    use axum::{body::Body, routing::get};
    use tower::ServiceExt as _;

    fn insiders(list: &[&str]) -> Insiders {
        let networks = list.iter().map(|text| text.parse().unwrap()).collect();
        Insiders::from(InsiderArgs {
            metrics_from: networks,
        })
    }

    fn request(path: &str, peer: &str, headers: &[(&str, &str)]) -> Request {
        let peer: IpAddr = peer.parse().unwrap();
        let mut request = Request::get(path).extension(ConnectInfo(SocketAddr::from((peer, 7))));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    async fn told(routes: Router, request: Request) -> (StatusCode, String) {
        let answer = routes.oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1024).await;
        (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
    }

    #[test]
    fn a_network_is_its_own_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.0.2.7", "::ffff:192.0.2.7", "192.0.2.8"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::1", "::1", "127.0.0.1"),
            ("127.0.0.0/8", "127.9.9.9", "::1"),
            ("0.0.0.0/0", "203.0.113.1", "2001:db8::1"),
        ] {
            let parsed: Network = network.parse().unwrap();
            assert!(parsed.contains(inside.parse().unwrap()), "{network}");
            assert!(!parsed.contains(outside.parse().unwrap()), "{network}");
        }
        for bad in [
            "",
            "x",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "10.0.0",
        ] {
            assert_eq!(bad.parse::<Network>(), Err(NoNetwork), "{bad}");
        }
    }

    #[tokio::test]
    async fn counters_are_there_for_whoever_runs_the_machine_alone() {
        let counters = || Router::new().route("/metrics", get(async || "counters"));
        let seen = async |insiders: &Insiders, peer: &str, headers: &[(&str, &str)]| {
            let request = request("/metrics", peer, headers);
            told(insiders.only(counters()), request).await.0.as_u16()
        };
        let here = insiders(&["127.0.0.0/8", "::1"]);
        assert_eq!(seen(&here, "127.0.0.1", &[]).await, 200);
        assert_eq!(seen(&here, "::1", &[]).await, 200);
        assert_eq!(seen(&here, "203.0.113.7", &[]).await, 404);
        for name in OF_PROXIES {
            let passed_on = [(name, "for=203.0.113.7")];
            assert_eq!(seen(&here, "127.0.0.1", &passed_on).await, 404, "{name}");
        }
        let scraper = insiders(&["10.1.0.0/16"]);
        assert_eq!(seen(&scraper, "10.1.2.3", &[]).await, 200);
        assert_eq!(seen(&scraper, "127.0.0.1", &[]).await, 404);
        let unknown = Request::get("/metrics").body(Body::empty()).unwrap();
        let (status, _) = told(here.only(counters()), unknown).await;
        assert_eq!(status, 404, "a request without a peer");
    }

    #[tokio::test]
    async fn why_a_role_is_not_ready_is_said_to_insiders() {
        let health = Health::default();
        health.not_ok("postgres", "connecting to 10.0.0.5: refused");
        let routes = || protected(health.router(insiders(&["127.0.0.1"])));
        let (status, inside) = told(routes(), request("/readyz", "127.0.0.1", &[])).await;
        assert_eq!((status.as_u16(), inside.contains("10.0.0.5")), (503, true));
        let (status, outside) = told(routes(), request("/readyz", "203.0.113.7", &[])).await;
        assert_eq!(
            (status.as_u16(), outside.as_str()),
            (503, r#"{"postgres":{"ok":false}}"#)
        );
        let answer = routes()
            .oneshot(request("/healthz", "203.0.113.7", &[]))
            .await
            .unwrap();
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
}

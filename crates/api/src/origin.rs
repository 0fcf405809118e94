//! Where a request came from, for limits and for the record: the address and what the browser calls
//! itself.

use crate::Api;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, header, request::Parts},
};
use frontdesk_process::insiders::Network;
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Once,
};

/// The header in which proxies say for whom they speak.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What is kept of a browser's name.
const LONGEST_AGENT: usize = 200;

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The address of whoever asked, as far as it can be told.
    pub address: IpAddr,
    /// What the browser or program calls itself, printable and cut.
    pub user_agent: String,
}

impl FromRequestParts<Api> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        let peer = peer(&parts.extensions);
        Ok(Self::of(
            peer,
            &parts.headers,
            &api.access().trusted_proxies,
        ))
    }
}

/// The address alone, without a copy of the browser's name.
pub(crate) fn address_of(api: &Api, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    let (peer, proxies) = (
        peer(extensions).to_canonical(),
        &api.access().trusted_proxies,
    );
    if peer.is_loopback() && !is_ours(peer, proxies) && headers.contains_key(FORWARDED_FOR) {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            tracing::warn!("a proxy on this machine is not in TRUSTED_PROXIES: all it speaks for share its address, which no limit applies to");
        });
    }
    address(peer, headers, proxies)
}

fn peer(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())
}

/// The addresses that one party has at will: a /24, or a subnet (/64) of the newer kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Range {
    V4([u8; 3]),
    V6([u8; 8]),
}

impl Range {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [one, two, three, _] = address.octets();
                Self::V4([one, two, three])
            }
            IpAddr::V6(address) => {
                let [subnet @ .., _, _, _, _, _, _, _, _] = address.octets();
                Self::V6(subnet)
            }
        }
    }

    /// The /48 that a range of the newer kind is in: what one customer of a provider may have.
    pub(crate) fn site(&self) -> Option<[u8; 6]> {
        match self {
            Self::V4(_) => None,
            Self::V6([site @ .., _, _]) => Some(*site),
        }
    }

    /// The whole neighbourhood, as PostgreSQL writes networks: the /24, or the /48.
    pub(crate) fn widest(&self) -> String {
        match *self {
            Self::V4([one, two, three]) => format!("{one}.{two}.{three}.0/24"),
            Self::V6([a, b, c, d, e, f, _, _]) => {
                let part = |high, low| u16::from_be_bytes([high, low]);
                format!("{:x}:{:x}:{:x}::/48", part(a, b), part(c, d), part(e, f))
            }
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

impl Origin {
    fn of(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let agent = headers
            .get(header::USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default();
        Self {
            address: address(peer.to_canonical(), headers, proxies),
            user_agent: agent
                .chars()
                .filter(|c| !c.is_control() && *c != '\u{fffd}')
                .take(LONGEST_AGENT)
                .collect(),
        }
    }
}

/// The nearest address that is no proxy of ours. What stands before it in the header is whatever the
/// client liked to write.
fn address(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let mut nearest = peer;
    let lines: Vec<_> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_ours(nearest, proxies) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(hop) => nearest = hop.to_canonical(),
            Err(_) => break,
        }
    }
    nearest
}

fn is_ours(address: IpAddr, proxies: &[Network]) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let proxies: Vec<Network> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        Origin::of(peer.parse().unwrap(), &headers, &proxies)
            .address
            .to_string()
    }

    #[test]
    fn a_header_is_believed_from_our_own_proxies_alone() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(
            seen("10.0.0.1", &["198.51.100.1"], &["10.0.0.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            seen(
                "10.0.0.1",
                &["1.1.1.1, 198.51.100.1", "10.0.0.2"],
                &["10.0.0.1", "10.0.0.2"]
            ),
            "198.51.100.1",
            "what the client wrote itself is not believed"
        );
        assert_eq!(
            seen("10.9.9.9", &["198.51.100.1, 10.0.0.2"], &["10.0.0.0/8"]),
            "198.51.100.1",
            "a network of proxies"
        );
        assert_eq!(seen("10.0.0.1", &["nonsense"], &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(seen("::ffff:203.0.113.9", &[], &[]), "203.0.113.9");
    }

    #[test]
    fn neighbours_are_one_range() {
        let range = |text: &str| Range::of(text.parse().unwrap());
        assert_eq!(range("203.0.113.9"), range("203.0.113.200"));
        assert_eq!(range("203.0.113.9"), range("::ffff:203.0.113.1"));
        assert_ne!(range("203.0.113.9"), range("203.0.114.9"));
        assert_eq!(range("2001:db8::1"), range("2001:db8::ffff:1:2:3"));
        assert_ne!(range("2001:db8::1"), range("2001:db8:0:1::1"));
        assert_eq!(range("203.0.113.9").site(), None);
        let site = |text| range(text).site();
        assert_eq!(site("2001:db8::1"), site("2001:db8:0:1::1"));
        assert_ne!(site("2001:db8::1"), site("2001:db8:1::1"));
        assert_eq!(range("203.0.113.9").widest(), "203.0.113.0/24");
        assert_eq!(range("2001:db8:7:9::1").widest(), "2001:db8:7::/48");
    }
}

//! The sandbox speaks to this machine only: made-up calls and payments must not reach a product
//! somebody relies on.

use anyhow::{Context as _, ensure};
use std::net::SocketAddr;
use url::{Host, Url};

/// The target's address, without its last slash.
///
/// # Errors
/// When it is no plain HTTP address of this machine.
pub fn target(address: &str) -> anyhow::Result<String> {
    let url = Url::parse(address).with_context(|| format!("the target {address:?} is no URL"))?;
    ensure!(
        url.scheme() == "http",
        "the target {address:?} should be plain http on this machine"
    );
    ensure!(
        is_loopback(&url),
        "the target {address:?} is not this machine: the sandbox sends to loopback addresses only"
    );
    Ok(address.trim_end_matches('/').to_owned())
}

/// Whether this address is of this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The listener's address.
///
/// # Errors
/// When others could reach it.
pub fn listener(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    ensure!(
        address.ip().is_loopback(),
        "{address} is open to others: the sandbox listens on loopback addresses only"
    );
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_target() {
        for good in [
            "http://127.0.0.1:8081",
            "http://localhost:8081/",
            "http://[::1]:1",
            "http://127.9.9.9",
        ] {
            assert!(target(good).is_ok(), "{good}");
        }
        let bad = [
            "http://10.0.0.1",
            "https://127.0.0.1",
            "http://frontdesk.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1@example.com",
            "http://0.0.0.0:8081",
            "ftp://127.0.0.1",
            "127.0.0.1:8081",
            "",
        ];
        for bad in bad {
            assert!(target(bad).is_err(), "{bad}");
        }
        assert!(listener("127.0.0.1:8090".parse().unwrap()).is_ok());
        assert!(listener("0.0.0.0:8090".parse().unwrap()).is_err());
    }
}

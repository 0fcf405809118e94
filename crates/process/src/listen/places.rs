//! How many connections there may be, in all and from one address.

use super::Limits;
use crate::insiders::Network;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of one listener.
pub(super) struct Connections {
    free: Arc<Semaphore>,
    per_address: usize,
    proxies: Vec<Network>,
    addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place; given back when dropped.
pub(super) struct Place {
    _free: OwnedSemaphorePermit,
    address: Option<IpAddr>,
    addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Connections {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limits.connections)),
            per_address: limits.connections_per_address,
            proxies: limits.proxies.clone(),
            addresses: Arc::default(),
        }
    }

    /// Waits until there is room for one more.
    pub(super) async fn free(&self) -> OwnedSemaphorePermit {
        self.free
            .clone()
            .acquire_owned()
            .await
            .expect("this semaphore is never closed")
    }

    /// A place for this peer; `None` when its address has enough of them.
    pub(super) fn admit(&self, free: OwnedSemaphorePermit, peer: SocketAddr) -> Option<Place> {
        // ::ffff:127.0.0.1 is loopback too.
        let address = peer.ip().to_canonical();
        let speaks_for_many =
            address.is_loopback() || self.proxies.iter().any(|network| network.contains(address));
        if speaks_for_many {
            return Some(Place {
                _free: free,
                address: None,
                addresses: self.addresses.clone(),
            });
        }
        let address = subnet(address);
        let mut addresses = self
            .addresses
            .lock()
            .expect("nothing panics while it holds this lock");
        let count = addresses.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Place {
            _free: free,
            address: Some(address),
            addresses: self.addresses.clone(),
        })
    }
}

/// What one party has at will: of the newer kind a whole /64.
fn subnet(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut addresses = self
            .addresses
            .lock()
            .expect("nothing panics while it holds this lock");
        if let Some(count) = addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
    }

    #[tokio::test]
    async fn one_address_cannot_take_every_place_and_gives_its_own_back() {
        let connections = Connections::new(&Limits {
            connections: 4,
            connections_per_address: 2,
            ..Limits::default()
        });
        let first = connections
            .admit(connections.free().await, peer("192.0.2.1"))
            .unwrap();
        let _second = connections
            .admit(connections.free().await, peer("192.0.2.1"))
            .unwrap();
        // An IPv4 address is the same one when it comes through an IPv6 socket.
        assert!(
            connections
                .admit(connections.free().await, peer("::ffff:192.0.2.1"))
                .is_none()
        );
        let _other = connections
            .admit(connections.free().await, peer("192.0.2.2"))
            .unwrap();
        drop(first);
        assert!(
            connections
                .admit(connections.free().await, peer("192.0.2.1"))
                .is_some()
        );
        assert_eq!(connections.addresses.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn who_speaks_for_many_may_connect_as_often_as_there_is_room() {
        let connections = Connections::new(&Limits {
            connections: 5,
            connections_per_address: 1,
            proxies: vec!["192.0.2.0/24".parse().unwrap()],
            ..Limits::default()
        });
        let mut places = Vec::new();
        for address in ["127.0.0.1", "127.0.0.1", "::1", "192.0.2.7", "192.0.2.7"] {
            places.push(
                connections
                    .admit(connections.free().await, peer(address))
                    .unwrap(),
            );
        }
        assert_eq!(connections.free.available_permits(), 0);
    }

    #[tokio::test]
    async fn a_subnet_of_the_newer_kind_counts_as_one() {
        let connections = Connections::new(&Limits {
            connections: 3,
            connections_per_address: 1,
            ..Limits::default()
        });
        let admit = async |address| connections.admit(connections.free().await, peer(address));
        let _first = admit("2001:db8:1:2::1").await.unwrap();
        assert!(admit("2001:db8:1:2:ffff::9").await.is_none());
        assert!(admit("2001:db8:1:3::1").await.is_some());
    }
}

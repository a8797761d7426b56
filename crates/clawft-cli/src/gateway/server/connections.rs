//! How many connections there are, and which one has to go when there is no room for another.
//!
//! A full house is no reason to shut the door: connections cost nothing to make, so whoever makes enough of them could keep
//! everybody else out, those who check on the gateway among them. Instead the connection that has waited for its client the
//! longest is cut. One on which the gateway is working is not.

use super::activity::Activity;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many bits of an IPv6 address count: whoever has one has all that begin like it.
const IPV6_PREFIX: u32 = 64;

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub(in crate::gateway) struct Bounds {
    /// In all.
    pub(in crate::gateway) total: usize,
    /// From one address.
    pub(in crate::gateway) per_address: usize,
}

/// The connections that there are.
pub(super) struct Connections {
    bounds: Bounds,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    entries: BTreeMap<u64, Entry>,
    addresses: BTreeMap<IpAddr, usize>,
}

struct Entry {
    address: IpAddr,
    activity: Arc<Activity>,
    cut: CancellationToken,
}

/// The place of one connection. Its drop makes room.
pub(super) struct Place {
    id: u64,
    connections: Arc<Connections>,
    pub(super) activity: Arc<Activity>,
    /// Cancelled when the connection has to go.
    pub(super) cut: CancellationToken,
}

/// What became of a connection that has come.
pub(super) struct Admitted {
    /// Its place, `None` if there is no room for it.
    pub(super) place: Option<Place>,
    /// Whether another one had to go.
    pub(super) evicted: bool,
}

impl Connections {
    /// Returns an empty set.
    pub(super) fn new(bounds: Bounds) -> Arc<Connections> {
        Arc::new(Connections { bounds, table: Mutex::default() })
    }

    /// Gives a connection from `address` a place, if need be that of another one.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Admitted {
        let address = origin(address);
        let mut table = self.table();
        let of_address = table.addresses.get(&address).copied().unwrap_or_default();
        let evicted = if of_address >= self.bounds.per_address {
            table.evict(Some(address))
        } else {
            table.entries.len() >= self.bounds.total && table.evict(None)
        };
        let room = evicted || of_address < self.bounds.per_address && table.entries.len() < self.bounds.total;
        let place = room.then(|| {
            let (activity, cut) = (Arc::new(Activity::new()), CancellationToken::new());
            let entry = Entry { address, activity: Arc::clone(&activity), cut: cut.clone() };
            Place { id: table.insert(entry), connections: Arc::clone(self), activity, cut }
        });
        Admitted { place, evicted }
    }

    /// Cuts the connection that has waited for its client the longest, where the system has no room for another one.
    pub(super) fn evict(&self) -> bool {
        self.table().evict(None)
    }

    /// Returns how many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.table().entries.len()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn insert(&mut self, entry: Entry) -> u64 {
        let id = self.next;
        self.next += 1;
        *self.addresses.entry(entry.address).or_default() += 1;
        self.entries.insert(id, entry);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if let Some(count) = self.addresses.get_mut(&entry.address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&entry.address);
            }
        }
        Some(entry)
    }

    /// Cuts one connection, of `address` if one is given: of those that wait for their clients, the longest waiting one of
    /// the address that has the most connections. Returns false if there is none.
    fn evict(&mut self, address: Option<IpAddr>) -> bool {
        let of_address = |entry: &&Entry| address.is_none_or(|address| address == entry.address);
        let rank = |(id, entry): (&u64, &Entry)| -> Option<(usize, Duration, Reverse<u64>)> {
            let waiting = of_address(&entry).then(|| entry.activity.waiting())??;
            Some((self.addresses.get(&entry.address).copied().unwrap_or_default(), waiting, Reverse(*id)))
        };
        let Some((_, _, Reverse(id))) = self.entries.iter().filter_map(rank).max() else { return false };
        let Some(entry) = self.remove(id) else { return false };
        entry.activity.abort();
        entry.cut.cancel();
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.table().remove(self.id);
    }
}

/// Returns what counts as one address.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from(u128::from(address) & (u128::MAX << (128 - IPV6_PREFIX))).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn connections(total: usize, per_address: usize) -> Arc<Connections> {
        Connections::new(Bounds { total, per_address })
    }

    fn admit(connections: &Arc<Connections>, from: &str) -> Option<Place> {
        connections.admit(address(from)).place
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_waiting_one_goes() {
        let connections = connections(3, 3);
        let first = admit(&connections, "10.0.0.1").unwrap();
        advance(Duration::from_secs(1)).await;
        let second = admit(&connections, "10.0.0.1").unwrap();
        let third = admit(&connections, "10.0.0.1").unwrap();
        first.activity.answering();
        advance(Duration::from_secs(1)).await;
        let fourth = connections.admit(address("10.0.0.1"));
        assert!(fourth.evicted && fourth.place.is_some());
        let cut = [&first, &second, &third].map(|place| place.cut.is_cancelled());
        assert_eq!(cut, [false, true, false], "the first is being answered");
        assert!(second.activity.is_aborted() && connections.len() == 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_with_the_most_gives_way() {
        let connections = connections(3, 3);
        let lonely = admit(&connections, "10.0.0.1").unwrap();
        advance(Duration::from_secs(1)).await;
        let many = [(), ()].map(|()| admit(&connections, "10.0.0.2").unwrap());
        let _third = admit(&connections, "10.0.0.3").unwrap();
        assert!(!lonely.cut.is_cancelled() && many[0].cut.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_has_a_bound_of_its_own() {
        let connections = connections(9, 2);
        let first = admit(&connections, "10.0.0.1").unwrap();
        let second = admit(&connections, "10.0.0.1").unwrap();
        let other = admit(&connections, "10.0.0.2").unwrap();
        let third = admit(&connections, "10.0.0.1").unwrap();
        assert!(first.cut.is_cancelled() && !other.cut.is_cancelled() && connections.len() == 3);
        second.activity.answering();
        third.activity.answering();
        let none = connections.admit(address("10.0.0.1"));
        assert!(none.place.is_none() && !none.evicted, "the gateway works on both");
        drop(second);
        assert!(admit(&connections, "10.0.0.1").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_left_is_free() {
        let connections = connections(1, 1);
        for _ in 0..3 {
            let admitted = connections.admit(address("::1"));
            assert!(admitted.place.is_some() && !admitted.evicted);
        }
        assert!(connections.len() == 0 && !connections.evict());
        let cut = admit(&connections, "::1").unwrap();
        assert!(connections.evict() && cut.cut.is_cancelled() && connections.len() == 0);
    }

    #[test]
    fn an_ipv6_prefix_is_one_address() {
        assert_eq!(origin(address("2001:db8:1:2:3::4")), origin(address("2001:db8:1:2:5::6")));
        assert_ne!(origin(address("2001:db8:1:2::1")), origin(address("2001:db8:1:3::1")));
        assert_eq!(origin(address("::ffff:10.0.0.1")), address("10.0.0.1"));
        assert_ne!(origin(address("10.0.0.1")), origin(address("10.0.0.2")));
    }
}

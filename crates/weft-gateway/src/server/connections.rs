//! The open connections, and the choice of the one that is evicted when there is no room for another.
//!
//! If the gateway refused new connections at the limit, any client could make it unreachable, health checks
//! included, by opening enough of them. Instead it evicts the connection that has waited the longest, for its
//! client or for an answer. A connection for which a turn is made is never evicted.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::activity::Activity;

/// The bits of an IPv6 address that count: one client usually has all addresses with the same prefix.
const IPV6_PREFIX: u32 = 64;

/// Limits on the number of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// The total.
    pub(crate) total: usize,
    /// The number from one address.
    pub(crate) per_address: usize,
}

/// The open connections.
pub(super) struct Connections {
    limits: ConnectionLimits,
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

/// The slot of one connection, which is released when this is dropped.
pub(super) struct ConnectionSlot {
    id: u64,
    connections: Arc<Connections>,
    pub(super) activity: Arc<Activity>,
    /// Cancelled when the connection is evicted.
    pub(super) cut: CancellationToken,
}

/// The result of [`Connections::admit`].
pub(super) struct Admission {
    /// The connection's slot; `None` if there is no room.
    pub(super) slot: Option<ConnectionSlot>,
    /// Whether another connection was evicted.
    pub(super) evicted: bool,
}

impl Connections {
    /// Returns an empty set.
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Connections> {
        Arc::new(Connections {
            limits,
            table: Mutex::default(),
        })
    }

    /// Finds a slot for a connection from `address`, and evicts another connection if necessary.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Admission {
        let address = origin(address);
        let mut table = self.table();
        let of_address = table.addresses.get(&address).copied().unwrap_or_default();
        let evicted = if of_address >= self.limits.per_address {
            table.evict(Some(address))
        } else {
            table.entries.len() >= self.limits.total && table.evict(None)
        };
        let room = evicted || of_address < self.limits.per_address && table.entries.len() < self.limits.total;
        let slot = room.then(|| {
            let activity = Arc::new(Activity::new());
            let cut = CancellationToken::new();
            let entry = Entry {
                address,
                activity: Arc::clone(&activity),
                cut: cut.clone(),
            };
            ConnectionSlot {
                id: table.insert(entry),
                connections: Arc::clone(self),
                activity,
                cut,
            }
        });
        Admission { slot, evicted }
    }

    /// Evicts a connection because the system has no room for another. Returns whether there was one to evict.
    pub(super) fn evict(&self) -> bool {
        self.table().evict(None)
    }

    /// Returns the number of connections.
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

    /// Evicts the connection that has waited the longest, among those of the address with the most
    /// connections, or of `address` if it is given. Returns false if there is none.
    fn evict(&mut self, address: Option<IpAddr>) -> bool {
        let of_address = |entry: &&Entry| address.is_none_or(|address| address == entry.address);
        let rank = |(id, entry): (&u64, &Entry)| -> Option<(usize, Duration, Reverse<u64>)> {
            let waiting = of_address(&entry).then(|| entry.activity.waiting())??;
            Some((
                self.addresses.get(&entry.address).copied().unwrap_or_default(),
                waiting,
                Reverse(*id),
            ))
        };
        let Some((_, _, Reverse(id))) = self.entries.iter().filter_map(rank).max() else {
            return false;
        };
        let Some(entry) = self.remove(id) else {
            return false;
        };
        entry.activity.abort();
        entry.cut.cancel();
        true
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.connections.table().remove(self.id);
    }
}

/// Returns the address that connections from `address` are counted under.
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
    use tokio::time::advance;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn connections(total: usize, per_address: usize) -> Arc<Connections> {
        Connections::new(ConnectionLimits { total, per_address })
    }

    fn admit(connections: &Arc<Connections>, from: &str) -> Option<ConnectionSlot> {
        connections.admit(address(from)).slot
    }

    #[tokio::test(start_paused = true)]
    async fn evicts_longest_waiting_connection() {
        let connections = connections(3, 3);
        let first = admit(&connections, "10.0.0.1").unwrap();
        advance(Duration::from_secs(1)).await;
        let second = admit(&connections, "10.0.0.1").unwrap();
        let third = admit(&connections, "10.0.0.1").unwrap();
        first.activity.answering();
        first.activity.work();
        advance(Duration::from_secs(1)).await;
        let fourth = connections.admit(address("10.0.0.1"));
        assert!(fourth.evicted && fourth.slot.is_some());
        let cut = [&first, &second, &third].map(|slot| slot.cut.is_cancelled());
        assert_eq!(cut, [false, true, false], "a turn is made for the first");
        assert!(second.activity.is_aborted() && connections.len() == 3);
    }

    #[tokio::test(start_paused = true)]
    async fn evicts_from_address_with_most_connections() {
        let connections = connections(3, 3);
        let lonely = admit(&connections, "10.0.0.1").unwrap();
        advance(Duration::from_secs(1)).await;
        let many = [(), ()].map(|()| admit(&connections, "10.0.0.2").unwrap());
        let _third = admit(&connections, "10.0.0.3").unwrap();
        assert!(!lonely.cut.is_cancelled() && many[0].cut.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn limits_connections_of_one_address() {
        let connections = connections(9, 2);
        let first = admit(&connections, "10.0.0.1").unwrap();
        let second = admit(&connections, "10.0.0.1").unwrap();
        let other = admit(&connections, "10.0.0.2").unwrap();
        let third = admit(&connections, "10.0.0.1").unwrap();
        assert!(first.cut.is_cancelled() && !other.cut.is_cancelled() && connections.len() == 3);
        for one in [&second, &third] {
            one.activity.answering();
            one.activity.work();
        }
        let none = connections.admit(address("10.0.0.1"));
        assert!(none.slot.is_none() && !none.evicted, "a turn is made for both");
        drop(second);
        assert!(admit(&connections, "10.0.0.1").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn released_slot_is_free() {
        let connections = connections(1, 1);
        for _ in 0..3 {
            let admitted = connections.admit(address("::1"));
            assert!(admitted.slot.is_some() && !admitted.evicted);
        }
        assert!(connections.len() == 0 && !connections.evict());
        let cut = admit(&connections, "::1").unwrap();
        assert!(connections.evict() && cut.cut.is_cancelled() && connections.len() == 0);
    }

    #[test]
    fn counts_ipv6_prefix_as_one_address() {
        assert_eq!(
            origin(address("2001:db8:1:2:3::4")),
            origin(address("2001:db8:1:2:5::6"))
        );
        assert_ne!(
            origin(address("2001:db8:1:2::1")),
            origin(address("2001:db8:1:3::1"))
        );
        assert_eq!(origin(address("::ffff:10.0.0.1")), address("10.0.0.1"));
        assert_ne!(origin(address("10.0.0.1")), origin(address("10.0.0.2")));
    }
}

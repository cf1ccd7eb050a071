//! How much one client may hold at a time, so that it leaves something to the others. A client is an address; of IPv6 a
//! network of 64 bits, which is what one household or one machine is given.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// What all clients hold of something. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Clients(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// How much each of them may hold.
    most: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// One of what a client holds, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    clients: Clients,
    client: IpAddr,
}

impl Clients {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Shared { most, held: Mutex::default() }))
    }

    /// How much each of them may hold.
    pub(crate) fn most(&self) -> usize {
        self.0.most
    }

    /// One more for the client at this address; `None` if it holds as much as it may.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let client = client(address);
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(client).or_default();
        // At 0 it was added just now, and is to hold something.
        if *count >= self.0.most.max(1) {
            return None;
        }
        *count += 1;
        Some(Place { clients: self.clone(), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.clients.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.client);
            }
        }
    }
}

fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_holds_so_much_and_no_other_is_held_up_by_it() {
        let clients = Clients::new(2);
        let enter = |address: &str| clients.enter(address.parse().unwrap());
        let (first, second) = (enter("192.0.2.1"), enter("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(enter("192.0.2.1").is_none(), "however its address is written");
        let other = enter("192.0.2.2");
        assert!(other.is_some());
        drop(first);
        let again = enter("192.0.2.1");
        assert!(again.is_some());
        let of_one_network = [enter("2001:db8::1"), enter("2001:db8::2"), enter("2001:db8::3")];
        assert_eq!(of_one_network.iter().filter(|place| place.is_some()).count(), 2);
        assert!(enter("2001:db8:0:1::1").is_some());
        drop((second, other, again, of_one_network));
        assert!(clients.0.held.lock().unwrap().is_empty(), "nothing is kept of who has gone");
    }
}

//! What the bodies that are here take of the memory that there is for them: as much as has come, and of one client no more than
//! its share.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;

/// How many bytes there may be.
#[derive(Debug)]
pub(crate) struct Memory {
    most: usize,
    share: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    all: usize,
    /// Of those clients alone that have something here.
    of: HashMap<Option<IpAddr>, usize>,
}

impl Memory {
    /// `most` for all clients, of which one may take `share`.
    pub(crate) fn new(most: usize, share: usize) -> Arc<Self> {
        Arc::new(Self { most, share, used: Mutex::default() })
    }

    /// Room for a body of this client, of which nothing has come yet.
    pub(crate) fn room(self: &Arc<Self>, client: Option<IpAddr>) -> Room {
        Room { memory: self.clone(), client, bytes: 0 }
    }
}

/// What one body takes. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    memory: Arc<Memory>,
    client: Option<IpAddr>,
    bytes: usize,
}

impl Room {
    /// Whether so many bytes more may come.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let mut used = self.memory.used.lock();
        let of_client = used.of.get(&self.client).copied().unwrap_or_default() + bytes;
        if used.all + bytes > self.memory.most || of_client > self.memory.share {
            return false;
        }
        used.all += bytes;
        used.of.insert(self.client, of_client);
        self.bytes += bytes;
        true
    }

    /// Whether it may stay for longer than its request: half is for bodies that come, because one of them finds out whether
    /// those that stay can be sent.
    pub(crate) fn may_stay(&self) -> bool {
        let used = self.memory.used.lock();
        let of_client = used.of.get(&self.client).copied().unwrap_or_default();
        used.all <= self.memory.most / 2 && of_client <= self.memory.share / 2
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut used = self.memory.used.lock();
        used.all -= self.bytes;
        if let Some(of_client) = used.of.get_mut(&self.client) {
            *of_client -= self.bytes;
            if *of_client == 0 {
                used.of.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_53_a_client_has_its_share_and_all_have_the_rest() {
        let client = |last| Some(IpAddr::from([192, 0, 2, last]));
        let memory = Memory::new(100, 40);
        let (mut first, mut second) = (memory.room(client(1)), memory.room(client(1)));
        assert!(first.grow(30) && second.grow(10) && !second.grow(1), "both are of one client");
        let (mut third, mut fourth) = (memory.room(client(2)), memory.room(client(3)));
        assert!(third.grow(40) && fourth.grow(20) && !fourth.grow(1), "there is no more");
        drop(first);
        assert!(fourth.grow(20) && second.grow(10));
        drop((second, third, fourth));
        let used = memory.used.lock();
        assert!(used.all == 0 && used.of.is_empty());
    }

    #[test]
    fn rum_53_what_stays_leaves_half_for_what_comes() {
        let client = |last| Some(IpAddr::from([192, 0, 2, last]));
        let memory = Memory::new(100, 60);
        let (mut first, mut second, mut third) =
            (memory.room(client(1)), memory.room(client(2)), memory.room(client(3)));
        assert!(first.grow(30) && first.may_stay() && first.grow(1) && !first.may_stay(), "of one client");
        assert!(second.grow(19) && second.may_stay() && third.grow(1) && !third.may_stay(), "of all");
    }
}

//! What there is of something, for all clients, and how much of it one of them may take.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use super::Client;

/// So much there is, and so much of it one client may have.
#[derive(Debug)]
pub(crate) struct Shares {
    all: usize,
    of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Of those clients alone that have taken something.
    of: HashMap<Client, usize>,
}

impl Shares {
    pub(crate) fn new(all: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Self { all, of_one, taken: Mutex::default() })
    }

    /// A share of this client that is nothing yet.
    pub(crate) fn share(self: &Arc<Self>, client: Client) -> Share {
        Share { of: self.clone(), client, size: 0 }
    }

    /// A share of this size; `None` if this client or all together would have more than they may.
    pub(crate) fn take(self: &Arc<Self>, client: Client, size: usize) -> Option<Share> {
        let mut share = self.share(client);
        share.resize(size).then_some(share)
    }
}

/// What somebody has taken. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<Shares>,
    client: Client,
    size: usize,
}

impl Share {
    /// Makes it larger, if there is so much, or smaller, which can always be.
    #[must_use]
    pub(crate) fn resize(&mut self, size: usize) -> bool {
        let mut taken = self.of.taken.lock();
        let all = taken.all - self.size + size;
        let of_one = taken.of_one(self.client) - self.size + size;
        if size > self.size && (all > self.of.all || of_one > self.of.of_one) {
            return false;
        }
        taken.all = all;
        match of_one {
            0 => taken.of.remove(&self.client),
            _ => taken.of.insert(self.client, of_one),
        };
        self.size = size;
        true
    }

    /// Whether at least half is free: of what there is for all, and of what this client may have.
    pub(crate) fn leaves_half(&self) -> bool {
        let taken = self.of.taken.lock();
        taken.all <= self.of.all / 2 && taken.of_one(self.client) <= self.of.of_one / 2
    }
}

impl Taken {
    fn of_one(&self, client: Client) -> usize {
        self.of.get(&client).copied().unwrap_or_default()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let _ = self.resize(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u32) -> Client {
        Client::numbered(number)
    }

    #[test]
    fn rum_53_a_client_has_its_share_and_all_have_the_rest() {
        let shares = Shares::new(100, 40);
        let (first, mut second) = (shares.take(client(1), 30).unwrap(), shares.share(client(1)));
        assert!(second.resize(10) && !second.resize(11), "both are of one client");
        let (third, mut fourth) = (shares.take(client(2), 40).unwrap(), shares.take(client(3), 20).unwrap());
        assert!(!fourth.resize(21) && shares.take(client(4), 1).is_none(), "there is no more");
        drop(first);
        assert!(fourth.resize(40) && second.resize(20));
        drop((second, third, fourth));
        let taken = shares.taken.lock();
        assert!(taken.all == 0 && taken.of.is_empty());
    }

    #[test]
    fn what_becomes_smaller_gives_back_the_rest() {
        let shares = Shares::new(100, 40);
        let mut share = shares.take(client(1), 40).unwrap();
        assert!(
            share.resize(15) && shares.take(client(1), 26).is_none() && shares.take(client(1), 25).is_some()
        );
    }

    #[test]
    fn rum_53_what_stays_leaves_half_for_what_comes() {
        let shares = Shares::new(100, 60);
        let mut first = shares.take(client(1), 30).unwrap();
        assert!(first.leaves_half() && first.resize(31) && !first.leaves_half(), "of one client");
        let second = shares.take(client(2), 19).unwrap();
        assert!(second.leaves_half());
        assert!(!shares.take(client(3), 1).unwrap().leaves_half(), "of all");
    }
}

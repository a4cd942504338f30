//! Turns at something that few may do at a time, and how many of them one client may have.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Client;

/// So many have a turn at a time, and so many of one client. Who waits does so behind others of the same client, and behind no more
/// of any other client than may have a turn at a time.
#[derive(Debug)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    of_one: usize,
    /// Of those clients alone that have a turn or wait for one.
    clients: Mutex<HashMap<Client, Own>>,
}

#[derive(Debug)]
struct Own {
    turns: Arc<Semaphore>,
    /// How many have a turn or wait for one.
    count: usize,
}

impl Turns {
    pub(crate) fn new(all: usize, of_one: usize) -> Arc<Self> {
        let all = Arc::new(Semaphore::new(all));
        Arc::new(Self { all, of_one, clients: Mutex::default() })
    }

    /// Waits for a turn.
    pub(crate) async fn take(self: &Arc<Self>, client: Client) -> Turn {
        let (place, turns) = self.enter(client);
        let own = turns.acquire_owned().await.ok();
        // Behind its own ones, so that not all of them are in front of other clients.
        let all = self.all.clone().acquire_owned().await.ok();
        Turn { _all: all, _own: own, _place: place }
    }

    fn enter(self: &Arc<Self>, client: Client) -> (Place, Arc<Semaphore>) {
        let mut clients = self.clients.lock();
        let new = || Own { turns: Arc::new(Semaphore::new(self.of_one)), count: 0 };
        let own = clients.entry(client).or_insert_with(new);
        own.count += 1;
        (Place { of: self.clone(), client }, own.turns.clone())
    }
}

/// Given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// No semaphore here is ever closed.
    _all: Option<OwnedSemaphorePermit>,
    _own: Option<OwnedSemaphorePermit>,
    _place: Place,
}

#[derive(Debug)]
struct Place {
    of: Arc<Turns>,
    client: Client,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut clients = self.of.clients.lock();
        if let Some(own) = clients.get_mut(&self.client) {
            own.count -= 1;
            if own.count == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn rum_54_a_client_has_its_turns_and_others_have_the_rest() {
        let turns = Turns::new(3, 1);
        let of = |number| {
            let turns = turns.clone();
            Box::pin(async move { turns.take(Client::numbered(number)).await })
        };
        let first = of(1).now_or_never().unwrap();
        let mut waiting: Vec<_> = (0..9).map(|_| of(1)).collect();
        assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
        let others = [of(2).now_or_never().unwrap(), of(3).now_or_never().unwrap()];
        assert!(of(4).now_or_never().is_none(), "there is no more");

        drop(others);
        assert!(waiting[0].as_mut().now_or_never().is_none() && of(2).now_or_never().is_some());
        drop(first);
        drop((waiting.remove(0).await, waiting));
        assert!(turns.clients.lock().is_empty() && turns.all.available_permits() == 3);
    }
}

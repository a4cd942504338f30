//! The places for connections: how many there are, and who leaves when all are taken.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use parking_lot::Mutex;
use tokio::{sync::Notify, task::yield_now};
use tokio_util::sync::CancellationToken;

use crate::ConnectionLimits;

/// The places of one server.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) most: u32,
    /// So many more are taken for probes.
    for_probes: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    within_limit: u32,
    /// Oldest first.
    beyond_limit: Vec<Arc<Guest>>,
}

/// A place that a connection has taken. It is free once the connection has ended and the last of its requests is answered:
/// a client that leaves does not make room for more work.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    /// `None` within the limit.
    guest: Option<Arc<Guest>>,
}

/// A connection beyond the limit.
#[derive(Debug, Default)]
pub(crate) struct Guest {
    stage: Mutex<Stage>,
    /// Its place is wanted for another one.
    wanted: CancellationToken,
}

/// What it asks for; who asks for least leaves first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// No whole header has come.
    #[default]
    Silent,
    /// The answer has been sent; its client has not closed yet.
    Answered,
    /// A request is at work, or its answer is being sent.
    Asks,
}

impl Places {
    pub(crate) fn new(limits: &ConnectionLimits) -> Self {
        let (most, for_probes) = (limits.connections, limits.for_probes());
        Self { most, for_probes, taken: Mutex::default(), freed: Notify::new() }
    }

    /// Takes a place. When there is none, the one that asks for least makes room: a probe does not wait for who is silent.
    pub(crate) async fn take(self: &Arc<Self>) -> Place {
        let mut is_asked_for = false;
        loop {
            if let Some(place) = self.take_free() {
                return place;
            }
            if !is_asked_for {
                is_asked_for = true;
                self.evict();
            }
            self.freed.notified().await;
        }
    }

    fn take_free(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken.lock();
        let is_free = taken.within_limit < self.most || taken.beyond_limit.len() < self.for_probes;
        is_free.then(|| self.place(&mut taken))
    }

    /// Takes a place, whether there is one or not.
    pub(crate) fn take_anyway(self: &Arc<Self>) -> Place {
        self.place(&mut self.taken.lock())
    }

    fn place(self: &Arc<Self>, taken: &mut Taken) -> Place {
        let guest = if taken.within_limit < self.most {
            taken.within_limit += 1;
            None
        } else {
            let guest = Arc::new(Guest::default());
            taken.beyond_limit.push(guest.clone());
            Some(guest)
        };
        Place { places: self.clone(), guest }
    }

    /// Asks a connection beyond the limit to leave: the oldest that is silent, else the oldest that is answered, else the
    /// oldest once it is.
    fn evict(&self) {
        let taken = self.taken.lock();
        let staying = taken.beyond_limit.iter().filter(|guest| !guest.wanted.is_cancelled());
        if let Some(guest) = staying.min_by_key(|guest| *guest.stage.lock()) {
            guest.wanted.cancel();
        }
    }
}

impl Place {
    /// Who has it beyond the limit of connections.
    pub(crate) fn guest(&self) -> Option<&Arc<Guest>> {
        self.guest.as_ref()
    }

    /// A request has come whole.
    pub(crate) fn asks(&self) {
        self.is_at(Stage::Asks);
    }

    /// The last answer has been sent.
    pub(crate) fn is_answered(&self) {
        self.is_at(Stage::Answered);
    }

    fn is_at(&self, stage: Stage) {
        if let Some(guest) = &self.guest {
            *guest.stage.lock() = stage;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        match &self.guest {
            None => taken.within_limit -= 1,
            Some(guest) => taken.beyond_limit.retain(|one| !Arc::ptr_eq(one, guest)),
        }
        drop(taken);
        self.places.freed.notify_one();
    }
}

impl Guest {
    /// Goes on with the connection until it ends, or its place is wanted while it asks for nothing.
    pub(crate) async fn until_evicted(&self, connection: impl Future<Output = ()>) {
        let mut connection = pin!(connection);
        let is_wanted = async {
            self.wanted.cancelled().await;
            // What has come by now is read first: it may be a probe.
            yield_now().await;
        };
        tokio::select! {
            biased;
            () = &mut connection => return,
            () = is_wanted => {}
        }
        poll_fn(|cx| match connection.as_mut().poll(cx) {
            Poll::Pending if *self.stage.lock() == Stage::Asks => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
    }
}

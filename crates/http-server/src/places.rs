//! The places for connections: how many there are, and who leaves when all are taken.
//!
//! Beyond the limit there are a few more, each for one request. Who holds one of them and asks for nothing leaves as soon as
//! somebody else comes: so the service can answer what cannot wait, however many are silent.

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
    most_beyond: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    within_limit: u32,
    /// Oldest first.
    beyond_limit: Vec<Arc<Beyond>>,
}

/// A place that a connection has taken. It is free once the connection has ended and the last of its requests is answered:
/// a client that leaves does not make room for more work.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    /// `None` within the limit.
    beyond: Option<Arc<Beyond>>,
}

/// A connection beyond the limit.
#[derive(Debug, Default)]
pub(crate) struct Beyond {
    stage: Mutex<Stage>,
    evicted: CancellationToken,
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
        let (most, most_beyond) = (limits.connections, limits.beyond());
        Self { most, most_beyond, taken: Mutex::default(), freed: Notify::new() }
    }

    /// Takes a place. When there is none, who asks for least makes room.
    pub(crate) async fn take(self: &Arc<Self>) -> Place {
        let mut has_evicted = false;
        loop {
            // Made before the look at what is taken: nothing that is freed after that is missed.
            let freed = self.freed.notified();
            if let Some(place) = self.take_free() {
                return place;
            }
            if !std::mem::replace(&mut has_evicted, true) {
                self.evict();
            }
            freed.await;
        }
    }

    /// Waits until a connection has ended, which one beyond the limit is asked to.
    pub(crate) async fn freed(&self) {
        let freed = self.freed.notified();
        self.evict();
        freed.await;
    }

    fn take_free(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken.lock();
        let is_free = taken.within_limit < self.most || taken.beyond_limit.len() < self.most_beyond;
        is_free.then(|| self.place(&mut taken))
    }

    /// Takes a place, whether there is one or not.
    pub(crate) fn take_anyway(self: &Arc<Self>) -> Place {
        self.place(&mut self.taken.lock())
    }

    fn place(self: &Arc<Self>, taken: &mut Taken) -> Place {
        let beyond = if taken.within_limit < self.most {
            taken.within_limit += 1;
            None
        } else {
            let beyond = Arc::new(Beyond::default());
            taken.beyond_limit.push(beyond.clone());
            Some(beyond)
        };
        Place { places: self.clone(), beyond }
    }

    /// Asks a connection beyond the limit to leave: the oldest that is silent, else the oldest that is answered, else the
    /// oldest once it is.
    fn evict(&self) {
        let taken = self.taken.lock();
        let staying = taken.beyond_limit.iter().filter(|one| !one.evicted.is_cancelled());
        if let Some(one) = staying.min_by_key(|one| *one.stage.lock()) {
            one.evicted.cancel();
        }
    }
}

impl Place {
    /// Who has it beyond the limit of connections.
    pub(crate) fn beyond(&self) -> Option<&Arc<Beyond>> {
        self.beyond.as_ref()
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
        if let Some(beyond) = &self.beyond {
            *beyond.stage.lock() = stage;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        match &self.beyond {
            None => taken.within_limit -= 1,
            Some(beyond) => taken.beyond_limit.retain(|one| !Arc::ptr_eq(one, beyond)),
        }
        drop(taken);
        self.places.freed.notify_waiters();
    }
}

impl Beyond {
    /// Goes on with the connection until it ends, or its place is wanted while it asks for nothing.
    pub(crate) async fn until_evicted(&self, connection: impl Future<Output = ()>) {
        let mut connection = pin!(connection);
        let is_evicted = async {
            self.evicted.cancelled().await;
            // What has come by now is read first: it may be a request.
            yield_now().await;
        };
        tokio::select! {
            biased;
            () = &mut connection => return,
            () = is_evicted => {}
        }
        poll_fn(|cx| match connection.as_mut().poll(cx) {
            Poll::Pending if *self.stage.lock() == Stage::Asks => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, net::TcpListener};

    use tokio::{io::AsyncReadExt, net::TcpStream};

    use super::*;

    #[tokio::test]
    async fn what_has_come_by_the_time_that_a_place_is_wanted_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"x").unwrap();
        let stream = listener.accept().unwrap().0;
        stream.set_nonblocking(true).unwrap();
        // The runtime has not looked yet whether something came.
        let mut stream = TcpStream::from_std(stream).unwrap();
        let (beyond, mut has_read) = (Beyond::default(), false);
        beyond.evicted.cancel();
        beyond.until_evicted(async { has_read = stream.read_u8().await.is_ok() }).await;
        assert!(has_read);
    }
}

//! The places for connections: how many there are, and who leaves when all are taken.
//!
//! Beyond the limit there are a few more, each for one request. When these are taken, too, somebody leaves for whoever comes:
//! who has got an answer, else who asks for nothing. So the service can answer what cannot wait, however many are silent.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    task::yield_now,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::ConnectionLimits;

/// How long a new connection may take to send its request head before it can be closed, as long as another one is being
/// answered.
const GRACE: Duration = Duration::from_millis(250);

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
#[derive(Debug)]
pub(crate) struct Beyond {
    since: Instant,
    stage: Mutex<Stage>,
    evicted: CancellationToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No whole header has come.
    Silent,
    /// A request is at work, or its answer is being sent.
    Asks,
    /// The answer has been sent; its client has not closed yet.
    Answered,
}

impl Places {
    pub(crate) fn new(limits: &ConnectionLimits) -> Self {
        let (most, most_beyond) = (limits.connections, limits.beyond());
        Self { most, most_beyond, taken: Mutex::default(), freed: Notify::new() }
    }

    /// Takes a place. When there is none, somebody beyond the limit makes room.
    pub(crate) async fn take(self: &Arc<Self>) -> Place {
        // When one more is asked to leave, if there is no place by then.
        let mut next = Some(Instant::now());
        loop {
            // Made before the look at what is taken: nothing that is freed after that is missed.
            let freed = self.freed.notified();
            if let Some(place) = self.take_free() {
                return place;
            }
            if next.is_some_and(|at| at <= Instant::now()) {
                next = self.evict();
            }
            match next {
                Some(at) => drop(timeout_at(at, freed).await),
                None => freed.await,
            }
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
            let beyond = Arc::new(Beyond::new());
            taken.beyond_limit.push(beyond.clone());
            Some(beyond)
        };
        Place { places: self.clone(), beyond }
    }

    /// Asks a connection beyond the limit to leave: the oldest that is answered, else the oldest that is silent. While others
    /// are being answered, one whose header may still come is spared: then the oldest of these leaves, once it is answered.
    /// If that takes too long, the next one has to be asked at the time that is returned.
    fn evict(&self) -> Option<Instant> {
        let taken = self.taken.lock();
        let staying = || taken.beyond_limit.iter().filter(|one| !one.evicted.is_cancelled());
        let oldest = |stage| staying().find(|one| *one.stage.lock() == stage);
        let (silent, asks) = (oldest(Stage::Silent), oldest(Stage::Asks));
        let spared_until = silent.map(|one| one.since + GRACE).filter(|until| *until > Instant::now());
        let (leaver, next) = match (oldest(Stage::Answered), asks, spared_until) {
            (Some(answered), ..) => (Some(answered), None),
            (None, Some(asks), Some(until)) => (Some(asks), Some(until)),
            _ => (silent.or(asks), None),
        };
        if let Some(one) = leaver {
            one.evicted.cancel();
        }
        next
    }
}

impl Place {
    /// Who has it beyond the limit of connections.
    pub(crate) fn beyond(&self) -> Option<&Arc<Beyond>> {
        self.beyond.as_ref()
    }

    /// A request has come whole.
    pub(crate) fn set_asking(&self) {
        self.set_stage(Stage::Asks);
    }

    /// The last answer has been sent.
    pub(crate) fn set_answered(&self) {
        self.set_stage(Stage::Answered);
    }

    fn set_stage(&self, stage: Stage) {
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
    fn new() -> Self {
        Self { since: Instant::now(), stage: Mutex::new(Stage::Silent), evicted: CancellationToken::new() }
    }

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

    /// As many places within the limit as there are for one beyond, these taken, and then so many more.
    async fn taken(beyond: u32) -> (Arc<Places>, Vec<Place>, Vec<Place>) {
        let limits = ConnectionLimits { connections: beyond * 8, ..ConnectionLimits::default() };
        let places = Arc::new(Places::new(&limits));
        let (mut within, mut further) = (vec![], vec![]);
        for _ in 0..limits.connections {
            within.push(places.take().await);
        }
        for _ in 0..beyond {
            further.push(places.take().await);
        }
        (places, within, further)
    }

    fn leave(places: &[Place]) -> Vec<bool> {
        places.iter().map(|place| place.beyond().unwrap().evicted.is_cancelled()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_answered_leaves_first_then_the_oldest_that_is_silent() {
        let (places, _within, further) = taken(4).await;
        further[1].set_asking();
        further[2].set_asking();
        further[2].set_answered();
        tokio::time::advance(GRACE).await;
        for expected in
            [[false, false, true, false], [true, false, true, false], [true, false, true, true], [true; 4]]
        {
            assert_eq!(places.evict(), None);
            assert_eq!(leave(&further), expected);
        }
        assert_eq!(places.evict(), None, "nobody is left to be asked");
    }

    #[tokio::test(start_paused = true)]
    async fn whose_header_may_still_come_is_spared_while_others_are_being_answered() {
        let (places, _within, further) = taken(2).await;
        further[1].set_asking();
        let mut comes = pin!(places.take());
        assert!(tokio::time::timeout(GRACE - Duration::from_millis(1), &mut comes).await.is_err());
        assert_eq!(leave(&further), [false, true]);
        // The answer takes too long.
        assert!(tokio::time::timeout(Duration::from_millis(2), &mut comes).await.is_err());
        assert_eq!(leave(&further), [true, true]);
        drop(further);
        comes.await;
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_spared_where_all_are_silent() {
        let (places, _within, further) = taken(2).await;
        assert_eq!(places.evict(), None);
        assert_eq!(leave(&further), [true, false]);
    }

    #[tokio::test]
    async fn what_has_come_by_the_time_that_a_place_is_wanted_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"x").unwrap();
        let stream = listener.accept().unwrap().0;
        stream.set_nonblocking(true).unwrap();
        // The runtime has not looked yet whether something came.
        let mut stream = TcpStream::from_std(stream).unwrap();
        let (beyond, mut has_read) = (Beyond::new(), false);
        beyond.evicted.cancel();
        beyond.until_evicted(async { has_read = stream.read_u8().await.is_ok() }).await;
        assert!(has_read);
    }
}

//! Has what wakes each other polled by one task without waking that task.
//!
//! Hyper's connection tells by a waker that an answer is there, and what takes the answer tells the connection that it may go on.
//! Here one task polls both, one after the other: each of these words would have it scheduled once more, and find nothing to do.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicU8,
            Ordering::{AcqRel, Acquire, Release},
        },
    },
    task::{Context, Poll, Wake, Waker},
};

use parking_lot::Mutex;

/// Nobody polls: who wakes, wakes the task.
const AWAKE: u8 = 0;
/// The task polls: who wakes is heard at the end of that.
const QUIET: u8 = 1;
/// The same, and somebody has woken.
const WOKEN: u8 = 2;

/// So often it goes round before others have their turn, too.
const ROUNDS: usize = 4;

/// What is polled in here has this one's waker, whichever task polls.
pub(crate) struct QuietWaker {
    shared: Arc<Shared>,
    waker: Waker,
}

struct Shared {
    state: AtomicU8,
    /// Who polled last.
    task: Mutex<Waker>,
}

impl QuietWaker {
    pub(crate) fn new() -> Self {
        let task = Mutex::new(Waker::noop().clone());
        let shared = Arc::new(Shared { state: AtomicU8::new(AWAKE), task });
        Self { waker: shared.clone().into(), shared }
    }

    /// Polls until that is ready, or has been woken by nobody since it began to be polled.
    ///
    /// When `poll` returns `Ready`, wake-ups noted during it are dropped. Callers must poll everything again before they wait.
    pub(crate) fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.shared.follow(cx.waker());
        let mut own = Context::from_waker(&self.waker);
        for _ in 0..ROUNDS {
            let (polled, is_woken) = self.shared.quietly(|| poll(&mut own));
            if polled.is_ready() || !is_woken {
                return polled;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Does what is followed by a [`poll`](Self::poll), whoever waits then.
    pub(crate) fn quietly<T>(&self, act: impl FnOnce() -> T) -> T {
        self.shared.quietly(act).0
    }
}

impl Shared {
    fn follow(&self, task: &Waker) {
        let mut known = self.task.lock();
        if !known.will_wake(task) {
            known.clone_from(task);
        }
    }

    /// What comes of it, and whether somebody has woken meanwhile.
    fn quietly<T>(&self, act: impl FnOnce() -> T) -> (T, bool) {
        // Whoever has woken before this has woken the task.
        self.state.store(QUIET, Release);
        let done = act();
        (done, self.state.swap(AWAKE, AcqRel) == WOKEN)
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // What was done before it is seen by the round that it brings about.
        if self.state.compare_exchange(QUIET, WOKEN, AcqRel, Acquire) == Err(AWAKE) {
            self.task.lock().wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        future::poll_fn,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        time::Duration,
    };

    use greenroom_context::spawn_thread;
    use tokio::time::timeout;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// A task that counts how often it is woken.
    fn task() -> (Arc<Count>, Waker) {
        let count = Arc::<Count>::default();
        (count.clone(), count.into())
    }

    /// Where somebody says that there is something, and wakes: all places where that can meet a poll.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum At {
        BeforeThePoll,
        BeforeTheLook,
        BehindTheLook,
        BehindThePoll,
    }

    #[test]
    fn whoever_wakes_while_or_after_it_is_polled_is_heard() {
        for at in [At::BeforeThePoll, At::BeforeTheLook, At::BehindTheLook, At::BehindThePoll] {
            let (quiet_waker, (woken, waker)) = (QuietWaker::new(), task());
            let mut cx = Context::from_waker(&waker);
            assert!(quiet_waker.poll(&mut cx, |_| Poll::<()>::Pending).is_pending());
            let is_there = AtomicUsize::new(0);
            let say = |now| {
                if now == at && is_there.swap(1, SeqCst) == 0 {
                    quiet_waker.waker.wake_by_ref();
                }
            };
            say(At::BeforeThePoll);
            let mut looks = 0;
            let polled = quiet_waker.poll(&mut cx, |_| {
                looks += 1;
                say(At::BeforeTheLook);
                let seen = is_there.load(SeqCst);
                say(At::BehindTheLook);
                if seen == 1 { Poll::Ready(()) } else { Poll::Pending }
            });
            say(At::BehindThePoll);
            let expected = match at {
                At::BeforeThePoll => (true, 1, 1),
                At::BeforeTheLook => (true, 1, 0),
                At::BehindTheLook => (true, 2, 0),
                At::BehindThePoll => (false, 1, 1),
            };
            assert_eq!((polled.is_ready(), looks, woken.0.load(SeqCst)), expected, "{at:?}");
        }
    }

    #[test]
    fn who_wakes_itself_without_end_lets_others_have_their_turn() {
        let (quiet_waker, (woken, waker)) = (QuietWaker::new(), task());
        let mut rounds = 0;
        let polled = quiet_waker.poll(&mut Context::from_waker(&waker), |cx| {
            rounds += 1;
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        assert!(polled.is_pending());
        assert_eq!((rounds, woken.0.load(SeqCst)), (ROUNDS, 1));
    }

    #[test]
    fn the_task_that_polled_last_is_woken_and_none_for_what_is_done_quietly() {
        let (quiet_waker, first, second) = (QuietWaker::new(), task(), task());
        for (_, waker) in [&first, &second] {
            assert!(quiet_waker.poll(&mut Context::from_waker(waker), |_| Poll::<()>::Pending).is_pending());
        }
        quiet_waker.quietly(|| quiet_waker.waker.wake_by_ref());
        assert_eq!(second.0.0.load(SeqCst), 0);
        quiet_waker.waker.wake_by_ref();
        assert_eq!([&first, &second].map(|(woken, _)| woken.0.load(SeqCst)), [0, 1]);
    }

    /// One message at a time passes between two threads: each wake-up that is lost stops both.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_wake_up_is_lost_between_threads() {
        const MESSAGES: usize = 20_000;
        type Slot = Arc<Mutex<(VecDeque<usize>, Option<Waker>)>>;
        let (slot, quiet_waker) = (Slot::default(), QuietWaker::new());
        let filled = slot.clone();
        let (taken, mut more) = tokio::sync::mpsc::channel(1);
        let sender = spawn_thread("sender", move || {
            for number in 0..MESSAGES {
                let mut slot = filled.lock();
                slot.0.push_back(number);
                let waker = slot.1.take();
                drop(slot);
                // As hyper does: the waker that it was given last.
                waker.into_iter().for_each(Waker::wake);
                if more.blocking_recv().is_none() {
                    return;
                }
            }
        });
        let takes_all = async {
            for expected in 0..MESSAGES {
                let next = poll_fn(|cx| {
                    quiet_waker.poll(cx, |cx| {
                        let mut slot = slot.lock();
                        slot.1 = Some(cx.waker().clone());
                        let next = slot.0.pop_front();
                        drop(slot);
                        if next.is_none() {
                            // The other thread may wake meanwhile.
                            std::thread::yield_now();
                        }
                        next.map_or(Poll::Pending, Poll::Ready)
                    })
                });
                assert_eq!(next.await, expected);
                taken.send(()).await.expect("it still sends");
            }
        };
        timeout(Duration::from_secs(20), takes_all).await.expect("it was woken each time");
        sender.unwrap().join().expect("it has sent all");
    }
}

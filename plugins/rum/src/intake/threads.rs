//! Threads that are used again: what a look needs is made once for each, and takes longer to make than a look.

use std::{
    sync::{
        Arc,
        mpsc::{self, SendError, Sender},
    },
    time::Duration,
};

use greenroom::context::{Context, spawn_thread};
use parking_lot::Mutex;

/// How long one waits for more to do.
const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// Idle threads; the one that became idle last is used next. There are about as many as are given work at once.
#[derive(Clone, Debug)]
pub(super) struct Threads {
    idle: Arc<Mutex<Idle>>,
    /// That of whoever made this: no thread belongs to the request that happens to need it first.
    context: Context,
}

#[derive(Debug, Default)]
struct Idle {
    waiting: Vec<(u64, Sender<Job>)>,
    started: u64,
}

impl Default for Threads {
    fn default() -> Self {
        Self { idle: Arc::default(), context: Context::current() }
    }
}

impl Threads {
    /// Has something done by one of them, in the context of whoever asks. No task of the backend: a stop does not wait for it.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn run(&self, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let context = Context::current();
        let job: Job = Box::new(move || context.sync_scope(work));
        let idle = self.idle.lock().waiting.pop();
        match idle {
            Some((_, idle)) => idle.send(job).or_else(|SendError(job)| self.start(job)),
            None => self.start(job),
        }
    }

    fn start(&self, first: Job) -> std::io::Result<()> {
        let number = {
            let mut idle = self.idle.lock();
            idle.started += 1;
            idle.started
        };
        let threads = self.clone();
        let work = move || {
            let (give, given) = mpsc::channel::<Job>();
            let mut next = Some(first);
            while let Some(job) = next {
                job();
                threads.idle.lock().waiting.push((number, give.clone()));
                next = match given.recv_timeout(IDLE) {
                    Ok(job) => Some(job),
                    Err(_) if threads.leaves(number) => None,
                    // Who has taken it out of the list is about to give it something.
                    Err(_) => given.recv().ok(),
                };
            }
        };
        self.context.clone().sync_scope(|| spawn_thread("look at browser events", work)).map(drop)
    }

    /// Whether it was still in the list, and is not any more.
    fn leaves(&self, number: u64) -> bool {
        let mut idle = self.idle.lock();
        let before = idle.waiting.len();
        idle.waiting.retain(|(one, _)| *one != number);
        idle.waiting.len() < before
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use super::*;

    fn ran(threads: &Threads, work: impl FnOnce() + Send + 'static) -> Option<ThreadId> {
        let (tell, told) = mpsc::channel();
        let by = move || {
            work();
            let _ = tell.send(thread::current().id());
        };
        threads.run(by).unwrap();
        told.recv().ok()
    }

    /// Until so many wait.
    fn settled(threads: &Threads, count: usize) {
        while threads.idle.lock().waiting.len() != count {
            thread::yield_now();
        }
    }

    #[test]
    fn a_thread_does_one_thing_after_the_other_and_another_comes_when_it_is_busy() {
        let threads = Threads::default();
        let first = ran(&threads, || ());
        settled(&threads, 1);
        let (release, held) = mpsc::channel::<()>();
        threads.run(move || assert!(held.recv().is_err(), "nothing is told")).unwrap();
        assert_ne!(ran(&threads, || ()), first, "the first one is busy");
        settled(&threads, 1);
        drop(release);
        settled(&threads, 2);
        assert_eq!(ran(&threads, || ()), first, "the last one to come is the next one");
    }

    #[test]
    fn a_panic_ends_its_thread_and_no_other_work() {
        let threads = Threads::default();
        assert_eq!(ran(&threads, || panic!("on purpose")), None);
        assert!(ran(&threads, || ()).is_some());
        settled(&threads, 1);
    }
}

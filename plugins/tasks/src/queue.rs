//! The queue: what waits, what runs, what is kept. It runs nothing itself.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use greenroom::{context::Context, prelude::*};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    runner::{AnyRunner, TaskContext},
    settings::Settings,
    task::{Outcome, Task},
};

/// A task that waits for a worker.
pub(crate) struct Job {
    pub(crate) task: TaskContext,
    pub(crate) runner: Arc<dyn AnyRunner>,
    /// The request that queued it, so that its lines belong there.
    pub(crate) context: Context,
}

/// All tasks of the plugin.
pub(crate) struct Queue {
    tasks: Mutex<Tasks>,
    /// A permit for each job that waits; closed with the queue.
    ready: Semaphore,
    size: usize,
    keep: usize,
}

#[derive(Default)]
struct Tasks {
    known: HashMap<Arc<str>, Task>,
    waiting: VecDeque<Job>,
    /// The finished ones, oldest first.
    finished: BTreeMap<u64, Arc<str>>,
    /// How many have finished since the start.
    count: u64,
}

impl Queue {
    pub(crate) fn new(settings: &Settings) -> Self {
        let Settings { queue_size: size, keep_results: keep, .. } = *settings;
        Self { tasks: Mutex::default(), ready: Semaphore::new(0), size, keep }
    }

    /// Takes a job, and returns the task as callers see it.
    pub(crate) fn add(&self, job: Job) -> Result<Value, Error> {
        let mut tasks = self.tasks.lock();
        let id = job.task.id.clone();
        let before = tasks.known.get(&id);
        let finished = before.and_then(Task::finished_as);
        if let Some(busy) = before.filter(|_| finished.is_none()) {
            return Err(Error::conflict(format!("Task '{id}' is already {}", busy.state())));
        }
        if self.ready.is_closed() {
            return Err(Error::service_unavailable("The task queue is closed"));
        }
        if tasks.waiting.len() >= self.size {
            return Err(Error::service_unavailable("The task queue is full"));
        }
        if let Some(number) = finished {
            tasks.finished.remove(&number);
        }
        let task = Task::queued(job.task.kind.clone());
        let seen = task.to_json(&id);
        tasks.known.insert(id, task);
        tasks.waiting.push_back(job);
        self.ready.add_permits(1);
        Ok(seen)
    }

    /// The next job, marked as running; `None` once the queue is closed.
    pub(crate) async fn next(&self) -> Option<Job> {
        self.ready.acquire().await.ok()?.forget();
        let mut tasks = self.tasks.lock();
        let job = tasks.waiting.pop_front()?;
        if let Some(task) = tasks.known.get_mut(&job.task.id) {
            task.start();
        }
        Some(job)
    }

    /// Keeps what became of a task, and forgets the oldest that are too many.
    pub(crate) fn finish(&self, id: &Arc<str>, outcome: Outcome) {
        let mut tasks = self.tasks.lock();
        let Tasks { known, finished, count, .. } = &mut *tasks;
        let Some(task) = known.get_mut(id) else { return };
        *count += 1;
        task.finish(*count, outcome);
        finished.insert(*count, id.clone());
        while finished.len() > self.keep {
            if let Some((_, oldest)) = finished.pop_first() {
                known.remove(&oldest);
            }
        }
    }

    /// A task as callers see it.
    pub(crate) fn find(&self, id: &str) -> Result<Value, Error> {
        let tasks = self.tasks.lock();
        let task = tasks.known.get(id).map(|task| task.to_json(id));
        task.ok_or_else(|| Error::not_found(format!("No task '{id}'")))
    }

    /// Takes no more jobs and hands none out; returns how many were waiting.
    pub(crate) fn close(&self) -> usize {
        let mut tasks = self.tasks.lock();
        self.ready.close();
        let waiting = std::mem::take(&mut tasks.waiting);
        for job in &waiting {
            tasks.known.remove(&job.task.id);
        }
        waiting.len()
    }

    /// Fails while the queue is full.
    pub(crate) fn check(&self) -> Check {
        match self.tasks.lock().waiting.len() {
            waiting if waiting >= self.size => {
                Check::fail(format!("{waiting} tasks wait, no more are taken"))
            }
            _ => Check::pass(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::builtin;

    fn queue(queue_size: usize, keep_results: usize) -> Queue {
        Queue::new(&Settings { workers: 1, queue_size, keep_results, timeout: Duration::from_secs(1) })
    }

    fn job(id: &str) -> Job {
        let task = TaskContext {
            id: id.into(),
            kind: builtin::ECHO.into(),
            input: Value::Null,
            logger: Logger::noop(),
        };
        Job { task, runner: Arc::new(builtin::echo), context: Context::default() }
    }

    async fn run_next(queue: &Queue) -> Arc<str> {
        let id = queue.next().await.unwrap().task.id;
        queue.finish(&id, Ok(Value::Null));
        id
    }

    #[tokio::test]
    async fn jobs_are_handed_out_in_the_order_they_came() {
        let queue = queue(10, 10);
        for id in ["a", "b", "c"] {
            queue.add(job(id)).unwrap();
        }
        for id in ["a", "b", "c"] {
            assert_eq!(&*run_next(&queue).await, id);
        }
    }

    #[tokio::test]
    async fn the_check_fails_exactly_while_the_queue_is_full() {
        let queue = queue(2, 10);
        queue.add(job("a")).unwrap();
        assert_eq!(queue.check(), Check::pass());
        queue.add(job("b")).unwrap();
        assert_eq!(queue.check(), Check::fail("2 tasks wait, no more are taken"));
        run_next(&queue).await;
        assert_eq!(queue.check(), Check::pass());
    }

    #[tokio::test]
    async fn a_task_queued_again_and_again_leaves_nothing_behind() {
        let queue = queue(10, 2);
        for _ in 0..100 {
            queue.add(job("a")).unwrap();
            run_next(&queue).await;
        }
        let tasks = queue.tasks.lock();
        assert_eq!((tasks.known.len(), tasks.finished.len()), (1, 1));
    }

    #[tokio::test]
    async fn a_result_survives_the_refusal_to_queue_its_task_again() {
        let queue = queue(1, 10);
        queue.add(job("a")).unwrap();
        run_next(&queue).await;
        queue.add(job("b")).unwrap();
        assert_eq!(queue.add(job("a")).unwrap_err().message(), "The task queue is full");
        assert_eq!(queue.find("a").unwrap()["state"], "succeeded");
    }

    #[tokio::test]
    async fn a_closed_queue_takes_nothing_and_hands_out_nothing() {
        let queue = queue(10, 10);
        queue.add(job("a")).unwrap();
        assert_eq!(queue.close(), 1);
        assert_eq!(queue.add(job("b")).unwrap_err().message(), "The task queue is closed");
        assert!(queue.next().await.is_none());
    }
}

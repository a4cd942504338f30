//! What becomes of a request whose client leaves before the answer.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Poll, ready},
};

use axum::{body::HttpBody, extract::Request};
use futures_util::future::BoxFuture;
use greenroom_context::{Context, spawn};
use http::Method;
use tokio::runtime::Handle;

/// Whether a client that leaves must not stop the work half-way: as in Node, it runs to its end.
pub(crate) fn may_change_something(request: &Request) -> bool {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    !is_safe || !request.body().is_end_stream()
}

/// Work on a request that goes on by itself when this is dropped, once code of an author has been called. Before that nothing
/// has changed, and it is given up.
pub(crate) struct RunToCompletion<T: Send + 'static> {
    context: Context,
    has_called_author: Arc<AtomicBool>,
    work: Option<BoxFuture<'static, T>>,
}

impl<T: Send + 'static> RunToCompletion<T> {
    pub(crate) fn new(
        context: Context,
        has_called_author: Arc<AtomicBool>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        let work = Some(Box::pin(context.clone().scope(work)) as _);
        Self { context, has_called_author, work }
    }
}

impl<T: Send + 'static> Future for RunToCompletion<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<T> {
        // Taken out meanwhile: what panics does not go on.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.work = Some(work);
        }
        Poll::Ready(ready!(polled))
    }
}

impl<T: Send + 'static> Drop for RunToCompletion<T> {
    fn drop(&mut self) {
        let work = self.work.take().filter(|_| self.has_called_author.load(Relaxed));
        // Without a runtime the whole process is at its end.
        if let Some(work) = work.filter(|_| Handle::try_current().is_ok()) {
            self.context.clone().sync_scope(|| drop(spawn("request", work)));
        }
    }
}

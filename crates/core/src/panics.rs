//! A panic in somebody's code becomes an error with an owner.

use std::{any::Any, future::Future, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use greenroom_errors::{Error, Result};

/// The text of a panic.
fn text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is not text")
}

fn error(payload: Box<dyn Any + Send>) -> Error {
    Error::new(format!("panicked: {}", text(&*payload)))
}

/// Calls `f`; a panic is an error.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Error> {
    std::panic::catch_unwind(AssertUnwindSafe(f)).map_err(error)
}

/// Awaits a future of a result; a panic is an error.
pub(crate) async fn catch_async<R>(future: impl Future<Output = Result<R>>) -> Result<R, Error> {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(result) => result.map_err(Error::from_any),
        Err(payload) => Err(error(payload)),
    }
}

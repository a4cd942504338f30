//! A panic in somebody's code becomes an error, which gets an owner where it is caught.

use std::future::Future;

use greenroom_context::{CaughtPanic, catch_panic, catch_panic_in};
use greenroom_errors::{Error, Result};

fn error(caught: CaughtPanic) -> Error {
    Error::new(caught.to_string())
}

/// Calls `f`; a panic is an error.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Error> {
    catch_panic_in(f).map_err(error)
}

/// Awaits a future of a result; a panic is an error.
pub(crate) async fn catch_async<R>(future: impl Future<Output = Result<R>>) -> Result<R, Error> {
    catch_panic(future).await.map_err(error)?.map_err(Error::from_any)
}

//! Panics that the caller catches, and tells of itself.

use std::{
    any::Any,
    cell::RefCell,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind},
    pin::Pin,
    task::{self, Poll},
};

use pin_project_lite::pin_project;

tokio::task_local! {
    /// Where the panic was, once there was one.
    static CATCHING: RefCell<Option<String>>;
}

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaughtPanic {
    /// Its text.
    pub text: String,
    /// `file:line:column`, if a panic hook noted it.
    pub place: Option<String>,
}

/// `panicked: <text>, at <place>`
impl fmt::Display for CaughtPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.text)?;
        self.place.iter().try_for_each(|place| write!(f, ", at {place}"))
    }
}

/// Awaits a future; a panic in it is an error, which the caller tells of.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # std::panic::set_hook(Box::new(|info| { greenroom_context::note_panic(info); }));
/// let caught = greenroom_context::catch_panic(async { panic!("no such table") }).await;
/// assert_eq!(caught.map(|()| "fine").unwrap_err().text, "no such table");
/// # }
/// ```
pub fn catch_panic<F: Future>(future: F) -> CatchPanic<F> {
    CatchPanic { future }
}

pin_project! {
    /// The future of [`catch_panic`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct CatchPanic<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, CaughtPanic>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match catch_panic_in(|| future.poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(caught) => Poll::Ready(Err(caught)),
        }
    }
}

/// Calls a function; a panic in it is an error, which the caller tells of.
pub fn catch_panic_in<R>(f: impl FnOnce() -> R) -> Result<R, CaughtPanic> {
    CATCHING.sync_scope(RefCell::default(), || {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that catches panics")]
        catch_unwind(AssertUnwindSafe(f)).map_err(|payload| CaughtPanic {
            text: text(&*payload).to_owned(),
            place: CATCHING.with(RefCell::take),
        })
    })
}

/// Calls a function; a panic in it goes no further, and is told by the panic hook alone.
pub fn contain_panic(f: impl FnOnce()) {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that catches panics")]
    let _ = catch_unwind(AssertUnwindSafe(f));
}

/// For panic hooks: whether the panic is inside of [`catch_panic`], which then knows its place and tells of it.
pub fn note_panic(info: &PanicHookInfo<'_>) -> bool {
    let place = info.location().map(ToString::to_string);
    CATCHING.try_with(|noted| noted.replace(place)).is_ok()
}

impl std::error::Error for CaughtPanic {}

impl CaughtPanic {
    /// The text with the place in the line below, as a stack begins that Node writes.
    pub fn stack(&self) -> String {
        let place = self.place.as_ref().map(|place| format!("\n    at {place}"));
        format!("{}{}", self.text, place.unwrap_or_default())
    }
}

fn text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is not text")
}

//! What is made of answers, within a time: others have written them.

use std::time::Duration;

use greenroom_context::spawn_blocking;

use crate::answer::Untold;

/// Making a tree or a text of what fits into an answer takes milliseconds.
const MOST: Duration = Duration::from_secs(5);

/// What `make` makes, beside whoever waits for it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom_why::in_time;
///
/// assert_eq!(in_time(|| 6 * 7).await, Ok(42));
/// # }
/// ```
///
/// # Errors
/// When it takes longer than 5 s: it goes on then, until the process ends.
pub async fn in_time<T: Send + 'static>(make: impl FnOnce() -> T + Send + 'static) -> Result<T, Untold> {
    within(MOST, make).await
}

async fn within<T: Send + 'static>(
    most: Duration,
    make: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Untold> {
    match tokio::time::timeout(most, spawn_blocking("what is made of answers", make)).await {
        Ok(Ok(made)) => Ok(made),
        Ok(Err(_)) => Err(Untold("Nothing could be made of the answer.".to_owned())),
        Err(_) => Err(Untold(format!(
            "What answers is no start: nothing could be made of it in {} s.",
            most.as_secs()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_end_is_waited_for_no_longer_than_its_time() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let made = within(Duration::from_millis(1), move || ended.recv()).await;
        assert!(made.is_err());
        drop(end);
    }
}

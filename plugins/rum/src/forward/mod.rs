//! On to Datadog: what leaves, through what, and what is answered when it does not.

mod queue;
mod told;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, StatusCode};

pub(crate) use queue::Queue;
pub(crate) use told::Told;

/// A request to Datadog's intake: `POST`, with these headers and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The whole URL.
    pub url: String,
    /// As the browser said it.
    pub content_type: Option<HeaderValue>,
    /// As the browser said it.
    pub user_agent: Option<HeaderValue>,
    /// As the browser said it.
    pub accept: Option<HeaderValue>,
    /// For `X-Forwarded-For`: the network of the user, if the config lets Datadog know it.
    pub forwarded_for: Option<HeaderValue>,
    /// What was scrubbed.
    pub body: Bytes,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The intake answered.
    Answered(StatusCode),
    /// It could not be asked: why, without secrets.
    Failed(String),
}

/// What sends requests to the intake. It follows no redirections and sends nothing twice: the browser does that.
pub trait Transport: Send + Sync + 'static {
    /// Sends one, and waits for the status of the answer.
    fn send(&self, forward: Forward) -> BoxFuture<'_, Outcome>;
}

/// What a browser is told: what it should send again, it is told by 429 and from 500 on.
pub(crate) fn relayed(outcome: &Outcome) -> StatusCode {
    match outcome {
        Outcome::Answered(status) if status.is_success() || status.is_server_error() => *status,
        Outcome::Answered(
            status @ (StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_REQUEST
            | StatusCode::FORBIDDEN
            | StatusCode::PAYLOAD_TOO_LARGE),
        ) => *status,
        // A browser would send it again by itself, at once and many times.
        Outcome::Answered(StatusCode::REQUEST_TIMEOUT) => StatusCode::SERVICE_UNAVAILABLE,
        Outcome::Answered(status) if status.is_client_error() => StatusCode::BAD_REQUEST,
        Outcome::Answered(_) | Outcome::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_25_what_is_answered_is_never_408_nor_a_redirection() {
        for code in 100..1000 {
            let relayed = relayed(&Outcome::Answered(StatusCode::from_u16(code).unwrap())).as_u16();
            assert!(
                relayed != 408 && !(100..200).contains(&relayed) && !(300..400).contains(&relayed),
                "{code}"
            );
            if matches!(code, 200..300 | 429 | 500..600) {
                assert_eq!(relayed, code);
            }
        }
        assert_eq!(relayed(&Outcome::Failed("no route".to_owned())), 503);
        assert_eq!(relayed(&Outcome::Answered(StatusCode::FOUND)), 503);
    }
}

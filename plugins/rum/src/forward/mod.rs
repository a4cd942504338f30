//! On to Datadog: what leaves, through what, and what is answered when it does not.

mod breaker;
mod health;
mod queue;

use http::StatusCode;

use crate::counts::Outcome;

pub(crate) use health::tell;
pub(crate) use queue::{ANSWER_TIME, MOST_ANSWER, Outgoing, Queue};

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

//! What a browser is answered: what it should do, and nothing of what is here.

use http::StatusCode;

use super::batch::Refused;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Taken { status: StatusCode, accepted: usize, rejected: usize },
    Refused(StatusCode, &'static str),
}

/// Why, where it is Datadog that said no.
pub(super) const NOT_TAKEN: &str = "Datadog's intake did not take it";
/// Why, where Datadog was not asked.
pub(super) const SILENT: &str = "Datadog's intake does not answer";

pub(super) const TOO_OFTEN: Answer = Answer::Refused(StatusCode::TOO_MANY_REQUESTS, "too many requests");
pub(super) const NO_TARGET: Answer =
    Answer::Refused(StatusCode::BAD_REQUEST, "the URL names no track of the intake");
pub(super) const WRONG_TOKEN: Answer =
    Answer::Refused(StatusCode::FORBIDDEN, "the client token is not that of this portal");
pub(super) const WRONG_ORIGIN: Answer =
    Answer::Refused(StatusCode::FORBIDDEN, "the page is not of this portal");
pub(super) const FOREIGN: Answer =
    Answer::Refused(StatusCode::FORBIDDEN, "no event is of this portal's application");
pub(super) const TOO_LARGE: Answer = Answer::Refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
pub(super) const UNREADABLE: Answer = Answer::Refused(StatusCode::BAD_REQUEST, "the body cannot be read");
pub(super) const TOO_SLOW: Answer =
    Answer::Refused(StatusCode::SERVICE_UNAVAILABLE, "the body came too slowly");
pub(super) const NO_ROOM: Answer =
    Answer::Refused(StatusCode::SERVICE_UNAVAILABLE, "there is no room for it now");
pub(super) const BUSY: Answer =
    Answer::Refused(StatusCode::SERVICE_UNAVAILABLE, "looking at events takes too long now");
pub(super) const NO_ANSWER: Answer = Answer::Refused(StatusCode::SERVICE_UNAVAILABLE, SILENT);

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge => TOO_LARGE,
            Refused::Unreadable => UNREADABLE,
            Refused::Foreign => FOREIGN,
        }
    }
}

//! Why the intake takes a request no further: what its browser is told, and by what it is counted.

use http::StatusCode;

/// A reason. None of them is Datadog's, which was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    TooOften,
    NoTarget,
    WrongToken,
    WrongOrigin,
    /// Datadog does not answer, and somebody else finds out when it does.
    Silent,
    TooLarge,
    TooSlow,
    NoRoom,
    Busy,
    /// It ends before it is whole: most often the browser has left.
    CutOff,
    /// Not one line can be read.
    Unreadable,
    /// Not one line is of this portal's application.
    WrongApplication,
    /// It waited to be sent for as long as its browser waits.
    Late,
    /// The store does not take it now.
    NotKept,
}

impl Refusal {
    const ALL: [Self; 14] = [
        Self::TooOften,
        Self::NoTarget,
        Self::WrongToken,
        Self::WrongOrigin,
        Self::Silent,
        Self::TooLarge,
        Self::TooSlow,
        Self::NoRoom,
        Self::Busy,
        Self::CutOff,
        Self::Unreadable,
        Self::WrongApplication,
        Self::Late,
        Self::NotKept,
    ];

    /// A browser sends again what got 429 or 503.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::NoTarget | Self::CutOff | Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::WrongToken | Self::WrongOrigin | Self::WrongApplication => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Silent | Self::TooSlow | Self::NoRoom | Self::Busy | Self::Late | Self::NotKept => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// Its name in `GET /api/rum/status`, which programs read: it stays when the sentence changes.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::TooOften => "tooOften",
            Self::NoTarget => "noTarget",
            Self::WrongToken => "wrongToken",
            Self::WrongOrigin => "wrongOrigin",
            Self::Silent => "silent",
            Self::TooLarge => "tooLarge",
            Self::TooSlow => "tooSlow",
            Self::NoRoom => "noRoom",
            Self::Busy => "busy",
            Self::CutOff => "cutOff",
            Self::Unreadable => "unreadable",
            Self::WrongApplication => "wrongApplication",
            Self::Late => "late",
            Self::NotKept => "notKept",
        }
    }

    /// Says what should be done otherwise, and nothing of what is here.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::TooOften => "too many requests",
            Self::NoTarget => "the URL names no track of the intake",
            Self::WrongToken => "the client token is not that of this portal",
            Self::WrongOrigin => "the page is not of this portal",
            Self::Silent => "Datadog's intake does not answer",
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body came too slowly",
            Self::NoRoom => "there is no room for it now",
            Self::Busy => "looking at events takes too long now",
            Self::CutOff => "the body ended before it was whole",
            Self::Unreadable => "the body cannot be read",
            Self::WrongApplication => "no event is of this portal's application",
            Self::NotKept => "it cannot be kept now",
            Self::Late => "there was no answer of Datadog's intake in time",
        }
    }

    /// All codes.
    pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(Self::code)
    }

    /// The one of this code; `None` of a code that this version does not know.
    pub(crate) fn by_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_one_reason() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::by_code(refusal.code()), Some(refusal));
        }
        assert_eq!(Refusal::by_code("tooFar"), None);
    }
}

//! What an access line says of who sent a request.

/// Who sent a request, as far as its tokens prove it.
///
/// A label decides nothing, and holds nothing that a token says of itself without proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLabel {
    /// Nobody in particular: there is no token.
    None,
    /// A person, or a plugin on behalf of one.
    User,
    /// A plugin.
    Service,
    /// A system outside, by one of the tokens that the config lists.
    External,
    /// A token that proves nothing, and will be refused.
    Invalid(InvalidToken),
    /// It is not known: there are no keys yet, there is too much to do, or tokens of this kind are not verified here.
    Unverified,
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidToken {
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// Its key is none of those that the backend lists. As a rule another replica issued it, whose keys this one does not
    /// share.
    UnknownKey,
    /// It was changed, or signed by another key or in another way than it says.
    BadSignature,
    /// A JSON Web Token, and none of Backstage's.
    WrongType,
    /// No JSON Web Token, and none that the config lists.
    UnknownToken,
    /// One of Backstage's in form, which lacks what those have.
    Malformed,
}

impl TokenLabel {
    /// The access line's `principalType`.
    pub fn principal_type(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::User => "user",
            Self::Service => "service",
            Self::External => "external",
            Self::Invalid(_) => "invalid",
            Self::Unverified => "unverified",
        }
    }

    /// Why it is `invalid`, in one of a few fixed texts.
    pub fn error(self) -> Option<&'static str> {
        match self {
            Self::Invalid(why) => Some(why.text()),
            _ => None,
        }
    }

    /// Whether a token has proved who sent the request.
    pub fn is_proved(self) -> bool {
        matches!(self, Self::User | Self::Service | Self::External)
    }
}

impl InvalidToken {
    /// A text that is always the same.
    pub fn text(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not yet valid",
            Self::UnknownKey => "unknown key",
            Self::BadSignature => "bad signature",
            Self::WrongType => "wrong type",
            Self::UnknownToken => "unknown token",
            Self::Malformed => "malformed",
        }
    }
}

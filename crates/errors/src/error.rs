//! The error value itself: a Backstage name, a message, a cause, own properties.

use std::{borrow::Cow, error::Error as StdError, fmt, panic::Location, sync::Arc};

use serde_json::{Map, Value};

use crate::{BoxError, describe};

/// An error with a Backstage name, which decides its HTTP status.
///
/// ```
/// use greenroom_errors::Error;
///
/// let io = std::io::Error::other("connection reset");
/// let error = Error::service_unavailable("The queue is away").caused_by(io);
/// assert_eq!(error.to_string(), "The queue is away; caused by Error: connection reset");
/// ```
///
/// As in Backstage, a cause becomes part of the message: `outer; caused by <Name>: inner`.
///
/// It may stand for [several](Self::each), where all that is wrong was looked for; all else that it tells is of the first.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    name: Cow<'static, str>,
    message: String,
    /// How much of the message is the error's own: the rest is its causes'.
    own: usize,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
    foreign: Option<Arc<dyn StdError + Send + Sync>>,
    properties: Map<String, Value>,
    status: Option<u16>,
    location: &'static Location<'static>,
    /// What else is wrong, each by itself.
    others: Vec<Error>,
}

macro_rules! named {
    ($($(#[$doc:meta])* $ctor:ident => $name:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $ctor(message: impl Into<String>) -> Self {
            Self::named($name, message)
        }
    )*};
}

impl Error {
    named! {
        /// A plain `Error`: status 500.
        new => "Error",
        /// `InputError`: the request is malformed; status 400.
        input => "InputError",
        /// `AuthenticationError`: who is calling is not known; status 401.
        authentication => "AuthenticationError",
        /// `NotAllowedError`: the caller is known and may not; status 403.
        not_allowed => "NotAllowedError",
        /// `NotFoundError`: status 404.
        not_found => "NotFoundError",
        /// `ConflictError`: the state of the resource forbids it; status 409.
        conflict => "ConflictError",
        /// `NotImplementedError`: status 501.
        not_implemented => "NotImplementedError",
        /// `ServiceUnavailableError`: try again later; status 503.
        service_unavailable => "ServiceUnavailableError",
        /// `NotModifiedError`: what the caller holds is current; status 304 with an empty body.
        not_modified => "NotModifiedError",
    }

    /// An error with a name of one's own; unless [`with`](Self::with) sets `statusCode`, its status is 500.
    ///
    /// The name `DatabaseError` is special, as in Backstage: such an error is [internal](Self::is_internal).
    #[track_caller]
    pub fn named(name: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Arc::new(Inner {
            name: name.into(),
            own: message.len(),
            message,
            cause: None,
            foreign: None,
            properties: Map::new(),
            status: None,
            location: Location::caller(),
            others: vec![],
        }))
    }

    /// `ForwardedError`: adds context, keeps the cause's name and so its status.
    #[track_caller]
    pub fn forwarded(message: impl Into<String>, cause: impl Into<BoxError>) -> Self {
        let cause = cause.into();
        let name = describe(&*cause).name.into_owned();
        Self::named(name, message).caused_by(cause)
    }

    /// Any error as this cheap, cloneable one; it is described as it was before.
    #[track_caller]
    pub fn from_any(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(own) => *own,
            Err(foreign) => Self::foreign_named("Error", foreign),
        }
    }

    /// As [`from_any`](Self::from_any), for an error whose kind has a name of its own.
    #[track_caller]
    pub fn foreign_named(name: impl Into<Cow<'static, str>>, error: impl Into<BoxError>) -> Self {
        let foreign = error.into();
        let mut own = Self::named(name, foreign.to_string());
        Arc::make_mut(&mut own.0).foreign = Some(foreign.into());
        own
    }

    /// The error that [`from_any`](Self::from_any) took, if it is a `T`: a hundred callers know it as text, one at the
    /// edge as what it is.
    pub fn downcast_ref<T: StdError + 'static>(&self) -> Option<&T> {
        self.foreign()?.downcast_ref::<T>()
    }

    /// This one and what else is wrong.
    ///
    /// ```
    /// use greenroom_errors::Error;
    ///
    /// let both = Error::new("no name").and(Error::new("no address"));
    /// assert_eq!(both.to_string(), "no name");
    /// assert_eq!(both.each().map(|one| one.to_string()).collect::<Vec<_>>(), ["no name", "no address"]);
    /// ```
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        Arc::make_mut(&mut self.0).others.extend(other.each());
        self
    }

    /// Each thing that is wrong by itself, in the order in which it was found.
    pub fn each(mut self) -> impl Iterator<Item = Self> {
        let others = if self.0.others.is_empty() {
            vec![]
        } else {
            std::mem::take(&mut Arc::make_mut(&mut self.0).others)
        };
        std::iter::once(self).chain(others)
    }

    /// Sets the cause and appends it to the message.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<BoxError>) -> Self {
        let cause = cause.into();
        let seen = describe(&*cause);
        // JavaScript's text of an error leaves out whichever of the two is empty.
        let colon = if seen.name.is_empty() || seen.message.is_empty() { "" } else { ": " };
        let inner = Arc::make_mut(&mut self.0);
        let semicolon = if inner.message.is_empty() { "" } else { "; " };
        inner.message = format!("{}{semicolon}caused by {}{colon}{}", inner.message, seen.name, seen.message);
        inner.cause = Some(cause.into());
        self
    }

    /// Whether clients must not see this error itself: it was made [from one of another kind](Self::from_any), whose text
    /// its author did not write for them, or it is a `DatabaseError`. Its causes are not looked at.
    pub fn is_internal(&self) -> bool {
        self.0.foreign.is_some() || self.0.name == "DatabaseError"
    }

    /// The error as clients may see it, with `stand_in` in place of the first [internal](Self::is_internal) one of the
    /// chain, whatever its name, and of all that is below; `None` if all of the chain is meant for them.
    ///
    /// ```
    /// use greenroom_errors::Error;
    ///
    /// let away = Error::service_unavailable("The queue is away");
    /// assert!(away.without_internals(&Error::new("hidden")).is_none());
    ///
    /// let error = away.caused_by(std::io::Error::other("postgres://me:pw@db refused"));
    /// let shown = error.without_internals(&Error::new("hidden")).unwrap();
    /// assert_eq!(shown.to_string(), "The queue is away; caused by Error: hidden");
    /// assert_eq!(shown.status(), 503);
    /// ```
    #[must_use]
    pub fn without_internals(&self, stand_in: &Self) -> Option<Self> {
        if self.is_internal() {
            return Some(stand_in.clone());
        }
        let shown = match self.0.cause.as_deref()?.downcast_ref::<Self>() {
            Some(cause) => cause.without_internals(stand_in)?,
            None => stand_in.clone(),
        };
        let mut own = self.clone();
        let inner = Arc::make_mut(&mut own.0);
        inner.message.truncate(inner.own);
        Some(own.caused_by(shown))
    }

    /// Attaches a property. **Clients see it**, in `error` of the body; so does the log.
    ///
    /// An integer `statusCode` or `status` from 100 to 599 decides the status (the former first).
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        Arc::make_mut(&mut self.0).properties.insert(key.into(), value.into());
        self
    }

    /// Sets the status without showing it as a property.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        Arc::make_mut(&mut self.0).status = Some(status);
        self
    }

    /// What [`with_status`](Self::with_status) set.
    pub(crate) fn own_status(&self) -> Option<u16> {
        self.0.status
    }

    /// The Backstage name, such as `NotFoundError`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The message, its causes included.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What [`with`](Self::with) attached, in that order.
    pub fn properties(&self) -> &Map<String, Value> {
        &self.0.properties
    }

    /// The HTTP status that this error maps to.
    pub fn status(&self) -> u16 {
        describe(self).status()
    }

    /// The error that [`from_any`](Self::from_any) took.
    pub(crate) fn foreign(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.foreign.as_deref().map(|foreign| foreign as _)
    }

    /// Where the error was made.
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.0.name, self.0.message, self.0.location)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.foreign() {
            Some(foreign) => foreign.source(),
            None => self.0.cause.as_deref().map(|cause| cause as _),
        }
    }
}

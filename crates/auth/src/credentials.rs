//! Proof of who is calling, and its two forms for others: JSON and text, neither with the token.
//!
//! Contract: auth-13 and auth-14.

use std::{fmt, sync::Arc, time::SystemTime};

use greenroom_errors::Error;
use greenroom_traces::Caller;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{AllowedPrincipals, Principal};

/// Proof of who is calling. A handler gets it as an argument.
///
/// ```
/// use greenroom_auth::{Credentials, Principal};
///
/// async fn whoami(credentials: Credentials) -> String {
///     credentials.principal().to_string()
/// }
///
/// let credentials = Credentials::of(Principal::user("user:default/ada"));
/// assert_eq!(credentials.principal().to_string(), "user:default/ada");
/// assert_eq!(credentials.require_user().unwrap(), "user:default/ada");
/// assert_eq!(Credentials::none().require_user().unwrap_err().status(), 401);
/// ```
///
/// Its text and its JSON are Backstage's. Neither holds the token, and neither does `Debug`:
///
/// ```
/// # use greenroom_auth::{Credentials, Principal};
/// let credentials = Credentials::of(Principal::user("user:default/ada")).with_token("eyJ0eXAi…");
/// assert_eq!(credentials.to_string(), "backstageCredentials{userPrincipal{user:default/ada}}");
/// assert!(!format!("{credentials:?}").contains("eyJ0eXAi"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Arc<Proof>);

#[derive(Clone, PartialEq, Eq)]
struct Proof {
    principal: Principal,
    token: Option<Arc<str>>,
    expires_at: Option<SystemTime>,
}

impl Credentials {
    /// Credentials of a principal: for implementations of auth services, and for tests.
    pub fn of(principal: Principal) -> Self {
        Self(Arc::new(Proof { principal, token: None, expires_at: None }))
    }

    /// Those of nobody.
    pub fn none() -> Self {
        Self::of(Principal::None)
    }

    /// The same, proved by this token.
    #[must_use]
    pub fn with_token(self, token: impl Into<Arc<str>>) -> Self {
        Self(Arc::new(Proof { token: Some(token.into()), ..(*self.0).clone() }))
    }

    /// The same, good until then.
    #[must_use]
    pub fn expiring_at(self, time: SystemTime) -> Self {
        Self(Arc::new(Proof { expires_at: Some(time), ..(*self.0).clone() }))
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// The token that proves it, if it is one that may be passed on: a user's.
    ///
    /// For implementations of auth services. A plugin hands the credentials on, never the token: what it sends to another
    /// plugin comes from [`Auth::plugin_request_token`](crate::Auth::plugin_request_token).
    pub fn token(&self) -> Option<&str> {
        self.0.token.as_deref()
    }

    /// Until when they are good; `None` if they do not expire.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expires_at
    }

    /// The entity reference of the user who is calling.
    ///
    /// Errors: 401 for nobody, 403 `This endpoint does not allow 'service' credentials`.
    pub fn require_user(&self) -> Result<&str, Error> {
        AllowedPrincipals::USER.check(self.principal())?;
        Ok(self.principal().as_user().unwrap_or_default())
    }

    /// The subject of the service that is calling.
    ///
    /// Errors: 401 for nobody, 403 `This endpoint does not allow 'user' credentials`.
    pub fn require_service(&self) -> Result<&str, Error> {
        AllowedPrincipals { none: false, user: false, service: true }.check(self.principal())?;
        Ok(self.principal().as_service().unwrap_or_default())
    }
}

/// Whom a span is for: only a person is an end user.
impl Caller for Credentials {
    fn principal_type(&self) -> &'static str {
        self.principal().kind()
    }

    fn end_user(&self) -> Option<&str> {
        self.principal().as_user()
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "backstageCredentials{{{}}}", self.principal().text())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Credentials");
        told.field("principal", self.principal()).field("expires_at", &self.0.expires_at);
        told.finish_non_exhaustive()
    }
}

impl Serialize for Credentials {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("$$type", "@backstage/BackstageCredentials")?;
        members.serialize_entry("version", "v1")?;
        // A time that no calendar has is left out.
        if let Some(time) = self.0.expires_at.and_then(|time| jiff::Timestamp::try_from(time).ok()) {
            members.serialize_entry("expiresAt", &format!("{time:.3}"))?;
        }
        members.serialize_entry("principal", self.principal())?;
        members.end()
    }
}

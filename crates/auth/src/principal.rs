//! Who somebody is, once a token has been read.

use std::{fmt, sync::Arc};

use greenroom_errors::Error;

use crate::AllowedPrincipals;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular: no token was sent.
    None,
    /// A person.
    User {
        /// Such as `user:default/guest`.
        user_entity_ref: Arc<str>,
    },
    /// Another plugin or a system outside.
    Service {
        /// Such as `plugin:catalog`, or what the config says for an external token.
        subject: Arc<str>,
        /// What the token may be used for; `None` for everything.
        access_restrictions: Option<AccessRestrictions>,
    },
}

impl Principal {
    /// Backstage's word for the kind: `none`, `user` or `service`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::User { .. } => "user",
            Self::Service { .. } => "service",
        }
    }

    /// The subject of a service.
    pub fn as_service(&self) -> Option<&str> {
        match self {
            Self::Service { subject, .. } => Some(subject),
            _ => None,
        }
    }

    /// The entity reference of a user.
    pub fn as_user(&self) -> Option<&str> {
        match self {
            Self::User { user_entity_ref } => Some(user_entity_ref),
            _ => None,
        }
    }
}

/// The entity reference of a user, the subject of a service, or `none`: a name for the log.
///
/// No two principals of different kinds that Backstage makes look alike, but a subject is whatever the config says of an
/// external token: decide by [`as_user`](Principal::as_user) and [`as_service`](Principal::as_service), not by this text.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_user().or(self.as_service()).unwrap_or(self.kind()))
    }
}

/// What a restricted token may do in one plugin. Empty lists restrict nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRestrictions {
    /// Permissions by name.
    pub permission_names: Vec<String>,
    /// Actions: `create`, `read`, `update`, `delete`.
    pub actions: Vec<String>,
}

/// Proof of who is calling. A handler gets it as an argument.
///
/// ```
/// use greenroom_auth::{Credentials, Principal};
///
/// async fn whoami(credentials: Credentials) -> String {
///     credentials.principal().to_string()
/// }
///
/// let credentials = Credentials::of(Principal::User { user_entity_ref: "user:default/ada".into() });
/// assert_eq!(credentials.principal().to_string(), "user:default/ada");
/// assert_eq!(credentials.require_user().unwrap(), "user:default/ada");
/// assert_eq!(Credentials::none().require_user().unwrap_err().status(), 401);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials(Arc<Principal>);

impl Credentials {
    /// Credentials of a principal: for implementations of auth services, and for tests.
    pub fn of(principal: Principal) -> Self {
        Self(Arc::new(principal))
    }

    /// Those of nobody.
    pub fn none() -> Self {
        Self::of(Principal::None)
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.0
    }

    /// The entity reference of the user who is calling.
    ///
    /// Errors: 401 for nobody, 403 `This endpoint does not allow 'service' credentials`.
    pub fn require_user(&self) -> Result<&str, Error> {
        AllowedPrincipals { none: false, user: true, service: false }.check(&self.0)?;
        Ok(self.0.as_user().unwrap_or_default())
    }

    /// The subject of the service that is calling.
    ///
    /// Errors: 401 for nobody, 403 `This endpoint does not allow 'user' credentials`.
    pub fn require_service(&self) -> Result<&str, Error> {
        AllowedPrincipals { none: false, user: false, service: true }.check(&self.0)?;
        Ok(self.0.as_service().unwrap_or_default())
    }
}

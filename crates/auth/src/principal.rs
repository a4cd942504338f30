//! Who somebody is, once a token has been read.

use std::sync::Arc;

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

/// What a restricted token may do in one plugin. Empty lists restrict nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRestrictions {
    /// Permissions by name.
    pub permission_names: Vec<String>,
    /// Actions: `create`, `read`, `update`, `delete`.
    pub actions: Vec<String>,
}

/// Proof of who is calling. A request's extensions hold it behind the credentials barrier.
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
}

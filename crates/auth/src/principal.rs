//! Who somebody is, once a token has been read.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::json;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular: no token was sent.
    None,
    /// A person.
    User {
        /// Such as `user:default/guest`.
        user_entity_ref: Arc<str>,
        /// The service that calls on behalf of them, such as `plugin:catalog`; `None` if they call themselves.
        actor: Option<Arc<str>>,
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
    /// The user of an entity reference, who calls themselves.
    pub fn user(user_entity_ref: impl Into<Arc<str>>) -> Self {
        Self::User { user_entity_ref: user_entity_ref.into(), actor: None }
    }

    /// The service of a subject, without restrictions.
    pub fn service(subject: impl Into<Arc<str>>) -> Self {
        Self::Service { subject: subject.into(), access_restrictions: None }
    }

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
            Self::User { user_entity_ref, .. } => Some(user_entity_ref),
            _ => None,
        }
    }

    /// Backstage's text form, a part of that of credentials.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::None => "nonePrincipal".to_owned(),
            Self::User { user_entity_ref, actor: None } => format!("userPrincipal{{{user_entity_ref}}}"),
            Self::User { user_entity_ref, actor: Some(actor) } => {
                format!("userPrincipal{{{user_entity_ref},actor={{servicePrincipal{{{actor}}}}}}}")
            }
            Self::Service { subject, access_restrictions: None } => format!("servicePrincipal{{{subject}}}"),
            Self::Service { subject, access_restrictions: Some(restrictions) } => {
                let hash =
                    STANDARD_NO_PAD.encode(digest(&SHA256, json!(restrictions).to_string().as_bytes()));
                format!("servicePrincipal{{{subject},accessRestrictions={hash}}}")
            }
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

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("type", self.kind())?;
        match self {
            Self::None => {}
            Self::User { user_entity_ref, actor } => {
                members.serialize_entry("userEntityRef", user_entity_ref.as_ref())?;
                if let Some(actor) = actor {
                    members.serialize_entry("actor", &Self::service(actor.clone()))?;
                }
            }
            Self::Service { subject, access_restrictions } => {
                members.serialize_entry("subject", subject.as_ref())?;
                if let Some(restrictions) = access_restrictions {
                    members.serialize_entry("accessRestrictions", restrictions)?;
                }
            }
        }
        members.end()
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

impl Serialize for AccessRestrictions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        if !self.permission_names.is_empty() {
            members.serialize_entry("permissionNames", &self.permission_names)?;
        }
        if !self.actions.is_empty() {
            members.serialize_entry("permissionAttributes", &json!({"action": self.actions}))?;
        }
        members.end()
    }
}

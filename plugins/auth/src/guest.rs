//! Everybody, as one user.

use greenroom::prelude::*;
use http::request::Parts;

use crate::{AuthProvider, SignIn, settings::GuestSettings};

/// The provider `guest`.
pub(crate) struct Guest {
    user: SignIn,
    is_allowed: bool,
}

impl Guest {
    pub(crate) fn new(settings: &GuestSettings, development: bool) -> Self {
        // Node asks the catalog for the user first, and takes these when it does not know them.
        let user = SignIn {
            ownership_entity_refs: settings.ownership_entity_refs.clone(),
            ..SignIn::new(&settings.user_entity_ref)
        };
        Self { user, is_allowed: development || settings.is_allowed_outside_development }
    }

    pub(crate) fn is_allowed(&self) -> bool {
        self.is_allowed
    }
}

impl AuthProvider for Guest {
    async fn sign_in(&self, _: &Parts) -> Result<SignIn> {
        if !self.is_allowed {
            return Err(Error::not_allowed(
                "The guest provider cannot be used outside of a development environment unless \
                 'auth.providers.guest.dangerouslyAllowOutsideDevelopment' is enabled",
            )
            .into());
        }
        Ok(self.user.clone())
    }
}

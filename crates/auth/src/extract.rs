//! Credentials as an argument of a route's handler.

use std::sync::Arc;

use axum_core::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use greenroom_errors::Error;
use http::{StatusCode, request::Parts};

use crate::{AllowedPrincipals, Credentials, HttpAuth};

/// Whose request it is, as Backstage's `httpAuth.credentials(req)` says: on a route that is open to everybody, the principal of
/// the token if there is one, else [`Principal::None`](crate::Principal::None).
impl<S: Sync> FromRequestParts<S> for Credentials {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let Some(http_auth) = parts.extensions.get::<HttpAuth>().cloned() else {
            return Err(Refused::from(Error::new(
                "Credentials are known on the routes of a plugin only, which HttpRouter::mount takes",
            )));
        };
        let read = http_auth.credentials(&parts.headers, AllowedPrincipals::ANY).await;
        let credentials = read.map_err(|error| Refused::from(Error::from_any(error)))?;
        parts.extensions.insert(credentials.clone());
        Ok(credentials)
    }
}

/// Why a request has no credentials. The plugin's router makes an error body of it, as of every error.
#[derive(Clone, Debug)]
pub struct Refused(Arc<Error>);

impl Refused {
    /// What is wrong.
    pub fn error(&self) -> &Arc<Error> {
        &self.0
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

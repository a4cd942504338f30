//! The public keys by which others verify a plugin's tokens.

use std::sync::Arc;

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use greenroom_auth::Auth;
use greenroom_errors::Error;
use http::Method;
use serde_json::json;

use super::{OnRequest, Step};
use crate::{
    Json,
    exchange::Exchange,
    express::matching,
    failure::{Failure, failed},
};

/// Where they are, below a plugin's mount.
pub(crate) const JWKS: &str = "/.backstage/auth/v1/jwks.json";

/// Answers for the keys, before the plugin has started and without credentials.
pub(crate) struct PublicKeys {
    pub(crate) auth: Auth,
}

impl Step for PublicKeys {
    fn on_request<'a>(&'a self, _: &'a mut Exchange, request: &'a mut Request) -> OnRequest<'a> {
        if matching::is(JWKS, request.uri().path()) && matches!(*request.method(), Method::GET | Method::HEAD)
        {
            return OnRequest::Wait(Box::pin(async move { Some(self.answer().await) }));
        }
        OnRequest::On
    }
}

impl PublicKeys {
    async fn answer(&self) -> Response {
        match self.auth.public_service_keys().await {
            Ok(keys) => Json(json!({"keys": keys})).into_response(),
            Err(error) => failed(Failure::Exposed(Arc::new(Error::from_any(error)))),
        }
    }
}

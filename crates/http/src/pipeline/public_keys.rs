//! The public keys by which others verify a plugin's tokens.

use axum::{extract::Request, response::IntoResponse};
use http::Method;
use serde_json::json;

use super::{OnRequest, Step};
use crate::{Json, exchange::Exchange, express::matching};

const JWKS: &str = "/.backstage/auth/v1/jwks.json";

/// Answers for the keys, before the plugin has started and without credentials.
pub(crate) struct PublicKeys;

impl Step for PublicKeys {
    fn on_request<'a>(&'a self, _: &'a mut Exchange, request: &'a mut Request) -> OnRequest<'a> {
        if matching::is(JWKS, request.uri().path()) && matches!(*request.method(), Method::GET | Method::HEAD)
        {
            // No keys are issued before the identity stage; the answer is that of a fresh key store.
            return OnRequest::Answer(Json(json!({"keys": []})).into_response());
        }
        OnRequest::On
    }
}

//! The path at which a front end has its user's cookie made, and taken away, on every plugin.
//!
//! Contract: auth-31, auth-32.

use std::{sync::Arc, time::SystemTime};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use greenroom_auth::{AllowedPrincipals, Credentials, HttpAuth};
use greenroom_errors::{Error, Result};
use http::{HeaderMap, Method, StatusCode, header::SET_COOKIE};
use serde_json::json;

use super::{OnRequest, Step};
use crate::{
    Json,
    exchange::Exchange,
    express::{
        matching,
        send::{empty, options},
    },
    failure::{Failure, failed},
};

const COOKIE: &str = "/.backstage/auth/v1/cookie";

/// Behind the barrier: who may pass there may still be nobody.
pub(crate) struct UserCookies {
    pub(crate) http_auth: HttpAuth,
}

impl Step for UserCookies {
    fn on_request<'a>(&'a self, _: &'a mut Exchange, request: &'a mut Request) -> OnRequest<'a> {
        if !matching::is(COOKIE, request.uri().path()) {
            return OnRequest::On;
        }
        let (method, headers) = (request.method(), request.headers());
        match *method {
            Method::GET | Method::HEAD => {
                OnRequest::Wait(Box::pin(async { answer(self.issue(headers).await) }))
            }
            Method::DELETE => OnRequest::Wait(Box::pin(async { answer(self.clear(headers).await) })),
            Method::OPTIONS => OnRequest::Answer(options("GET,HEAD,DELETE")),
            _ => OnRequest::On,
        }
    }
}

fn answer(known: Result<Response>) -> Option<Response> {
    Some(known.unwrap_or_else(|error| failed(Failure::Exposed(Arc::new(Error::from_any(error))))))
}

impl UserCookies {
    async fn issue(&self, headers: &HeaderMap) -> Result<Response> {
        let user = self.http_auth.credentials(headers, AllowedPrincipals::USER).await?;
        let cookie = self.http_auth.issue_user_cookie(headers, &user).await?;
        let mut response = Json(json!({"expiresAt": iso(cookie.expires_at)?})).into_response();
        if let Some(value) = cookie.set_cookie {
            response.headers_mut().append(SET_COOKIE, value);
        }
        Ok(response)
    }

    async fn clear(&self, headers: &HeaderMap) -> Result<Response> {
        let mut response = empty(StatusCode::NO_CONTENT);
        if let Some(value) = self.http_auth.issue_user_cookie(headers, &Credentials::none()).await?.set_cookie
        {
            response.headers_mut().append(SET_COOKIE, value);
        }
        Ok(response)
    }
}

/// As JavaScript's `toISOString`.
fn iso(time: SystemTime) -> Result<String> {
    Ok(format!("{:.3}", jiff::Timestamp::try_from(time)?))
}

//! A plugin's credentials barrier: who may pass, and where everybody may.

use std::{sync::Arc, time::Instant};

use axum::{extract::Request, response::Response};
use greenroom_auth::{AllowedPrincipals, AuthenticateOptions, HttpAuth};
use greenroom_errors::Error;

use super::{OnRequest, Step};
use crate::{
    exchange::Exchange,
    failure::{Failure, failed},
    plugin::Routes,
};

/// Refuses requests without credentials. On open routes it stores `HttpAuth`, so that a handler can read the credentials
/// when it asks.
pub(crate) struct Barrier {
    pub(crate) http_auth: HttpAuth,
    /// `backend.auth.dangerouslyDisableDefaultAuthPolicy`.
    pub(crate) is_disabled: bool,
    pub(crate) routes: Arc<Routes>,
}

impl Step for Barrier {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, request: &'a mut Request) -> OnRequest<'a> {
        if self.is_disabled || self.routes.is_open(request.uri().path()) {
            request.extensions_mut().insert(self.http_auth.clone());
            return OnRequest::On;
        }
        OnRequest::Wait(Box::pin(self.pass(exchange, request)))
    }
}

impl Barrier {
    async fn pass(&self, exchange: &mut Exchange, request: &mut Request) -> Option<Response> {
        let asked = exchange.watch.is_some().then(Instant::now);
        let options =
            AuthenticateOptions { allow_limited_access: self.routes.takes_cookies(request.uri().path()) };
        let (headers, allow) = (request.headers(), AllowedPrincipals::AUTHENTICATED);
        let found = self.http_auth.credentials_with(headers, allow, options).await;
        if let Some(watch) = &mut exchange.watch {
            watch.spent.credentials = asked.map(|asked| asked.elapsed());
        }
        match found {
            Ok(credentials) => {
                exchange.request.set_principal_type(credentials.principal().kind());
                request.extensions_mut().insert(credentials);
                None
            }
            Err(refused) => Some(failed(Failure::Exposed(Arc::new(Error::from_any(refused))))),
        }
    }
}

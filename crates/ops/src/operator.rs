//! Who uses the surface.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use greenroom_errors::Error;
use greenroom_http::HttpError;
use http::request::Parts;

use crate::secret::Digest;

/// Who made the request that is answered; an extractor for what is mounted on the surface.
///
/// ```
/// use greenroom_ops::Operator;
///
/// async fn page(operator: Operator) -> String {
///     format!("<meta name=\"csrf-token\" content=\"{}\">", operator.csrf_token().unwrap_or_default())
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(page));
/// ```
#[derive(Clone, Debug)]
pub struct Operator(Arc<Known>);

#[derive(Debug)]
struct Known {
    actor: String,
    session: Option<(Digest, Arc<str>)>,
    has_audited: AtomicBool,
}

impl Operator {
    pub(crate) fn by_token() -> Self {
        Self::known("token".to_owned(), None)
    }

    pub(crate) fn by_session(session: Digest, csrf: Arc<str>) -> Self {
        Self::known(format!("session:{}", session.short()), Some((session, csrf)))
    }

    fn known(actor: String, session: Option<(Digest, Arc<str>)>) -> Self {
        Self(Arc::new(Known { actor, session, has_audited: AtomicBool::new(false) }))
    }

    /// Who it is, for lines: `token` for a program, `session:1a2b3c4d` for a browser.
    pub fn actor(&self) -> &str {
        &self.0.actor
    }

    /// What a page of this session sends with each change, in the header [`x-csrf-token`](crate::CSRF_HEADER). `None` for
    /// programs: what sends a bearer token does so on purpose.
    pub fn csrf_token(&self) -> Option<&str> {
        self.0.session.as_ref().map(|(_, csrf)| &**csrf)
    }

    pub(crate) fn session(&self) -> Option<Digest> {
        self.0.session.as_ref().map(|(digest, _)| *digest)
    }

    /// Notes that an audit line tells of this request.
    pub(crate) fn audited(&self) {
        self.0.has_audited.store(true, Relaxed);
    }

    pub(crate) fn has_audited(&self) -> bool {
        self.0.has_audited.load(Relaxed)
    }
}

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let known = parts.extensions.get().cloned();
        Ok(known.ok_or_else(|| {
            Error::authentication("No operator has signed in: the route is open to everybody")
        })?)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Operator {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

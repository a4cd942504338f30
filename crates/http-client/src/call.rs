//! A request, and what holds for its answer.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};

use crate::{
    error::{CallError, Fault},
    target::Target,
};

/// How long a whole call may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How many bytes an answer may have.
const MOST: usize = 1024 * 1024;

/// A request to be sent, with the bounds of its answer.
///
/// ```
/// use std::time::Duration;
///
/// use greenroom_http_client::Call;
/// use http::{HeaderValue, header};
///
/// # fn main() -> Result<(), greenroom_http_client::CallError> {
/// let call = Call::post("https://hooks.example.com/services/T1", r#"{"text":"Deployed"}"#)?
///     .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
///     .deadline(Duration::from_secs(3))
///     .at_most(64 * 1024);
/// assert_eq!(call.request().method(), "POST");
///
/// // Any other request, made by `http`.
/// let head = http::Request::head("https://example.com/").body(Default::default()).unwrap();
/// let call = Call::from(head);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) request: Request<Bytes>,
    pub(crate) deadline: Duration,
    pub(crate) most: usize,
    pub(crate) is_to_portal: bool,
    pub(crate) is_public: bool,
    pub(crate) is_for_status: bool,
}

impl From<Request<Bytes>> for Call {
    fn from(request: Request<Bytes>) -> Self {
        Self {
            request,
            deadline: DEADLINE,
            most: MOST,
            is_to_portal: false,
            is_public: false,
            is_for_status: false,
        }
    }
}

impl Call {
    /// `GET` of an absolute URL.
    ///
    /// # Errors
    /// When the URL is none of `http` or `https`, or holds credentials; the error shows nothing of it but the host.
    pub fn get(url: &str) -> Result<Self, CallError> {
        Self::of(Method::GET, url, Bytes::new())
    }

    /// `POST` of a body to an absolute URL.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn post(url: &str, body: impl Into<Bytes>) -> Result<Self, CallError> {
        Self::of(Method::POST, url, body.into())
    }

    fn of(method: Method, url: &str, body: Bytes) -> Result<Self, CallError> {
        let uri: Uri =
            url.parse().map_err(|_| CallError::new("nowhere", Fault::Request("its URL is none")))?;
        Target::of(&uri)?;
        let mut request = Request::new(body);
        (*request.method_mut(), *request.uri_mut()) = (method, uri);
        Ok(Self::from(request))
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.request.headers_mut().insert(name, value);
        self
    }

    /// How long the whole call may take, from now to the last byte of the answer; 10 s unless set.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many bytes the answer may have; 1 MiB unless set. A longer one is an error.
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.most = bytes;
        self
    }

    /// Takes an answer whatever becomes of its body: one that is too long, late or broken off is cut. For calls whose status says
    /// all that has to be known.
    #[must_use]
    pub fn for_status(mut self) -> Self {
        self.is_for_status = true;
        self
    }

    /// Says that the host is of this portal: it learns the request's id and the browser session, so that its lines and ours
    /// are found together. Foreign hosts get no more than `traceparent` and `tracestate`.
    #[must_use]
    pub fn to_portal(mut self) -> Self {
        self.is_to_portal = true;
        self
    }

    /// Refuses addresses of this machine and of private networks, and those that the config allows to other calls: for URLs
    /// that others than the operator have chosen. Behind a proxy names are looked up by the proxy, which has to refuse them
    /// itself.
    #[must_use]
    pub fn public_only(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// The request as the caller has made it.
    pub fn request(&self) -> &Request<Bytes> {
        &self.request
    }
}

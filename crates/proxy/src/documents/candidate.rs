//! Requests that may get a document.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};

use super::Documents;

const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// What would have the other server answer with less than the document, or not at all. A browser may hold one from when nothing
/// was added: its tag is the same.
const PARTIAL: [HeaderName; 4] =
    [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_RANGE, header::RANGE];

/// A request that may get a document, and what is to know of it once its answer is there.
pub(crate) struct Candidate {
    pub(super) documents: Documents,
    /// The longest document that is held.
    pub(super) limit: usize,
    pub(super) is_head: bool,
    /// What the client itself takes.
    pub(super) accept_encoding: Option<HeaderValue>,
}

impl Candidate {
    /// Has the document sent whole and as it is. `None`, and a request that stays as it is, where it asks for no document or
    /// nobody adds to any.
    pub(crate) fn of(parts: &mut Parts, documents: &Documents, limit: usize) -> Option<Self> {
        if documents.is_empty() || !asks_for_a_document(parts) {
            return None;
        }
        let accept_encoding = joined(&parts.headers, &header::ACCEPT_ENCODING);
        PARTIAL.iter().for_each(|name| drop(parts.headers.remove(name)));
        parts.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let is_head = parts.method == Method::HEAD;
        Some(Self { documents: documents.clone(), limit, is_head, accept_encoding })
    }
}

/// A browser that goes to a page says so; of an old one, that it reads HTML. A form that signs in is answered by a page, too.
fn asks_for_a_document(parts: &Parts) -> bool {
    let has_page = match parts.uri.path().strip_prefix("/api/") {
        None => true,
        Some(below) => below == "app" || below.starts_with("app/"),
    };
    let goes_to_page = match parts.headers.get(FETCH_DEST) {
        Some(destination) => destination.as_bytes() == b"document",
        None => parts.headers.get_all(header::ACCEPT).iter().any(names_html),
    };
    matches!(parts.method, Method::GET | Method::HEAD | Method::POST) && has_page && goes_to_page
}

fn names_html(accept: &HeaderValue) -> bool {
    let is_html = |kind: &str| kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("text/html");
    accept.to_str().is_ok_and(|accept| accept.split(',').any(is_html))
}

/// A header's values as one.
pub(super) fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let values: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    // What each of them may hold, all may.
    (!values.is_empty()).then(|| HeaderValue::from_bytes(&values.join(&b", "[..])).ok()).flatten()
}

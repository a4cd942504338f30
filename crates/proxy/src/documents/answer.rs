//! What becomes of the answer to a request that may get a document.

use std::time::Duration;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use greenroom_context::spawn_blocking;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, response::Parts};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Addition, Candidate, Documents, ROOM_UNIT, SHORT, Untouched,
    candidate::joined,
    encode::encoded,
    head::start_of_head,
    held::{Held, hold},
};

/// How long a browser waits for a document that is on its way. The longest of them is there at once, but where its server is
/// not able to send it.
const LONGEST: Duration = Duration::from_secs(1);

/// What tells of a document that it is the same, or which of its bytes there are: of one that is changed that is not so.
const OF_THE_BYTES: [HeaderName; 7] = [
    header::ETAG,
    // With it a browser would be told of one with other scripts, or with none, that it is unchanged.
    header::LAST_MODIFIED,
    header::ACCEPT_RANGES,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

impl Candidate {
    /// The answer with what is added to it, or as it came; and whether something was added, or why not.
    pub(crate) async fn answer(self, response: Response) -> (Response, Result<bool, Untouched>) {
        let (mut parts, body) = response.into_parts();
        if parts.status != StatusCode::OK || !is_html(&parts.headers) || is_file(&parts.headers) {
            return (Response::from_parts(parts, body), Ok(false));
        }
        if is_encoded(&parts.headers) {
            return (
                Response::from_parts(parts, body),
                if self.is_head { Ok(false) } else { Err(Untouched::Encoded) },
            );
        }
        if self.is_head {
            // How long it is with what is added, nobody knows yet.
            forget_bytes(&mut parts.headers);
            parts.headers.remove(header::CONTENT_LENGTH);
            return (Response::from_parts(parts, body), Ok(false));
        }
        if !may_be_utf8(&parts.headers) {
            return (Response::from_parts(parts, body), Err(Untouched::NotUtf8));
        }
        let Some(room) = self.room_for(&body) else {
            return (Response::from_parts(parts, body), Err(Untouched::Busy));
        };
        match hold(body, self.limit, LONGEST, room).await {
            Held::Passing(body, why) => (Response::from_parts(parts, body), why.map_or(Ok(false), Err)),
            Held::Whole(came, room) => {
                let (answer, outcome) = self.whole(parts, came).await;
                // As long as its client takes to read it, it is held.
                let held = answer.map(|body| {
                    Body::new(body.map_frame(move |frame| {
                        let _ = &room;
                        frame
                    }))
                });
                (held, outcome)
            }
        }
    }

    /// Room for all of a document, if there is any.
    fn room_for(&self, body: &Body) -> Option<OwnedSemaphorePermit> {
        let bytes = body.size_hint().exact().map_or(self.limit, |bytes| self.limit.min(bytes as usize));
        let units = u32::try_from(bytes.div_ceil(ROOM_UNIT)).ok()?;
        self.documents.room.clone().try_acquire_many_owned(units).ok()
    }

    async fn whole(&self, mut parts: Parts, came: Bytes) -> (Response, Result<bool, Untouched>) {
        let policy = joined(&parts.headers, &header::CONTENT_SECURITY_POLICY);
        let changed = match came.len() <= SHORT {
            true => changed(&self.documents, policy.as_ref(), &came),
            false => {
                let (documents, came) = (self.documents.clone(), came.clone());
                let change = move || changed(&documents, policy.as_ref(), &came);
                // Without a thread for it the document goes out as it came.
                spawn_blocking("add to a document", change).await.unwrap_or(Ok(None))
            }
        };
        let (body, outcome) = match changed {
            Ok(Some(Changed { html, policy })) => {
                forget_bytes(&mut parts.headers);
                if let Some(policy) = policy {
                    parts.headers.insert(header::CONTENT_SECURITY_POLICY, policy);
                }
                (html, Ok(true))
            }
            Ok(None) => (came, Ok(false)),
            Err(why) => (came, Err(why)),
        };
        let body = match parts.headers.get(header::ETAG) {
            // It is of these very bytes.
            Some(tag) if !tag.as_bytes().starts_with(b"W/") => body,
            _ => encoded(&mut parts.headers, self.accept_encoding.as_ref(), body).await,
        };
        (Response::from_parts(parts, Body::from(body)), outcome)
    }
}

/// A document with all that is added.
struct Changed {
    html: Bytes,
    /// What its policy becomes, where it has one.
    policy: Option<HeaderValue>,
}

/// The document with all that is added; `None` where that is nothing.
fn changed(
    documents: &Documents,
    policy: Option<&HeaderValue>,
    came: &Bytes,
) -> Result<Option<Changed>, Untouched> {
    let html = std::str::from_utf8(came).map_err(|_| Untouched::NotUtf8)?;
    let at = start_of_head(html).ok_or(Untouched::NoHead)?;
    let told = policy.map(|policy| String::from_utf8_lossy(policy.as_bytes()));
    let Some(Addition { html: added, policy }) = documents.additions(html, told.as_deref())? else {
        return Ok(None);
    };
    let policy = policy.filter(|_| told.is_some()).and_then(|policy| HeaderValue::try_from(policy).ok());
    let (before, behind) = html.split_at(at);
    Ok(Some(Changed { html: [before, &added, behind].concat().into(), policy }))
}

fn forget_bytes(headers: &mut HeaderMap) {
    OF_THE_BYTES.iter().for_each(|name| drop(headers.remove(name)));
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = content_type(headers).split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/html")
}

/// Whether it is to be kept as a file, which is nobody's page.
fn is_file(headers: &HeaderMap) -> bool {
    let shown = headers.get(header::CONTENT_DISPOSITION).map(|value| value.as_bytes().trim_ascii_start());
    shown.is_some_and(|shown| shown.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"attachment")))
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::CONTENT_ENCODING);
    codings.iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether it says that it is UTF-8, or nothing.
fn may_be_utf8(headers: &HeaderMap) -> bool {
    let parameters = content_type(headers).split(';').skip(1).filter_map(|text| text.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    charsets.all(|(_, value)| {
        let value = value.trim().trim_matches('"');
        value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
    })
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

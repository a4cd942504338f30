//! What of a request's headers goes on, and what is added to them.
//!
//! They keep their order. Who has sent a request is always said in our words: the server behind trusts one proxy, whether
//! anything else is added or not.

use greenroom_context::{Context, Request as Named};
use greenroom_http::Passage;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version, header, request::Parts};

use crate::hop_by_hop::{HopByHop, retain, says};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REQUEST_ID: HeaderName = HeaderName::from_static(Named::ID_HEADER);

/// What is believed only of a peer that is trusted: the server behind trusts us. Headers in which a proxy says who has signed in
/// are not among them; whether it believes those does not depend on who sends them.
fn is_of_trusted(name: &str) -> bool {
    matches!(
        name,
        "forwarded"
            | "x-real-ip"
            | "x-forwarded-by"
            | "x-forwarded-host"
            | "x-forwarded-port"
            | "x-forwarded-prefix"
            | "x-forwarded-protocol"
            | "x-forwarded-scheme"
            | "x-forwarded-server"
            | "x-forwarded-ssl"
    )
}

/// Whether a request wants to leave HTTP for WebSocket; nothing else is offered to the server behind, HTTP/2 least of all.
pub(crate) fn asks_for_websocket<B>(request: &Request<B>, has_body: bool) -> bool {
    *request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && !has_body
        && says(request.headers(), &header::UPGRADE, "websocket")
        && says(request.headers(), &header::CONNECTION, "upgrade")
}

/// How a request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// Its length is known, or it has no body.
    Sized,
    /// Its body is in chunks.
    Chunked,
    /// It asks to leave HTTP.
    WebSocket,
}

/// Leaves of a request's headers what goes on, and adds what is ours. What the server behind does is part of `span`, if there is one, and
/// else of the request.
pub(crate) fn rewrite(
    head: &mut Parts,
    passage: &Passage,
    named: Option<&Named>,
    span: Option<&Context>,
    goes_on: As,
) {
    let headers = &mut head.headers;
    let hop_by_hop = HopByHop::of(headers);
    let takes_trailers = says(headers, &header::TE, "trailers");
    let ours = Ours { passage, named: named.filter(|_| !passage.is_transparent), span };
    // HTTP/1.0 has no expectations, and goes on as another version.
    let is_vain = |name: &HeaderName| *name == header::EXPECT && head.version == Version::HTTP_10;
    retain(headers, |name| !is_vain(name) && !hop_by_hop.holds(name) && ours.keeps(name));
    if head.version != Version::HTTP_11 && !headers.contains_key(header::HOST) {
        // HTTP/1.0 need not name one.
        headers.insert(header::HOST, HeaderValue::from_static(""));
    }
    let mut say = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
    match goes_on {
        As::WebSocket => {
            say(header::CONNECTION, "Upgrade");
            say(header::UPGRADE, "websocket");
        }
        As::Sized | As::Chunked => {
            if goes_on == As::Chunked {
                say(header::TRANSFER_ENCODING, "chunked");
            }
            if takes_trailers {
                say(header::CONNECTION, "TE");
                say(header::TE, "trailers");
            }
        }
    }
    ours.add(headers);
    head.version = Version::HTTP_11;
}

/// What is said in the client's place.
struct Ours<'a> {
    passage: &'a Passage,
    /// The request's id and trace, unless the client's own go on.
    named: Option<&'a Named>,
    span: Option<&'a Context>,
}

impl Ours<'_> {
    /// Whether what the client says by this name goes on.
    fn keeps(&self, name: &HeaderName) -> bool {
        match name.as_str() {
            "x-forwarded-for" => false,
            "x-forwarded-proto" => self.passage.trusts_peer,
            "x-request-id" | "traceparent" | "tracestate" => self.named.is_none(),
            name => self.passage.trusts_peer || !is_of_trusted(name),
        }
    }

    fn add(&self, headers: &mut HeaderMap) {
        if let Some(client) = self.passage.forwarded_for.as_deref().and_then(value) {
            headers.insert(FORWARDED_FOR, client);
        }
        if !headers.contains_key(FORWARDED_PROTO) {
            let proto = if self.passage.is_encrypted { "https" } else { "http" };
            headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
        }
        let Some(named) = self.named else { return };
        if let Some(id) = value(named.id()) {
            headers.insert(REQUEST_ID, id);
        }
        let mut say = |(name, said): (&'static str, String)| {
            let value = if said.is_ascii() { HeaderValue::try_from(said).ok() } else { value(&said) };
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        match self.span {
            Some(span) => span.trace_headers().for_each(&mut say),
            None => named.trace_headers().for_each(&mut say),
        }
    }
}

/// A text as a header's value; as Node reads one, each of its characters is a byte.
fn value(text: &str) -> Option<HeaderValue> {
    if text.is_ascii() {
        return HeaderValue::from_str(text).ok();
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

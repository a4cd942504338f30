//! What a request has to bring that may change something.

use http::{HeaderMap, Method, header};
use subtle::ConstantTimeEq;

use crate::{CSRF_HEADER, operator::Operator, origin::Sender, refusal::Refusal};

/// Whether a request is one.
pub(crate) fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// It brings JSON, which no form of a foreign page can send.
pub(crate) fn check_body(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Refusal::NotJson) }
}

/// It is one that a page of this session wants, or a program.
pub(crate) fn check_intent(headers: &HeaderMap, operator: &Operator, sender: Sender) -> Result<(), Refusal> {
    let Some(csrf) = operator.csrf_token() else { return Ok(()) };
    if sender != Sender::Own {
        return Err(Refusal::ForeignOrigin);
    }
    let said = headers.get(CSRF_HEADER).map_or(&[][..], |said| said.as_bytes());
    if said.ct_eq(csrf.as_bytes()).into() { Ok(()) } else { Err(Refusal::NoCsrf) }
}

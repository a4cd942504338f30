//! Differences that a gateway is meant to make, each with the reason.

use greenroom_conformance::{compare::Difference, differential::Case};

/// Why an answer through the gateway differs from Node's own; `None` if it is not meant to.
pub fn reason(case: &Case, difference: &Difference) -> Option<&'static str> {
    let is = |what: &str| difference.what == what;
    let ours = difference.received.as_deref().unwrap_or_default();
    let path = |bytes: &[u8]| case.path.iter().any(|byte| bytes.contains(byte));
    let refused = is("exchange") || is("status") && ours == "400";
    let _ = (&refused, &path);
    None
}

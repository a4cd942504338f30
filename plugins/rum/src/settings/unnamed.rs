//! The id and the token of a portal that has none of Datadog's: names by which its events are known, and no secrets.
//!
//! They follow from where the portal is, so that every replica knows them, and that they are the same after a restart.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};

use super::{Portal, read::RequestedMode};

/// A UUID of version 8, which is whatever one makes it; only for what stays here.
pub(super) fn application_id(portal: &Portal, requested: RequestedMode) -> Option<String> {
    (requested == RequestedMode::Store).then(|| {
        let mut hex = hash(portal, "application");
        hex.replace_range(12..13, "8");
        hex.replace_range(16..17, "8");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
    })
}

/// A token in the form of Datadog's; only for what stays here.
pub(super) fn client_token(portal: &Portal, requested: RequestedMode) -> Option<String> {
    (requested == RequestedMode::Store).then(|| format!("pub{}", &hash(portal, "token")[..32]))
}

fn hash(portal: &Portal, what: &str) -> String {
    let origin = portal.origins().next().map_or("", |origin| origin.as_str());
    let digest = digest(&SHA256, format!("greenroom rum {what} {origin}").as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

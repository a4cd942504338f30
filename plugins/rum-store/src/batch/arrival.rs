//! What is known of a batch besides its events.

use std::sync::Arc;

use crate::{device::Device, route::Routes};

/// When and from whom a batch has come.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When it came, in milliseconds since 1970.
    pub received_ms: i64,
    /// When it was sent by the browser's clock: `batch_time` of the URL.
    pub sent_ms: Option<i64>,
    /// `ddtags` of the URL, where SDKs before version 6 have them.
    pub tags: Option<String>,
    /// The SDK's version: `dd-evp-origin-version` of the URL.
    pub sdk_version: Option<String>,
    /// The browser.
    pub device: Device,
    /// What pages and requests of the portal are called.
    pub routes: Arc<Routes>,
}

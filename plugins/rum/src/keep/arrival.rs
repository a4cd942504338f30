//! What a request tells of the events in it.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use greenroom_plugin_rum_store::{Arrival, device::Device, route::Routes};
use http::{HeaderMap, header};

use crate::intake::Target;

pub(crate) fn arrival(target: &Target, headers: &HeaderMap, routes: Arc<Routes>) -> Arrival {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Arrival {
        received_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        sent_ms: target.parameter("batch_time").and_then(|time| time.parse().ok()),
        tags: target.parameter("ddtags"),
        sdk_version: target.parameter("dd-evp-origin-version"),
        device: Device::from_headers(
            said(header::USER_AGENT.as_str()).unwrap_or_default(),
            said("sec-ch-ua-platform"),
        ),
        routes,
    }
}

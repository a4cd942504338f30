//! What a request tells of the events in it.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use greenroom_plugin_rum_store::{Arrival, device::Device, route::Routes};
use http::{HeaderMap, header};

use crate::{intake::Target, scrub::of_url};

/// How long what the URL says may be: what is longer no SDK has written.
const LONGEST: usize = 1 << 10;

/// What the URL says is of the browser as events are, and masked as they are.
pub(crate) fn arrival(target: &Target, headers: &HeaderMap, routes: Arc<Routes>) -> Arrival {
    let told = |name: &str| {
        let text = target.parameter(name).filter(|text| text.len() <= LONGEST)?;
        Some(of_url(&text))
    };
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Arrival {
        received_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        sent_ms: target.parameter("batch_time").and_then(|time| time.parse().ok()),
        tags: told("ddtags"),
        sdk_version: told("dd-evp-origin-version"),
        device: Device::from_headers(
            said(header::USER_AGENT.as_str()).unwrap_or_default(),
            said("sec-ch-ua-platform"),
        ),
        routes,
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use serde_json::json;

    use super::*;
    use crate::scrub::{Parameters, scrubbed_line};

    fn of(name: &str, value: &str) -> Arrival {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        let target = Target::of(&format!("/api/v2/rum?{name}={value}")).unwrap();
        arrival(&target, &HeaderMap::new(), Arc::new(Routes::new([])))
    }

    #[test]
    fn rum_88_what_the_url_says_of_events_is_masked_as_they_are() {
        let harmless = "sdk_version:5.35.1,api:fetch,env:local,service:backstage,version:1.14.2";
        assert_eq!(of("ddtags", harmless).tags.as_deref(), Some(harmless));
        assert_eq!(of("dd-evp-origin-version", "7.16.2").sdk_version.as_deref(), Some("7.16.2"));
        for personal in [
            "env:hunter2@example.com,version:1.14.2",
            "env:local,version:hunter2%40example.com",
            "version:https://a?token=hunter2",
        ] {
            let tags = of("ddtags", personal).tags.unwrap();
            let of_event = scrubbed_line(&json!({"ddtags": personal}).to_string(), &Parameters::with([]));
            assert_eq!(json!({"ddtags": tags}).to_string(), of_event);
            assert!(!of_event.contains("hunter2"), "{of_event}");
        }
        let masked = of("ddtags", "env:hunter2@example.com,version:1.14.2").tags;
        assert_eq!(masked.as_deref(), Some("env:***,version:1.14.2"));
        assert_eq!(of("dd-evp-origin-version", "hunter2@example.com").sdk_version.as_deref(), Some("***"));
    }

    #[test]
    fn what_is_longer_than_an_sdk_writes_it_is_not_told() {
        let tags = |length: usize| of("ddtags", &"a".repeat(length)).tags.map(|tags| tags.len());
        assert_eq!([tags(LONGEST), tags(LONGEST + 1)], [Some(LONGEST), None]);
    }
}

//! What a request to the intake is for: the way to Datadog that stands in its URL.
//!
//! Only a path of a closed set leaves, and never a host: what a browser asks for decides on neither.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::scrub::of_url;

/// What an SDK sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    Rum,
    Replay,
    Profile,
    Logs,
}

impl Track {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "rum" => Self::Rum,
            "replay" => Self::Replay,
            "profile" => Self::Profile,
            "logs" => Self::Logs,
            _ => return None,
        })
    }

    /// How many bytes a body may have.
    pub(crate) fn most(self) -> usize {
        match self {
            Self::Rum | Self::Logs => 1 << 20,
            Self::Replay | Self::Profile => 10 << 20,
        }
    }
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) track: Track,
    /// `/api/v2/<track>?<parameters>`, as it came.
    pub(crate) path_and_query: String,
}

/// The URL names no way to Datadog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoTarget;

const PREFIX: &str = "/api/v2/";
const LONGEST: usize = 4096;
/// The parameters that say something of the events.
const OF_EVENTS: [&str; 2] = ["ddtags", "dd-evp-origin-version"];

impl Target {
    /// Of a proxy that is a text: all is in the parameter `ddforward`.
    pub(crate) fn of_query(query: &str) -> Result<Self, NoTarget> {
        let forward = only_parameter(query, "ddforward").ok_or(NoTarget)?;
        Self::of(&forward)
    }

    /// Of a proxy that is a function: the URL goes on behind the intake's path.
    pub(crate) fn of(path_and_query: &str) -> Result<Self, NoTarget> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}#".contains(&byte);
        if path_and_query.len() > LONGEST || !path_and_query.bytes().all(is_plain) {
            return Err(NoTarget);
        }
        let (path, _) = path_and_query.split_once('?').ok_or(NoTarget)?;
        let track = path.strip_prefix(PREFIX).and_then(Track::named).ok_or(NoTarget)?;
        Ok(Self { track, path_and_query: path_and_query.to_owned() })
    }

    /// As it leaves: what it says of events is masked as they are, and all else is byte by byte as it came.
    pub(super) fn outward(&self) -> Cow<'_, str> {
        let is_of_events = |name: &str| {
            let name = percent_decode_str(name).decode_utf8_lossy();
            OF_EVENTS.contains(&&*name)
        };
        let Some((path, query)) = self.path_and_query.split_once('?') else {
            return Cow::Borrowed(&self.path_and_query);
        };
        let told = |pair: &str| {
            let (name, value) = pair.split_once('=').filter(|(name, _)| is_of_events(name))?;
            let text = percent_decode_str(value).decode_utf8_lossy();
            let masked = of_url(&text);
            (masked != text).then(|| format!("{name}={}", utf8_percent_encode(&masked, NON_ALPHANUMERIC)))
        };
        let pairs: Vec<_> = query.split('&').map(|pair| (pair, told(pair))).collect();
        if pairs.iter().all(|(_, told)| told.is_none()) {
            return Cow::Borrowed(&self.path_and_query);
        }
        let pairs: Vec<_> = pairs.iter().map(|(pair, told)| told.as_deref().unwrap_or(pair)).collect();
        Cow::Owned(format!("{path}?{}", pairs.join("&")))
    }

    /// The only value of a parameter; `None` also if there are several.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        only_parameter(self.query(), name)
    }

    /// Whether the body is a zlib stream. `Content-Encoding` does not tell it.
    pub(crate) fn is_deflated(&self) -> bool {
        self.track == Track::Rum && self.parameter("dd-evp-encoding").as_deref() == Some("deflate")
    }

    fn query(&self) -> &str {
        self.path_and_query.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Whether a GET asks if profiles may be sent.
pub(crate) fn asks_for_quota(query: &str) -> bool {
    only_parameter(query, "ddforward")
        .is_some_and(|to| to.split('?').next() == Some("/api/v2/profiling/quota"))
        && only_parameter(query, "ddforwardSubdomain").as_deref() == Some("quota")
}

/// As it is meant, with its percent-encoding undone once.
fn only_parameter(query: &str, name: &str) -> Option<String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
    let mut found = None;
    for pair in query.split('&') {
        let (known, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decoded(known).as_deref() == Some(name) {
            match found {
                None => found = Some(decoded(value)?),
                Some(_) => return None,
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(forward: &str) -> Result<Target, NoTarget> {
        Target::of_query(&format!("ddforward={}", utf8_percent_encode(forward, NON_ALPHANUMERIC)))
    }

    #[test]
    fn rum_14_a_track_of_the_closed_set_is_a_target() {
        for (name, track) in [
            ("rum", Track::Rum),
            ("replay", Track::Replay),
            ("profile", Track::Profile),
            ("logs", Track::Logs),
        ] {
            let path = format!("/api/v2/{name}?ddsource=browser&dd-api-key=pub%31&x=%26");
            let target = of(&path).unwrap();
            assert_eq!((target.track, &target.path_and_query), (track, &path));
            assert_eq!(target.parameter("dd-api-key").as_deref(), Some("pub1"));
            assert_eq!(Target::of(&path), Ok(target));
        }
    }

    #[test]
    fn rum_14_nothing_else_is_a_target() {
        for forward in [
            "",
            "https://evil.test/api/v2/rum?x",
            "//evil.test/api/v2/rum?x",
            "/\\evil.test/api/v2/rum?x",
            "/api/v2/../v1/rum?x",
            "/api/v2/rum/../logs?x",
            "/api/v2/rum@evil.test?x",
            "/api/v2/rum%2f..?x",
            "/api/v2/rum",
            "/api/v2/rum?x\r\ny: z",
            "/api/v2/rum?x y",
            "/api/v2/rum?x#y",
            "/api/v2/rum?\u{e9}",
            "/api/v2/debugger?x",
            "/API/v2/rum?x",
            "api/v2/rum?x",
        ] {
            assert_eq!(of(forward), Err(NoTarget), "{forward}");
        }
        for query in [
            "",
            "x=1",
            "ddforward",
            "ddforward=%2Fapi%2Fv2%2Frum%3Fx&dd%66orward=%2Fapi%2Fv2%2Frum%3Fx",
            "ddforward=%ff",
        ] {
            assert_eq!(Target::of_query(query), Err(NoTarget), "{query}");
        }
        assert_eq!(Target::of(&format!("/api/v2/rum?{}", "x".repeat(LONGEST))), Err(NoTarget));
    }

    #[test]
    fn a_parameter_that_is_there_twice_has_no_value() {
        let target = of("/api/v2/rum?dd-api-key=a&dd-api-key=b&dd-evp-encoding=deflate").unwrap();
        assert_eq!(target.parameter("dd-api-key"), None);
        assert!(target.is_deflated());
        assert!(!of("/api/v2/replay?dd-evp-encoding=deflate").unwrap().is_deflated());
    }

    #[test]
    fn the_question_for_the_quota_is_known() {
        let quota = "ddforward=%2Fapi%2Fv2%2Fprofiling%2Fquota%3Fsession_id%3Dx&ddforwardSubdomain=quota";
        assert!(asks_for_quota(quota));
        assert!(!asks_for_quota(&quota.replace("=quota", "=sdk-configuration")));
        assert!(!asks_for_quota("ddforward=%2Fapi%2Fv2%2Frum%3Fx&ddforwardSubdomain=quota"));
    }

    proptest! {
        #[test]
        fn rum_14_no_forward_leaves_the_closed_set(forward in "(https?:)?[/\\\\]{0,2}(api/v2/(rum|logs)?)?[a-z/\\\\@.?#%:\r\n ]{0,12}") {
            if let Ok(target) = of(&forward) {
                let url = format!("https://intake.example{}", target.path_and_query);
                let uri: http::Uri = url.parse().unwrap();
                prop_assert_eq!(uri.host(), Some("intake.example"));
                prop_assert!(["/api/v2/rum", "/api/v2/logs"].contains(&uri.path()), "{}", uri);
            }
        }
    }

    #[test]
    fn rum_13_what_the_url_says_of_events_leaves_masked_and_all_else_as_it_came() {
        let target =
            Target::of("/api/v2/rum?ddsource=browser&ddtags=env%3Ajane%40example.com%2Cversion%3A1&x=%2f")
                .unwrap();
        assert_eq!(
            target.outward(),
            "/api/v2/rum?ddsource=browser&ddtags=env%3A%2A%2A%2A%2Cversion%3A1&x=%2f"
        );
        let harmless =
            "/api/v2/rum?ddtags=env:prod,version:1.2%2e3&dd-api-key=pub00000000000000000000000000000000";
        assert_eq!(Target::of(harmless).unwrap().outward(), harmless);
    }
}

//! What `backend.csp` and `backend.cors` say about what RUM needs of them.

use greenroom::config::RootConfig;
use http::Uri;
use serde_json::Value;

use crate::csp::{self, Csp};

/// Headers that the SDK adds to a call which it traces.
pub(crate) const TRACE_HEADERS: [&str; 7] = [
    "traceparent",
    "tracestate",
    "baggage",
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-origin",
    "x-datadog-sampling-priority",
];

/// What the operator has set of the page's `Content-Security-Policy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy(Csp);

impl Policy {
    /// One that cannot be read is told by whom it is of.
    pub(crate) fn of(config: &RootConfig) -> Self {
        match config.optional_get("backend.csp") {
            Ok(Some(Value::Object(directives))) => Self(Csp::of_config(&directives)),
            _ => Self::default(),
        }
    }

    pub(crate) fn sets_worker(&self) -> bool {
        self.0.has("worker-src")
    }

    /// Hosts and schemes that workers may come from as long as nothing is said of workers by name. To browsers `child-src` and
    /// `script-src` stand in for `worker-src`, in front of `default-src`.
    pub(crate) fn stands_in_for_workers(&self) -> impl Iterator<Item = &str> {
        let sources = self.0.sources("worker-src").unwrap_or_default();
        sources.iter().map(String::as_str).filter(|source| !source.starts_with('\''))
    }

    /// Whether the page may send to this host; `None` if the operator has not said it, and then it may not.
    pub(crate) fn lets_connect_to(&self, host: &str) -> Option<bool> {
        let url: Uri = format!("https://{host}/api/v2/rum").parse().ok()?;
        Some(self.0.sources("connect-src")?.iter().any(|source| csp::matches(source, &url, None)))
    }
}

/// Whether calls from a page of another origin may carry the headers of a trace. A browser asks for that first, and where it is
/// refused the call fails.
pub(crate) fn lets_traces_through(config: &RootConfig) -> bool {
    let Ok(Some(Value::Object(cors))) = config.optional_get("backend.cors") else { return false };
    let allowed: Vec<String> = match cors.get("allowedHeaders") {
        // Whatever a browser asks for is allowed.
        None | Some(Value::Null | Value::Bool(false)) => return true,
        Some(Value::String(text)) => text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect(),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(|name| name.trim().to_ascii_lowercase()).collect()
        }
        Some(_) => return false,
    };
    TRACE_HEADERS.iter().all(|name| allowed.iter().any(|allowed| allowed == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(yaml: &str) -> RootConfig {
        RootConfig::from_yaml(yaml).unwrap()
    }

    #[test]
    fn what_the_page_may_connect_to_is_what_the_operator_has_set() {
        let lets = |csp: &str| {
            let policy = Policy::of(&config(&format!("backend: {{csp: {csp}}}")));
            policy.lets_connect_to("browser-intake-datadoghq.eu")
        };
        assert_eq!(lets("{}"), None);
        assert_eq!(lets("{connect-src: [\"'self'\", 'http:', 'https:']}"), Some(true));
        assert_eq!(lets("{connectSrc: ['https://*.datadoghq.eu']}"), Some(false));
        assert_eq!(lets("{connect-src: ['https://browser-intake-datadoghq.eu']}"), Some(true));
        assert_eq!(lets("{connect-src: [\"'self'\"]}"), Some(false));
        assert_eq!(lets("{connect-src: false, default-src: ['*']}"), Some(true));
        assert_eq!(Policy::of(&config("")).lets_connect_to("x"), None);
        let sets_worker = |csp: &str| Policy::of(&config(&format!("backend: {{csp: {csp}}}"))).sets_worker();
        assert!(
            sets_worker("{workerSrc: [\"'none'\"]}")
                && !sets_worker("{worker-src: false}")
                && !sets_worker("{}")
        );
    }

    #[test]
    fn rum_24_traces_cross_origins_only_where_cors_lets_all_their_headers_through() {
        let lets = |cors: &str| lets_traces_through(&config(&format!("backend: {{cors: {cors}}}")));
        assert!(lets("{origin: 'https://p.example'}"));
        assert!(lets(&format!("{{allowedHeaders: [Content-Type, {}]}}", TRACE_HEADERS.join(", "))));
        assert!(lets(&format!("{{allowedHeaders: '{}'}}", TRACE_HEADERS.join(",").to_uppercase())));
        assert!(!lets("{allowedHeaders: [content-type, traceparent]}"));
        assert!(!lets_traces_through(&config("")));
    }
}

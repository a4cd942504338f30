//! The headers that Backstage sets by helmet on every response of the router.

use axum::response::Response;
use greenroom_config::{ConfigError, RootConfig, all, each};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value;

use super::cors::strings;
use crate::{exchange::Exchange, pipeline::Step};

/// Helmet's directives with Backstage's changes, in the order in which they are sent.
const DIRECTIVES: [(&str, &[&str]); 10] = [
    ("default-src", &["'self'"]),
    ("base-uri", &["'self'"]),
    ("font-src", &["'self'", "https:", "data:"]),
    ("frame-ancestors", &["'self'"]),
    ("img-src", &["'self'", "data:"]),
    ("object-src", &["'none'"]),
    ("script-src", &["'self'", "'unsafe-eval'"]),
    ("script-src-attr", &["'none'"]),
    ("style-src", &["'self'", "https:", "'unsafe-inline'"]),
    ("upgrade-insecure-requests", &[]),
];

const REFERRER_POLICIES: [&str; 9] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
    "",
];

const FIXED: [(HeaderName, HeaderValue); 7] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=15552000; includeSubDomains")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
];

/// `backend.csp` and `backend.referrer`, and what helmet sets besides.
#[derive(Clone, Debug)]
pub struct SecurityHeaders(HeaderMap);

impl SecurityHeaders {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let (csp, referrer) = all((content_security_policy(config), referrer_policy(config)))?;
        let configured = [(header::CONTENT_SECURITY_POLICY, csp), (header::REFERRER_POLICY, referrer)];
        // With a table that is large enough for a response's own, too.
        let mut headers = HeaderMap::with_capacity(24);
        headers.extend(configured.into_iter().chain(FIXED));
        Ok(Self(headers))
    }

    /// What `Content-Security-Policy` says on every answer that does not say it itself.
    pub fn content_security_policy(&self) -> Option<&HeaderValue> {
        self.0.get(header::CONTENT_SECURITY_POLICY)
    }

    /// These, and the route's own after them or in their place.
    fn with(&self, own: HeaderMap) -> HeaderMap {
        let mut headers = self.0.clone();
        headers.extend(own);
        headers
    }
}

impl Step for SecurityHeaders {
    fn on_response(&self, _: &mut Exchange, response: &mut Response) {
        let own = std::mem::take(response.headers_mut());
        *response.headers_mut() = self.with(own);
    }
}

const CSP: &str = "backend.csp";

fn content_security_policy(config: &RootConfig) -> Result<HeaderValue, ConfigError> {
    let owned = |(name, values): (&str, &[&str])| (name.to_owned(), values.join(" "));
    let mut directives: Vec<(String, String)> = DIRECTIVES.map(owned).to_vec();
    config.optional_config(CSP)?;
    let configured = match config.optional_get(CSP)? {
        Some(Value::Object(configured)) => configured,
        _ => serde_json::Map::new(),
    };
    for (name, sources) in each(configured.iter().map(|(key, value)| directive(config, key, value)))? {
        let Some(sources) = sources else {
            directives.retain(|(known, _)| *known != name);
            continue;
        };
        match directives.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = sources,
            None => directives.push((name, sources)),
        }
    }
    if !directives.iter().any(|(name, _)| name == "default-src") {
        let text = "Content-Security-Policy needs a default-src but none was provided";
        return Err(ConfigError::invalid(config, CSP, text));
    }
    let texts = directives.iter().map(|(name, sources)| format!("{name} {sources}").trim_end().to_owned());
    let text = texts.collect::<Vec<_>>().join(";");
    HeaderValue::try_from(text)
        .map_err(|_| ConfigError::invalid(config, CSP, "Invalid Content-Security-Policy"))
}

/// A directive's name and its sources, without sources if it is left out.
fn directive(config: &RootConfig, key: &str, value: &Value) -> Result<(String, Option<String>), ConfigError> {
    let path = format!("{CSP}.{key}");
    let name = kebab_case(key);
    if name.is_empty() {
        let text = format!("Content-Security-Policy received an invalid directive name {key:?}");
        return Err(ConfigError::invalid(config, &path, text));
    }
    if *value == Value::Bool(false) {
        return Ok((name, None));
    }
    let sources = config.string_array(&path)?;
    let is_wrong = |source: &String| source.contains([';', ',']) || HeaderValue::from_str(source).is_err();
    if let Some(index) = sources.iter().position(is_wrong) {
        let text = format!("Content-Security-Policy received an invalid directive value for {name:?}");
        return Err(ConfigError::invalid_element(config, &path, index, text));
    }
    Ok((name, Some(sources.join(" "))))
}

/// `imgSrc`, `img-src` and `img_src` are `img-src`.
fn kebab_case(key: &str) -> String {
    let mut name = String::new();
    let mut before = ' ';
    for c in key.chars() {
        if !c.is_ascii_alphanumeric() {
            before = ' ';
            continue;
        }
        let begins = before == ' ' || (c.is_ascii_uppercase() && !before.is_ascii_uppercase());
        if begins && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
        before = c;
    }
    name
}

const REFERRER: &str = "backend.referrer.policy";

fn referrer_policy(config: &RootConfig) -> Result<HeaderValue, ConfigError> {
    let tokens = strings(config, REFERRER)?.unwrap_or_else(|| vec!["no-referrer".to_owned()]);
    let invalid = |text: String| {
        Err(ConfigError::invalid(config, REFERRER, format!("Referrer-Policy received {text}")))
    };
    if tokens.is_empty() {
        return invalid("no policy tokens".to_owned());
    }
    for (at, token) in tokens.iter().enumerate() {
        if !REFERRER_POLICIES.contains(&token.as_str()) {
            return invalid(format!("an unexpected policy token {token:?}"));
        }
        if tokens[..at].contains(token) {
            return invalid(format!("a duplicate policy token {token:?}"));
        }
    }
    HeaderValue::try_from(tokens.join(","))
        .map_err(|_| ConfigError::invalid(config, REFERRER, "Invalid Referrer-Policy"))
}

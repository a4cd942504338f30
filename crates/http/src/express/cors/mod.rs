//! Cross-origin requests, as the `cors` package answers them for Backstage's `backend.cors`.

mod glob;

use axum::{extract::Request, response::Response};
use greenroom_config::{ConfigError, RootConfig, all};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use self::glob::Glob;
use super::{
    headers::{add_vary, joined},
    send::empty,
};
use crate::{
    exchange::Exchange,
    pipeline::{OnRequest, Step},
};

const KEY: &str = "backend.cors";

/// `backend.cors`: which origins may read answers, and what a preflight allows.
#[derive(Clone, Debug)]
pub struct Cors {
    /// `None`: every origin, without looking at it.
    origins: Option<Vec<Glob>>,
    methods: Option<HeaderValue>,
    /// The outer `None`: whatever the preflight asks for.
    allowed_headers: Option<Option<HeaderValue>>,
    exposed_headers: Option<HeaderValue>,
    credentials: bool,
    max_age: Option<HeaderValue>,
    preflight_continue: bool,
    preflight_status: StatusCode,
    /// What is probably not meant so, each a sentence.
    pub(crate) warnings: Vec<String>,
}

impl Cors {
    /// `None` without `backend.cors`: no origin but the backend's own reads anything.
    pub(crate) fn from_config(config: &RootConfig) -> Result<Option<Self>, ConfigError> {
        if config.optional_config(KEY)?.is_none() {
            return Ok(None);
        }
        let key = |name: &str| format!("{KEY}.{name}");
        let list = |name: &str| strings(config, &key(name));
        let joined = |name: &str| -> Result<Option<Option<HeaderValue>>, ConfigError> {
            let Some(values) = list(name)? else { return Ok(None) };
            let value = HeaderValue::try_from(values.join(","));
            let value =
                value.map_err(|_| ConfigError::invalid(config, &key(name), format!("Invalid {name}")))?;
            Ok(Some(Some(value).filter(|value| !value.is_empty())))
        };
        let globs = |patterns: Vec<String>| {
            let globs = patterns.iter().enumerate().map(|(index, pattern)| {
                let refused = |text| ConfigError::invalid_element(config, &key("origin"), index, text);
                Glob::parse(pattern).map_err(refused)
            });
            globs.collect::<Result<Vec<_>, _>>()
        };
        let flag = |name: &str| Ok(config.optional_boolean(&key(name))?.unwrap_or(false));
        let status = || {
            let status = config.optional_number(&key("optionsSuccessStatus"))?.unwrap_or(204.0);
            let valid = StatusCode::from_u16(status as u16).ok();
            let valid =
                valid.filter(|valid| f64::from(valid.as_u16()) == status && !valid.is_informational());
            valid.ok_or_else(|| {
                let text = format!("Invalid status {status}, expected 200 to 999");
                ConfigError::invalid(config, &key("optionsSuccessStatus"), text)
            })
        };
        let default = || Some(HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE"));
        let headers = all((joined("methods"), joined("allowedHeaders"), joined("exposedHeaders")));
        let (origins, headers, credentials, max_age, preflight_continue, preflight_status) = all((
            list("origin").and_then(|origins| origins.map(globs).transpose()),
            headers,
            flag("credentials"),
            config.optional_number(&key("maxAge")),
            flag("preflightContinue"),
            status(),
        ))?;
        let (methods, allowed_headers, exposed_headers) = headers;
        Ok(Some(Self {
            origins,
            methods: methods.unwrap_or_else(default),
            allowed_headers,
            exposed_headers: exposed_headers.flatten(),
            credentials,
            max_age: max_age.and_then(|seconds| HeaderValue::try_from(seconds.to_string()).ok()),
            preflight_continue,
            preflight_status,
            warnings: warnings(config),
        }))
    }

    /// What is added to the answer of a request; `None` if its origin is not one of ours.
    fn grant(&self, method: &Method, request: &HeaderMap) -> Option<Grant> {
        let mut headers = vec![];
        let mut vary = vec![];
        match &self.origins {
            None => headers.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))),
            Some(globs) => {
                let origin = joined(request, &header::ORIGIN);
                let text = origin.as_ref().map(HeaderValue::to_str).transpose().ok()?.unwrap_or_default();
                if !globs.iter().any(|glob| glob.matches(text)) {
                    return None;
                }
                headers.extend(
                    origin.filter(|o| !o.is_empty()).map(|o| (header::ACCESS_CONTROL_ALLOW_ORIGIN, o)),
                );
                vary.push("Origin");
            }
        }
        if self.credentials {
            headers.push((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
        }
        let asks = *method == Method::OPTIONS;
        if asks {
            headers.extend(self.methods.clone().map(|value| (header::ACCESS_CONTROL_ALLOW_METHODS, value)));
            let allowed = self.allowed_headers.clone().unwrap_or_else(|| {
                vary.push("Access-Control-Request-Headers");
                joined(request, &header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|value| !value.is_empty())
            });
            headers.extend(allowed.map(|value| (header::ACCESS_CONTROL_ALLOW_HEADERS, value)));
            headers.extend(self.max_age.clone().map(|value| (header::ACCESS_CONTROL_MAX_AGE, value)));
        }
        headers
            .extend(self.exposed_headers.clone().map(|value| (header::ACCESS_CONTROL_EXPOSE_HEADERS, value)));
        let preflight = (asks && !self.preflight_continue).then_some(self.preflight_status);
        Some(Grant { headers, vary, preflight })
    }
}

/// Origins that no browser sends: they match nothing, in Backstage neither.
fn warnings(config: &RootConfig) -> Vec<String> {
    let key = format!("{KEY}.origin");
    let origins = strings(config, &key).ok().flatten().unwrap_or_default();
    let told = origins.iter().enumerate().filter_map(|(index, origin)| {
        // One may stand there without a list.
        let one = format!("{key}[{index}]");
        let (key, place) = match config.place(&one) {
            Some(place) => (&one, Some(place)),
            None => (&key, config.place(&key)),
        };
        let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
        if Glob::parse(origin).is_ok_and(|glob| glob.is_stars()) {
            let text =
                "matches no origin, as in Backstage; leave origin out to allow all, or write 'https://*'";
            return Some(format!("{key}: '{origin}' {text}{place}"));
        }
        let meant = origin.strip_suffix('/')?.trim_end_matches('/');
        let text = "ends with a slash, which no browser sends: it never matches";
        Some(config.concealed(key, format!("{key} {text}; write '{meant}'")) + &place)
    });
    told.collect()
}

impl Step for Cors {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, request: &'a mut Request) -> OnRequest<'a> {
        exchange.grant = self.grant(request.method(), request.headers());
        let Some(status) = exchange.grant.as_ref().and_then(|grant| grant.preflight) else {
            return OnRequest::On;
        };
        // The whole answer: no route sees the request, and no line tells of it.
        let mut response = empty(status);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        OnRequest::Answer(response)
    }

    fn on_response(&self, exchange: &mut Exchange, response: &mut Response) {
        if let Some(grant) = exchange.grant.take() {
            grant.apply(response.headers_mut());
        }
    }
}

/// What one request is granted.
pub(crate) struct Grant {
    headers: Vec<(HeaderName, HeaderValue)>,
    vary: Vec<&'static str>,
    /// This status is the whole answer.
    preflight: Option<StatusCode>,
}

impl Grant {
    /// Adds what the route did not set itself.
    fn apply(self, headers: &mut HeaderMap) {
        for (name, value) in self.headers {
            headers.entry(name).or_insert(value);
        }
        for name in self.vary {
            add_vary(headers, name);
        }
    }
}

/// A list, or one text instead of it.
pub(crate) fn strings(config: &RootConfig, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
    match config.optional_get(key)? {
        Some(Value::String(one)) => Ok(Some(vec![one])),
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(_) => config.optional_string_array(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_never_matches_is_told_with_its_place() {
        let told = |yaml: &str| {
            let config = RootConfig::from_yaml(&format!("backend: {{cors: {{origin: {yaml}}}}}")).unwrap();
            Cors::from_config(&config).unwrap().unwrap().warnings
        };
        assert_eq!(
            told("'https://a.example/'"),
            ["backend.cors.origin ends with a slash, which no browser sends: it never matches; write \
              'https://a.example' (mock-config:1:26)"]
        );
        let listed = told("['https://a.example', 'https://b.example/', '*']");
        assert!(listed[0].starts_with("backend.cors.origin[1] ends with a slash"), "{listed:?}");
        assert!(listed[1].starts_with("backend.cors.origin[2]: '*' matches no origin"), "{listed:?}");
        assert_eq!(told("'https://a.example'"), [""; 0]);
    }
}

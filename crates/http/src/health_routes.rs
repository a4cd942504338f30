//! `/.backstage/health/v1/{readiness,liveness}`, matched as Express matches.

use std::sync::{Arc, LazyLock};

use axum::response::Response;
use bytes::Bytes;
use greenroom_health::{HealthRegistry, HealthResponse, Outcome, Probe, RootHealth};
use greenroom_js as js;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;

use crate::{
    express::{
        etag, matching,
        send::{empty, json, json_response, options},
    },
    pipeline::JWKS,
    settings::HttpSettings,
};

const READINESS: &str = "/.backstage/health/v1/readiness";
const LIVENESS: &str = "/.backstage/health/v1/liveness";

const STATUS_CHECK: &str = "/healthcheck";

/// Which of the two is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Readiness,
    Liveness,
}

/// The probe that a path is of, if it is.
pub(crate) fn probe(path: &str) -> Option<Kind> {
    // Nearly no path is.
    if !path.starts_with("/.") {
        return None;
    }
    let routes = [(READINESS, Kind::Readiness), (LIVENESS, Kind::Liveness)];
    routes.into_iter().find(|(route, _)| matching::is(route, path)).map(|(_, kind)| kind)
}

/// Whether that is a health check: what else comes for the path of one is a request like any other.
pub(crate) fn is_probe(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && probe(path).is_some()
}

/// Whether that is answered however much else there is to do: a health check, the old backend's status check, and the public keys of a
/// plugin, without which others refuse its requests.
pub(crate) fn is_vital(method: &Method, path: &str) -> bool {
    let is_keys = |path| {
        let below = matching::below("/api", path)?.strip_prefix('/')?;
        Some(matching::is(JWKS, below.get(below.find('/')?..)?))
    };
    matches!(*method, Method::GET | Method::HEAD)
        && (probe(path).is_some() || matching::is(STATUS_CHECK, path) || is_keys(path) == Some(true))
}

/// The template of a probe's route, in whatever case it was asked for.
pub(crate) fn route(path: &str) -> Arc<str> {
    static ROUTES: LazyLock<[Arc<str>; 2]> = LazyLock::new(|| [READINESS.into(), LIVENESS.into()]);
    let [readiness, liveness] = &*ROUTES;
    if path == READINESS || probe(path) == Some(Kind::Readiness) {
        readiness.clone()
    } else {
        liveness.clone()
    }
}

/// Answers probes.
pub(crate) struct HealthRoutes {
    health: RootHealth,
    registry: HealthRegistry,
    settings: HttpSettings,
    /// The answer that nearly every probe gets: its body as it is sent, and the tag of that.
    ok: (Bytes, HeaderValue),
}

impl HealthRoutes {
    pub(crate) fn new(health: RootHealth, registry: HealthRegistry, settings: HttpSettings) -> Self {
        let body =
            js::stringify(&HealthResponse::ok().payload.as_deref(), settings.development).unwrap_or_default();
        let tag = etag::weak(body.as_bytes());
        Self { health, registry, settings, ok: (body.into(), tag) }
    }

    /// Whether readiness fails here, by a check of this backend's own.
    pub(crate) fn fails(&self) -> bool {
        self.registry.failing_now(&[]).is_some()
    }

    /// The answer, if the request is a probe.
    pub(crate) async fn answer(&self, method: &Method, uri: &Uri) -> Option<Response> {
        let kind = probe(uri.path())?;
        match *method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Some(options("GET,HEAD")),
            _ => return None,
        }
        let asked = Query::parse(uri.query().unwrap_or_default());
        let answer = match kind {
            Kind::Readiness => self.health.readiness(&asked.probe).await,
            Kind::Liveness => self.health.liveness().await,
        };
        let mut response = match asked.verbose {
            true => self.verbose(&answer, kind, &asked.probe),
            false => self.plain(answer),
        };
        for (name, value) in &self.settings.health_headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        Some(response)
    }

    fn plain(&self, answer: HealthResponse) -> Response {
        if answer.is_ok() {
            let (body, tag) = self.ok.clone();
            let mut response = json_response(body);
            response.headers_mut().insert(header::ETAG, tag);
            return response;
        }
        let status = status(&answer);
        match answer.payload {
            Some(payload) => json(status, &payload, self.settings.development),
            None => empty(status),
        }
    }

    /// A line for each check, as Kubernetes' own endpoints print them; reasons are in the log.
    fn verbose(&self, answer: &HealthResponse, kind: Kind, probe: &Probe) -> Response {
        let mut text = String::new();
        for check in self.registry.states().iter().filter(|_| kind == Kind::Readiness) {
            let name = &check.name;
            text.push_str(&match (&check.last, probe.exclude.contains(name)) {
                (_, true) => format!("[+]{name} excluded: ok\n"),
                (None, _) => format!("[?]{name} has not run yet\n"),
                (Some(last), _) => match last.check.outcome {
                    Outcome::Pass => format!("[+]{name} ok\n"),
                    Outcome::Warn => format!("[+]{name} warns: reason withheld\n"),
                    Outcome::Fail => format!("[-]{name} failed: reason withheld\n"),
                },
            });
        }
        // A misspelt name excludes nothing; told in the words of Kubernetes' own endpoints.
        let known = self.registry.states();
        for name in probe.exclude.iter().filter(|name| !known.iter().any(|check| check.name == **name)) {
            text.push_str(&format!("warn: some health checks cannot be excluded: no matches for {name:?}\n"));
        }
        let probe = match kind {
            Kind::Readiness => "readiness",
            Kind::Liveness => "liveness",
        };
        text.push_str(&if status(answer).is_success() {
            format!("{probe} check passed\n")
        } else {
            format!("{probe} check failed: {}\n", answer.message().unwrap_or("unknown"))
        });
        let mut response = Response::new(text.into());
        *response.status_mut() = status(answer);
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

fn status(answer: &HealthResponse) -> StatusCode {
    StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// `?verbose` and `?exclude=a.b`, the latter repeated at will.
#[derive(Default)]
struct Query {
    verbose: bool,
    probe: Probe,
}

impl Query {
    fn parse(query: &str) -> Self {
        let mut asked = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "verbose" => asked.verbose = !matches!(value, "0" | "false"),
                "exclude" => {
                    asked.probe.exclude.push(percent_decode_str(value).decode_utf8_lossy().into_owned())
                }
                _ => {}
            }
        }
        asked
    }
}

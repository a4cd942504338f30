//! What the variables say, and what is wrong with them.

use std::{collections::BTreeMap, time::Duration};

use greenroom_metrics::TemporalityPreference;
use greenroom_traces::Sampler;

use super::{
    Configured, Protocol, Signal, Target, pairs,
    target::{self, Of},
};
use crate::{environment::OtelEnvironment, send::path_hint};

/// Where a collector listens that is asked for by `OTEL_TRACES_EXPORTER=otlp` alone, as OpenTelemetry has it.
const LOCAL: &str = "http://localhost:4318";
const TIMEOUT: Duration = Duration::from_secs(10);

/// Reads variables, and remembers what is wrong.
pub(super) struct Variables<'e> {
    environment: &'e OtelEnvironment,
    warnings: Vec<String>,
    /// Somebody has said where to send, and it cannot be.
    pub(super) is_refused: bool,
}

impl<'e> Variables<'e> {
    pub(super) fn new(environment: &'e OtelEnvironment) -> Self {
        Self { environment, warnings: vec![], is_refused: false }
    }

    fn text(&self, name: &str) -> Option<&'e str> {
        self.environment.text(name)
    }

    fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// `true`, in any case; all else is no.
    pub(super) fn switch(&mut self, name: &str) -> bool {
        match self.text(name) {
            None => false,
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(text) if text.eq_ignore_ascii_case("false") => false,
            Some(_) => {
                self.warn(format!("{name} is neither true nor false: it counts as false"));
                false
            }
        }
    }

    pub(super) fn millis(&mut self, name: &str, default: Duration) -> Duration {
        match self.text(name).map(|text| text.parse::<u32>().ok().filter(|millis| *millis > 0)) {
            None => default,
            Some(Some(millis)) => Duration::from_millis(millis.into()),
            Some(None) => {
                let default = default.as_millis();
                self.warn(format!("{name} is no number of milliseconds: {default} are taken"));
                Duration::from_millis(u64::try_from(default).unwrap_or(u64::MAX))
            }
        }
    }

    pub(super) fn count(&mut self, name: &str, default: usize, most: usize) -> usize {
        match self.text(name).map(|text| text.parse::<usize>().ok().filter(|count| *count > 0)) {
            None => default,
            Some(Some(count)) if count <= most => count,
            Some(Some(_)) => {
                self.warn(format!("{name} is above {most}, which is taken instead"));
                most
            }
            Some(None) => {
                self.warn(format!("{name} is no whole number above 0: {default} is taken"));
                default
            }
        }
    }

    /// The variable of a signal, or else that of all of them.
    fn of(&self, signal: Signal, what: &str) -> Option<(String, &'e str)> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.in_variables());
        let all = format!("OTEL_EXPORTER_OTLP_{what}");
        [own, all].into_iter().find_map(|name| self.text(&name).map(|text| (name, text)))
    }

    /// Where a signal goes, if it goes anywhere.
    pub(super) fn target(&mut self, signal: Signal, configured: &Configured) -> Option<Target> {
        let is_asked_for = self.is_exported(signal)?;
        let (name, endpoint, of) = {
            let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.in_variables());
            let all = "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned();
            let of_config = (super::ENDPOINT.to_owned(), configured.endpoint.as_deref());
            let local = (String::new(), is_asked_for.then_some(LOCAL));
            let (own_text, all_text) = (self.text(&own), self.text(&all));
            let found = [(own, own_text), (all, all_text), of_config, local];
            let of = if own_text.is_some() { Of::Signal } else { Of::All };
            found.into_iter().find_map(|(name, text)| Some((name, text?, of)))?
        };
        let url = match target::url(endpoint, of, signal) {
            Ok(url) => url,
            Err(why) => {
                self.is_refused = true;
                self.warn(format!("{name} {why}: no {} are sent", signal.as_str()));
                return None;
            }
        };
        if let Some(hint) = path_hint(signal, url.path()) {
            self.warn(format!("{} will hardly arrive: {hint}", signal.as_str()));
        }
        let protocol = self.protocol(signal)?;
        let headers = self.headers(signal).unwrap_or_else(|| configured.headers.clone());
        let is_packed = self.is_packed(signal).or(configured.is_packed).unwrap_or(false);
        let default = configured.timeout.unwrap_or(TIMEOUT);
        let timeout = match self.of(signal, "TIMEOUT") {
            Some((name, _)) => self.millis(&name, default),
            None => default,
        };
        Some(Target { url, headers, timeout, is_packed, protocol })
    }

    /// `None`: it is not; `Some(true)`: somebody has said so.
    fn is_exported(&mut self, signal: Signal) -> Option<bool> {
        let name = format!("OTEL_{}_EXPORTER", signal.in_variables());
        let Some(said) = self.text(&name) else { return Some(false) };
        let mut is_asked_for = false;
        for exporter in said.split(',').map(str::trim).filter(|exporter| !exporter.is_empty()) {
            match (exporter, signal) {
                ("otlp", _) => is_asked_for = true,
                // Prometheus reads them anyway.
                ("none", _) | ("prometheus", Signal::Metrics) => {}
                _ => self.warn(format!(
                    "{name} names an exporter that there is not: otlp or none may stand there"
                )),
            }
        }
        is_asked_for.then_some(true)
    }

    fn protocol(&mut self, signal: Signal) -> Option<Protocol> {
        let Some((name, said)) = self.of(signal, "PROTOCOL") else { return Some(Protocol::default()) };
        match said {
            "http/protobuf" => Some(Protocol::Protobuf),
            "http/json" => Some(Protocol::Json),
            "grpc" => {
                self.is_refused = true;
                self.warn(format!(
                    "{name} is grpc, which is not spoken here: no {} are sent. Set it to http/protobuf, and the endpoint to where the \
                     collector listens for HTTP: its port is 4318, unless that was changed",
                    signal.as_str()
                ));
                None
            }
            _ => {
                self.warn(format!("{name} is neither http/protobuf nor http/json: http/protobuf is taken"));
                Some(Protocol::default())
            }
        }
    }

    fn is_packed(&mut self, signal: Signal) -> Option<bool> {
        let (name, said) = self.of(signal, "COMPRESSION")?;
        match said {
            "gzip" => Some(true),
            "none" => Some(false),
            _ => {
                self.warn(format!("{name} is neither gzip nor none: nothing is compressed"));
                Some(false)
            }
        }
    }

    fn headers(&mut self, signal: Signal) -> Option<Vec<(http::HeaderName, http::HeaderValue)>> {
        let (name, said) = self.of(signal, "HEADERS")?;
        let mut headers = vec![];
        for (key, value) in self.pairs(&name, said) {
            match target::header(&key, &value) {
                Some(header) => headers.push(header),
                None => self
                    .warn(format!("{name} holds an entry that cannot be sent as a header: it is left out")),
            }
        }
        Some(headers)
    }

    fn pairs(&mut self, name: &str, said: &str) -> Vec<(String, String)> {
        let (pairs, bad) = pairs::parse(said);
        for place in bad {
            self.warn(format!(
                "Entry {place} of {name} is not of the form key=value, percent-encoded: it is left out"
            ));
        }
        pairs
    }

    pub(super) fn sampler(&mut self, configured: Option<Sampler>, ratio: Option<f64>) -> Sampler {
        const NAME: &str = "OTEL_TRACES_SAMPLER";
        const ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
        let said = self.text(NAME).and_then(|said| match said.parse::<Sampler>() {
            Ok(sampler) => Some(sampler),
            Err(error) => {
                self.warn(format!("{NAME} is not followed: {error}"));
                None
            }
        });
        let ratio = match self.text(ARG) {
            None => ratio,
            Some(said) => said.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio)).or_else(|| {
                self.warn(format!("{ARG} is not followed: it is no number from 0 to 1"));
                ratio
            }),
        };
        // A share that is said without a sampler is meant.
        let by_share = || ratio.and_then(|_| "parentbased_traceidratio".parse().ok());
        let sampler: Sampler = said.or(configured).or_else(by_share).unwrap_or_default();
        sampler.with_ratio(ratio.unwrap_or(1.0))
    }

    pub(super) fn temporality(&mut self) -> TemporalityPreference {
        const NAME: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        match self.text(NAME).map(str::to_ascii_lowercase).as_deref() {
            None | Some("cumulative") => TemporalityPreference::Cumulative,
            Some("delta") => TemporalityPreference::Delta,
            Some("lowmemory") => TemporalityPreference::LowMemory,
            Some(_) => {
                self.warn(format!("{NAME} is none of cumulative, delta, lowmemory: cumulative is taken"));
                TemporalityPreference::Cumulative
            }
        }
    }

    pub(super) fn resource(&mut self, name: &str) -> BTreeMap<String, String> {
        const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
        let mut resource = BTreeMap::from([
            ("service.name".to_owned(), name.to_owned()),
            ("telemetry.sdk.language".to_owned(), "rust".to_owned()),
            ("telemetry.sdk.name".to_owned(), "greenroom".to_owned()),
            ("telemetry.sdk.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ]);
        if let Some(said) = self.text(ATTRIBUTES) {
            resource.extend(self.pairs(ATTRIBUTES, said));
        }
        if let Some(name) = self.text("OTEL_SERVICE_NAME") {
            resource.insert("service.name".to_owned(), name.to_owned());
        }
        resource
    }

    /// What is wrong, and what is said in vain.
    pub(super) fn told(mut self) -> Vec<String> {
        if self.text("OTEL_LOGS_EXPORTER").is_some_and(|said| said.split(',').any(|one| one.trim() == "otlp"))
        {
            self.warn("OTEL_LOGS_EXPORTER is not followed: logs go to stdout, where a collector reads them");
        }
        let known = ["tracecontext", "baggage", "datadog"];
        let others = |said: &str| said.split(',').any(|one| !known.contains(&one.trim()));
        if self.text("OTEL_PROPAGATORS").is_some_and(others) {
            self.warn(
                "OTEL_PROPAGATORS is not followed: the headers of W3C and of Datadog are read, and those of W3C are sent",
            );
        }
        let is_of_tls = |name: &&str| {
            name.starts_with("OTEL_EXPORTER_OTLP_")
                && (name.ends_with("_CERTIFICATE") || name.ends_with("_CLIENT_KEY"))
        };
        for name in self.environment.names().filter(is_of_tls) {
            let how = match name.contains("CLIENT") {
                true => "this backend shows no certificate of its own",
                false => {
                    "list the authority in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE, which all calls of this backend trust"
                }
            };
            self.warn(format!("{name} is not followed: {how}"));
        }
        self.warnings
    }
}

//! What is sent, where and how: the standard variables, and below them the config.

mod pairs;
mod target;
mod variables;

use std::{collections::BTreeMap, time::Duration};

use greenroom_config::{ConfigError, RootConfig, all, each};
use greenroom_metrics::TemporalityPreference;
use greenroom_traces::{MOST_WAITING, Sampler};
use http::{HeaderName, HeaderValue};

pub use self::target::{Protocol, Signal, Target};
use self::{target::Of, variables::Variables};
use crate::environment::OtelEnvironment;

const ENDPOINT: &str = "greenroom.telemetry.otlp.endpoint";
const HEADERS: &str = "greenroom.telemetry.otlp.headers";
const COMPRESSION: &str = "greenroom.telemetry.otlp.compression";
const TIMEOUT: &str = "greenroom.telemetry.otlp.timeout";
const SAMPLER: &str = "greenroom.telemetry.traces.sampler";
const RATIO: &str = "greenroom.telemetry.traces.ratio";
const SERVICE_NAME: &str = "greenroom.telemetry.serviceName";

/// What a service is called that nobody has named: as the `service` of each line says it.
const UNNAMED: &str = "backstage";

/// More spans than that wait for nobody, whatever the variable says.
const MOST_EVER: usize = 100_000;

/// What is sent, where and how.
#[derive(Clone, Debug)]
pub struct OtlpSettings {
    /// Where traces go; nowhere unless somebody has said it.
    pub traces: Option<Target>,
    /// Where metrics go.
    pub metrics: Option<Target>,
    /// Which traces are recorded.
    pub sampler: Sampler,
    /// How spans wait.
    pub queue: QueueSettings,
    /// How often metrics are sent.
    pub interval: Duration,
    /// How long sending them may take, with all its tries.
    pub metrics_timeout: Duration,
    /// Whether what metrics say is since the start or since the last time.
    pub temporality: TemporalityPreference,
    /// What is said of who sends it: `service.name` and whatever the environment adds.
    pub resource: BTreeMap<String, String>,
    /// Whether `OTEL_SDK_DISABLED` is true: nothing is sent, whatever else is said.
    pub is_disabled: bool,
    /// Whether somebody has said where to send, and nothing can be sent there; a warning says why.
    pub is_refused: bool,
    /// What is wrong with the environment, each a sentence that quotes no value.
    pub warnings: Vec<String>,
}

/// How spans wait, and how many are sent at once: `OTEL_BSP_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// How many wait at most.
    pub capacity: usize,
    /// How many are sent at once.
    pub batch: usize,
    /// How long a few wait for more.
    pub delay: Duration,
    /// How long sending a batch may take, with all its tries.
    pub timeout: Duration,
}

/// `greenroom.telemetry`.
#[derive(Clone, Debug, Default)]
struct Configured {
    endpoint: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    is_packed: Option<bool>,
    timeout: Option<Duration>,
    sampler: Option<Sampler>,
    ratio: Option<f64>,
    service_name: Option<String>,
}

impl OtlpSettings {
    /// Reads the config and what the environment says instead. What is wrong with the environment keeps nothing from starting.
    ///
    /// # Errors
    /// When something below `greenroom.telemetry` is wrong.
    pub fn from_config(config: &RootConfig, environment: &OtelEnvironment) -> Result<Self, ConfigError> {
        let configured = Configured::read(config)?;
        let mut variables = Variables::new(environment);
        let is_disabled = variables.switch("OTEL_SDK_DISABLED");
        let mut target = |signal| if is_disabled { None } else { variables.target(signal, &configured) };
        let (traces, metrics) = (target(Signal::Traces), target(Signal::Metrics));
        let sampler = variables.sampler(configured.sampler, configured.ratio);
        let capacity = variables.count("OTEL_BSP_MAX_QUEUE_SIZE", MOST_WAITING, MOST_EVER);
        let queue = QueueSettings {
            capacity,
            batch: variables.count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512.min(capacity), capacity),
            delay: variables.millis("OTEL_BSP_SCHEDULE_DELAY", Duration::from_secs(5)),
            timeout: variables.millis("OTEL_BSP_EXPORT_TIMEOUT", Duration::from_secs(30)),
        };
        let interval = variables.millis("OTEL_METRIC_EXPORT_INTERVAL", Duration::from_secs(60));
        let metrics_timeout = variables.millis("OTEL_METRIC_EXPORT_TIMEOUT", Duration::from_secs(30));
        let temporality = variables.temporality();
        let resource = variables.resource(configured.service_name.as_deref().unwrap_or(UNNAMED));
        let is_refused = variables.is_refused;
        // Where nothing is sent, nobody needs to know of the rest.
        let warnings = if is_disabled { vec![] } else { variables.told() };
        Ok(Self {
            traces,
            metrics,
            sampler,
            queue,
            interval,
            metrics_timeout,
            temporality,
            resource,
            is_disabled,
            is_refused,
            warnings,
        })
    }

    /// Where a signal goes.
    pub fn target(&self, signal: Signal) -> Option<&Target> {
        match signal {
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
        }
    }

    /// What the service is called.
    pub fn service_name(&self) -> &str {
        self.resource.get("service.name").map_or(UNNAMED, String::as_str)
    }
}

impl Configured {
    fn read(config: &RootConfig) -> Result<Self, ConfigError> {
        let endpoint = config.optional_string(ENDPOINT).and_then(|endpoint| {
            let wrong = |endpoint: &String| target::url(endpoint, Of::All, Signal::Traces).err();
            match endpoint.as_ref().and_then(wrong) {
                Some(why) => Err(ConfigError::invalid(config, ENDPOINT, format!("{ENDPOINT} {why}"))),
                None => Ok(endpoint),
            }
        });
        let headers = config.optional_config(HEADERS).and_then(|headers| {
            each(headers.map_or(vec![], |all| all.keys()).into_iter().map(|name| {
                let key = format!("{HEADERS}.{name}");
                let value = config.string(&key)?;
                target::header(&name, &value).ok_or_else(|| {
                    let text = format!("{key} cannot be sent as a header");
                    ConfigError::invalid(config, &key, text)
                })
            }))
        });
        let is_packed = word(config, COMPRESSION, |word| match word {
            "gzip" => Ok(true),
            "none" => Ok(false),
            _ => Err("it is neither gzip nor none".to_owned()),
        });
        let sampler =
            word(config, SAMPLER, |word| word.parse::<Sampler>().map_err(|error| error.to_string()));
        let ratio = config.optional_number(RATIO).and_then(|ratio| match ratio {
            Some(ratio) if !(0.0..=1.0).contains(&ratio) => {
                Err(ConfigError::invalid(config, RATIO, format!("{RATIO} is {ratio}, expected 0 to 1")))
            }
            ratio => Ok(ratio),
        });
        let timeout = config.optional_duration(TIMEOUT).and_then(|timeout| match timeout {
            Some(Duration::ZERO) => {
                Err(ConfigError::invalid(config, TIMEOUT, format!("{TIMEOUT} is 0 s, expected more")))
            }
            timeout => Ok(timeout),
        });
        let (endpoint, headers, is_packed, timeout, sampler, ratio, service_name) = all((
            endpoint,
            headers,
            is_packed,
            timeout,
            sampler,
            ratio,
            config.optional_string(SERVICE_NAME),
        ))?;
        Ok(Self { endpoint, headers, is_packed, timeout, sampler, ratio, service_name })
    }
}

/// One word of a few.
fn word<T>(
    config: &RootConfig,
    key: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, ConfigError> {
    let Some(word) = config.optional_string(key)? else { return Ok(None) };
    let wrong = |why| ConfigError::invalid(config, key, format!("{key} is '{word}', but {why}"));
    read(&word).map(Some).map_err(wrong)
}

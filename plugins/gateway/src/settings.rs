//! `greenroom.gateway`, and how long a stop waits.

use std::{ops::RangeInclusive, time::Duration};

use greenroom::{
    config::{ConfigError, DeclareConfig, Result, RootConfig, all},
    core::{Service, ServiceFactory, scope, service},
};
use greenroom_proxy::Limits;
use serde_json::Value;

const UPSTREAM_PORT: &str = "greenroom.gateway.upstreamPort";
const MAX_IN_FLIGHT: &str = "greenroom.gateway.maxInFlight";
const MAX_STREAMS: &str = "greenroom.gateway.maxStreams";
const HTML_LIMIT: &str = "greenroom.gateway.htmlLimit";
const ACCESS_LINES: &str = "greenroom.gateway.accessLines";
const TRANSPARENT: &str = "greenroom.gateway.transparent";
const WATCH_EVENT_LOOP: &str = "greenroom.gateway.watchEventLoop";
const DELAY: &str = "greenroom.run.delay";

/// How long a document may be that is held in memory, in bytes.
const HTML_LIMITS: RangeInclusive<usize> = 1024..=64 * 1024 * 1024;

/// What the config says of the gateway.
///
/// ```
/// use greenroom::config::RootConfig;
/// use greenroom_plugin_gateway::{AccessLines, GatewaySettings};
///
/// let yaml = "greenroom: { gateway: { htmlLimit: 512KiB, accessLines: both } }";
/// let settings = GatewaySettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
/// assert_eq!((settings.limits.html, settings.access_lines), (512 * 1024, AccessLines::Both));
/// assert_eq!((settings.limits.in_flight, settings.delay.as_secs()), (2000, 3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySettings {
    /// `upstreamPort`: where a Node backend that is started here listens; a free port without it.
    pub upstream_port: Option<u16>,
    /// `maxInFlight`, `maxStreams`, `htmlLimit`.
    pub limits: Limits,
    /// `accessLines`.
    pub access_lines: AccessLines,
    /// `transparent`: whether it begins so.
    pub is_transparent: bool,
    /// `watchEventLoop`: whether Node is asked again and again whether its event loop turns.
    pub watches_event_loop: bool,
    /// `greenroom.run.delay`: how long requests are still taken once a stop has begun.
    pub delay: Duration,
}

/// Whose line tells of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLines {
    /// Ours; Node's is left out.
    #[default]
    Ours,
    /// Both of them.
    Both,
    /// Node's; ours is left out.
    Node,
}

impl Service for GatewaySettings {
    const ID: &'static str = "greenroom.gatewaySettings";
    type Scope = scope::Root;
}

impl GatewaySettings {
    /// The default factory, also for a program that can become a gateway and is none: its config may be one's.
    pub fn factory() -> ServiceFactory {
        service(async |config: RootConfig| Ok(Self::from_config(&config)?))
            .lazy()
            .config_schema(crate::CONFIG_SCHEMA)
            .reads(Self::from_config)
    }

    /// Reads them.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn from_config(config: &RootConfig) -> Result<Self> {
        let (in_flight, streams, html) = (
            config.optional_integer(MAX_IN_FLIGHT, 1..=1_000_000),
            config.optional_integer(MAX_STREAMS, 1..=1_000_000),
            size(config, HTML_LIMIT, HTML_LIMITS),
        );
        let limits = all((in_flight, streams, html));
        let rest = all((
            config.optional_integer(UPSTREAM_PORT, 1..=65535),
            access_lines(config),
            config.optional_switch(TRANSPARENT),
            config.optional_switch(WATCH_EVENT_LOOP),
            config.optional_duration(DELAY),
        ));
        let ((in_flight, streams, html), rest) = all((limits, rest))?;
        let (upstream_port, access_lines, transparent, watches_event_loop, delay) = rest;
        let default = Limits::default();
        Ok(Self {
            upstream_port,
            limits: Limits {
                in_flight: in_flight.unwrap_or(default.in_flight),
                streams: streams.unwrap_or(default.streams),
                html: html.unwrap_or(default.html),
            },
            access_lines: access_lines.unwrap_or_default(),
            is_transparent: transparent.unwrap_or(false),
            watches_event_loop: watches_event_loop.unwrap_or(true),
            delay: delay.unwrap_or(Duration::from_secs(3)),
        })
    }
}

fn access_lines(config: &RootConfig) -> Result<Option<AccessLines>> {
    Ok(Some(match config.optional_string(ACCESS_LINES)?.as_deref() {
        None => return Ok(None),
        Some("ours") => AccessLines::Ours,
        Some("both") => AccessLines::Both,
        Some("node") => AccessLines::Node,
        Some(other) => {
            let text = format!("'{other}' at {ACCESS_LINES} is none of 'ours', 'both' and 'node'");
            return Err(ConfigError::invalid(config, ACCESS_LINES, text));
        }
    }))
}

/// A number of bytes, by itself or with a unit.
fn size(config: &RootConfig, key: &str, range: RangeInclusive<usize>) -> Result<Option<usize>> {
    let Some(Value::String(text)) = config.optional_get(key)? else {
        return config.optional_integer(key, range);
    };
    if let Some(size) = parse_size(&text).filter(|size| range.contains(size)) {
        return Ok(Some(size));
    }
    let text = format!(
        "Invalid size '{text}' at {key}, expected {} to {} bytes: a whole number, or one with KiB or MiB, such as 512KiB",
        range.start(),
        range.end()
    );
    Err(ConfigError::invalid(config, key, text))
}

fn parse_size(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let times = match &*unit.trim_start().to_ascii_lowercase() {
        "" | "b" => 1,
        // As Express reads the sizes of bodies.
        "kib" | "kb" => 1024,
        "mib" | "mb" => 1024 * 1024,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<GatewaySettings> {
        GatewaySettings::from_config(&RootConfig::from_yaml(yaml).unwrap())
    }

    #[test]
    fn a_size_is_a_number_of_bytes_or_has_a_unit() {
        for (text, size) in [
            ("1048576", Some(1 << 20)),
            ("1MiB", Some(1 << 20)),
            ("512 KiB", Some(512 << 10)),
            ("64kb", Some(64 << 10)),
            ("2mb", Some(2 << 20)),
            ("10b", Some(10)),
            ("", None),
            ("MiB", None),
            ("-1", None),
            ("1.5MiB", None),
            ("1GiB", None),
            ("18446744073709551615KiB", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse_size(text), size, "{text}");
        }
    }

    #[test]
    fn nothing_said_is_the_default() {
        let settings = read("").unwrap();
        assert_eq!(settings.limits, Limits { in_flight: 2000, streams: 5000, html: 1 << 20 });
        assert_eq!((settings.upstream_port, settings.access_lines), (None, AccessLines::Ours));
        assert!(!settings.is_transparent && settings.watches_event_loop);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_with_its_key() {
        let yaml = "greenroom: { run: { delay: soon }, gateway: { upstreamPort: 70000, maxInFlight: 0, maxStreams: many, \
                    htmlLimit: 1GiB, accessLines: mine, transparent: 'yes', watchEventLoop: 5 } }";
        let told: Vec<_> =
            read(yaml).unwrap_err().each().map(|error| error.key().unwrap().to_owned()).collect();
        let keys = [
            MAX_IN_FLIGHT,
            MAX_STREAMS,
            HTML_LIMIT,
            UPSTREAM_PORT,
            ACCESS_LINES,
            TRANSPARENT,
            WATCH_EVENT_LOOP,
            DELAY,
        ];
        assert_eq!(told, keys);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in proptest::prelude::any::<String>()) {
            let _ = parse_size(&text);
        }
    }
}

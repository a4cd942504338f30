//! `telemetry test`: whether traces and metrics arrive where they are to be sent.

use std::fmt::Write;

use greenroom::{
    config::RootConfig,
    errors::{Error, Result},
};
use greenroom_otlp::{OtlpSettings, Signal, probe};

use crate::{Answer, CommandContext, prepare};

/// Send one span and one point of a metric to where the config and the OTEL_* variables say, and tell whether they arrive.
///
/// Nothing has to run for it. What is sent is told, so that it can be looked for there.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Test {}

const HELP: &str = "\
Environment:
  OTEL_EXPORTER_OTLP_ENDPOINT   the collector, such as http://collector:4318; greenroom.telemetry.otlp.endpoint in the config is the same

Exit codes: 0 all of it arrived, 1 something did not, 2 usage, or nothing says where to send";

const NOWHERE: &str = "Nothing says where traces and metrics are to be sent: set OTEL_EXPORTER_OTLP_ENDPOINT to the collector's address for \
                       OTLP over HTTP, such as http://collector:4318, or greenroom.telemetry.otlp.endpoint in the config";

pub(crate) fn test(_: Test, context: &CommandContext<'_>) -> Result<Answer> {
    let config = match context.config_if_any()? {
        Some(config) => config,
        None => RootConfig::from_yaml("").map_err(Error::from)?,
    };
    let options = context.options();
    let settings = OtlpSettings::from_config(&config, &prepare::telemetry(options)).map_err(Error::from)?;
    let mut text = String::new();
    for warning in &settings.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    if settings.traces.is_none() && settings.metrics.is_none() {
        let why = match (settings.is_disabled, settings.is_refused) {
            (true, _) => "Nothing is sent, because OTEL_SDK_DISABLED is true",
            (false, true) => "So nothing is sent",
            (false, false) => NOWHERE,
        };
        return Ok(Answer::from(text + why).exit_code(2));
    }
    let probed = context.wait_for(probe::send_one(&config, &settings, prepare::calls(options)))??;
    let _ = writeln!(text, "service {}", settings.service_name());
    for of in &probed {
        let what = match of.signal {
            Signal::Traces => format!("traces: a span `{}` of the trace {}", probe::SPAN, of.found_by),
            Signal::Metrics => format!("metrics: a point of `{}`", of.found_by),
        };
        let became = match &of.failed {
            None => "it was taken".to_owned(),
            Some(why) => format!("it did not arrive. {}", sentence(why)),
        };
        let _ = writeln!(text, "{what}\n  to {}: {became}", of.target);
    }
    let off = Signal::ALL.into_iter().find(|signal| settings.target(*signal).is_none());
    if let Some(signal) = off {
        let _ = writeln!(text, "{}: nothing is sent", signal.as_str());
    }
    let has_failed = settings.is_refused || probed.iter().any(|of| of.failed.is_some());
    Ok(Answer::from(text.trim_end().to_owned()).exit_code(u8::from(has_failed)))
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

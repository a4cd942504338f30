//! What the variables and the config say.

use std::time::Duration;

use greenroom_config::RootConfig;
use greenroom_metrics::TemporalityPreference;
use greenroom_otlp::{OtlpSettings, Signal};
use greenroom_traces::Sampler;
use proptest::prelude::*;

use crate::{environment, settings};

fn shown(settings: &OtlpSettings) -> [Option<String>; 2] {
    Signal::ALL.map(|signal| settings.target(signal).map(|target| target.shown()))
}

const CONFIGURED: &str = "greenroom: { telemetry: { serviceName: portal, otlp: { endpoint: 'http://of-config:4318', headers: { api-key: secret-of-config } }, traces: { sampler: traceidratio, ratio: 0.5 } } }";

#[test]
fn traces_17_nothing_is_sent_unless_somebody_says_where_to_and_the_environment_goes_before_the_config() {
    let both = |at: &str| [Some(format!("{at}/v1/traces")), Some(format!("{at}/v1/metrics"))];
    for (yaml, variables, expected) in [
        ("", &[][..], [None, None]),
        (CONFIGURED, &[], both("of-config:4318")),
        (CONFIGURED, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://of-env")], both("of-env")),
        (CONFIGURED, &[("OTEL_SDK_DISABLED", "TRUE")], [None, None]),
        (CONFIGURED, &[("OTEL_TRACES_EXPORTER", "none")], [None, both("of-config:4318")[1].clone()]),
        ("", &[("OTEL_TRACES_EXPORTER", "otlp")], [both("localhost:4318")[0].clone(), None]),
        (
            CONFIGURED,
            &[
                ("OTEL_METRICS_EXPORTER", "prometheus"),
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own/x"),
            ],
            [Some("own/x".to_owned()), None],
        ),
        (CONFIGURED, &[("OTEL_METRICS_EXPORTER", "prometheus, otlp")], both("of-config:4318")),
        ("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "  ")], [None, None]),
    ] {
        let settings = settings(yaml, variables);
        assert_eq!(shown(&settings), expected, "{variables:?}");
        assert_eq!(settings.warnings, [""; 0], "{variables:?}");
    }
}

#[test]
fn the_rest_has_opentelemetrys_defaults_and_its_variables() {
    let of_default = settings("", &[]);
    assert_eq!((of_default.queue.capacity, of_default.queue.batch), (2_048, 512));
    assert_eq!(
        (of_default.queue.delay, of_default.interval),
        (Duration::from_secs(5), Duration::from_secs(60))
    );
    assert_eq!((of_default.sampler, of_default.service_name()), (Sampler::default(), "backstage"));
    let half = "traceidratio".parse::<Sampler>().unwrap().with_ratio(0.5);
    let configured = settings(CONFIGURED, &[]);
    assert_eq!((configured.sampler, configured.service_name()), (half, "portal"));
    let said = settings(
        CONFIGURED,
        &[
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
            ("OTEL_SERVICE_NAME", "front"),
        ],
    );
    let quarter = "parentbased_traceidratio".parse::<Sampler>().unwrap().with_ratio(0.25);
    assert_eq!((said.sampler, said.service_name()), (quarter, "front"));
    assert_eq!((said.queue.capacity, said.queue.batch), (100, 100));
    assert_eq!((said.interval, said.temporality), (Duration::from_secs(1), TemporalityPreference::Delta));
    assert_eq!(said.warnings, [""; 0]);
    // A share alone is meant, too.
    assert_eq!(settings("", &[("OTEL_TRACES_SAMPLER_ARG", "0.25")]).sampler, quarter);
}

#[test]
fn traces_18_grpc_is_told_with_what_to_set() {
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let settings = settings("", &variables);
    assert_eq!(shown(&settings), [None, None]);
    assert!(settings.is_refused);
    let [traces, _] = &settings.warnings[..] else { panic!("{:?}", settings.warnings) };
    assert!(traces.starts_with("OTEL_EXPORTER_OTLP_PROTOCOL is grpc, which is not spoken here"), "{traces}");
    assert!(traces.contains("http/protobuf") && traces.contains("4318"), "{traces}");
}

#[test]
fn traces_19_a_value_that_is_none_is_told_by_its_variable_and_never_shown() {
    let wrong = "hunter2 \u{e9}";
    for name in [
        "OTEL_SDK_DISABLED",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
        "OTEL_TRACES_EXPORTER",
        "OTEL_METRICS_EXPORTER",
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_METRIC_EXPORT_INTERVAL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "OTEL_RESOURCE_ATTRIBUTES",
        "OTEL_PROPAGATORS",
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
    ] {
        let settings = settings(CONFIGURED, &[(name, wrong)]);
        assert!(settings.warnings.iter().any(|told| told.contains(name)), "{name}: {:?}", settings.warnings);
        assert!(settings.warnings.iter().all(|told| !told.contains("hunter2")), "{name}");
    }
    let settings = settings("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@collector")]);
    assert!(settings.warnings[0].contains("OTEL_EXPORTER_OTLP_ENDPOINT holds a user name or a password"));
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn what_is_wrong_with_the_config_is_a_fault_with_its_place() {
    for (key, yaml) in [
        ("otlp.endpoint", "otlp: { endpoint: 'collector:4318' }"),
        ("otlp.headers.content-type", "otlp: { headers: { content-type: x } }"),
        ("otlp.compression", "otlp: { compression: zstd }"),
        ("otlp.timeout", "otlp: { timeout: 0s }"),
        ("traces.sampler", "traces: { sampler: sometimes }"),
        ("traces.ratio", "traces: { ratio: 2 }"),
    ] {
        let config = RootConfig::from_yaml(&format!("greenroom: {{ telemetry: {{ {yaml} }} }}")).unwrap();
        let fault = OtlpSettings::from_config(&config, &environment(&[])).unwrap_err().to_string();
        assert!(fault.contains(&format!("greenroom.telemetry.{key}")), "{fault}");
    }
}

proptest! {
    #[test]
    fn whatever_the_variables_say_there_are_settings_that_hold_and_no_value_is_told(
        name in prop::sample::select(vec![
            "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES",
            "OTEL_TRACES_SAMPLER_ARG", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_EXPORTER_OTLP_TIMEOUT",
        ]),
        value in "[!-~]{12,40}|\\PC{0,24}",
    ) {
        let settings = settings("", &[("OTEL_TRACES_EXPORTER", "otlp"), (name, &value)]);
        prop_assert!(settings.queue.batch >= 1 && settings.queue.batch <= settings.queue.capacity);
        prop_assert!(value.len() < 12 || settings.warnings.iter().all(|told| !told.contains(&value)));
    }
}

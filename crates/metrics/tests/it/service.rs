//! The service that plugins ask for.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use greenroom_config::RootConfig;
use greenroom_core::{Backend, plugin, service};
use greenroom_logging::{CaptureSink, RootLogger, logger};
use greenroom_metrics::{Metrics, MetricsSettings};

use crate::{of, registry};

#[tokio::test]
async fn each_plugin_counts_under_its_own_meter_or_the_one_that_the_config_names() {
    let yaml = "backend: { metrics: { plugin: { search: { meter: { name: find, version: '2', schemaUrl: 'https://example.com' } } } } }";
    let (registry, _) = registry();
    let installed = registry.clone();
    let count = |id| {
        plugin(id, |env| {
            env.register_init(async |metrics: Metrics| {
                metrics.counter("catalog.runs").build().add(1, &[]);
                Ok(())
            });
        })
    };
    let backend = Backend::new([
        service(async move || Ok(RootConfig::from_yaml(yaml)?)),
        service(async || Ok(RootLogger::builder().sink(CaptureSink::new()).build())),
        logger(),
        service(async move || Ok(installed.clone())),
        Metrics::factory(),
    ]);
    let running = backend.add(count("catalog")).add(count("search")).start().await.unwrap();
    assert_eq!(
        of(&registry.text(), "catalog_runs_total{"),
        [
            r#"catalog_runs_total{otel_scope_name="backstage-plugin-catalog"} 1"#,
            r#"catalog_runs_total{otel_scope_name="find",otel_scope_schema_url="https://example.com",otel_scope_version="2"} 1"#,
        ]
    );
    running.stop().await;
}

#[test]
fn a_meter_that_is_no_text_is_a_fault_with_its_place() {
    let config =
        RootConfig::from_yaml("backend: { metrics: { plugin: { search: { meter: { name: 7 } } } } }")
            .unwrap();
    let fault = MetricsSettings::from_config(&config).unwrap_err().to_string();
    assert!(fault.contains("backend.metrics.plugin.search.meter.name"), "{fault}");
}

#[test]
fn what_could_never_be_recorded_is_told_by_whose_it_is() {
    let (registry, lines) = registry();
    let metrics = crate::plugin(&registry, &lines, "catalog");
    metrics.counter("runs of today").build().add(1, &[]);
    metrics.counter("1st").build().add(1, &[]);
    metrics.gauge("x".repeat(256)).build().record(1, &[]);
    metrics.gauge("size").unit("ü").build().record(1, &[]);
    metrics.histogram("took").buckets([2.0, 1.0]).build().record(1, &[]);
    metrics.observable_gauge("Ärger").observe(|now| now.observe(1, &[]));
    let told = lines.json();
    let told: Vec<_> = told.iter().map(|line| line["message"].as_str().unwrap()).collect();
    let names = "its name does not begin with a letter from a to z";
    assert_eq!(
        told,
        [
            "its name holds ' '; letters, digits and _ . - / may be in it",
            names,
            "its name has more than 255 characters",
            "its unit is not at most 63 ASCII characters",
            "the bounds of its buckets do not ascend",
            names,
        ]
        .map(|why| format!("Nothing is recorded for this metric: {why}"))
    );
    assert_eq!(registry.text().lines().count(), 3, "{}", registry.text());
}

#[test]
fn a_function_that_panics_is_told_once_and_asked_no_more_and_all_else_is_read() {
    let (registry, lines) = registry();
    let metrics = crate::plugin(&registry, &lines, "catalog");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    metrics.observable_gauge("entities").observe(move |_| {
        counted.fetch_add(1, SeqCst);
        panic!("no such table");
    });
    metrics.counter("runs").build().add(1, &[]);
    for _ in 0..3 {
        assert_eq!(of(&registry.text(), "runs_total{").len(), 1);
    }
    assert_eq!(asked.load(SeqCst), 1);
    let told = lines.json();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["message"], "What observes a metric panicked, and is asked no more: no such table");
    assert_eq!(told[0]["metric"], "entities");
}

#[test]
fn the_same_instrument_made_twice_counts_together() {
    let (registry, lines) = registry();
    let metrics = crate::plugin(&registry, &lines, "catalog");
    for _ in 0..2 {
        metrics.counter("runs").build().add(1, &[]);
    }
    assert_eq!(
        of(&registry.text(), "runs_total{"),
        [r#"runs_total{otel_scope_name="backstage-plugin-catalog"} 2"#]
    );
}

#[test]
fn instruments_for_a_test_record_into_nothing() {
    Metrics::noop().counter("runs").build().add(1, &[]);
}

#[test]
fn what_is_described_has_its_kind_its_unit_and_the_keys_of_its_attributes() {
    let (registry, lines) = registry();
    let metrics = crate::plugin(&registry, &lines, "catalog");
    let took = metrics.histogram("took").unit("s").description("How long").build();
    took.record(1, &[greenroom_metrics::KeyValue::new("result", "ok")]);
    let described = registry.described();
    let [took] = &*described else { panic!("{described:?}") };
    assert_eq!((&*took.name, &*took.prometheus, took.kind, &*took.unit), ("took", "took", "histogram", "s"));
    assert_eq!((&*took.meter, &*took.description), ("backstage-plugin-catalog", "How long"));
    assert_eq!(took.attributes.iter().collect::<Vec<_>>(), ["result"]);
}

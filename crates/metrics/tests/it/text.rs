//! What would break a reading breaks nothing.

use greenroom_metrics::KeyValue;

use crate::{of, plugin, registry};

#[test]
fn a_name_that_two_plugins_have_is_said_once_with_the_series_of_both() {
    let (registry, lines) = registry();
    for id in ["search", "catalog"] {
        plugin(&registry, &lines, id).counter("runs").build().add(1, &[]);
    }
    let text = registry.text();
    assert_eq!(of(&text, "# TYPE runs_total"), ["# TYPE runs_total counter"]);
    let series =
        ["catalog", "search"].map(|id| format!("runs_total{{otel_scope_name=\"backstage-plugin-{id}\"}} 1"));
    assert_eq!(of(&text, "runs_total"), series);
}

#[test]
fn of_a_name_that_is_two_kinds_the_first_plugins_counts() {
    let (registry, lines) = registry();
    plugin(&registry, &lines, "catalog").up_down_counter("open").build().add(1, &[]);
    plugin(&registry, &lines, "search").histogram("open").build().record(1, &[]);
    let text = registry.text();
    assert_eq!(of(&text, "# TYPE open"), ["# TYPE open gauge"]);
    assert_eq!(of(&text, "open"), [r#"open{otel_scope_name="backstage-plugin-catalog"} 1"#]);
}

#[test]
fn labels_are_told_once_and_none_takes_the_place_of_a_meters_or_a_buckets() {
    let (registry, lines) = registry();
    let counter = plugin(&registry, &lines, "odd").counter("odd").build();
    let attributes =
        [("a.b", "1"), ("a_b", "2"), ("le", "3"), ("otel.scope.name", "x"), ("9lives", "4"), ("", "5")];
    counter.add(1, &attributes.map(|(key, value)| KeyValue::new(key, value)));
    let series = r#"odd_total{_9lives="4",a_b="1",otel_scope_name="backstage-plugin-odd"} 1"#;
    assert_eq!(of(&registry.text(), "odd_total"), [series]);
}

#[test]
fn what_is_no_number_is_not_recorded() {
    let (registry, lines) = registry();
    let gauge = plugin(&registry, &lines, "odd").gauge("odd").build();
    gauge.record(1, &[]);
    for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        gauge.record(value, &[]);
    }
    assert_eq!(of(&registry.text(), "odd{"), [r#"odd{otel_scope_name="backstage-plugin-odd"} 1"#]);
}

#[test]
fn series_that_nobody_observes_any_more_are_gone() {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    };
    let (registry, lines) = registry();
    let now = Arc::new(AtomicU64::new(1));
    let metrics = plugin(&registry, &lines, "catalog");
    for (kind, observable) in [
        ("counter", metrics.observable_counter("counter")),
        ("gauge", metrics.observable_gauge("gauge")),
        ("open", metrics.observable_up_down_counter("open")),
    ] {
        let now = now.clone();
        observable.observe(move |to| {
            let at = now.load(Relaxed);
            to.observe(at, &[KeyValue::new("kind", format!("{kind}{at}"))]);
        });
    }
    let first = registry.text();
    assert_eq!(first.matches("kind=").count(), 3, "{first}");
    now.store(2, Relaxed);
    let second = registry.text();
    assert_eq!(second.matches("kind=").count(), 3, "{second}");
    assert!(["counter2", "gauge2", "open2"].iter().all(|kind| second.contains(kind)), "{second}");
}

#[test]
fn of_a_labels_value_1024_bytes_are_told() {
    let (registry, lines) = registry();
    let counter = plugin(&registry, &lines, "odd").counter("odd").build();
    // The last character would not fit whole.
    let long = format!("{}\u{20ac}{}", "x".repeat(1022), "y".repeat(60_000));
    counter.add(1, &[KeyValue::new("of", long)]);
    let series =
        format!("odd_total{{of=\"{}\",otel_scope_name=\"backstage-plugin-odd\"}} 1", "x".repeat(1022));
    assert_eq!(of(&registry.text(), "odd_total"), [series]);
}

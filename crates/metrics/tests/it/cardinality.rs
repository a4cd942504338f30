//! However many series somebody makes, there are so many.

use greenroom_metrics::{KeyValue, MOST_SERIES};

use crate::{of, plugin, registry};

#[test]
fn an_instrument_has_so_many_series_and_the_log_tells_once_which_attribute_makes_more() {
    let (registry, lines) = registry();
    let metrics = plugin(&registry, &lines, "catalog");
    let runs = metrics.counter("runs").build();
    for run in 0..10_000 {
        runs.add(1, &[KeyValue::new("result", ["ok", "failed"][run % 2]), KeyValue::new("id", run as i64)]);
    }
    for _ in 0..2 {
        let text = registry.text();
        let series = of(&text, "runs_total{");
        assert_eq!(series.len(), MOST_SERIES + 1);
        let rest =
            r#"runs_total{otel_metric_overflow="true",otel_scope_name="backstage-plugin-catalog"} 8000"#;
        assert!(series.contains(&rest), "{:?}", series.iter().find(|line| line.contains("overflow")));
    }
    let told = lines.json();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        ["level", "metric", "meter", "attribute"].map(|key| told[0][key].as_str().unwrap()),
        ["warn", "runs", "backstage-plugin-catalog", "id"]
    );
    assert_eq!(told[0]["values"], MOST_SERIES);
}

#[test]
fn what_is_bound_beyond_them_is_counted_with_the_rest() {
    let (registry, lines) = registry();
    let runs = plugin(&registry, &lines, "catalog").counter("runs").build();
    let bound: Vec<_> = (0..MOST_SERIES as i64 + 3).map(|id| runs.bind(&[KeyValue::new("id", id)])).collect();
    bound.iter().for_each(|one| one.add(1));
    let text = registry.text();
    assert_eq!(of(&text, "runs_total{").len(), MOST_SERIES + 1);
    assert!(text.contains(r#"otel_metric_overflow="true",otel_scope_name="backstage-plugin-catalog"} 3"#));
}

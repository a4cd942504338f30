//! Whose lines are counted under a name.

use greenroom_logging::{RootLogger, info};
use greenroom_metrics::LogRecords;

use crate::{of, registry};

#[test]
fn of_another_processs_lines_only_a_name_that_a_plugin_can_have_is_a_label() {
    let (registry, _lines) = registry();
    let records = LogRecords::default();
    let root = RootLogger::builder().tap(records.clone()).build();
    records.told_by(&registry);
    let foreign = root.foreign();
    for name in ["catalog", "my-plugin_2", &"x".repeat(60_000), "a b", "\u{e4}", ""] {
        info!(foreign, plugin = name, "told");
    }
    let series = [
        (r#"backstage_plugin_id="catalog","#, 1),
        (r#"backstage_plugin_id="my-plugin_2","#, 1),
        // Of all others.
        ("", 4),
    ];
    let series = series.map(|(id, count)| {
        format!("greenroom_log_records_total{{{id}level=\"info\",otel_scope_name=\"greenroom\"}} {count}")
    });
    assert_eq!(of(&registry.text(), "greenroom_log_records_total"), series);
}

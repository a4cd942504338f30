//! The same instruments with the same values as the JavaScript exporter was given: the same text but its order.

use std::collections::BTreeSet;

use greenroom_metrics::{KeyValue, Meter};

use crate::registry;

/// What `tests/javascript/record.js` has printed.
const EXPORTED: &str = include_str!("../javascript/exported.txt");

#[test]
fn the_text_is_that_of_the_javascript_exporter_but_for_its_order() {
    let (registry, _) = registry();
    let logger = greenroom_logging::Logger::noop();
    let catalog = registry.metrics(&Meter::of_plugin("catalog"), logger.clone());
    let processed = catalog.counter("catalog.processed.entities.count");
    let processed = processed.description("Amount of entities processed").build();
    processed.add(3, &[KeyValue::new("result", "unchanged")]);
    processed.add(1, &[KeyValue::new("result", "failed")]);
    let stitching = catalog.histogram("catalog.stitching.duration").description("Time spent\nstitching");
    let stitching = stitching.unit("seconds").build();
    stitching.record(0.1, &[KeyValue::new("result", "changed")]);
    stitching.record(7, &[KeyValue::new("result", "changed")]);
    stitching.record(20_000, &[]);
    catalog
        .observable_gauge("catalog_entities_count")
        .description("Total amount of entities in the catalog")
        .observe(|now| {
            now.observe(12, &[KeyValue::new("kind", "component")]);
            now.observe(2.5, &[KeyValue::new("kind", "say \"hi\"\\\n")]);
        });

    let meter = Meter {
        name: "tasks-meter".to_owned(),
        version: Some("1.2.3".to_owned()),
        schema_url: Some("https://example.com/schema".to_owned()),
    };
    let scheduler = registry.metrics(&meter, logger);
    let runs = scheduler.histogram("backend_tasks.task.runs.duration").unit("s");
    let runs = runs.buckets([0.01, 0.5, 1.0, 60.0]).build();
    let run = [
        KeyValue::new("taskId", "refresh"),
        KeyValue::new("scope", "local"),
        KeyValue::new("attempt", 2),
        KeyValue::new("last", true),
    ];
    runs.record(0.01, &run);
    runs.record(61, &run);
    let started =
        scheduler.gauge("backend_tasks.task.runs.started").description("Epoch").unit("seconds").build();
    started.record(1_764_547_200.25, &[KeyValue::new("taskId", "refresh")]);
    let open = scheduler.up_down_counter("queue--open/now").description("Open").unit("{item}").build();
    let queue = [KeyValue::new("queue.name", "a"), KeyValue::new("ratio", 0.1)];
    open.add(5, &queue);
    open.add(-7, &queue);
    let done = scheduler.counter("done_total").unit("1").build();
    done.add(0.5, &[]);
    done.add(-4, &[]);
    let cpu = scheduler.observable_counter("cpu.time").unit("s");
    cpu.observe(|now| now.observe(1e21, &[KeyValue::new("mode", "user")]));

    assert_eq!(sorted(&registry.text()), sorted(EXPORTED));
}

/// The lines, with the labels of each in their order, but for those of a meter and a bucket, which stay last.
fn sorted(text: &str) -> BTreeSet<String> {
    text.lines()
        .map(|line| {
            let Some((head, rest)) = line.split_once('{').filter(|_| !line.starts_with('#')) else {
                return line.to_owned();
            };
            let (labels, value) = rest.rsplit_once('}').unwrap();
            let (own, scope) = labels.split_once("otel_scope_name=").unwrap_or((labels, ""));
            let mut own: Vec<_> = own.split(',').collect();
            own.sort();
            format!("{head} {own:?} {scope} {value}")
        })
        .collect()
}

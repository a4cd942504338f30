//! Histograms whose series are found by a key.

use greenroom_metrics::{KeyValue, KeyedHistogram, MOST_SERIES};

use crate::{of, registry};

#[test]
fn a_key_is_a_series_and_beyond_the_limit_all_are_one() {
    let (registry, _) = registry();
    let took = KeyedHistogram::<String>::new(registry.own().histogram("jobs").buckets([1.0]).build());
    let record = |kind: &str| {
        took.record(kind, 0.5, || (kind.to_owned(), vec![KeyValue::new("kind", kind.to_owned())]));
    };
    for number in 0..MOST_SERIES + 20 {
        record(&number.to_string());
    }
    record("7");
    let text = registry.text();
    let counts = of(&text, "jobs_count");
    let count = |labels: &str| {
        counts.iter().find(|line| line.contains(labels)).map(|line| line.rsplit_once(' ').unwrap().1)
    };
    assert_eq!(counts.len(), MOST_SERIES + 1);
    assert_eq!(count("kind=\"7\""), Some("2"), "the key was known");
    assert_eq!(count("otel_metric_overflow=\"true\""), Some("20"));
}

#[test]
fn attributes_are_made_once_for_each_key() {
    let (registry, _) = registry();
    let took = KeyedHistogram::<String>::new(registry.own().histogram("jobs").buckets([1.0]).build());
    let mut made = 0;
    for _ in 0..3 {
        took.record("a", 1, || {
            made += 1;
            ("a".to_owned(), vec![])
        });
    }
    assert_eq!((made, of(&registry.text(), "jobs_count").len()), (1, 1));
}

//! OpenTelemetry's six samplers.

use greenroom_context::TraceContext;
use greenroom_traces::Sampler;
use proptest::prelude::*;

fn traceparent(trace: &str, flags: &str) -> TraceContext {
    TraceContext::from_traceparent(&format!("00-{trace}-00f067aa0ba902b7-{flags}")).unwrap().child()
}

#[test]
fn each_sampler_decides_as_opentelemetry_has_it() {
    // The lower half of an id decides by a share.
    let low = "4bf92f3577b34da60000000000000001";
    let high = "4bf92f3577b34da6ffffffffffffffff";
    let root = TraceContext::root();
    for (name, of_root, of_parent_not, of_parent_recorded) in [
        ("always_on", true, true, true),
        ("always_off", false, false, false),
        ("parentbased_always_on", true, false, true),
        ("parentbased_always_off", false, false, true),
    ] {
        let sampler: Sampler = name.parse().unwrap();
        let found = [root, traceparent(low, "00"), traceparent(high, "01")].map(|of| sampler.samples(&of));
        assert_eq!(found, [of_root, of_parent_not, of_parent_recorded], "{name}");
        assert!(!sampler.has_ratio());
    }
    let half = |name: &str| name.parse::<Sampler>().unwrap().with_ratio(0.5);
    let of = |sampler: Sampler| {
        [(low, "00"), (high, "01")].map(|(id, flags)| sampler.samples(&traceparent(id, flags)))
    };
    assert_eq!(of(half("traceidratio")), [true, false], "whatever the parent said");
    assert_eq!(of(half("parentbased_traceidratio")), [false, true], "as the parent said");
}

#[test]
fn what_is_no_sampler_is_told_with_those_there_are() {
    for name in ["", "on", "ALWAYS_ON", "parentbased_", "jaeger_remote"] {
        let told = name.parse::<Sampler>().unwrap_err().to_string();
        assert!(Sampler::NAMES.iter().all(|known| told.contains(known)), "{told}");
    }
}

#[test]
fn the_default_records_what_its_parent_records_and_all_that_begins_here() {
    assert_eq!(Sampler::default(), "parentbased_always_on".parse().unwrap());
    assert_eq!(
        "traceidratio".parse::<Sampler>().unwrap().with_ratio(0.25).with_ratio(1.0),
        "traceidratio".parse().unwrap()
    );
}

proptest! {
    #[test]
    fn a_trace_that_a_share_holds_is_in_each_greater_share(id in "[0-9a-f]{31}[1-9a-f]", a in 0.0..=1.0, b in 0.0..=1.0) {
        let sampler: Sampler = "traceidratio".parse().unwrap();
        let trace = traceparent(&id, "00");
        let (less, more) = (f64::min(a, b), f64::max(a, b));
        prop_assert!(!sampler.with_ratio(less).samples(&trace) || sampler.with_ratio(more).samples(&trace));
        prop_assert!(sampler.with_ratio(1.0).samples(&trace));
        prop_assert!(!sampler.with_ratio(0.0).samples(&trace));
    }
}

//! What the health checks have said last, the backend's own among them.

use greenroom_health::{HealthRegistry, Outcome};
use greenroom_metrics::{KeyValue, Metrics};

const OUTCOMES: [(Outcome, &str); 3] =
    [(Outcome::Pass, "pass"), (Outcome::Warn, "warn"), (Outcome::Fail, "fail")];

pub(super) fn tell(metrics: &Metrics, checks: HealthRegistry) {
    metrics
        .observable_gauge("greenroom.health.check")
        .description("1 for the outcome that a health check had last, 0 for the others.")
        .observe(move |now| {
            for check in checks.all_states() {
                let Some(last) = &check.last else { continue };
                for (outcome, name) in OUTCOMES {
                    let attributes =
                        [KeyValue::new("check", check.name.clone()), KeyValue::new("outcome", name)];
                    now.observe(u8::from(last.check.outcome == outcome), &attributes);
                }
            }
        });
}

//! Checks with names: one that is only told, one that readiness fails with.

use greenroom::prelude::*;
use greenroom_defaults::create_backend;

// region: checks
fn tasks() -> Plugin {
    plugin("tasks", |env| {
        env.register_init(async |health: HealthChecks| {
            health.check("queue", async || Check::pass());
            health.check("archive", async || Check::warn("the archive is slow"));
            health.declare("runner").readiness().run(async || Check::fail("no runner has registered"));
            Ok(())
        });
    })
}

#[tokio::main]
async fn main() {
    create_backend().add(tasks()).run().await
}
// endregion

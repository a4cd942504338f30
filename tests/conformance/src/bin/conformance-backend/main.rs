//! A backend whose plugins do, name for name, what those of the recorded Node backend do.
//!
//! `FEATURES` chooses them; `--config` files are given as to any backend.

mod errs;
mod faults;
mod hooks;
mod lifecycle;
mod logs;
mod tasks;
mod ws;

use greenroom::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let features = std::env::var("FEATURES").unwrap_or_else(|_| "healthcheck,tasks".to_owned());
    let mut backend = greenroom_defaults::create_backend();
    for name in features.split(',').filter(|name| !name.is_empty()) {
        backend = match name {
            "healthcheck" => backend.add(tasks::healthcheck()),
            "tasks" => backend.add(tasks::tasks(true)),
            "tasksprotected" => backend.add(tasks::tasks(false)),
            "errs" => backend.add(errs::errs()),
            "slow" => backend.add(lifecycle::slow()),
            "logs" => backend.add(logs::logs()),
            "thrower" => backend.add(faults::thrower()),
            "throwmodule" => backend.add(faults::throwing_module()),
            "orphanmod" => backend.add(faults::orphan_module()),
            "pathconflict" => backend.add(faults::path_conflict()),
            "registerthrows" => backend.add(faults::throwing_registration()),
            "missingdep" => backend.add(faults::missing_dependency()),
            "circa" => backend.add(faults::circle_a()),
            "circb" => backend.add(faults::circle_b()),
            "dupsvc1" | "dupsvc2" => backend.add(faults::twice()),
            "badfactory" => backend.add(faults::bad_factory()),
            "circmod1" => backend.add(faults::circular_module_1()),
            "circmod2" => backend.add(faults::circular_module_2()),
            "hooks" => backend.add(hooks::hooks()),
            "hang" => backend.add(hooks::hang()),
            "ws" => backend.add(ws::ws()),
            "app" => backend.add(greenroom_plugin_app::app()),
            unknown => backend.add(unknown_feature(unknown)),
        };
    }
    backend.run().await
}

/// A feature that this backend lacks fails its start, as a feature of the wrong kind fails Node's.
fn unknown_feature(name: &str) -> Plugin {
    let text = format!("FEATURES names '{name}', which this backend does not have");
    plugin(name, move |_| Err::<(), _>(Error::input(text)))
}

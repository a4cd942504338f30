//! The first page of the ops surface, `/.greenroom/`: is the backend ready, and if not, why.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_plugin_observatory::observatory;
//! use greenroom_test::{TestBackend, mock::OPS_TOKEN};
//!
//! let backend = TestBackend::new().add(observatory()).start().await.unwrap();
//! let page = backend.get("/.greenroom/").header("authorization", &format!("Bearer {OPS_TOKEN}")).await;
//! assert!(page.text().contains("<h1 aria-live=\"polite\"><span data-live=\"before\">Ready for "));
//! # }
//! ```
//!
//! `look` gathers what is to be known at one moment, `now` says it: the sentence, the calls, the tables. What changes is
//! replaced in place by one stream of events a page. `lines` shows the last lines of the log at `/.greenroom/lines`. Other plugins add pages by `greenroom_plugin_observatory_node`.

mod files;
mod lately;
mod lines;
mod look;
mod now;

use greenroom::{core::boot::BootReport, health::HealthRegistry, log_store::LogStore, prelude::*};
use greenroom_plugin_observatory_node::{Frame, NowParts, Section, Sections, assets};

use crate::{
    lately::{End, Lately},
    lines::LastLines,
    look::Look,
    now::{LastLook, Now},
};

/// Below this path are Backstage's health checks.
const PROBES: &str = "/.backstage/health/";

/// The plugin `observatory`. See the [crate's documentation](crate).
pub fn observatory() -> Plugin {
    plugin("observatory", |env| {
        env.register_init(
            async |ops: Ops, frame: Frame, sections: Sections, services: Services, work: Work| {
                if !ops.is_on() {
                    // Nobody can look: nothing is gathered.
                    return Ok(());
                }
                sections.add(Section { id: "now", title: "Now", key: 'n', href: assets::NOW });
                sections.add(Section { id: "lines", title: "Lines", key: 'l', href: assets::LINES });
                let lately = Lately::default();
                let requests = lately.requests.clone();
                services.http.on_finished(work.logger, move |finished| {
                    let plugin = finished.request.target_plugin();
                    // Probes are no users.
                    if plugin.is_none() && finished.path().starts_with(PROBES) {
                        return;
                    }
                    let end = match finished.status {
                        Some(status) if status.is_server_error() => End::Failed,
                        Some(_) => End::Answered,
                        None => End::GivenUp,
                    };
                    requests.lock().note(finished.began, plugin, end, finished.duration);
                });
                work.lifecycle
                    .spawn("what checks said lately", lately.clone().follow(services.health.clone()));
                ops.files(files::router())?;
                let last = LastLines { store: services.lines.clone(), frame: frame.clone() };
                ops.mount_pages("lines", lines::router(last))?;
                ops.mount_pages(
                    "",
                    now::router(Now {
                        look: Look { services, lately },
                        frame,
                        ops: ops.clone(),
                        looked: LastLook::default(),
                    }),
                )
            },
        );
    })
}

/// What the page reads.
#[derive(Clone, Deps)]
pub(crate) struct Services {
    config: RootConfig,
    instance: InstanceMetadata,
    report: BootReport,
    health: HealthRegistry,
    lifecycle: RootLifecycle,
    readiness: RootHealth,
    lines: LogStore,
    http: RootHttpRouter,
    http_settings: greenroom::http::HttpSettings,
    now_parts: NowParts,
}

/// By which the page hears what happens.
#[derive(Clone, Deps)]
struct Work {
    lifecycle: Lifecycle,
    logger: Logger,
}

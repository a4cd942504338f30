//! The demo's page: five buttons that do real things, each followed by where it shows.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_plugin_demo::demo;
//! # use greenroom_test::TestBackend as Backend;
//!
//! let config = serde_json::json!({"greenroom": {"demo": true}});
//! let backend = Backend::new().config(config).add(demo()).start().await.unwrap();
//! assert!(backend.get("/demo").await.text().contains("Press a button"));
//! # }
//! ```
//!
//! It is at `/demo`, and at `/` too where no app is served and nobody else has that place. The Observatory leads to it.
//! Without `greenroom.demo: true` there is none of it. The page is open, to this machine and by this machine's names; the buttons are for the page alone.
//!
//! The buttons lead to `/api/demo/press`, and from there back to the page, which shows what came of it. What they call are routes
//! as any plugin has them, with the credentials that the file `demo.header` in the data directory has for `curl`: neither is
//! handed to the page. `/api/demo/fail` fails, `/api/demo/slow` waits for a place in a pool; readiness
//! depends on the check `demo.dependency`, which fails for half a minute once its server was taken away.

mod api;
mod button;
mod calls;
mod dependency;
mod evidence;
mod frame;
mod guard;
mod page;
mod pool;
mod pressed;
mod presses;
mod routes;
mod shown;

use std::{sync::Arc, time::Duration};

use greenroom::{
    core::Feature, data_dir::DataDirectory, http::HttpSettings, log_store::LogStore, prelude::*,
};
use greenroom_plugin_app::{FrontEnd, front_end};
use greenroom_plugin_observatory_node::{Section, Sections};
use greenroom_plugin_rum::MeasuredPages;

use crate::{
    api::Api, calls::OwnCalls, dependency::Dependency, evidence::Installed, pool::Pool, pressed::LastPresses,
    presses::Presses, routes::PRESS,
};

const KEY: &str = "greenroom.demo";

/// The plugin `demo`. See the [crate's documentation](crate).
pub fn demo() -> Demo {
    Demo { mends_after: Duration::from_secs(30) }
}

/// The plugin before it is added. See [`demo`].
#[must_use = "a plugin runs once it is added to a backend"]
#[derive(Clone, Debug)]
pub struct Demo {
    mends_after: Duration,
}

impl Demo {
    /// For how long a dependency stays broken; half a minute unless set.
    pub fn mends_after(self, mends_after: Duration) -> Self {
        Self { mends_after }
    }
}

#[derive(Deps)]
struct Around {
    config: RootConfig,
    settings: HttpSettings,
    data: DataDirectory,
    metadata: InstanceMetadata,
    logger: Logger,
    http: HttpRouter,
    root: RootHttpRouter,
    health: HealthChecks,
    lifecycle: RootLifecycle,
    pages: MeasuredPages,
    lines: LogStore,
    ops: Ops,
    sections: Sections,
}

impl From<Demo> for Plugin {
    fn from(Demo { mends_after }: Demo) -> Self {
        plugin("demo", move |env| {
            env.register_init(async move |around: Around| match around.config.optional_switch(KEY)? {
                Some(true) => start(around, mends_after).await,
                Some(false) | None => Ok(()),
            });
        })
    }
}

impl From<Demo> for Feature {
    fn from(demo: Demo) -> Self {
        Plugin::from(demo).into()
    }
}

async fn start(around: Around, mends_after: Duration) -> Result {
    let Around {
        config,
        settings,
        data,
        metadata,
        logger,
        http,
        root,
        health,
        lifecycle,
        pages,
        lines,
        ops,
        sections,
    } = around;
    let dependency = Dependency::start(mends_after).await?;
    dependency.watch(&health);
    let stock = data.path().join("stock-list.txt");
    http.mount(api::router(Api { logger: logger.clone(), pool: Pool::new(), stock }));

    let presses = Arc::new(Presses {
        calls: OwnCalls::new(root.local_addr(), settings.https.is_some(), &data),
        dependency,
        pages: pages.clone(),
        lines,
        installed: Installed::of(&metadata),
        last: LastPresses::default(),
        working_dir: std::env::current_dir()?,
    });
    pages.serve_one();
    // A listener of the surface's own has no such page.
    if ops.local_addr() == root.local_addr() {
        sections.add(Section { id: "demo", title: "Demo", key: 'd', href: "/demo" });
    }
    root.mount("/demo", routes::page_and_files(presses.clone()))?;
    // Who may press is for their guard to say: a browser has no credentials to bring.
    http.add_auth_policy(PRESS, AuthPolicy::Unauthenticated)?;
    http.mount(routes::presses(presses.clone()));
    let serves_app = metadata.installed_plugins().iter().any(|plugin| &*plugin.plugin_id == "app")
        && !matches!(front_end(&config), Ok(FrontEnd::Nowhere(_)));
    if !serves_app {
        // Once all have started: whoever wants that place goes before.
        lifecycle.add_startup_hook("show the demo's page", async move || {
            if root.fallback(routes::page_at_root(presses)).is_err() {
                logger.info("The demo's page is at /demo alone: another plugin has the place at /");
            }
            Ok(())
        })?;
    }
    Ok(())
}

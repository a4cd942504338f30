//! Datadog RUM for an unmodified Backstage front end.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_plugin_app::app;
//! use greenroom_plugin_rum::{rum, rum_page};
//! # use greenroom_test::TestBackend as Backend;
//!
//! let dist = tempfile::tempdir().unwrap();
//! std::fs::write(dist.path().join("index.html.tmpl"), "<html><head><title>Portal</title></head></html>").unwrap();
//! let config = serde_json::json!({
//!     "app": {"datadogRum": {"clientToken": "pub123", "applicationId": "11111111-2222-4333-8444-555555555555"}},
//!     "greenroom": {"app": {"dist": dist.path()}, "rum": {"sdk": "cdn"}},
//! });
//! let backend = Backend::new().config(config).add(app()).add(rum()).add(rum_page()).start().await.unwrap();
//! let told = backend.await_log(|line| line["plugin"] == "rum" && line["level"] == "info").await;
//! assert!(told["message"].as_str().unwrap().starts_with("Browsers send events to browser-intake-datadoghq.com directly"));
//! assert!(backend.get("/").await.text().contains("datadog-rum.js"));
//! # }
//! ```
//!
//! # What a page gets
//!
//! Two scripts: Datadog's SDK, and one that starts it with what `app.datadogRum` says. It is external, because Backstage's
//! `Content-Security-Policy` forbids inline scripts. [`rum_page`] puts them into the page of the plugin `app`. Where the backend is a
//! gateway, [`rum`] puts them into the pages that pass, which are another server's. With `greenroom.rum.inject: false` no page is
//! changed, and the start says what to paste.
//!
//! # Where events go
//!
//! `greenroom.rum.mode: direct` has the browser send them to Datadog itself; `forward` has them go through
//! `/api/rum/intake`, where they are looked at before they leave; `store` keeps them in the plugin's database, and needs no account
//! at Datadog; `both` keeps them and sends them on.
//!
//! # What they tell
//!
//! As little as can be: texts of the page are masked in replays, and replays are off; no id of a user, no telemetry of the
//! SDK; values of URL parameters, e-mail addresses and tokens are masked by the script, and again by the intake, which reaches
//! what the script cannot.
//!
//! With `greenroom.rum.consent: required` nothing is measured until the page calls
//!
//! ```js
//! window.greenroomRum?.consent(true); // once a user has agreed; `false` takes it back
//! ```
//!
//! at each load: it is the portal that remembers the answer. Where RUM is off, consent is not required or the script was blocked,
//! there is no `greenroomRum`.
//!
//! # Its commands
//!
//! [`install_sdk`] fetches the SDK, and an [`Examination`] says why no events arrive. The program `greenroom` has them as `greenroom
//! rum sdk` and `greenroom rum doctor`; another one gives them to its own `Program::command("rum", …)`, as
//! `crates/cli/src/main.rs` and `doctor.rs` do. `CommandContext` then knows what a [`PlannedStart`] tells the doctor.
//!
//! # What may be wrong
//!
//! A wrong value switches RUM off, with an error line for each, and the portal goes on; what the schema of the front end refuses is a matter
//! of the plugin `app`.

mod bounds;
mod browser_pages;
mod counts;
mod csp;
mod doctor;
mod foretold;
mod forward;
mod forwarded;
mod html;
mod init;
mod intake;
mod json;
mod keep;
mod markup;
mod metrics;
mod no_pages;
mod page;
mod pages;
mod refusal;
mod routes;
mod scrub;
mod sdk;
mod settings;
mod setup;
mod snippet;
mod troubles;
mod urls;
mod uuid;
mod wiring;

use std::sync::Arc;

use greenroom::{
    config::ConfigError,
    core::{Module, Plugin},
    prelude::*,
};
use greenroom_plugin_app_node::IndexDocument;

use crate::{
    browser_pages::Shown,
    counts::Counts,
    settings::Settings,
    setup::RumSetup,
    urls::{INTAKE_ROUTE, SDK_ROUTE},
    wiring::Needs,
};

pub use crate::doctor::{ConfigRemark, Diagnosis, Examination, PlannedStart};
pub use crate::foretold::{PlannedPages, Served};
pub use crate::pages::{MeasuredPages, PageMarkup, SdkState};
pub use crate::sdk::{InstallError, InstallFrom, Installed, install_sdk};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// The plugin `rum`: the SDK's files, the script that starts it, and the intake. See the [crate's documentation](crate).
pub fn rum() -> Plugin {
    plugin("rum", |env| {
        env.register_init(async |setup: RumSetup, http: HttpRouter, needs: Needs, shown: Shown| {
            // Browsers ask before anybody has signed in; where nothing is mounted, that is a 404.
            http.add_auth_policy(SDK_ROUTE, AuthPolicy::Unauthenticated)?;
            http.add_auth_policy(INTAKE_ROUTE, AuthPolicy::Unauthenticated)?;
            if setup.0.as_ref().is_none_or(|setup| setup.rum.way.retention().is_none()) {
                shown.mount_none(setup.0.as_deref())?;
            }
            let Some(setup) = setup.0 else { return Ok(()) };
            if setup.is_gateway && setup.rum.injects {
                forwarded::add(&setup, &needs.logger, &needs.documents);
            }
            let counts = Arc::new(Counts::begin().going_to(&setup.rum));
            if setup.rum.way.has_intake() {
                metrics::tell(&needs.metrics, &counts);
            }
            let (intake, keeper) = wiring::wire(&setup, &needs, shown, &counts).await?;
            let served = setup.clone();
            let Needs { logger, root, config, data, lifecycle, .. } = needs;
            let told = logger.clone();
            lifecycle.add_startup_hook("tell where browser events go", async move || {
                let place =
                    move || keeper.as_ref().map(|keeper| keeper.place().to_owned()).unwrap_or_default();
                setup.tell(&config, &place(), &told);
                drop(spawn("wait for Datadog's SDK", async move {
                    if setup.await_sdk(&config, &data).await {
                        told.info("Datadog's SDK is here now, and pages load it");
                        setup.tell(&config, &place(), &told);
                    }
                }));
                Ok(())
            })?;
            let watching = counts.clone();
            root.observe(logger, move |request| watching.count_request(request));
            http.mount(routes::router(served, intake, counts));
            Ok(())
        });
    })
    .config_schema(CONFIG_SCHEMA)
    .reads_with_remarks(
        |config| {
            foretold::check_database(config)?;
            Ok::<_, ConfigError>(Settings::from_config(config))
        },
        |settings: &Settings, _| settings.remarks(),
    )
    .foretells(foretold::of)
}

/// The module of the plugin `app` that puts the two scripts into its page, which is of no use without [`rum()`].
pub fn rum_page() -> Module {
    module("app", "rum", |env| {
        env.register_init(async |setup: RumSetup, logger: Logger, document: IndexDocument| {
            if let Some(setup) = setup.0.as_ref().filter(|setup| setup.rum.injects) {
                page::add(setup, &logger, &document);
            }
            Ok(())
        });
    })
}

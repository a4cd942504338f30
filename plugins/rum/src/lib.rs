//! Datadog RUM for an unmodified Backstage front end.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_plugin_rum::rum;
//! # use greenroom_test::TestBackend as Backend;
//!
//! let config = "app: {datadogRum: {clientToken: pub123, applicationId: 11111111-2222-4333-8444-555555555555}}";
//! let backend = Backend::new().config(config).add(rum()).start().await.unwrap();
//! let told = backend.await_log(|line| line["plugin"] == "rum").await;
//! assert!(told["message"].as_str().unwrap().starts_with("Browser events go from the browser to"));
//! # }
//! ```
//!
//! # What a page gets
//!
//! Two scripts: Datadog's SDK, and one that starts it with what `app.datadogRum` says. It is external, because Backstage's
//! `Content-Security-Policy` forbids inline scripts. [`rum_page`] puts them into the page of the plugin `app`.
//!
//! # Where events go
//!
//! `greenroom.rum.mode: direct` has the browser send them to Datadog itself; `forward` has them go through
//! `/api/rum/intake`, where they are looked at before they leave.
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
//! # What may be wrong
//!
//! A wrong value switches RUM off, with one error line, and the portal goes on; what the schema of the front end refuses is a matter
//! of the plugin `app`.

mod counts;
mod csp;
mod doctor;
mod forward;
mod init;
mod intake;
mod json;
mod markup;
mod page;
mod routes;
mod scrub;
mod sdk;
mod settings;
mod snippet;

use std::sync::Arc;

use greenroom::{
    core::{Module, Plugin},
    data_dir::DataDirectory,
    prelude::*,
};
use greenroom_plugin_app_node::IndexDocument;

use crate::{
    counts::Counts,
    forward::Queue,
    init::InitScript,
    intake::Intake,
    sdk::Source,
    settings::{Mode, Settings, Way},
};

pub use crate::doctor::{Diagnosis, Examination};
pub use crate::sdk::{InstallError, Installed, SdkSource, install_sdk};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// The plugin `rum`: the SDK's files, the script that starts it, and the intake. See the [crate's documentation](crate).
pub fn rum() -> Plugin {
    plugin("rum", |env| {
        env.register_init(
            async |config: RootConfig,
                   data: DataDirectory,
                   client: HttpClient,
                   logger: Logger,
                   http: HttpRouter,
                   root: RootHttpRouter| {
                // Browsers ask before anybody has signed in; where nothing is mounted, that is a 404.
                http.add_auth_policy("/sdk", AuthPolicy::Unauthenticated)?;
                http.add_auth_policy("/intake", AuthPolicy::Unauthenticated)?;
                let rum = match Settings::from_config(&config)?.mode {
                    // Why it is broken, the report on the config has told.
                    Mode::Off | Mode::Broken(_) => return Ok(()),
                    Mode::On(rum) => *rum,
                };
                let counts = Arc::new(Counts::begin());
                let intake = match &rum.way {
                    Way::Direct => None,
                    Way::Forward { intake, tells_address } => {
                        let queue = Queue::start(&client, counts.clone(), logger.clone());
                        let counts = counts.clone();
                        Some(Intake::new(&rum, intake, *tells_address, queue, counts, logger.clone()))
                    }
                };
                logger.info(rum.summary());
                let script = InitScript::of(&rum);
                let source =
                    spawn_blocking("read the SDK", move || page::source(&config, &data, &rum)).await?;
                let sdk = match source {
                    Source::Own(sdk) => Some(sdk),
                    Source::Cdn(_) => None,
                    Source::Missing(told) => {
                        logger.warn(told);
                        None
                    }
                };
                let watching = counts.clone();
                root.observe(move |request| watching.request(request));
                http.mount(routes::router(script, sdk, intake, counts));
                Ok(())
            },
        );
    })
    .config_schema(CONFIG_SCHEMA)
    .reads_with_remarks(Settings::from_config, |settings, _| settings.remarks())
}

/// The module of the plugin `app` that puts the two scripts into its page, which is of no use without [`rum()`].
pub fn rum_page() -> Module {
    module("app", "rum", |env| {
        env.register_init(
            async |config: RootConfig, data: DataDirectory, logger: Logger, document: IndexDocument| {
                let Mode::On(rum) = Settings::from_config(&config)?.mode else { return Ok(()) };
                spawn_blocking("read the SDK", move || page::add(&config, &data, &rum, &logger, &document))
                    .await?;
                Ok(())
            },
        );
    })
}

//! Serves a Backstage front end bundle, as `yarn workspace app build` made it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_plugin_app::app;
//! # use greenroom_test::TestBackend as Backend;
//!
//! let dist = tempfile::tempdir().unwrap();
//! let page = "<html><head><title><%= config.getOptionalString('app.title') ?? 'Backstage' %></title></head></html>";
//! std::fs::write(dist.path().join("index.html.tmpl"), page).unwrap();
//!
//! let config = serde_json::json!({"greenroom": {"app": {"dist": dist.path()}}});
//! let backend = Backend::new().config(config).add(app()).start().await.unwrap();
//! assert!(backend.get("/catalog").await.text().starts_with("<html><head><title>Backstage</title>"));
//! # }
//! ```
//!
//! # Which bundle
//!
//! `greenroom.app.dist`, a directory, relative to the first config file; else the `dist` of the package `app.packageName`, which is
//! `app` unless set, found as Node finds it: in `node_modules` beside the config file and above, or among the workspaces.
//! Where there is none, nothing is served and one line tells where it was looked for; it is a start error where the config
//! asks for it by `greenroom.app.dist` or `greenroom.plugins.app: true`.
//!
//! # What is served
//!
//! At `/` and at `/api/app`, to everybody: the files of the bundle, which are looked up in an index made at start; and in
//! place of everything that is no file, the page `index.html.tmpl`, rendered at start with what the browser may see of the
//! config. A file that can be compressed is compressed once. Source maps, hidden files and links that lead out of the bundle
//! are not served. A bundle that is built anew is served after a restart.
//!
//! Modules add to the page by [`greenroom_plugin_app_node`].

mod document;
mod file;
mod frontend;
mod index;
mod kept;
mod mime;
mod page;
mod path;
mod policy;
mod range;
mod redirect;
mod routes;
mod send;
mod settings;
mod source_maps;
mod template;
mod walk;

use std::{path::PathBuf, sync::Arc, time::Instant};

use greenroom::{http::HttpSettings, prelude::*};
use greenroom_plugin_app_node::{Additions, IndexDocument, SourceMaps};

use crate::{
    index::Index, kept::Kept, page::Maker, routes::Bundle, settings::Settings, source_maps::SourceMapIndex,
};

pub use crate::settings::{FrontEnd, front_end};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// The plugin `app`. See the [crate's documentation](crate).
pub fn app() -> Plugin {
    plugin("app", |env| {
        let document = IndexDocument::default();
        env.register_extension_point(document.clone());
        env.register_init(
            async move |config: RootConfig,
                        settings: HttpSettings,
                        logger: Logger,
                        http: HttpRouter,
                        maps: SourceMaps| {
                // Who asks for the app has not signed in yet; where there is none, that is what is said.
                http.add_auth_policy("/", AuthPolicy::Unauthenticated)?;
                let ours = Settings::from_config(&config)?;
                let dist = match ours.dist.clone() {
                    FrontEnd::Here(dist) => dist,
                    FrontEnd::Nowhere(looked) => {
                        info!(logger, "No front end is served: {looked}");
                        return Ok(());
                    }
                };
                let made = spawn_blocking("look through the app", move || {
                    bundle(&config, &settings, &ours, &document.additions(), logger, dist)
                });
                let (bundle, source_maps) = made.await??;
                maps.provide(move |path| source_maps.find(path));
                http.mount(routes::router(bundle));
                Ok(())
            },
        );
    })
    .config_schema(CONFIG_SCHEMA)
    .reads(Settings::checked)
}

fn bundle(
    config: &RootConfig,
    settings: &HttpSettings,
    ours: &Settings,
    additions: &Additions,
    logger: Logger,
    dist: PathBuf,
) -> Result<(Bundle, SourceMapIndex)> {
    let began = Instant::now();
    let shown = dist.display();
    let found =
        walk::walk(&dist).map_err(|error| Error::new(format!("Cannot serve the app in {shown}: {error}")))?;
    let (files, bytes) = (found.files.len(), found.bytes);
    let index = Index::new(&found);
    let maker = Maker { config, settings, additions, logger: &logger, dist: &dist, named_by: ours.named_by };
    let page = if ours.injects_config { maker.rendered()? } else { maker.as_built(&index)? };
    let ms = began.elapsed().as_millis() as u64;
    info!(logger, +files, +bytes, +ms, "Serving static app content from {shown}");
    if !found.refused.is_empty() {
        let few = found.refused.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
        let count = found.refused.len();
        warn!(logger, count, "Links that lead out of the app, or nowhere, are not served: {few}");
    }
    if ours.wants_public && found.directories.iter().any(|name| name == "public") {
        info!(
            logger,
            "The app has a public entry point, which is not used: everybody gets the main one, as with \
             app.disablePublicEntryPoint: true"
        );
    }
    let bundle = Bundle { index, page, kept: Arc::new(Kept::new(logger.clone())), logger };
    Ok((bundle, SourceMapIndex::new(&found)))
}

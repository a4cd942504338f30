//! `GET /.greenroom/v1/info`: what runs here.

use axum::{Json, extract::State};
use greenroom_core::{State as Lifecycle, boot::PluginState};
use greenroom_database::DatabaseSettings;
use serde::Serialize;

use super::{Told, millis, time};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Info {
    version: &'static str,
    instance_id: String,
    pid: u32,
    state: &'static str,
    started_at: Option<String>,
    uptime_ms: f64,
    node_env: Option<String>,
    listen: String,
    ops_listen: Option<String>,
    data_dir: String,
    plugins: Vec<Plugin>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plugin {
    id: String,
    modules: Vec<String>,
    state: &'static str,
    error: Option<String>,
    database: Option<Database>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Database {
    client: String,
    target: String,
}

pub(crate) async fn info(State(told): State<Told>) -> Json<Info> {
    let from = &told.sources;
    let began_at = from.report.began_at();
    Json(Info {
        version: env!("CARGO_PKG_VERSION"),
        instance_id: from.metadata.id().to_owned(),
        pid: std::process::id(),
        state: word(*from.lifecycle.state().borrow()),
        started_at: time(began_at),
        uptime_ms: began_at.elapsed().map(millis).unwrap_or_default(),
        node_env: told.node_env.clone(),
        listen: from.http.local_addr().to_string(),
        ops_listen: told.own_address.as_ref().map(ToString::to_string),
        data_dir: from.data.path().display().to_string(),
        plugins: plugins(&told),
    })
}

fn plugins(told: &Told) -> Vec<Plugin> {
    let from = &told.sources;
    let databases = DatabaseSettings::from_config(&from.config).ok();
    let one = |plugin: &greenroom_core::InstalledPlugin| {
        let id = &plugin.plugin_id;
        let (state, error) = match from.report.plugin(id) {
            PluginState::Starting => ("starting", None),
            PluginState::Started => ("started", None),
            PluginState::Failed(error) => ("failed", Some(from.config.masked(error.message()))),
        };
        let database = databases.as_ref().and_then(|all| all.for_plugin(id).ok());
        Plugin {
            id: id.to_string(),
            modules: plugin.modules.iter().map(ToString::to_string).collect(),
            state,
            error,
            database: database.map(|of| Database { client: of.client, target: of.target.to_string() }),
        }
    };
    from.metadata.installed_plugins().iter().map(one).collect()
}

fn word(state: Lifecycle) -> &'static str {
    match state {
        Lifecycle::Starting => "starting",
        Lifecycle::Started => "started",
        Lifecycle::Failed => "failed",
        Lifecycle::Stopping => "stopping",
    }
}

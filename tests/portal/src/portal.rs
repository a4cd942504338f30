//! The real binary, serving the stock front end under the config that the stock project has, and what it logs.

use std::sync::Arc;

use greenroom_page::{Finished, Program, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{Certificate, DEADLINE, tarball, target};

/// Where the portal is, unless a test says something else.
pub const PORTAL: &str = "https://portal.example";
/// What the portal's events are of.
pub const APPLICATION: &str = "11111111-2222-4333-8444-555555555555";
/// What events are sent with.
pub const TOKEN: &str = "pub00000000000000000000000000000000";
/// The site, whose intake is a host that only the browser of these tests knows.
pub const SITE: &str = "datadoghq.eu";
/// Its intake.
pub const SITE_INTAKE: &str = "browser-intake-datadoghq.eu";

/// A portal to start.
#[derive(Debug)]
pub struct Setup {
    config: Value,
    data: TempDir,
}

impl Setup {
    /// One at [`PORTAL`], with RUM as it is by default.
    #[track_caller]
    pub fn new(certificate: &Certificate) -> Self {
        let data = tempfile::tempdir().unwrap_or_else(|error| panic!("no directory: {error}"));
        let config = json!({
            "app": {
                "title": "The portal",
                "baseUrl": PORTAL,
                "datadogRum": {"applicationId": APPLICATION, "clientToken": TOKEN, "site": SITE, "env": "test"},
            },
            "backend": {
                "baseUrl": PORTAL,
                "https": {"certificate": {"cert": certificate.cert, "key": certificate.key}},
            },
            "greenroom": {
                "app": {"dist": target().join("app/dist")},
                "logger": {"format": "backstage"},
                "plugins": {"tasks": true},
                "dataDir": data.path(),
            },
        });
        Self { config, data }
    }

    /// Sets a key of the config, such as `/greenroom/rum/mode`.
    #[must_use]
    pub fn with(mut self, place: &str, value: impl Into<Value>) -> Self {
        pointed(&mut self.config, place, value.into());
        self
    }

    /// Lays out Datadog's SDK as an operator does who has no registry at hand, and starts.
    pub async fn start(self) -> Portal {
        let sdk = self.program().args("rum sdk --from").arg(tarball()).run().await;
        assert_eq!(sdk.code, Some(0), "{sdk:?}");
        self.start_with_own_sdk().await
    }

    /// Starts with the SDK that `greenroom.rum.sdk` names, or without any.
    pub async fn start_with_own_sdk(self) -> Portal {
        let server = self.program().listen().await;
        server.line("Plugin initialization complete").await;
        Portal::of(server, Arc::new(self.data))
    }

    /// With what create-app has made, and ours on it.
    fn program(&self) -> Program {
        let program = Program::greenroom().env("NODE_ENV", "development").config(&self.config.to_string());
        program.arg("--config").arg(target().join("app/project.yaml")).args("--config app-config.yaml")
    }
}

/// Sets a key of a config that may not be there yet.
pub(crate) fn pointed(config: &mut Value, place: &str, value: Value) {
    *place.split('/').skip(1).fold(config, |at, name| &mut at[name]) = value;
}

/// A running portal.
#[derive(Debug)]
pub struct Portal {
    server: Server,
    _data: Arc<TempDir>,
}

/// A line of its log.
pub type Line = Value;

impl Portal {
    pub(crate) fn of(server: Server, data: Arc<TempDir>) -> Self {
        Self { server, _data: data }
    }

    /// Its process; `None` once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.server.id()
    }

    /// Asks it to stop (SIGTERM), and waits for nothing.
    pub fn terminate(&self) {
        self.server.terminate();
    }

    /// All that it has printed, for whoever looks for a fault.
    pub fn printed(&self) -> String {
        self.server.printed()
    }

    /// Waits for its end.
    pub async fn finished(self) -> Finished {
        self.server.finished().await
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The most memory that it has had so far, in bytes, where `/proc` tells.
    pub fn peak(&self) -> Option<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<usize>().ok()? << 10)
    }

    /// Its log so far.
    pub fn lines(&self) -> Vec<Line> {
        self.server.log().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The access lines so far of requests whose URL begins so.
    pub fn accesses(&self, path: &str) -> Vec<Line> {
        let is_asked = |line: &Line| {
            line["type"] == "incomingRequest" && line["url"].as_str().is_some_and(|url| url.starts_with(path))
        };
        self.lines().into_iter().filter(is_asked).collect()
    }

    /// The lines of a plugin so far that belong to this trace.
    pub fn lines_of(&self, plugin: &str, trace: &str) -> Vec<Line> {
        let lines = self.lines().into_iter();
        lines.filter(|line| line["plugin"] == plugin && line["trace_id"] == trace).collect()
    }

    /// Waits until the log is as it should be.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !is_so(self) {
                let seen = self.server.log().len();
                self.server.log_beyond(seen).await;
            }
        };
        if timeout(DEADLINE, waiting).await.is_err() {
            panic!("never logged: {what}\n{}", self.server.log().join("\n"));
        }
    }
}

//! A portal as its users have it today: a whole Node backend on PostgreSQL, under the config that `create-app` has made, alone or
//! with Greenroom in front of it.

use std::{env, path::Path, sync::Arc, time::Duration};

use greenroom_conformance::{
    client::Client, ports::free_port, tls::trusting, transcript::Request, wire::Answer, wire::Outcome,
};
use greenroom_page::Program;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{
    Certificate, Portal,
    portal::{PORTAL, pointed},
    tarball, target,
};

/// What another service says to be let in, as Node's config names it.
pub const SERVICE: &str = "the-token-of-another-service";
/// What an operator says to Greenroom.
pub const OPERATOR: &str = "the-token-of-the-operators-of-this-portal";

/// How long a start may take, of hundreds of packages on a busy machine.
const START: Duration = Duration::from_secs(120);

/// A Node backend to start, at [`PORTAL`], on a port that stays its own.
#[derive(Debug)]
pub struct Node {
    config: Value,
    port: u16,
    certificate: String,
    has_events: bool,
    data: Arc<TempDir>,
}

impl Node {
    /// One whose plugins make their databases by this connection.
    #[track_caller]
    pub fn new(certificate: &Certificate, database: &str) -> Self {
        let data = tempfile::tempdir().unwrap_or_else(|error| panic!("no directory: {error}"));
        let examples = target().join("app/project/examples");
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/template.yaml");
        let soon =
            json!({"frequency": {"seconds": 3}, "timeout": {"minutes": 1}, "initialDelay": {"seconds": 1}});
        let config = json!({
            "app": {"title": "The portal", "baseUrl": PORTAL},
            "backend": {
                "baseUrl": PORTAL,
                "https": {"certificate": {"cert": certificate.cert, "key": certificate.key}},
                // A text, as what `create-app` has written is one; few connections, for all plugins of a test.
                "database": {"client": "pg", "connection": database, "knexConfig": {"pool": {"min": 0, "max": 3}}},
                "auth": {"externalAccess": [{"type": "static", "options": {"token": SERVICE, "subject": "kitchen"}}]},
            },
            "auth": {"providers": {"guest": {"dangerouslyAllowOutsideDevelopment": true}}},
            "catalog": {"locations": [
                {"type": "file", "target": examples.join("entities.yaml")},
                {"type": "file", "target": examples.join("org.yaml"), "rules": [{"allow": ["User", "Group"]}]},
                {"type": "file", "target": template, "rules": [{"allow": ["Template"]}]},
            ]},
            "search": {"collators": {"catalog": {"schedule": soon}, "techdocs": {"schedule": soon}}},
            "greenroom": {"ops": {"token": OPERATOR}, "dataDir": data.path()},
        });
        Self {
            config,
            port: free_port().unwrap_or_else(|error| panic!("no port: {error}")),
            certificate: certificate.cert.clone(),
            has_events: false,
            data: Arc::new(data),
        }
    }

    /// Sets a key of the config, such as `/greenroom/rum/mode`.
    #[must_use]
    pub fn with(mut self, place: &str, value: impl Into<Value>) -> Self {
        pointed(&mut self.config, place, value.into());
        self
    }

    /// With the event bus, by which plugins hear of each other in calls that stay open for a minute.
    #[must_use]
    pub fn with_event_bus(mut self) -> Self {
        self.has_events = true;
        self
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lays out Datadog's SDK as an operator does who has no registry at hand.
    pub async fn lay_out_sdk(&self) {
        let program = Program::greenroom().config(&self.config.to_string());
        let sdk = program.args("rum sdk --from").arg(tarball()).run().await;
        assert_eq!(sdk.code, Some(0), "{sdk:?}");
    }

    /// Starts it without us: the same command, and `GREENROOM=off`.
    pub async fn alone(&self) -> Portal {
        self.start(self.program().env("GREENROOM", "off")).await
    }

    /// Starts Greenroom, which starts it.
    pub async fn behind_greenroom(&self) -> Portal {
        self.start(self.program()).await
    }

    /// Asks it something by these lines and headers, without a body that is longer than they say.
    pub async fn ask(&self, request: &str) -> Answer<Vec<u8>> {
        match self.client().exchange(&Request::raw(request.as_bytes().to_vec())).await {
            Ok(Outcome::Answered(answers)) if answers.len() == 1 => answers.into_iter().next(),
            other => panic!("{request}: {other:?}"),
        }
        .unwrap_or_else(|| panic!("{request}: no answer"))
    }

    /// Has a service tell every user a thing, as a notification.
    pub async fn notify(&self, title: &str) {
        let body = json!({"recipients": {"type": "broadcast"}, "payload": {"title": title}}).to_string();
        let request = format!(
            "POST /api/notifications/notifications HTTP/1.1\r\nHost: portal.example\r\nAuthorization: Bearer {SERVICE}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = self.ask(&request).await;
        assert_eq!(answer.head.status, 200, "{}", answer.body.escape_ascii());
    }

    fn program(&self) -> Program {
        let installed = target().join("portal-node");
        assert!(
            installed.join("installed").is_file(),
            "no Node backend is installed: run `sh tests/portal/node/install.sh`"
        );
        let program =
            Program::greenroom().config(&self.config.to_string()).file("cert.pem", &self.certificate);
        // Node looks for the schemas of config in what the package depends on that it runs in.
        let program = program.file("package.json", include_str!("../node/package.json"));
        let modules = installed.join("node_modules");
        let program = program
            .env("PATH", &env::var("PATH").unwrap_or_default())
            .env("HOME", &self.data.path().to_string_lossy())
            .env("NODE_ENV", "production")
            .env("NODE_PATH", &modules.to_string_lossy())
            // Its plugins call each other by the name that its certificate is of.
            .env("NODE_EXTRA_CA_CERTS", "cert.pem")
            .env("APP_CONFIG_backend_listen", &format!("127.0.0.1:{}", self.port));
        let program = if self.has_events { program.env("EVENTS", "1") } else { program };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/backend.js");
        program
            .args("run --gateway --")
            .arg(modules.join(".bin/node"))
            .arg(script)
            .arg("--config")
            .arg(target().join("app/project.yaml"))
            .args("--config app-config.yaml")
    }

    /// Whether whoever listens there says that Node is ready: a process of which nothing else tells it.
    async fn is_ready(&self) -> bool {
        let answered = self.client().exchange(&Request::get("/.backstage/health/v1/readiness")).await;
        matches!(answered, Ok(Outcome::Answered(answers)) if answers.iter().all(|answer| answer.head.status == 200))
    }

    fn client(&self) -> Client {
        let trusted = trusting(&self.certificate).unwrap_or_else(|error| panic!("{error}"));
        Client::new(self.port).over_tls(Arc::new(trusted))
    }

    async fn start(&self, program: Program) -> Portal {
        let portal = Portal::of(program.spawn(), self.data.clone());
        let started = async {
            while !self.is_ready().await {
                sleep(Duration::from_millis(50)).await;
            }
        };
        if timeout(START, started).await.is_err() {
            panic!("it does not get ready\n{}", portal.printed());
        }
        portal
    }
}

//! What serves the front end: Greenroom and nginx, the same bundle.

use std::fs;
use std::io;
use std::path::Path;

use crate::figures::Route;
use crate::requests::Connections;
use crate::server::{Server, free_port};
use crate::subject::{Places, command};

/// A file whose name changes with what it holds.
pub(super) const FILE: &str = "/static/main.0123abcd.js";
const FILE_BYTES: usize = 1_000_000;
/// Where browsers think that they are: what the recorded ones told.
const ORIGIN: &str = "http://127.0.0.1:17200";
const TOKEN: &str = "pub00000000000000000000000000000000";
pub(super) const ID: &str = "11111111-2222-4333-8444-555555555555";
/// What operators show.
pub(super) const OPS_TOKEN: &str = "of-benchmarks-0123456789";
const TEMPLATE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title><%= config.getOptionalString('app.title') ?? 'Backstage' %></title>\
    <script defer src=\"<%= publicPath %>/static/main.0123abcd.js\"></script></head>\
    <body><noscript>You need to enable JavaScript to run this app.</noscript><div id=\"root\"></div></body></html>\n";
const SCHEMA: &str = r#"{"backstageConfigSchemaVersion": 1, "schemas": [{"packageName": "app", "path": "x", "value":
    {"type": "object", "properties": {"app": {"type": "object", "properties": {
        "title": {"type": "string", "visibility": "frontend"},
        "baseUrl": {"type": "string", "visibility": "frontend"}}}}}}]}"#;

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Greenroom { with_rum: bool },
    Nginx,
}

/// Writes a bundle as the build of a front end leaves one, and nginx's copy.
pub(super) fn write_bundle(scratch: &Path) -> io::Result<()> {
    let digits = |at: usize| b'a' + (at * at / 7 % 26) as u8;
    let script: Vec<u8> = (0..FILE_BYTES).map(digits).collect();
    for root in ["dist", "nginx"] {
        fs::create_dir_all(scratch.join(root).join("static"))?;
        fs::write(scratch.join(root).join(&FILE[1..]), &script)?;
    }
    fs::write(scratch.join("dist/index.html.tmpl"), TEMPLATE)?;
    fs::write(scratch.join("dist/.config-schema.json"), SCHEMA)
}

impl Side {
    /// Starts it, and waits until it answers.
    pub(super) fn start(self, places: &Places, scratch: &Path) -> io::Result<Server> {
        match self {
            // No browser sends anything here.
            Self::Greenroom { with_rum } => {
                greenroom(places, scratch, with_rum.then_some("http://127.0.0.1:9"))
            }
            Self::Nginx => nginx(scratch),
        }
    }
}

/// Greenroom with the bundle; events go to `intake`, if there is one.
pub(super) fn greenroom(places: &Places, scratch: &Path, intake: Option<&str>) -> io::Result<Server> {
    let forward = |intake| format!("mode: forward, sdk: cdn, intakeUrl: '{intake}'");
    started(places, scratch, intake.map(forward), "")
}

/// Greenroom with the bundle, which keeps events in a directory.
pub(super) fn keeping(places: &Places, scratch: &Path, data: &Path) -> io::Result<Server> {
    let database =
        format!("  database: {{client: better-sqlite3, connection: {{directory: '{}'}}}}\n", data.display());
    started(places, scratch, Some("mode: store, sdk: cdn".to_owned()), &database)
}

fn started(places: &Places, scratch: &Path, rum: Option<String>, backend: &str) -> io::Result<Server> {
    let port = free_port()?;
    let (dist, data) = (scratch.join("dist"), scratch.join("data"));
    let (dist, data) = (dist.display(), data.display());
    let (keys, rum) = match rum {
        None => (String::new(), "mode: off".to_owned()),
        Some(rum) => (format!(", datadogRum: {{clientToken: {TOKEN}, applicationId: {ID}}}"), rum),
    };
    let config = format!(
        "app: {{title: Benchmark, baseUrl: '{ORIGIN}'{keys}}}\n\
         backend:\n  baseUrl: '{ORIGIN}'\n  listen: '127.0.0.1:{port}'\n  trustProxy: loopback\n{backend}\
         greenroom: {{app: {{dist: '{dist}'}}, dataDir: '{data}', ops: {{token: {OPS_TOKEN}}}, rum: {{{rum}}}}}\n"
    );
    let file = scratch.join("config/app-config.yaml");
    fs::create_dir_all(scratch.join("config"))?;
    fs::write(&file, config)?;
    let mut greenroom = command(places.target.join("release/greenroom"));
    greenroom.arg("--config").arg(file);
    Server::launch(greenroom, port, Route::Readiness.path(), scratch)
}

/// nginx with its copy of the bundle.
fn nginx(scratch: &Path) -> io::Result<Server> {
    let port = free_port()?;
    let root = scratch.join("nginx");
    let (shown, logs) = (root.display(), scratch.display());
    let config = format!(
        "daemon off; master_process off; pid {logs}/nginx.pid; error_log stderr;\n\
         events {{ worker_connections 768; }}\n\
         http {{\n\
         sendfile on; tcp_nopush on; keepalive_requests 100000000; access_log {logs}/access.log combined;\n\
         types {{ text/html html; application/javascript js; }}\n\
         server {{ listen 127.0.0.1:{port}; root {shown}; location / {{ try_files $uri /index.html; }} }}\n\
         }}\n"
    );
    let file = scratch.join("nginx.conf");
    fs::write(&file, config)?;
    let program =
        ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].into_iter().find(|path| Path::new(path).exists());
    let mut nginx = command(program.unwrap_or("nginx"));
    nginx.arg("-c").arg(file).arg("-e").arg("stderr");
    Server::launch(nginx, port, "/catalog", scratch)
}

/// Gives nginx the page that Greenroom answers.
pub(super) fn copy_page(places: &Places, with_rum: bool, scratch: &Path) -> io::Result<()> {
    let server = Side::Greenroom { with_rum }.start(places, scratch)?;
    let page = Connections::open(server.port(), 1)?.ask("/catalog", 1)?.body;
    server.stop()?;
    fs::write(scratch.join("nginx/index.html"), page)
}

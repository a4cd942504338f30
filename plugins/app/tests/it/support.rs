//! A small bundle, and a backend that serves it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use greenroom_plugin_app::app;
use greenroom_test::{RunningTestBackend, TestBackend, TestResponse};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const TEMPLATE: &str = "<!DOCTYPE html><html><head>\
    <title><%= config.getOptionalString('app.title') ?? 'Backstage' %></title>\
    <meta name=\"backstage-public-path\" content=\"<%= publicPath %>/\">\
    <script defer src=\"<%= publicPath %>/static/main.js\"></script>\
    </head><body></body></html>";

pub(crate) const SCHEMA: &str = r#"{"backstageConfigSchemaVersion": 1, "schemas": [{"packageName": "app", "path": "x", "value":
    {"type": "object", "properties": {
        "app": {"type": "object", "properties": {
            "title": {"type": "string", "visibility": "frontend"},
            "baseUrl": {"type": "string", "visibility": "frontend"},
            "old": {"type": "string", "visibility": "frontend", "deprecated": "use app.new"},
            "key": {"type": "string", "visibility": "secret"}
        }},
        "backend": {"type": "object", "properties": {"baseUrl": {"type": "string", "visibility": "frontend"}}}
    }}}]}"#;

/// When all files of a bundle were written, unless a test says otherwise.
pub(crate) const MODIFIED: Duration = Duration::from_millis(1_795_000_000_123);

/// A bundle that a test writes.
pub(crate) struct Dist {
    dir: TempDir,
}

impl Dist {
    /// A template, a schema, a page and a script of 6300 bytes.
    pub(crate) fn new() -> Self {
        let dist = Self::empty();
        dist.write("index.html", "<html><head></head>built</html>").write("index.html.tmpl", TEMPLATE);
        dist.write(".config-schema.json", SCHEMA)
            .write("static/main.js", &"console.log(\"main\");\n".repeat(300));
        dist
    }

    pub(crate) fn empty() -> Self {
        let dist = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(dist.path().join("static")).unwrap();
        dist
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("dist")
    }

    /// What is beside the bundle.
    pub(crate) fn beside(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + MODIFIED).unwrap();
        self
    }

    pub(crate) fn remove(&self, name: &str) -> &Self {
        fs::remove_file(self.path().join(name)).unwrap();
        self
    }

    /// A backend that serves it, with this config besides.
    pub(crate) fn backend(&self, more: &Value) -> TestBackend {
        let mut config = more.clone();
        config["backend"]["logger"] = json!({"level": "debug"});
        config["greenroom"] = json!({"app": {"dist": self.path()}});
        TestBackend::new().config(config).add(app())
    }

    pub(crate) async fn start(&self) -> RunningTestBackend {
        self.backend(&json!({})).start().await.unwrap()
    }

    /// Why a start with that config fails.
    pub(crate) async fn refused(&self, more: &Value) -> String {
        match self.backend(more).start().await {
            Ok(_) => panic!("it starts"),
            Err(error) => error.to_string(),
        }
    }
}

/// A header's value, empty without the header.
pub(crate) fn header<'r>(response: &'r TestResponse, name: &str) -> &'r str {
    response.header(name).unwrap_or_default()
}

/// Whether it is the page.
pub(crate) fn is_page(response: &TestResponse) -> bool {
    response.status == 200
        && header(response, "content-type") == "text/html; charset=utf-8"
        && response.text().contains("backstage.io/config")
}

//! The demo as `cargo run` shows it: its five buttons, each followed to its evidence by links alone.

use std::{env, fs, os::unix::fs::PermissionsExt};

use greenroom_page::{Program, Request, Server};
use greenroom_portal::{Browser, tarball};
use tempfile::TempDir;

use crate::looks::{SIZES, look, pictures};

const TOKEN: &str = "the-token-of-the-operators-of-this-test";
const CONFIG: &str = "
backend: {database: {client: better-sqlite3, connection: {directory: .greenroom}}}
greenroom: {demo: true, rum: {mode: store}, plugins: {app: false, tasks: true}}
";

/// A running demo, and whoever tries it, signed in as its operator.
struct Tried {
    server: Server,
    browser: Browser,
    url: String,
    _npm: TempDir,
}

impl Tried {
    async fn start() -> Self {
        let npm = npm();
        let path = env::var("PATH").unwrap_or_default();
        let program = Program::greenroom().config(CONFIG).env("GREENROOM_OPS_TOKEN", TOKEN);
        let server = program.env("PATH", &format!("{}:{path}", npm.path().display())).start().await;
        let url = format!("http://127.0.0.1:{}", server.port());
        let asked = Request::new("POST", "/.greenroom/v1/links")
            .header(&format!("Authorization: Bearer {TOKEN}"))
            .header("Content-Type: application/json");
        let link = server.send(&asked).await.json()["path"].as_str().expect("a link").to_owned();
        let mut browser = Browser::on_loopback().await;
        browser.open(&format!("{url}{link}")).await;
        browser.see("Last errors").await;
        let mut tried = Self { server, browser, url, _npm: npm };
        tried.open().await;
        tried
    }

    async fn open(&mut self) {
        let url = self.url.clone();
        self.browser.open(&format!("{url}/")).await;
    }
}

/// An npm that has the archive at hand, as a registry does.
fn npm() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("npm");
    // npm pack <package> --pack-destination <directory>
    fs::write(&file, format!("#!/bin/sh\nexec cp '{}' \"$4\"\n", tarball().display())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_demos_buttons_leads_to_its_evidence() {
    let mut tried = Tried::start().await;

    tried.browser.click("button", "Queue a task").await;
    tried.browser.see("is queued, and runs").await;
    tried.server.line("Task finished").await;
    tried.browser.click("link", "What became of it").await;
    tried.browser.see("has succeeded.").await;

    tried.browser.click("button", "Fail").await;
    tried.browser.see("An internal error occurred logId=").await;
    tried.browser.click("link", "Now, last errors").await;
    tried.browser.see("cannot read the stock list").await;

    tried.open().await;
    tried.browser.click("button", "Be slow").await;
    tried.browser.see("for a place in the pool: all 2 were taken").await;
    tried.browser.look(SIZES[0].1, "light").await;
    tried.browser.keep(&pictures(true).join("demo.webp")).await;

    tried.browser.click("button", "Break it").await;
    tried.browser.see("The backend is not ready.").await;
    tried.browser.click("link", "Now, checks").await;
    tried.browser.see("nobody listens on 127.0.0.1").await;
    tried.open().await;
    tried.browser.click("button", "Mend it now").await;
    tried.browser.see("The backend is ready.").await;

    throw(&mut tried).await;
    let seen = tried.browser.seen();
    assert_eq!(seen.exceptions, ["The demo cannot count its items"]);
    assert!(seen.violations.is_empty(), "{seen:#?}");
    assert!(seen.responses.iter().all(|(url, _)| url.starts_with(&tried.url)), "{seen:#?}");
    tried.browser.end().await;
}

/// Lays the SDK out, throws, and follows the error to the session in which it was thrown.
async fn throw(tried: &mut Tried) {
    let browser = &mut tried.browser;
    browser.click("button", "Fetch the SDK").await;
    browser.see("Datadog's browser SDK 7.16.2 is in").await;
    browser.click("button", "Be slow").await;
    browser.see("for a place in the pool: all 2 were taken").await;
    browser.click("button", "Throw an error").await;
    browser.see("The SDK tells it within 30 s").await;
    let session = browser.run("document.querySelector('[data-session]').href").await;
    let session = session.as_str().expect("a link").to_owned();
    // The SDK sends what it has as the page goes.
    browser.click("link", "Observatory").await;
    tried.server.line("POST /api/rum/intake").await;
    browser.open(&session).await;
    browser.see("The demo cannot count its items").await;
    // The slowest request is open, with what the backend logged of it; on a busy machine that may be another one.
    let slow = "[...document.querySelectorAll('a[href*=\"open=\"]')]
        .find(link => link.textContent.includes('/press/slow'))?.href ?? location.href";
    let slow = browser.run(slow).await;
    browser.open(slow.as_str().expect("an address")).await;
    // What a backend has answered is kept within a second.
    let kept = "(async () => {
        for (let turn = 0; turn < 100; turn++) {
            if ((await (await fetch(location.href)).text()).includes('for a place in the pool')) return;
            await new Promise(done => setTimeout(done, 100));
        }
    })()";
    browser.run(kept).await;
    browser.open(slow.as_str().expect("an address")).await;
    browser.see("for a place in the pool: all 2 were taken").await;
    browser.look(SIZES[0].1, "light").await;
    browser.keep(&pictures(true).join("demo-session.webp")).await;
    browser.click("link", "Browser").await;
    browser.click("link", "Errors").await;
    browser.see("The demo cannot count its items").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_looked_at_before_anything_was_pressed() {
    let mut tried = Tried::start().await;
    let url = format!("{}/demo", tried.url);
    look(&mut tried.browser, "demo", &url).await;
    tried.browser.end().await;
}

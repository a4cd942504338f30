//! The plugin `app` beside `@backstage/plugin-app-backend`: what depends on packages that Node has below it. Most of what it
//! answers is recorded, in `plugins/app/tests/node`.

use std::{env, fs};

use greenroom_conformance::{
    both::{Both, Story},
    peer,
    reply::{Reply, differences, status},
    transcript::Request,
    version::Version,
    wire::Outcome,
};
use tempfile::TempDir;

use crate::lifecycle::{STORY, ours};

/// The front end, which Node finds as a package.
const PACKAGE: &str = "live-front-end";

/// Both with this front end in `dist`; Greenroom is told where it is only if it is one.
async fn both(name: &'static str, dist: &[(&str, &str)], ours_too: &str) -> (Both, TempDir) {
    let (version, dir) = (Version::newest(), tempfile::tempdir().expect("a directory"));
    let package = dir.path().join(PACKAGE);
    for (file, text) in dist.iter().chain(&[("../package.json", "{}")]) {
        let file = package.join("dist").join(file);
        fs::create_dir_all(file.parent().expect("it has one")).expect("a directory");
        fs::write(file, text).expect("a file");
    }
    let node = peer::launch(version).unwrap_or_else(|error| panic!("{error}"));
    let modules = peer::node(version).expect("it is installed").1.join("node_modules");
    let path = env::join_paths([&modules, dir.path()]).expect("no colon is in them");
    let config = format!(
        "app: {{title: Live, baseUrl: 'http://localhost:7007', packageName: {PACKAGE}, disableStaticFallbackCache: true}}"
    );
    let ours_too = ours_too.replace("DIST", &package.join("dist").display().to_string());
    let story = Story { name, features: "app", config: config.leak(), ours: ours_too.leak(), ..STORY };
    let both =
        Both::start(&node.with_env("NODE_PATH", path), &ours(version), &story).await.expect("both start");
    both.node.await_line("Plugin initialization complete").await.expect("Node's app starts");
    both.ours.await_line("Plugin initialization complete").await.expect("ours does");
    (both, dir)
}

fn get(path: &str) -> Request {
    Request::raw(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes())
}

const SCHEMA: (&str, &str) = (".config-schema.json", r#"{"backstageConfigSchemaVersion": 1, "schemas": []}"#);

#[tokio::test]
async fn a_backslash_in_a_link_is_as_express_encodes_it_but_for_one_that_leads_to_another_host() {
    let page = "<!DOCTYPE html><html><head></head></html>";
    let pages = [("index.html", page), ("index.html.tmpl", page), ("static/main.js", ""), SCHEMA];
    let more = [(r"\docs/page.html", page), (r"a\b/page.html", page)];
    let (both, _dir) =
        both("backslashes", &[&pages[..], &more].concat(), "greenroom: {app: {dist: 'DIST'}}").await;

    for path in [r"/a\b", r"/a\b?x=\y&z=|^`{}", r"/a%5Cb", r"/a\c", r"/\docs/page.html"] {
        let (node, ours) = both.exchange(&get(path)).await;
        assert_eq!(differences(node, ours).await, [], "{path}");
    }
    let (node, ours) = both.exchange(&get(r"/\docs")).await;
    assert_eq!((location(node), location(ours)), ((301, r"/\docs/".into()), (301, "/%5Cdocs/".into())));
}

fn location(reply: Reply) -> (u16, String) {
    let Ok(Outcome::Answered(answers)) = reply else { panic!("no answer") };
    let head = &answers[0].head;
    (head.status, head.header("location").unwrap_or_default().to_owned())
}

#[tokio::test]
async fn without_a_bundle_all_is_an_empty_404() {
    let (both, _dir) = both("no_bundle", &[("index.html", "built")], "").await;
    for path in ["/", "/index.html", "/catalog", "/static/main.js", "/api/app", "/api/app/catalog"] {
        let (node, ours) = both.exchange(&get(path)).await;
        assert_eq!((status(&node), differences(node, ours).await), (404, vec![]), "{path}");
    }
}

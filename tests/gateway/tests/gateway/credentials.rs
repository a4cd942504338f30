//! Credentials of a run: keys that do not come cost no request its time, and what Greenroom prints, shows and keeps holds none.

use std::{collections::VecDeque, env, fs, path::Path, time::Duration};

use greenroom_conformance::{backend::Backend, peer, version::Version};
use greenroom_gateway_tests::{Connection, Setup, line, process, says};
use serde_json::json;

use crate::labels::{ACCESS, Credentials, bearer, json};

const OPS: &str = "a-token-for-who-looks-at-it";
const SESSION: &str = "0b1c2d3e-4f50-4a6b-8c7d-8e9fa0b1c2d3";
const APPLICATION: &str = "11111111-2222-4333-8444-555555555555";
/// Of the front end, and known to everybody.
const CLIENT: &str = "pub00000000000000000000000000000000";

/// So many pages are looked at, at most.
const MOST_PAGES: usize = 80;

#[tokio::test]
async fn gateway_125_while_nodes_keys_do_not_come_a_user_is_unverified_and_waits_for_nothing() {
    for version in Version::held() {
        let setup = Setup::new(version).features("healthcheck,gw,issuer").env("KEYS", "never");
        let pair = setup.sidecar().await;
        let issued = json(pair.node.port(), "/api/auth/issue", "").await;
        let headers = [("none", String::new()), ("unverified", bearer(&issued["user"]))];
        let mut client = Connection::to(pair.gateway.port()).await;
        // What was not Node's of the time of the fastest: a busy machine makes some slow, and not all.
        let mut own = [f64::MAX; 2];
        for number in 0..40 {
            for ((kind, header), own) in headers.iter().zip(&mut own) {
                let url = format!("/api/gw/ok/{kind}-{number}");
                let request = format!("GET {url} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
                assert_eq!(client.ask(&request).await.head.status, 200, "{version} {kind}");
                let told = line::of(&pair.gateway, &url).await;
                assert_eq!(told["principalType"], *kind, "{version}: {told}");
                let [all, nodes] =
                    ["durationMs", "upstreamMs"].map(|name| told[name].as_f64().expect("a number"));
                *own = own.min(all - nodes);
            }
        }
        assert!(own[1] < own[0] + 1.0, "{version}: {own:?} ms");
        // They were asked for, by whoever could have waited.
        says(&pair.node, "GW keys wanted").await;
    }
}

/// A front end, as a package that Node finds, and something in the place of Datadog's SDK.
fn front_end(dir: &Path) -> String {
    let page = "<!DOCTYPE html><html><head><title>Portal</title></head><body></body></html>";
    let files = [
        ("front-end/package.json", "{}"),
        ("front-end/dist/index.html", page),
        ("front-end/dist/index.html.tmpl", page),
        ("front-end/dist/static/main.js", "console.log(1)"),
        ("front-end/dist/.config-schema.json", r#"{"backstageConfigSchemaVersion": 1, "schemas": []}"#),
        ("sdk/datadog-rum.js", "console.log(2)"),
    ];
    for (name, text) in files {
        let file = dir.join(name);
        fs::create_dir_all(file.parent().expect("it has one")).expect("a directory");
        fs::write(file, text).expect("a file");
    }
    format!(
        "app: {{packageName: front-end, disableStaticFallbackCache: true, datadogRum: {{clientToken: {CLIENT}, applicationId: {APPLICATION}}}}}\n\
         greenroom: {{dataDir: '{dir}/state', rum: {{mode: store, sdk: '{dir}/sdk'}}}}\n{ACCESS}",
        dir = dir.display()
    )
}

/// What a browser sends that has met this credential in each place of an event.
fn events(token: &str) -> String {
    let now = jiff::Timestamp::now().as_millisecond();
    let of = |kind: &str, more: serde_json::Value| {
        let mut event = json!({
            "type": kind, "date": now, "application": {"id": APPLICATION}, "session": {"id": SESSION},
            "view": {"id": SESSION, "url": format!("http://localhost/catalog?token={token}#access_token={token}"),
                     "referrer": format!("http://localhost/?code={token}")},
            "_dd": {"document_version": 1}, "context": {"headers": {"authorization": format!("Bearer {token}")}},
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        event.to_string()
    };
    let error = format!("refused: Authorization: Bearer {token}");
    let url = format!("http://localhost/api/catalog?access_token={token}");
    [
        of("view", json!({})),
        of("error", json!({"error": {"id": SESSION, "message": error, "stack": error, "source": "source"}})),
        of("resource", json!({"resource": {"id": SESSION, "type": "fetch", "url": url, "status_code": 401, "duration": 1}})),
        of("action", json!({"action": {"id": SESSION, "type": "click", "target": {"name": format!("Bearer {token}")}}})),
    ]
    .join("\n")
}

/// Sends this credential everywhere where one can stand.
async fn use_it(port: u16, token: &str) {
    for header in [
        format!("Authorization: Bearer {token}\r\n"),
        format!("Cookie: backstage-auth={token}; acme-refresh-token={token}\r\n"),
        format!("Backstage-Kubernetes-Authorization-Of-It: {token}\r\n"),
    ] {
        let request =
            format!("GET /api/guarded/who?token={token} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
        Connection::to(port).await.ask(&request).await;
    }
    let body = events(token);
    let forward = format!(
        "%2Fapi%2Fv2%2Frum%3Fddsource%3Dbrowser%26dd-api-key%3D{CLIENT}%26dd-evp-origin-version%3D7.16.2\
         %26dd-evp-origin%3Dbrowser%26dd-request-id%3Dee72cf0a-722d-43d8-a5d9-095984f195fb"
    );
    let sent = format!(
        "POST /api/rum/intake?ddforward={forward} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n\
         Sec-Fetch-Site: same-origin\r\nContent-Type: text/plain;charset=UTF-8\r\nCookie: backstage-auth={token}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = Connection::to(port).await.ask(&sent).await;
    assert_eq!(answer.head.status, 202, "{answer:?}");
}

/// What there is at this path, unless it goes on without end or is nowhere.
async fn seen(port: u16, path: &str, more: &str) -> Option<String> {
    let mut connection = Connection::to(port).await;
    connection.send(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}\r\n")).await;
    let answer = connection.try_answer_within(Duration::from_secs(5)).await?.ok()??;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    (answer.head.status == 200).then(|| format!("{:?}\n{text}", answer.head.headers))
}

/// All that operators can look at, by its path: the answers for programs, and each page that one leads to.
async fn shown(greenroom: &Backend) -> Vec<(String, String)> {
    let programs = ["info", "boot", "health", "config", "gateway", "rum/sessions", "rum/errors", "rum/views"];
    let programs = programs.map(|name| format!("/.greenroom/v1/{name}"));
    let pages = ["", "lines", "browser/sessions", "browser/errors"].map(|name| format!("/.greenroom/{name}"));
    let mut next = VecDeque::from(pages);
    next.extend(programs);
    let (mut all, mut known) = (Vec::new(), next.iter().cloned().collect::<Vec<_>>());
    let allowed = format!("Authorization: Bearer {OPS}\r\n");
    while let Some(path) = next.pop_front() {
        let Some(text) = seen(greenroom.port(), &path, &allowed).await else { continue };
        let links = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in
            links.map(|link| link.replace("&amp;", "&")).filter(|link| link.starts_with("/.greenroom/"))
        {
            if known.len() < MOST_PAGES && !known.contains(&link) {
                known.push(link.clone());
                next.push_back(link);
            }
        }
        all.push((path, text));
    }
    all
}

/// What is in the files of a directory.
fn kept(dir: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let of = |path: std::path::PathBuf| match path.is_dir() {
        true => kept(&path),
        false => {
            let bytes = fs::read(&path).unwrap_or_default();
            vec![(path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned())]
        }
    };
    entries.flat_map(of).collect()
}

#[tokio::test]
async fn gateway_126_no_line_no_page_no_script_no_session_and_no_file_holds_a_credential() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = front_end(dir.path());
    let modules = peer::node(Version::newest()).expect("it is installed").1.join("node_modules");
    let path = env::join_paths([modules.as_path(), dir.path()]).expect("no colon is in them");
    let greenroom = Setup::new(Version::newest())
        .features("healthcheck,gw,issuer,guarded,@backstage/plugin-app-backend")
        .config(&config)
        .env("GREENROOM_OPS_TOKEN", OPS)
        .env("NODE_PATH", path.to_str().expect("text"))
        .wrapped()
        .await;
    let port = greenroom.port();
    let [node] = process::children(greenroom.id().expect("it runs"))[..] else { panic!("one child") };
    let listens = process::listens(node);
    let node = listens[0].rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let credentials = Credentials::of(node).await;
    for token in credentials.all() {
        use_it(port, &token).await;
    }
    Connection::to(port).await.get("/api/gw/ok/last").await;
    line::of(&greenroom, "/api/gw/ok/last").await;
    says(&greenroom, "GW ok GET last").await;

    let mut places = shown(&greenroom).await;
    let is_shown = |what: &str| places.iter().any(|(_, text)| text.contains(what));
    let expected = [SESSION, "guarded", "GW ok"].map(is_shown);
    assert!(places.len() > 10 && expected == [true; 3], "{expected:?} {:?}", paths(&places));
    let document = "Accept: text/html\r\nSec-Fetch-Dest: document\r\n";
    let page = seen(port, "/", document).await.expect("a page");
    let scripts: Vec<_> =
        page.split("<script src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(scripts.iter().any(|script| script.starts_with("/api/rum/")), "{page}");
    for script in scripts {
        let text = seen(port, script, "").await.unwrap_or_else(|| panic!("{script} is nowhere"));
        places.push((script.to_owned(), text));
    }
    places.push(("/".to_owned(), page));
    let files = kept(&dir.path().join("state"));
    assert!(!files.is_empty(), "nothing is kept");
    places.extend(files);
    places.push(("what is printed".to_owned(), greenroom.output()));
    let secrets: Vec<_> = credentials.secrets().into_iter().chain([OPS.to_owned()]).collect();
    for (path, text) in &places {
        for secret in &secrets {
            let found = text.find(secret.as_str());
            assert!(found.is_none(), "{path}: {:?}", found.map(|at| text.get(at.saturating_sub(200)..at)));
        }
    }
}

fn paths(places: &[(String, String)]) -> Vec<&str> {
    places.iter().map(|(path, _)| &**path).collect()
}

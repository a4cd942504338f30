//! What `run --gateway` makes of a backend that knows nothing of it, and how it is undone.

use std::{fs, path::Path, sync::Arc};

use greenroom_conformance::{
    backend::Backend, client::Client, ports::free_port, scenarios::READINESS, tls, transcript::Request,
    version::Version, wire::Outcome,
};
use greenroom_gateway_tests::{Connection, Setup, in_time, process};
use serde_json::Value;

/// What a GET answers, which is JSON.
async fn told(port: u16, path: &str) -> Value {
    let answer = Connection::to(port).await.get(path).await;
    assert_eq!(answer.head.status, 200, "{path}");
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Greenroom is there, and Node behind it on loopback alone.
async fn is_handed_over(gateway: &Backend, port: u16, what: &str) {
    let id = gateway.id().expect("it runs");
    let ours = process::listens(id);
    assert!(ours.iter().any(|address| address.ends_with(&format!(":{port}"))), "{what}: {ours:?}");
    let children = process::children(id);
    let [node] = children[..] else { panic!("{what}: {children:?}") };
    let theirs = process::listens(node);
    assert!(matches!(&theirs[..], [one] if one.starts_with("127.0.0.1:")), "{what}: {theirs:?}");

    let discovery = told(port, "/api/gw/discovery").await;
    assert_eq!(discovery["internal"], format!("http://{}/api/gw", theirs[0]), "{what}");
    assert_eq!(discovery["external"], "http://portal.example/api/gw", "{what}");
}

async fn ready(backend: &mut Backend, port: u16) {
    let ready = async {
        let asks = Client::new(port);
        loop {
            let outcome = asks.exchange(&Request::get(READINESS)).await;
            if matches!(outcome, Ok(Outcome::Answered(all)) if all.iter().any(|it| it.head.status == 200)) {
                return;
            }
            assert!(!backend.has_exited().expect("its state"), "{}", backend.output());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    in_time("readiness", ready).await;
}

const EXTERNAL: &str = "backend: {baseUrl: 'http://portal.example'}";

#[tokio::test]
async fn gateway_1_greenroom_takes_the_port_and_node_listens_on_loopback_alone() {
    for version in Version::held() {
        let gateway = Setup::new(version).config(EXTERNAL).wrapped().await;
        is_handed_over(&gateway, gateway.port(), &version.to_string()).await;
    }
}

#[tokio::test]
async fn gateway_1_whichever_way_the_port_is_said() {
    let variable = |name: &str, value: String| {
        let (name, value) = (name.to_owned(), value);
        move |setup: Setup| setup.without_listen().env(&name, &value)
    };
    let [a, b, c] = [(); 3].map(|()| free_port().expect("a port"));
    let ways: Vec<(&str, Option<u16>, Setup)> = vec![
        ("an object", None, Setup::new(Version::newest()).listen("listen: {port: 17041}")),
        (
            "an object with a host",
            None,
            Setup::new(Version::newest()).listen("listen: {port: 17041, host: 0.0.0.0}"),
        ),
        (
            "the chart's variable",
            Some(a),
            variable("APP_CONFIG_backend_listen_port", a.to_string())(Setup::new(Version::newest())),
        ),
        (
            "a variable",
            Some(b),
            variable("APP_CONFIG_backend_listen", format!("\":{b}\""))(Setup::new(Version::newest())),
        ),
        (
            "an object in a variable",
            Some(c),
            variable("APP_CONFIG_backend", format!(r#"{{"listen":":{c}"}}"#))(Setup::new(Version::newest())),
        ),
    ];
    for (what, port, setup) in ways {
        let mut gateway = setup.config(EXTERNAL).wrapped_now();
        let port = port.unwrap_or(gateway.port());
        ready(&mut gateway, port).await;
        is_handed_over(&gateway, port, what).await;
    }
}

#[tokio::test]
async fn gateway_2_tls_ends_at_greenroom_and_node_speaks_plain_http() {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let (cert, key) = (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem());
    let config = format!("backend: {{https: {{certificate: {{cert: {cert:?}, key: {key:?}}}}}}}");
    let trusting = Arc::new(tls::trusting(&cert).expect("a certificate that one can trust"));
    for version in Version::held() {
        let setup = Setup::new(version).config(&config).over_tls(trusting.clone());
        let gateway = setup.wrapped().await;
        let outcome = gateway.client().exchange(&Request::get("/api/gw/whoami")).await;
        let Ok(Outcome::Answered(answers)) = outcome else { panic!("{version}: {outcome:?}") };
        let whoami: Value = serde_json::from_slice(&answers[0].body).expect("JSON");
        assert_eq!(whoami["protocol"], "https", "{version}");
        assert_eq!(whoami["secure"], true, "{version}");

        let node = process::children(gateway.id().expect("it runs"));
        let listens = process::listens(node[0]);
        let port = listens[0].rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        assert_eq!(Connection::to(port).await.get(READINESS).await.head.status, 200, "{version}");
    }
}

#[tokio::test]
async fn gateway_121_a_certificate_of_our_own_is_made_once_and_node_speaks_plain_http() {
    for version in Version::held() {
        let files = tempfile::tempdir().expect("a directory");
        let config =
            format!("backend: {{https: true}}\ngreenroom: {{dataDir: '{}'}}", files.path().display());
        let pem = files.path().join("dev-cert.pem");
        let mut made = None;
        for _ in 0..2 {
            let mut gateway = Setup::new(version).config(&config).wrapped_now();
            let kept = in_time("a certificate", async {
                loop {
                    // Its key comes last.
                    if let Ok(text) = fs::read_to_string(&pem)
                        && text.trim_end().ends_with("PRIVATE KEY-----")
                    {
                        return text;
                    }
                    assert!(!gateway.has_exited().expect("its state"), "{}", gateway.output());
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            });
            let kept = kept.await;
            let trusting = tls::trusting(&kept).expect("a certificate that one can trust");
            let client = Client::new(gateway.port()).over_tls(Arc::new(trusting));
            let whoami: Value = in_time("an answer of Node", async {
                loop {
                    let outcome = client.exchange(&Request::get("/api/gw/whoami")).await;
                    match outcome {
                        Ok(Outcome::Answered(all)) if all[0].head.status == 200 => {
                            return serde_json::from_slice(&all[0].body).expect("JSON");
                        }
                        _ => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                    }
                }
            })
            .await;
            assert_eq!(
                (&whoami["protocol"], &whoami["secure"]),
                (&"https".into(), &true.into()),
                "{version}"
            );
            let [node] = process::children(gateway.id().expect("it runs"))[..] else { panic!("one child") };
            let listens = process::listens(node);
            let port = listens[0].rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
            assert_eq!(Connection::to(port).await.get(READINESS).await.head.status, 200, "{version}");
            // The one that is made is served again.
            assert_eq!(made.get_or_insert(kept.clone()), &kept, "{version}");
        }
    }
}

#[tokio::test]
async fn gateway_3_what_node_options_say_stays_and_headers_of_ours_find_room() {
    let given = "--no-node-snapshot --max-old-space-size=900";
    for (given, header) in
        [(given.to_owned(), 16 * 1024), (format!("{given} --max-http-header-size=32768"), 32 * 1024)]
    {
        let gateway = Setup::new(Version::newest()).env("NODE_OPTIONS", &given).wrapped().await;
        let process = told(gateway.port(), "/api/gw/process").await;
        let options = process["options"].as_str().unwrap_or_default();
        assert!(options.starts_with(&given), "{options}");
        assert_eq!(process["maxHeaderSize"], header + 1024, "{options}");
        let heap = process["heap"].as_u64().expect("a number") >> 20;
        assert!((900..1100).contains(&heap), "{heap} MiB");
    }
}

fn program(id: u32) -> String {
    let path = fs::read_link(format!("/proc/{id}/exe")).unwrap_or_default();
    Path::new(&path).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[tokio::test]
async fn gateway_4_off_is_node_itself() {
    for version in Version::held() {
        let node = Setup::new(version).env("GREENROOM", "off").wrapped().await;
        let id = node.id().expect("it runs");
        assert_eq!(program(id), "node");
        assert_eq!(told(node.port(), "/api/gw/process").await["pid"], id);
        let answer = Connection::to(node.port()).await.get("/api/gw/whoami").await;
        assert_eq!(answer.head.header("x-request-id"), None);
        assert!(!node.output().contains("upstreamMs"), "{}", node.output());
    }
}

#[tokio::test]
async fn gateway_5_pass_adds_nothing_to_answers_requests_or_the_log() {
    for version in Version::held() {
        let setup = Setup::new(version).features("healthcheck,gw");
        let direct = setup.clone().node_alone().await;
        let gateway = setup.env("GREENROOM", "pass").wrapped().await;
        let (mut told, mut sent) = (Vec::new(), Vec::new());
        for backend in [&direct, &gateway] {
            let ask = async |path: &str| {
                let request = format!(
                    "GET {path} HTTP/1.1\r\nhost: portal.example\r\nx-odd:  spaces  \r\nuser-agent: it\r\n\r\n"
                );
                Connection::to(backend.port()).await.ask(&request).await
            };
            let answer = ask("/api/gw/ok/1?x=1").await;
            backend.await_line("/api/gw/ok/1?x=1").await.expect("an access line");
            let line =
                backend.output().lines().find(|line| line.contains("/api/gw/ok/1?x=1")).map(str::to_owned);
            let names: Vec<_> =
                answer.head.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
            let line = line.map(|line| without_times(&line));
            told.push((names, String::from_utf8_lossy(&answer.body).into_owned(), line));
            let body: Value = serde_json::from_slice(&ask("/api/gw/sent").await.body).unwrap();
            sent.push(body["rawHeaders"].as_array().unwrap().clone());
        }
        assert_eq!(told[0], told[1], "{version}");
        // Who the client is, Node was told to take from us.
        let (as_it_came, added) = sent[1].split_at(sent[0].len());
        assert_eq!(as_it_came, sent[0], "{version}");
        let added: Vec<_> = added.iter().step_by(2).collect();
        assert_eq!(added, ["x-forwarded-for", "x-forwarded-proto"], "{version}");
        assert!(!gateway.output().contains("upstreamMs"), "{version}: {}", gateway.output());
    }
}

/// A line without what changes by nature.
fn without_times(line: &str) -> String {
    greenroom_conformance::mask::text(line).text
}

//! What is Greenroom's own: its paths, what it adds, and its access line.

use greenroom_conformance::{scenarios::READINESS, version::Version};
use greenroom_gateway_tests::{Connection, Setup, line};

#[tokio::test]
async fn gateway_29_health_is_nodes_and_what_is_below_greenroom_never_reaches_node() {
    for version in Version::held() {
        let config = "backend: {health: {headers: {x-of: node}}}";
        let pair = Setup::new(version).that_tells_what_it_saw().on_node(config).sidecar().await;
        let mut client = Connection::to(pair.gateway.port()).await;
        for probe in [READINESS, "/.backstage/health/v1/liveness"] {
            let direct = Connection::to(pair.node.port()).await.get(probe).await;
            let through = client.get(probe).await;
            assert_eq!(
                (through.head.status, through.body),
                (direct.head.status, direct.body),
                "{version} {probe}"
            );
            assert_eq!(through.head.header("x-of"), Some("node"), "{version} {probe}");
        }
        for path in [
            "/.greenroom",
            "/.greenroom/",
            "/.greenroom/v1/info",
            "/.GREENROOM/x",
            "/.greenroom/../.greenroom/x",
        ] {
            client.get(path).await;
        }
        client.get("/api/gw/ok/last").await;
        pair.node.await_line("/api/gw/ok/last").await.expect("Node saw it");
        let output = pair.node.output().to_ascii_lowercase();
        assert!(!output.contains("\"url\":\"/.greenroom"), "{version}: {output}");
    }
}

#[tokio::test]
async fn gateway_30_an_answer_has_an_id_and_each_request_a_line_that_tells_of_both_ways() {
    for version in Version::held() {
        let pair = Setup::new(version).sidecar().await;
        let mut client = Connection::to(pair.gateway.port()).await;
        let request = "POST /api/bodies/upload?x=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: it\r\nReferer: http://portal.example/x\r\nContent-Length: 5\r\n\r\nhello";
        let answer = client.ask(request).await;
        let id = answer.head.header("x-request-id").expect("an id").to_owned();
        assert!(id.len() > 8, "{id}");
        let again = client.ask(request).await;
        assert_ne!(again.head.header("x-request-id"), Some(&*id));

        let told = line::of(&pair.gateway, "/api/bodies/upload?x=1").await;
        for (key, value) in [
            ("method", "POST".into()),
            ("status", 200.into()),
            ("httpVersion", "1.1".into()),
            ("userAgent", "it".into()),
            ("referrer", "http://portal.example/x".into()),
            ("contentLength", answer.body.len().into()),
            ("targetPlugin", "bodies".into()),
            ("principalType", "none".into()),
            ("bytesIn", 5.into()),
            ("bytesOut", answer.body.len().into()),
        ] {
            let value: serde_json::Value = value;
            assert_eq!(told[key], value, "{version} {key}: {told}");
        }
        assert!(told["upstreamMs"].is_number() && told["durationMs"].is_number(), "{told}");
        assert!(told["durationMs"].as_f64() >= told["upstreamMs"].as_f64(), "{told}");
        assert_eq!(
            (&told["retried"], &told["credentialError"]),
            (&serde_json::Value::Null, &serde_json::Value::Null)
        );
        assert_eq!(answer.head.header("connection"), Some("keep-alive"), "{version}");
    }
}

#[tokio::test]
async fn gateway_30_nodes_own_access_lines_are_left_out_where_ours_stand_for_them() {
    for version in Version::held() {
        let gateway = Setup::new(version).wrapped().await;
        let mut client = Connection::to(gateway.port()).await;
        client.get("/api/gw/ok/once").await;
        client.get("/api/gw/ok/last").await;
        line::of(&gateway, "/api/gw/ok/last").await;
        let lines: Vec<_> = line::all(&gateway.output())
            .into_iter()
            .filter(|line| line["url"] == "/api/gw/ok/once")
            .collect();
        assert!(
            matches!(&lines[..], [one] if one["upstreamMs"].is_number()),
            "{version}: {lines:?} of\n{}",
            gateway.output()
        );
    }
}

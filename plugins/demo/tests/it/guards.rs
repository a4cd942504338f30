//! The page is for this machine, by its own names, and its buttons are for the page.

use greenroom_test::{RunningTestBackend, TestRequest};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{button, start};

#[tokio::test]
async fn by_a_foreign_name_nothing_of_it_is_there() {
    let backend = start().await;
    for host in ["evil.example", "evil.example:7007", "localhost.evil.example", "192.0.2.1"] {
        for path in
            ["/", "/demo", "/demo/demo.js", "/api/demo/press/readiness", "/api/demo/press/tasks/demo-1"]
        {
            let answer = backend.get(path).header("host", host).await;
            assert_eq!(answer.status, 421, "{host} {path}");
            assert!(answer.text().contains("localhost"), "{}", answer.text());
        }
        assert_eq!(button(&backend, "fail").header("host", host).await.status, 421);
    }
    for host in ["localhost:7007", "[::1]:7007", "127.0.0.1"] {
        assert_eq!(backend.get("/demo").header("host", host).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn no_other_page_and_no_program_that_says_nothing_presses_a_button() {
    let backend = start().await;
    let own = backend.url();
    let sent = |told: &[(&str, &str)], name: &str| -> TestRequest {
        let request = backend.post(&format!("/api/demo/press/{name}"));
        told.iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    for name in ["queue", "fail", "slow", "break", "mend"] {
        for foreign in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "http://evil.example")],
            &[("origin", "http://localhost:3000")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:1")],
            &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        ] {
            let answer = sent(foreign, name).await;
            assert_eq!(answer.status, 403, "{name} {foreign:?}");
        }
    }
    let routes = ["/api/tasks", "/api/demo/fail", "/api/demo/slow"];
    let called = |line: &serde_json::Value| {
        let url = line["url"].as_str().unwrap_or_default();
        routes.iter().any(|route| url.starts_with(route))
    };
    assert!(!backend.logs().iter().any(called), "nothing was done");
    assert_eq!(sent(&[("origin", &own)], "fail").await.status, 200);
}

#[tokio::test]
async fn what_the_buttons_call_is_for_those_with_credentials() {
    let backend = start().await;
    for route in ["/api/demo/fail", "/api/demo/slow"] {
        assert_eq!(backend.post(route).without_credentials().await.status, 401, "{route}");
    }
    assert_eq!(button(&backend, "fail").without_credentials().await.status, 200, "the page is open");
}

#[tokio::test]
async fn through_a_proxy_nobody_is_let_in_whether_it_is_believed_or_not() {
    for trust in [json!(false), json!("loopback")] {
        let config = json!({"greenroom": {"demo": true}, "backend": {"trustProxy": trust}});
        let backend = crate::support::backend().config(config).start().await.unwrap();
        for (name, value) in [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=192.0.2.7"),
            ("via", "1.1 proxy"),
        ] {
            assert_eq!(backend.get("/demo").header(name, value).await.status, 403, "{name}: {value}");
            assert_eq!(button(&backend, "fail").header(name, value).await.status, 403, "{name}: {value}");
        }
        assert_eq!(backend.get("/demo").await.status, 200);
    }
}

/// The status of the answer to a request that no client library sends.
async fn sent_as_it_is(backend: &RunningTestBackend, head: &str) -> u16 {
    let url = backend.url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_request_that_names_two_hosts_is_refused() {
    let backend = start().await;
    for path in ["/", "/demo", "/api/demo/press/readiness"] {
        let whole = format!("GET http://evil.example{path} HTTP/1.1\r\nHost: localhost");
        assert_eq!(sent_as_it_is(&backend, &whole).await, 421, "{path}");
        let own = format!("GET http://localhost{path} HTTP/1.1\r\nHost: localhost");
        assert_eq!(sent_as_it_is(&backend, &own).await, 200, "{path}");
        let twice = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nHost: evil.example");
        assert!((400..500).contains(&sent_as_it_is(&backend, &twice).await), "{path}");
    }
}

#[tokio::test]
async fn a_form_that_is_no_empty_one_is_refused() {
    let backend = start().await;
    assert_eq!(button(&backend, "fail").body(vec![b'x'; 4096]).await.status, 413);
    assert_eq!(button(&backend, "fail").body("").await.status, 200);
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_stands_in_no_frame() {
    let backend = start().await;
    let page = backend.get("/demo").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; ") && policy.ends_with("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let text = page.text();
    assert!(!text.contains("style=") && !text.contains("onclick") && !text.contains("http://"), "{text}");
}

#[tokio::test]
async fn no_other_method_is_answered() {
    let backend = start().await;
    let origin = backend.url();
    for method in ["PUT", "DELETE", "PATCH"] {
        let request =
            backend.request(method.parse().unwrap(), "/api/demo/press/break").header("origin", &origin);
        assert!(request.await.status.is_client_error(), "{method}");
    }
    assert!(backend.get("/api/demo/press/break").await.status.is_client_error());
}

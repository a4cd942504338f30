//! Who a request comes from.

use axum::{Json, Router, routing::get};
use greenroom_config::RootConfig;
use greenroom_http::{ClientAddress, HttpSettings, TrustProxy};
use serde_json::{Value, json};

use crate::kit::Kit;

/// What a handler sees of a request with these headers, under this `backend.trustProxy`.
async fn seen(trust: &Value, headers: &[(&str, &str)]) -> Value {
    let look = async |client: ClientAddress| {
        Json(json!([client.ip(), client.ips(), client.protocol(), client.hostname(), client.secure()]))
    };
    let up = Kit::new()
        .config("backend.trustProxy", trust.clone())
        .open(Router::new().route("/", get(look)))
        .start()
        .await;
    up.client.ask("GET", "/api/x/", headers, b"").await.json()
}

#[tokio::test]
async fn trust_proxy_is_expresss() {
    let proxied = |ip, ips| json!([ip, ips, "https", "foo.example", true]);
    let direct = json!(["127.0.0.1", [], "http", "localhost", false]);
    for (trust, forwarded, expected) in [
        (json!(null), "1.2.3.4", direct.clone()),
        (json!(false), "1.2.3.4", direct.clone()),
        (json!(0), "1.2.3.4", direct.clone()),
        (json!("10.0.0.0/8"), "1.2.3.4", direct.clone()),
        (json!("uniquelocal, linklocal"), "1.2.3.4", direct.clone()),
        (json!([]), "1.2.3.4", direct),
        (json!(true), "1.2.3.4, 5.6.7.8", proxied("1.2.3.4", json!(["1.2.3.4", "5.6.7.8"]))),
        (json!(true), "", proxied("127.0.0.1", json!([]))),
        (json!(1), "1.2.3.4,5.6.7.8", proxied("5.6.7.8", json!(["5.6.7.8"]))),
        (json!(2), "1.2.3.4, 5.6.7.8 , 9.9.9.9", proxied("5.6.7.8", json!(["5.6.7.8", "9.9.9.9"]))),
        (json!(5), "1.2.3.4", proxied("1.2.3.4", json!(["1.2.3.4"]))),
        (json!("loopback"), "1.2.3.4, 5.6.7.8", proxied("5.6.7.8", json!(["5.6.7.8"]))),
        (json!("loopback, 5.6.7.8"), "1.2.3.4, 5.6.7.8", proxied("1.2.3.4", json!(["1.2.3.4", "5.6.7.8"]))),
        (
            json!(["loopback", "5.6.7.0/24"]),
            "unknown, 1.2.3.4, ::ffff:5.6.7.8",
            proxied("1.2.3.4", json!(["1.2.3.4", "::ffff:5.6.7.8"])),
        ),
        (json!("127.0.0.1"), " ,x y,, 9.9.9.9 ,", proxied("9.9.9.9", json!(["9.9.9.9"]))),
    ] {
        let headers = [
            ("X-Forwarded-For", forwarded),
            ("X-Forwarded-Proto", "https, http"),
            ("X-Forwarded-Host", "foo.example:8443 , b"),
        ];
        assert_eq!(seen(&trust, &headers).await, expected, "{trust} {forwarded:?}");
    }
    let twice = [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "5.6.7.8")];
    assert_eq!(seen(&json!(2), &twice).await[1], json!(["1.2.3.4", "5.6.7.8"]));
    assert_eq!(seen(&json!(1), &[("X-Forwarded-Host", "[::1]:70")]).await[3], "[::1]");
}

#[test]
fn trusting_everybody_is_warned_of() {
    let warned = |trust: &str| {
        let config = RootConfig::from_yaml(&format!("backend: {{trustProxy: {trust}}}")).unwrap();
        let warnings = HttpSettings::from_config(&config, None).unwrap().warnings();
        warnings.iter().any(|warning| warning.starts_with("backend.trustProxy is true"))
    };
    assert!(warned("true"));
    assert!(!warned("1"));
}

#[test]
fn a_proxy_that_is_none_is_a_start_error_with_its_place() {
    let read = |trust: &str| {
        let config = RootConfig::from_yaml(&format!("backend:\n  trustProxy: {trust}\n")).unwrap();
        HttpSettings::from_config(&config, None).map(|settings| settings.trust_proxy)
    };
    for bad in ["x", "true,", "'true'", "10.0.0.0/33", "[loopback, 10.0.0.0/0]", "-1", "1.5", "{a: 1}", "[1]"]
    {
        let error = read(bad).unwrap_err();
        assert!(format!("{error:?}").contains("mock-config:2"), "{bad}: {error:?}");
    }
    assert_eq!(read("10.0.0.0/33").unwrap_err().message(), "invalid range on address: 10.0.0.0/33");
    assert_eq!(read("proxy").unwrap_err().message(), "invalid IP address: proxy");
}

#[test]
fn a_number_of_proxies_may_come_as_text() {
    let config = RootConfig::from_yaml("backend: {trustProxy: '2'}").unwrap();
    let read = HttpSettings::from_config(&config, None).unwrap().trust_proxy;
    assert_eq!(read, TrustProxy::Hops(2));
}

//! Who sent a request, as the access line tells; Node judges, and no credential is in any line.

use std::time::Duration;

use greenroom_conformance::version::Version;
use greenroom_gateway_tests::{Connection, Pair, Setup, line};
use serde_json::Value;
use tokio::time::sleep;

pub(crate) const STATIC: &str = "static-token-of-this-test-c0ffee";
pub(crate) const ACCESS: &str = "backend: {auth: {externalAccess: [{type: static, options: {token: static-token-of-this-test-c0ffee, subject: ci-runner}}]}}";

pub(crate) async fn json(port: u16, path: &str, header: &str) -> Value {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
    let answer = Connection::to(port).await.ask(&request).await;
    assert_eq!(answer.head.status, 200, "{path}: {answer:?}");
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Credentials of this run, made by Node and not through the gateway.
pub(crate) struct Credentials {
    issued: Value,
    tokens: Value,
    cookie: String,
}

impl Credentials {
    pub(crate) async fn of(port: u16) -> Self {
        let issued = json(port, "/api/auth/issue", "").await;
        let user = bearer(&issued["user"]);
        let tokens = json(port, "/api/guarded/tokens", &user).await;
        let request = format!("GET /api/guarded/cookie HTTP/1.1\r\nHost: localhost\r\n{user}\r\n");
        let answer = Connection::to(port).await.ask(&request).await;
        let cookie =
            answer.head.header("set-cookie").expect("a cookie").split(';').next().unwrap_or_default();
        Self { issued, tokens, cookie: cookie.to_owned() }
    }

    /// All of them but the cookie.
    pub(crate) fn all(&self) -> Vec<String> {
        let issued = [&self.issued, &self.tokens].map(|it| it.as_object().expect("an object").values());
        let issued = issued.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned));
        issued.chain([STATIC.to_owned()]).collect()
    }

    /// All that nobody may read in a log.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = self.all();
        secrets.push(self.cookie.split('=').nth(1).unwrap_or_default().to_owned());
        // Neither whole nor by the part that makes it one.
        let signatures: Vec<_> =
            secrets.iter().filter_map(|it| it.rsplit_once('.').map(|(_, it)| it.to_owned())).collect();
        secrets.into_iter().chain(signatures).collect()
    }
}

pub(crate) fn bearer(token: &Value) -> String {
    format!("Authorization: Bearer {}\r\n", token.as_str().expect("a token"))
}

async fn pair(version: Version) -> Pair {
    let features = "healthcheck,gw,issuer,guarded";
    Setup::new(version).features(features).config(ACCESS).sidecar().await
}

#[tokio::test]
async fn gateway_28_a_line_tells_who_asked_and_node_decides() {
    for version in Version::held() {
        let pair = pair(version).await;
        let credentials = Credentials::of(pair.node.port()).await;
        let Credentials { issued, tokens, cookie } = &credentials;
        let cases = [
            ("none", String::new(), "none", None),
            ("user", bearer(&issued["user"]), "user", None),
            ("cookie/limited", format!("Cookie: {cookie}\r\n"), "user", None),
            ("plugin", bearer(&tokens["plugin"]), "service", None),
            ("obo", bearer(&tokens["onBehalfOf"]), "user", None),
            ("static", format!("Authorization: Bearer {STATIC}\r\n"), "external", None),
            ("expired", bearer(&issued["expired"]), "invalid", Some("expired")),
            ("tampered", bearer(&issued["tampered"]), "invalid", Some("signature")),
            ("forged", bearer(&issued["forged"]), "invalid", Some("signature")),
            ("unknown-key", bearer(&issued["unknownKey"]), "invalid", Some("key")),
            ("wrong-type", bearer(&issued["wrongType"]), "invalid", Some("type")),
            ("no-token", "Authorization: Bearer nothing-of-the-kind\r\n".to_owned(), "invalid", Some("")),
            ("basic", "Authorization: Basic YTpi\r\n".to_owned(), "none", None),
        ];
        let mut wrong = Vec::new();
        for (name, header, kind, error) in cases {
            let path =
                if name.starts_with("cookie/") { "/api/guarded/cookie/who" } else { "/api/guarded/who" };
            let url = format!("{path}?case={name}");
            let request = format!("GET {url} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
            let direct = Connection::to(pair.node.port()).await.ask(&request).await;
            let through = Connection::to(pair.gateway.port()).await.ask(&request).await;
            assert_eq!(
                (direct.head.status, &direct.body),
                (through.head.status, &through.body),
                "{version} {name}"
            );

            // Keys that are not known yet are asked of Node meanwhile: no request waits for them.
            let (mut told, mut is_told) = (line::of(&pair.gateway, &url).await, false);
            for again in 0..80 {
                let reason = told["credentialError"].as_str();
                is_told = told["principalType"] == kind
                    && match error {
                        None => reason.is_none(),
                        Some(error) => {
                            reason.is_some_and(|reason| reason.to_ascii_lowercase().contains(error))
                        }
                    };
                if is_told {
                    break;
                }
                sleep(Duration::from_millis(200)).await;
                let url = format!("{url}&again={again}");
                Connection::to(pair.gateway.port())
                    .await
                    .ask(&request.replace(&*format!("case={name}"), &format!("case={name}&again={again}")))
                    .await;
                told = line::of(&pair.gateway, &url).await;
            }
            if !is_told {
                wrong.push(format!("{version} {name}: not {kind} {error:?}: {told}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[tokio::test]
async fn gateway_31_no_line_holds_a_credential() {
    for version in Version::held() {
        let pair = pair(version).await;
        let port = pair.gateway.port();
        let credentials = Credentials::of(pair.node.port()).await;
        let mut secrets = credentials.secrets();
        for token in &credentials.all() {
            for header in [
                format!("Authorization: Bearer {token}\r\n"),
                format!("Cookie: backstage-auth={token}; other=1\r\n"),
                format!("X-Request-Id: {token}\r\n"),
                format!("Backstage-Kubernetes-Authorization-Of-It: {token}\r\n"),
                format!(
                    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: backstage-auth.{token}\r\n"
                ),
                format!("Proxy-Authorization: Bearer {token}\r\n"),
            ] {
                let request = format!("GET /api/guarded/who HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
                Connection::to(port).await.ask(&request).await;
            }
            // Also where the request is refused, or is none.
            for path in [
                format!("/api/guarded/who?token={token}"),
                format!("/api/guarded/who?a=1&access_token={token}&b=2"),
                format!("/api/gw/ok/x?code={token}"),
            ] {
                Connection::to(port).await.get(&path).await;
            }
            let refused = format!(
                "GET /api/guarded/who?token={token} HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer {token}\r\n\r\n"
            );
            Connection::to(port).await.ask(&refused).await;
        }
        // Issued through the gateway.
        let issued = json(port, "/api/auth/issue", "").await;
        secrets.extend(
            issued.as_object().expect("an object").values().filter_map(|it| it.as_str().map(str::to_owned)),
        );

        Connection::to(port).await.get("/api/gw/ok/last").await;
        line::of(&pair.gateway, "/api/gw/ok/last").await;
        let output = pair.gateway.output();
        let leaked: Vec<_> =
            output.lines().filter(|line| secrets.iter().any(|secret| line.contains(&**secret))).collect();
        assert!(leaked.is_empty(), "{version}: {} lines:\n{}", leaked.len(), leaked.join("\n"));
        assert!(line::all(&output).len() > 60, "{version}: the log tells less than was asked");
    }
}

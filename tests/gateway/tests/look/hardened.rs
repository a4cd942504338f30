//! A portal in which nothing is wrong: a whole Node backend behind an nginx that speaks https; and, beside it, backends that have
//! faults, to which a plant leads some of its paths.

use std::{fs, net::Ipv4Addr, path::PathBuf};

use greenroom_conformance::{backend::Backend, peer, ports::free_port, transcript::Request, wire::Outcome};
use greenroom_gateway_tests::{Setup, in_time};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{cluster::Cluster, ingress::Ingress, look::outside};

/// What another service says to be let in.
pub(crate) const TOKEN: &str = "the-token-of-another-service";

/// One that is longer than half of what Node takes of all headers.
pub(crate) fn large_token() -> String {
    (10_000..11_800).map(|number| number.to_string()).collect()
}

/// The plugins of create-app, and signing in by OpenID Connect.
pub(crate) const WHOLE: &[&str] = &[
    "app",
    "auth",
    "catalog",
    "catalog-backend-module-scaffolder-entity-model",
    "notifications",
    "permission",
    "permission-backend-module-allow-all-policy",
    "proxy",
    "scaffolder",
    "search",
    "search-backend-module-catalog",
    "search-backend-module-pg",
    "signals",
    "techdocs",
    "user-settings",
];

/// The server of the hardened portal, as its operator has written it; a plant edits it.
const SERVER: &str = r"
# upstreams
server {
  listen {address}:{port} ssl http2;
  ssl_certificate {certificate};
  ssl_certificate_key {key};
  client_max_body_size 10m;
  large_client_header_buffers 4 32k;
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For {client};
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $upgrade;
  proxy_read_timeout 1h;
  proxy_buffering off;
  # more
  location ~ \.map$ { return 404; }
  location ~ ^/api/[^/]+/\.backstage/auth/v1/jwks\.json$ { return 404; }
  location ~ ^/health(check|z)$ { return 404; }
  location / { proxy_pass http://127.0.0.1:{hardened}; }
}";

/// The features of these plugins, as the names of packages are made of them.
pub(crate) fn packages(plugins: &[&str], more: &[&str]) -> String {
    let package = |name: &&str| match name.contains("-backend-module-") {
        true => format!("@backstage/plugin-{name}"),
        false => format!("@backstage/plugin-{name}-backend"),
    };
    let names = plugins.iter().map(package).chain(more.iter().map(|&name| name.to_owned()));
    names.collect::<Vec<_>>().join(",")
}

/// Where plugins keep their data: a server that others use, too, under names of their own.
pub(crate) fn database(cluster: &Cluster, prefix: &str) -> Value {
    let connection = format!("postgresql://admin:secret@127.0.0.1:{}/postgres", cluster.port);
    json!({"client": "pg", "connection": connection, "prefix": prefix, "knexConfig": {"pool": {"min": 0, "max": 2}}})
}

/// All backends of the plants.
pub(crate) struct Scene {
    pub(crate) address: Ipv4Addr,
    pub(crate) port: u16,
    /// By the name that stands for its port in the server of a plant.
    backends: Vec<(&'static str, Backend)>,
    files: TempDir,
    // What holds connections ends before the server does.
    _cluster: Cluster,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let (cluster, address) = (Cluster::start(), outside());
        let (port, provider) = (free_port().expect("a port"), free_port().expect("a port"));
        let (https, http) = (format!("https://{address}:{port}"), format!("http://{address}:{port}"));
        let access =
            |token: &str| json!({"type": "static", "options": {"token": token, "subject": "kitchen"}});
        let template = peer::target().join("../tests/portal/node/template.yaml");
        let hardened = json!({
            "app": {"title": "Portal", "baseUrl": https},
            "backend": {
                "baseUrl": https, "trustProxy": 1, "cors": {"origin": https}, "csp": {"connect-src": ["'self'"]},
                "rateLimit": {"window": "1m", "incomingRequestLimit": 100_000, "ipAllowList": []},
                "auth": {"externalAccess": [access(TOKEN), access(&large_token())]},
                "database": database(&cluster, "hardened_"),
            },
            "auth": {
                "environment": "production", "session": {"secret": "a-secret-of-the-sessions"},
                "providers": {"oidc": {"production": {
                    "metadataUrl": format!("http://127.0.0.1:{provider}/.well-known/openid-configuration"),
                    "clientId": "portal", "clientSecret": "a-secret-of-the-portal",
                }}},
            },
            "catalog": {"locations": [{"type": "file", "target": template, "rules": [{"allow": ["Template"]}]}]},
        });
        // It trusts no proxy, so no client of nginx comes from elsewhere than this machine.
        let dirty = json!({
            "backend": {
                "cors": {"origin": "https://*", "credentials": true}, "auth": {"externalAccess": [access(TOKEN)]},
                "database": database(&cluster, "dirty_"),
            },
            "auth": {"environment": "production", "providers": {"guest": {"dangerouslyAllowOutsideDevelopment": true}}},
        });
        let limited = json!({"backend": {"rateLimit": {"window": "1m", "incomingRequestLimit": 100_000, "ipAllowList": []}}});
        // The page's buttons ask for the sign-in of its own environment, so it is the one that the backend behind is set up for.
        let page = |url: &str, more: Value| {
            let mut config = json!({
                "app": {"title": "Portal", "baseUrl": url, "disableStaticFallbackCache": true},
                "backend": {"baseUrl": url, "csp": {"connect-src": ["'self'"]}},
                "auth": {"environment": "production"},
            });
            laid_over(&mut config, more);
            started("@backstage/plugin-app-backend".to_owned(), config, None)
        };
        let oidc = "@backstage/plugin-auth-backend-module-oidc-provider";
        let guest = "@backstage/plugin-auth-backend-module-guest-provider";
        let first = tokio::join!(
            started(packages(WHOLE, &[oidc]), hardened, Some(provider)),
            started(packages(&["auth", "catalog"], &[guest, oidc, "failing", "metrics"]), dirty, None),
            started("healthcheck".to_owned(), limited, None),
            started("signals".to_owned(), json!({}), None),
        );
        let inside = json!({"integrations": {"github": [{"host": "github.corp.internal"}]}});
        let inline =
            json!({"backend": {"csp": {"script-src": ["'self'", "'unsafe-eval'", "'unsafe-inline'"]}}});
        let rum = json!({"app": {"datadogRum": {
            "applicationId": "11111111-2222-4333-8444-555555555555", "clientToken": "pub0", "site": "datadoghq.eu",
        }}});
        let plain = json!({"backend": {"csp": {"upgrade-insecure-requests": false}}});
        let second = tokio::join!(
            page(&https, inside),
            page(&https, json!({"backend": {"baseUrl": "http://localhost:7007"}})),
            page(&https, inline),
            page(&https, rum),
            page(&http, json!({})),
            page(&http, plain),
        );
        let files = tempfile::tempdir().expect("a directory");
        let soon = jiff::Timestamp::now().as_second() + 10 * 24 * 60 * 60;
        let trusted = [("good", None), ("soon", Some(soon))].map(|(name, until)| {
            let (cert, key) = certificate(address, until);
            for (kind, text) in [("cert", &cert), ("key", &key)] {
                fs::write(files.path().join(format!("{name}-{kind}.pem")), text).expect("a file");
            }
            cert
        });
        fs::write(files.path().join("trusted.pem"), trusted.concat()).expect("a file");
        let backends = vec![
            ("hardened", first.0),
            ("dirty", first.1),
            ("limited", first.2),
            ("signals", first.3),
            ("inside", second.0),
            ("localhost", second.1),
            ("inline", second.2),
            ("rum", second.3),
            ("upgrading", second.4),
            ("plain", second.5),
        ];
        let scene = Self { address, port, backends, files, _cluster: cluster };
        in_time("a task that runs", scene.task()).await;
        scene
    }

    /// The certificates of all servers.
    pub(crate) fn trusted(&self) -> PathBuf {
        self.files.path().join("trusted.pem")
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}:{}", self.address, self.port)
    }

    pub(crate) fn backend(&self, name: &str) -> &Backend {
        let found = self.backends.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("there is no backend {name}")).1
    }

    /// The nginx in front, after these edits. Who asks it is somebody else each time.
    pub(crate) async fn ingress(&self, client: usize, edits: &[(&str, &str)]) -> Ingress {
        let mut server = SERVER.to_owned();
        for (from, to) in edits {
            assert!(server.contains(from), "the server has no {from:?}");
            server = server.replace(from, to);
        }
        for (name, backend) in &self.backends {
            server = server.replace(&format!("{{{name}}}"), &backend.port().to_string());
        }
        let file = |name: &str| self.files.path().join(name).display().to_string();
        for (name, value) in [
            ("{address}", self.address.to_string()),
            ("{port}", self.port.to_string()),
            ("{client}", format!("198.51.100.{}", client + 1)),
            ("{certificate}", file("good-cert.pem")),
            ("{key}", file("good-key.pem")),
            ("{soon-certificate}", file("soon-cert.pem")),
            ("{soon-key}", file("soon-key.pem")),
        ] {
            server = server.replace(name, &value);
        }
        Ingress::start(&server, self.address, self.port).await
    }

    /// Has the scaffolder work for longer than all tests take.
    async fn task(&self) {
        let body =
            json!({"templateRef": "template:default/greeting", "values": {"name": "you", "seconds": 600}});
        let body = body.to_string();
        let head = format!(
            "POST /api/scaffolder/v2/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        // The catalog reads its files when it has started.
        while ask(self.backend("hardened"), &head).await.0 != 201 {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        let running = format!(
            "GET /api/scaffolder/v2/tasks?limit=20 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        );
        while !ask(self.backend("hardened"), &running).await.1.contains(r#""status":"processing""#) {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
}

/// Status and body of what a backend answers itself.
pub(crate) async fn ask(backend: &Backend, request: &str) -> (u16, String) {
    match backend.client().exchange(&Request::raw(request.as_bytes().to_vec())).await {
        Ok(Outcome::Answered(answers)) if !answers.is_empty() => {
            (answers[0].head.status, String::from_utf8_lossy(&answers[0].body).into_owned())
        }
        other => panic!("{request}: {other:?}"),
    }
}

async fn started(features: String, config: Value, provider: Option<u16>) -> Backend {
    let setup = Setup::whole(&features).config(&config.to_string()).env("LOOK", "1");
    let setup = match provider {
        Some(port) => setup.env("PROVIDER", &port.to_string()).env("PROVIDER_TOKENS", "100"),
        None => setup,
    };
    setup.node_alone().await
}

fn laid_over(config: &mut Value, more: Value) {
    match (config, more) {
        (Value::Object(config), Value::Object(more)) => {
            for (key, value) in more {
                laid_over(config.entry(key).or_insert(Value::Null), value);
            }
        }
        (config, more) => *config = more,
    }
}

/// A certificate of this address and its key, until then.
fn certificate(address: Ipv4Addr, until: Option<i64>) -> (String, String) {
    let mut params = CertificateParams::new(vec![address.to_string()]).expect("a name");
    if let Some(until) = until {
        let day = jiff::Timestamp::from_second(until).expect("a time").to_string();
        let part = |at: std::ops::Range<usize>| day[at].parse::<u16>().expect("a date");
        let [month, of_month] = [part(5..7), part(8..10)].map(|number| u8::try_from(number).expect("a date"));
        params.not_after = rcgen::date_time_ymd(i32::from(part(0..4)), month, of_month);
    }
    let key = KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

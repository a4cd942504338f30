//! Signing in with an identity provider, as a browser's popup does: by Backstage's own auth plugin with its OpenID Connect module,
//! its sessions and its cookies, which a browser keeps and sends as their attributes say.

mod browser;

#[allow(dead_code, reason = "it is the driver's own tests' too")]
#[path = "../../../../crates/database-postgres/tests/server/cluster.rs"]
mod cluster;

use greenroom_conformance::ports::free_port;
use greenroom_gateway_tests::{Connection, Pair, Setup};

use self::{
    browser::{Browser, Told},
    cluster::Cluster,
};

const FEATURES: &str =
    "healthcheck,@backstage/plugin-auth-backend,@backstage/plugin-auth-backend-module-oidc-provider";

/// Longer than what goes into one cookie of 4,000 characters, then less, then as much as goes into one.
const TOKENS: &str = "9000,5000,100";

/// A portal, as its users know it.
#[derive(Clone, Copy)]
struct Portal {
    origin: &'static str,
    /// Below which path it stands. An ingress takes that away.
    prefix: &'static str,
    /// What the ingress says of a client.
    forwarded: &'static str,
}

const PLAIN: Portal = Portal { origin: "http://portal.example:7007", prefix: "", forwarded: "" };
const INGRESS: &str = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
const ENCRYPTED: Portal = Portal { origin: "https://portal.example", prefix: "", forwarded: INGRESS };
const BELOW_A_PATH: Portal = Portal { prefix: "/tools/portal", ..ENCRYPTED };

impl Portal {
    fn is_encrypted(&self) -> bool {
        self.origin.starts_with("https:")
    }

    fn url(&self) -> String {
        format!("{}{}", self.origin, self.prefix)
    }

    /// Node and a gateway; `trust` is the gateway's.
    async fn start(&self, cluster: &Cluster, trust: &str) -> Pair {
        let provider = free_port().expect("a port");
        let (url, database) = (self.url(), cluster.port);
        let config = format!(
            "app: {{baseUrl: '{url}'}}\n\
             backend: {{baseUrl: '{url}', {trust}\n  \
             database: {{client: pg, connection: 'postgresql://admin:secret@127.0.0.1:{database}/postgres'}}}}\n\
             auth:\n  session: {{secret: a-secret-of-the-sessions}}\n  keyStore: {{provider: memory}}\n  \
             providers: {{oidc: {{production: {{\n    \
             metadataUrl: 'http://127.0.0.1:{provider}/.well-known/openid-configuration',\n    \
             clientId: portal, clientSecret: a-secret-of-the-portal,\n    \
             signIn: {{resolvers: [{{resolver: emailLocalPartMatchingUserEntityName, \
             dangerouslyAllowSignInWithoutUserInCatalog: true}}]}}}}}}}}\n"
        );
        let setup = Setup::whole(FEATURES).config(&config);
        setup.env("PROVIDER", &provider.to_string()).env("PROVIDER_TOKENS", TOKENS).sidecar().await
    }
}

#[tokio::test]
async fn gateway_34_a_popup_signs_in_and_its_cookies_are_as_without_a_gateway() {
    let cluster = Cluster::start();
    for (portal, trust) in [(PLAIN, ""), (ENCRYPTED, "trustProxy: 1,"), (BELOW_A_PATH, "trustProxy: 1,")] {
        let pair = portal.start(&cluster, trust).await;
        let direct = visit(pair.node.port(), portal).await;
        let through = visit(pair.gateway.port(), portal).await;
        assert_eq!(direct.len(), through.len());
        for ((step, direct), (_, through)) in direct.into_iter().zip(through) {
            assert_eq!(direct, through, "{}: {step}", portal.url());
        }
    }
}

#[tokio::test]
async fn gateway_34_a_client_that_is_not_trusted_cannot_say_that_it_has_come_by_https() {
    let cluster = Cluster::start();
    let pair = ENCRYPTED.start(&cluster, "").await;
    let asked = async |port: u16, forwarded| {
        let mut browser = Browser::at(port, Portal { forwarded, ..ENCRYPTED });
        let told = browser.ask("GET", "/api/auth/oidc/start?env=production", "").await;
        assert_eq!(told.status, 302, "{told:#?}");
        let session = told.cookies().find(|it| it.starts_with("connect.sid=")).unwrap_or_default().to_owned();
        session.contains("; Secure")
    };
    assert!(asked(pair.node.port(), INGRESS).await, "whom Node trusts is believed");
    assert!(!asked(pair.node.port(), "").await);
    assert!(!asked(pair.gateway.port(), INGRESS).await, "whom nobody trusts is believed");
}

/// A user signs in, comes back three times, and signs out; what was answered, by step.
async fn visit(port: u16, portal: Portal) -> Vec<(&'static str, Told)> {
    let url = portal.url();
    let mut browser = Browser::at(port, portal);
    let mut all = Vec::new();

    let start =
        browser.ask("GET", "/api/auth/oidc/start?env=production&scope=openid%20profile%20email", "").await;
    assert_eq!(start.status, 302, "{url}: {start:#?}");
    let session = start.cookies().find(|it| it.starts_with("connect.sid=")).unwrap_or_default();
    assert_eq!(session.contains("; Secure"), portal.is_encrypted(), "{url}: {start:#?}");
    let nonce = start.cookies().find(|it| it.starts_with("oidc-nonce=<")).unwrap_or_default();
    assert!(nonce.contains(&format!("; Path={}/api/auth/oidc/handler;", portal.prefix)), "{url}: {start:#?}");

    let back = at_the_provider(&start.location).await;
    let handler = back.strip_prefix(&url).unwrap_or_else(|| panic!("{url}: {back}")).to_owned();
    all.push(("start", start));

    let stranger = Browser::at(port, portal).ask("GET", &handler, "").await;
    assert!(stranger.body.contains("missing%20cookie%20nonce"), "{url}: {stranger:#?}");
    all.push(("the popup of somebody else", stranger));

    let popup = browser.ask("GET", &handler, "").await;
    for part in ["authorization_response", "ada%40example.com", "backstageIdentity"] {
        assert!(popup.status == 200 && popup.body.contains(part), "{url}: {part}: {popup:#?}");
    }
    all.push(("popup", popup));

    // Its cookies are three, then two, then one, then three again.
    for (step, chunks) in [("first refresh", 3), ("second refresh", 2), ("third refresh", 0)] {
        assert_eq!(browser.count("oidc-refresh-token-"), chunks, "{url}: {step}");
        assert_eq!(browser.count("oidc-refresh-token"), chunks.max(1), "{url}: {step}");
        let refresh = browser.refresh().await;
        assert_eq!(refresh.status, 200, "{url}: {step}: {refresh:#?}");
        assert!(
            refresh.body.contains(r#""userEntityRef":"user:default/ada""#),
            "{url}: {step}: {refresh:#?}"
        );
        all.push((step, refresh));
    }
    assert_eq!(browser.count("oidc-refresh-token-"), 3, "{url}");

    let logout = browser
        .ask(
            "POST",
            "/api/auth/oidc/logout?env=production",
            "X-Requested-With: XMLHttpRequest\r\nContent-Length: 0\r\n",
        )
        .await;
    assert_eq!((logout.status, browser.count("oidc-refresh-token")), (200, 0), "{url}: {logout:#?}");
    all.push(("logout", logout));
    let refused = browser.refresh().await;
    assert_eq!(refused.status, 401, "{url}: {refused:#?}");
    all.push(("refresh after that", refused));
    all
}

/// Where the provider sends the browser back to, which has signed in there already.
async fn at_the_provider(location: &str) -> String {
    let address = location.strip_prefix("http://127.0.0.1:").expect("the provider's address");
    let (port, path) = address.split_once('/').expect("a path");
    let mut connection = Connection::to(port.parse().expect("a port")).await;
    let answer = connection.get(&format!("/{path}")).await;
    assert_eq!(answer.head.status, 302, "{answer:?}");
    answer.head.header("location").unwrap_or_default().to_owned()
}

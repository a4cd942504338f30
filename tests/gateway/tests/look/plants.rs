//! The hardened portal, and the same with one fault at a time: what is planted is found, and nothing else.

use std::collections::BTreeSet;

use greenroom_conformance::transcript::Request;
use greenroom_look::{Report, Verdict};

use crate::{
    hardened::{Scene, TOKEN, ask, large_token},
    look::{Run, named, problems},
};

/// With what is looked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    Nothing,
    Token,
    /// One of 9,000 characters.
    LargeToken,
    /// A token, and more than looking.
    Active,
}

/// A fault.
struct Plant {
    /// Its number in `docs/look.md`.
    no: &'static str,
    /// What it changes in the server.
    edits: &'static [(&'static str, &'static str)],
    with: With,
    /// What is found.
    found: &'static [&'static str],
}

/// A fault that whoever has no token sees.
const fn plant(
    no: &'static str,
    found: &'static [&'static str],
    edits: &'static [(&'static str, &'static str)],
) -> Plant {
    Plant { no, edits, with: With::Nothing, found }
}

/// The fault that shows only while others are there.
const SHARED: &str = "F15";

const KEYS: &str = r"location ~ ^/api/[^/]+/\.backstage/auth/v1/jwks\.json$ { return 404; }";
const TLS: &str = "ssl http2;";
const PLAIN: [(&str, &str); 3] =
    [(TLS, ";"), ("  ssl_certificate {certificate};\n", ""), ("  ssl_certificate_key {key};\n", "")];

const PLANTS: &[Plant] = &[
    plant("F1", &["plugins-enumerable"], &[(KEYS, "")]),
    plant("F2", &["source-maps"], &[(r"location ~ \.map$ { return 404; }", "")]),
    plant(
        "F3",
        &["signals-anonymous"],
        &[("# more", "location = /api/signals { proxy_pass http://127.0.0.1:{signals}; }")],
    ),
    plant("F4", &["websocket"], &[("  proxy_set_header Upgrade $http_upgrade;\n", "")]),
    plant(
        "F4, a page",
        &["websocket"],
        &[("# more", "location = /api/signals { rewrite ^ / break; proxy_pass http://127.0.0.1:{plain}; }")],
    ),
    plant(
        "F5",
        &["guest-sign-in"],
        &[("# more", "location = /api/auth/guest/refresh { proxy_pass http://127.0.0.1:{dirty}; }")],
    ),
    plant(
        "F6",
        &["sign-in-providers"],
        &[("# more", "location = /api/auth/oidc/refresh { proxy_pass http://127.0.0.1:{dirty}; }")],
    ),
    plant("F7", &["browser-config"], &[("# more", "location = / { proxy_pass http://127.0.0.1:{inside}; }")]),
    plant("F8", &["base-url"], &[("# more", "location = / { proxy_pass http://127.0.0.1:{localhost}; }")]),
    plant("F9", &["probe-answered-by-page"], &[("location ~ ^/health(check|z)$ { return 404; }", "")]),
    plant(
        "F9, no endpoint",
        &["readiness"],
        &[("# more", "location = /.backstage/health/v1/readiness { return 404; }")],
    ),
    plant("F11", &["csp"], &[("# more", "location = / { proxy_pass http://127.0.0.1:{inline}; }")]),
    plant("F11, none", &["csp"], &[("# more", "proxy_hide_header Content-Security-Policy;")]),
    plant(
        "F12",
        &["cors"],
        &[("# more", "location = /api/catalog/entity-facets { proxy_pass http://127.0.0.1:{dirty}; }")],
    ),
    plant("F13", &["first-load"], &[("# more", "proxy_set_header Accept-Encoding '';")]),
    plant("F13, headers", &["cache-headers"], &[("# more", "proxy_hide_header Cache-Control;")]),
    plant("F13, HTTP/1.1", &["http2"], &[(TLS, "ssl;")]),
    plant("F14", &["rum"], &[("# more", "location = / { proxy_pass http://127.0.0.1:{rum}; }")]),
    plant(
        SHARED,
        &["rate-limit"],
        &[(KEYS, r"location ~ ^/api/[^/]+/\.backstage/auth/v1/ { proxy_pass http://127.0.0.1:{limited}; }")],
    ),
    plant(
        "F16",
        &["metrics-public"],
        &[("# more", "location = /metrics { proxy_pass http://127.0.0.1:{dirty}; }")],
    ),
    plant("F17", &[], &[]),
    plant(
        "F18",
        &["replicas"],
        &[
            ("# upstreams", "upstream replicas { server 127.0.0.1:{hardened}; server 127.0.0.1:{dirty}; }"),
            ("# more", "location = /api/auth/.well-known/jwks.json { proxy_pass http://replicas; }"),
        ],
    ),
    plant("F22", &["certificate"], &[("{certificate}", "{soon-certificate}"), ("{key}", "{soon-key}")]),
    plant("F22, Proto lost", &["sign-in-return"], &[("  proxy_set_header X-Forwarded-Proto $scheme;\n", "")]),
    Plant { no: "F19", edits: &[], with: With::LargeToken, found: &["token"] },
    Plant {
        no: "F20",
        edits: &[(
            "# more",
            "location = /api/catalog/.backstage/scheduler/v1/tasks { proxy_pass http://127.0.0.1:{dirty}; }\n  \
             location = /api/catalog/.backstage/auth/v1/jwks.json { proxy_pass http://127.0.0.1:{dirty}; }",
        )],
        with: With::Token,
        found: &["plugins-enumerable", "scheduled-tasks"],
    },
    Plant {
        no: "F21",
        edits: &[("client_max_body_size 10m;", "client_max_body_size 1m;")],
        with: With::Active,
        found: &["large-body"],
    },
    Plant {
        no: "F21, collected",
        edits: &[("  proxy_buffering off;\n", "")],
        with: With::Active,
        found: &["event-stream"],
    },
    Plant {
        no: "F21, cut",
        edits: &[("proxy_read_timeout 1h;", "proxy_read_timeout 2s;")],
        with: With::Active,
        found: &["silent-stream"],
    },
];

/// Of a portal by plain http, which its users see in every case.
const HTTP: &[(&str, &str, &[&str])] = &[
    ("by http", "plain", &["certificate"]),
    ("F10", "upgrading", &["certificate", "upgrade-insecure-requests"]),
];

#[tokio::test]
async fn what_is_planted_is_found_and_nothing_else() {
    let scene = Box::pin(Scene::start()).await;
    // Somebody has signed in, so that there is a key.
    let guest = "GET /api/auth/guest/refresh HTTP/1.1\r\nHost: localhost\r\nX-Requested-With: XMLHttpRequest\r\nConnection: close\r\n\r\n";
    assert_eq!(ask(scene.backend("dirty"), guest).await.0, 200);

    let mut wrong = vec![];
    let mut client = 0;
    let mut look = async |no: &str, scheme: &str, edits: &[(&str, &str)], with: With, found: &[&str]| {
        client += 1;
        let report = looked(&scene, client, scheme, edits, with, no == SHARED).await;
        let expected: BTreeSet<_> = found.iter().map(|&id| id.to_owned()).collect();
        if problems(&report) != expected {
            wrong.push(format!("{no}: expected {expected:?}\n{}", report.text(true)));
        }
        report
    };

    let nothing = look("hardened", "https", &[], With::Nothing, &[]).await;
    assert_eq!((nothing.verdict(), nothing.exit_code()), (Verdict::NothingFound, 0));
    look("hardened", "https", &[], With::Active, &[]).await;
    for plant in PLANTS {
        let report = look(plant.no, "https", plant.edits, plant.with, plant.found).await;
        if plant.no == "F17" {
            assert!(report.text(false).contains("so Backstage 1.57 or newer"), "{}", report.text(false));
        }
    }
    for (no, page, found) in HTTP {
        let page = format!(
            "location = / {{ proxy_pass http://127.0.0.1:{{{page}}}; }}\n  location /api/auth/ {{ return 404; }}"
        );
        let edits: Vec<_> = PLAIN.into_iter().chain([("# more", &*page)]).collect();
        look(no, "http", &edits, With::Nothing, found).await;
    }
    assert!(wrong.is_empty(), "{} of them are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Each finding of `docs/look.md` has a plant.
#[test]
fn each_number_has_a_plant() {
    let numbers = PLANTS.iter().map(|plant| plant.no).chain(HTTP.iter().map(|(no, ..)| *no));
    let numbers: BTreeSet<_> = numbers.map(|no| no.split(',').next().unwrap_or(no)).collect();
    let missing: Vec<_> = (1..=22).map(|no| format!("F{no}")).filter(|no| !numbers.contains(&**no)).collect();
    assert_eq!(missing, [""; 0]);
}

/// Looks, while others use what is limited if they are to, and holds the report against the access log.
async fn looked(
    scene: &Scene,
    client: usize,
    scheme: &str,
    edits: &[(&str, &str)],
    with: With,
    are_others: bool,
) -> Report {
    let ingress = scene.ingress(client, edits).await;
    let (trusted, origin, large) = (scene.trusted(), scene.url(scheme), large_token());
    let token = match with {
        With::Nothing => None,
        With::Token | With::Active => Some(TOKEN),
        With::LargeToken => Some(&*large),
    };
    let run = Run { token, is_active: with == With::Active, trusted: Some(&trusted), ..Run::at(&*origin) };
    let others = async {
        let (client, request) = (scene.backend("limited").client(), Request::get("/healthcheck"));
        if !are_others {
            std::future::pending::<()>().await;
        }
        loop {
            client.exchange(&request).await.expect("an answer");
        }
    };
    let report = tokio::select! { report = run.quickly() => report, () = others => unreachable!() };
    let named = named(&report, &origin);
    assert_eq!(named, ingress.log(named.len()).await, "{}", report.text(true));
    assert!(named.len() <= 60, "{named:?}");
    ingress.stop().await;
    report
}

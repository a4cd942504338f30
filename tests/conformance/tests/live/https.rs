//! The same over TLS, with a certificate that the config of both holds.

use std::sync::Arc;

use greenroom_conformance::{
    both::{
        Act::{
            Ask, AskInPlain, AwaitRefused, AwaitStatus, Exit, HeldAnswers, Hold, Linger, LingeringEnds, Pass,
            Signal,
        },
        Both, Story, tell,
    },
    peer,
    scenarios::READINESS,
    score, tls,
    transcript::Request,
    version::Version,
    wire::Outcome,
};
use rustix::process::Signal as Kind;
use rustls::ClientConfig;

use crate::lifecycle::ours;

/// A self-signed certificate: as YAML for both backends, and as what a client trusts.
fn certificate() -> (&'static str, ClientConfig) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let (cert, key) = (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem());
    let config = format!("backend: {{https: {{certificate: {{cert: {cert:?}, key: {key:?}}}}}}}");
    (config.leak(), tls::trusting(&cert).expect("a certificate that one can trust"))
}

const STORY: Story = Story {
    name: "",
    features: "healthcheck,tasksprotected,errs",
    config: "",
    ours: "",
    env: &[("NODE_ENV", "production")],
    listens: true,
    acts: &[],
};

async fn compare(version: Version, story: Story) {
    let (config, trusting) = certificate();
    let trusting = Arc::new(trusting);
    let node = peer::launch(version).unwrap_or_else(|error| panic!("{error}")).over_tls(trusting.clone());
    let story = Story { config, ..story };
    let comparison = Box::pin(tell(&node, &ours(version).over_tls(trusting), &story)).await;
    score::leave(version, "over TLS", story.name, comparison.count).expect("a file of counts");
    assert!(comparison.is_ok(), "\n{version}: {}: {comparison}", story.name);
}

beside_each! {
    async fn answers_over_tls(version: Version) {
        let acts = &[
            AwaitStatus(READINESS, 200),
            Ask("GET /.backstage/health/v1/readiness"),
            Ask("HEAD /.backstage/health/v1/readiness"),
            Ask("GET /.backstage/health/v1/liveness"),
            Ask("GET /healthcheck"),
            Ask("GET /healthcheck/"),
            Ask("HEAD /healthcheck"),
            Ask("GET /nope"),
            Ask("GET /api/nope"),
            Ask("GET /api/tasks/task/1/results"),
            Ask("GET /api/tasks/task/1/results/"),
            Ask("GET /api/errs/param/a"),
            Ask("GET /api/errs/param/a/"),
            Ask("GET /api/errs/ip"),
            Ask("GET /api/errs/input"),
            Ask("GET /api/errs/sync"),
            Ask("GET /api/errs/consumed"),
            Ask("GET /api/errs/big/200000"),
            Ask("OPTIONS /healthcheck"),
            AskInPlain("GET /healthcheck"),
            Ask("GET /healthcheck"),
        ];
        compare(version, Story { name: "answers_over_tls", acts, ..STORY }).await;
    }

    async fn a_drain_over_tls(version: Version) {
        let acts = &[
            AwaitStatus(READINESS, 200),
            Linger,
            Hold("GET /api/errs/sleep/1500"),
            Pass(200),
            Signal(Kind::TERM),
            AwaitRefused,
            LingeringEnds,
            HeldAnswers,
            Exit,
        ];
        compare(version, Story { name: "a_drain_over_tls", acts, ..STORY }).await;
    }

    async fn tls_negotiates_http_1_1_and_plain_http_is_closed(version: Version) {
        let (config, trusting) = certificate();
        let node = peer::launch(version).unwrap_or_else(|error| panic!("{error}"));
        let story = Story { name: "http_1_1_is_negotiated", config, ..STORY };
        let offering = |protocols: &[&str]| {
            let mut config = trusting.clone();
            config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
            Arc::new(config)
        };
        let both = Both::start(&node, &ours(version), &story).await.expect("both start");
        let liveness = Request::get("/.backstage/health/v1/liveness");
        for protocols in [&["h2", "http/1.1"][..], &["http/1.1"], &[], &["h2"]] {
            for (name, backend) in [("Node", &both.node), ("Greenroom", &both.ours)] {
                let outcome = backend.client().over_tls(offering(protocols)).exchange(&liveness).await;
                let status = match outcome {
                    Ok(Outcome::Answered(answers)) => answers.first().map(|answer| answer.head.status),
                    _ => None,
                };
                let expected = (protocols != ["h2"]).then_some(200);
                assert_eq!(status, expected, "{name}, offered {protocols:?}");
            }
        }
        for backend in [&both.node, &both.ours] {
            let outcome = backend.client().exchange(&liveness).await;
            let closed = matches!(&outcome, Ok(Outcome::Answered(answers)) if answers.is_empty());
            assert!(closed, "HTTP without TLS: {outcome:?}");
        }
    }
}

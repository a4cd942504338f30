//! The table of scenarios, in the order of what they exercise.

use super::Stage::{Later, One};
use super::Step::{
    AwaitLine, AwaitRefused, AwaitStatus, Exit, HeldAnswers, HeldReplays, Hold, HoldReplay, Replay, Terminate,
};
use super::{READINESS, Scenario, Stage, Step};

const PRODUCTION: &[(&str, &str)] = &[("NODE_ENV", "production")];
const READY: Step = AwaitStatus(READINESS, 200);

const fn scenario(
    name: &'static str,
    stage: Stage,
    features: &'static str,
    steps: &'static [Step],
) -> Scenario {
    Scenario { name, stage, features, config: "", env: PRODUCTION, steps }
}

/// All scenarios.
pub const SCENARIOS: &[Scenario] = &[
    scenario("http_production", One, "healthcheck,tasks,errs,hooks", &[READY, Replay(HTTP_PRODUCTION)]),
    Scenario {
        env: &[],
        ..scenario("http_unset", One, "healthcheck,tasks,errs,hooks", &[READY, Replay(HTTP_UNSET)])
    },
    scenario("router_and_bodies", One, "healthcheck,tasks,errs,hooks", &[READY, Replay(ROUTER_AND_BODIES)]),
    scenario("raw_requests", One, "healthcheck,tasks,errs,hooks", &[READY, Replay(RAW)]),
    Scenario {
        env: &[("NODE_ENV", "development")],
        ..scenario(
            "http_development",
            One,
            "healthcheck,tasks,errs,hooks",
            &[READY, Replay(HTTP_DEVELOPMENT)],
        )
    },
    scenario("starting", One, "healthcheck,tasks,slow", &[Replay(&["health-starting-liveness"])]),
    Scenario {
        config: "backend: {lifecycle: {startupRequestPauseTimeout: {seconds: 1}}}",
        env: &[("NODE_ENV", "production"), ("SLOW_MS", "20000")],
        ..scenario(
            "startup_pause_timeout",
            One,
            "tasks,slow",
            &[AwaitStatus("/api/slow/hi", 503), Replay(&["startup-pause-timeout-503"])],
        )
    },
    Scenario {
        config: "backend:\n  lifecycle: {serverShutdownDelay: 3s}\n  health: {headers: {x-service: truth-1, X-Other: two}}",
        ..scenario(
            "shutdown_delay",
            One,
            "healthcheck,tasks,errs,hooks",
            &[
                READY,
                Replay(&["health-custom-headers"]),
                Hold("/api/errs/sleep/5000"),
                Terminate,
                AwaitStatus(READINESS, 503),
                Replay(&["health-shutdown-delay-readiness", "health-shutdown-delay-liveness"]),
                AwaitRefused,
                Replay(&["shutdown-after-delay-plugin-request"]),
                HeldAnswers(200),
                Exit(0),
            ],
        )
    },
    Scenario {
        config: "greenroom: {startup: {onFailure: serve}}",
        ..scenario(
            "failed_start",
            One,
            "tasks,thrower",
            &[
                AwaitLine("Backend startup failed"),
                Replay(&["fail-state-readiness", "fail-state-liveness", "fail-state-healthy-plugin"]),
            ],
        )
    },
    scenario("percent_in_url", One, "tasks,errs", &[READY, Replay(&["log-percent-url"])]),
    Scenario {
        config: VARIANTS,
        ..scenario(
            "configured",
            One,
            "healthcheck,tasks,errs",
            &[READY, Replay(&["trustproxy-true-ip", "cors-configured-mismatch", "csp-configured"])],
        )
    },
    Scenario {
        config: "backend: {rateLimit: {window: 5s, incomingRequestLimit: 2, ipAllowList: []}}",
        ..scenario(
            "rate_limit",
            One,
            "healthcheck,errs",
            &[
                AwaitLine("initialization complete"),
                Replay(&["ratelimit-1", "ratelimit-2", "ratelimit-3", "ratelimit-4"]),
            ],
        )
    },
    Scenario {
        config: EXTERNAL_ACCESS,
        ..scenario(
            "external_access",
            Later("static tokens and the protected plugins"),
            "healthcheck,tasksprotected,tok",
            &[READY, Replay(EXTERNAL_CALLERS)],
        )
    },
    Scenario {
        config: EXTERNAL_ACCESS,
        ..scenario("web_sockets", One, "healthcheck,ws", &[READY, Replay(WEB_SOCKETS)])
    },
    scenario(
        "web_sockets_without_routes",
        One,
        "healthcheck,errs",
        &[READY, Replay(&["ws-nolistener-plugin-404"])],
    ),
    Scenario {
        env: &[("NODE_ENV", "production"), ("WS_MS", "3000")],
        ..scenario(
            "web_sockets_while_starting",
            One,
            "ws,healthcheck",
            &[
                AwaitLine("still initializing: 'ws'"),
                Replay(&["ws-starting-root", "ws-starting-unmatched"]),
                // It waits for the plugin.
                Replay(&["ws-started"]),
            ],
        )
    },
    scenario(
        "web_sockets_at_stop",
        One,
        "ws,healthcheck",
        &[READY, HoldReplay("ws-shutdown-open"), Terminate, HeldReplays("ws-shutdown-open"), Exit(0)],
    ),
    Scenario {
        config: "backend: {lifecycle: {serverShutdownDelay: 3s}}",
        ..scenario(
            "web_sockets_during_the_delay",
            One,
            "ws,healthcheck",
            &[
                READY,
                HoldReplay("ws-shutdown-delay-open"),
                Terminate,
                AwaitStatus(READINESS, 503),
                Replay(&["ws-shutdown-delay", "ws-shutdown-delay-unmatched"]),
                HeldReplays("ws-shutdown-delay-open"),
                Exit(0),
            ],
        )
    },
    Scenario {
        env: &[("NODE_ENV", "production"), ("HOOK_MS", "2000")],
        ..scenario(
            "web_sockets_while_hooks_run",
            One,
            "ws,hooks",
            &[
                READY,
                Terminate,
                AwaitLine("plugin shutdown begin"),
                Replay(&["ws-shutdown-hooks-root"]),
                Exit(0),
            ],
        )
    },
];

const VARIANTS: &str = "
backend:
  trustProxy: true
  cors: {origin: 'http://app.example', methods: [GET, POST], credentials: true, maxAge: 600}
  csp: {connect-src: [\"'self'\", 'https:'], upgrade-insecure-requests: false, imgSrc: [\"'self'\"]}
  referrer: {policy: [same-origin]}
";

const EXTERNAL_ACCESS: &str = "
backend:
  auth:
    externalAccess:
      - {type: static, options: {token: static-token-abc123, subject: ci-runner}}
      - type: static
        options: {token: restricted-token-abc, subject: restricted}
        accessRestrictions: [{plugin: catalog, permission: catalog.entity.read}]
";

const HTTP_PRODUCTION: &[&str] = &[
    "error-prod-aggregate",
    "error-prod-authn",
    "error-prod-cause",
    "error-prod-consumed",
    "error-prod-database",
    "error-prod-forwarded",
    "error-prod-head",
    "error-prod-notmodified",
    "error-prod-obj",
    "error-prod-statuscode",
    "error-prod-statusstr",
    "error-prod-str",
    "error-prod-sync",
    "error-prod-unavailable",
    "error-prod-uncaught",
    "error-prod-unhandled-rejection",
    "health-case",
    "health-http10",
    "health-query",
    "health-trailing-slash",
    "health-unknown",
    "health-up-liveness-head",
    "health-up-liveness-options",
    "health-up-liveness-post",
    "health-up-liveness-put",
    "health-up-readiness",
    "health-up-readiness-post",
    "healthcheck-rootrouter",
    "healthcheck-rootrouter-head",
    "healthcheck-rootrouter-post",
    "root-404",
    "root-404-post",
    "root-api",
    "root-api-404",
    "root-api-slash",
    "root-slash",
    "tasks-queue",
    "tasks-results",
];

const HTTP_UNSET: &[&str] = &[
    "error-unset-aggregate",
    "error-unset-authn",
    "error-unset-conflict",
    "error-unset-consumed",
    "error-unset-forwarded",
    "error-unset-head",
    "error-unset-input",
    "error-unset-nextstr",
    "error-unset-notfound",
    "error-unset-notmodified",
    "error-unset-obj",
    "error-unset-response",
    "error-unset-statuscode",
    "error-unset-str",
    "error-unset-sync",
    "error-unset-unavailable",
    "error-unset-uncaught",
    "error-unset-unhandled-rejection",
];

const HTTP_DEVELOPMENT: &[&str] = &[
    "error-dev-async",
    "error-dev-authn",
    "error-dev-cause",
    "error-dev-conflict",
    "error-dev-database",
    "error-dev-forwarded",
    "error-dev-notallowed",
    "error-dev-notfound",
    "error-dev-notimpl",
    "error-dev-notmodified",
    "error-dev-obj",
    "error-dev-response",
    "error-dev-statusstr",
    "error-dev-sync",
    "error-dev-uncaught",
    "error-dev-unhandled-rejection",
];

const ROUTER_AND_BODIES: &[&str] = &[
    "compression-br-2000",
    "compression-deflate-2000",
    "compression-gzip-1023",
    "compression-gzip-1024",
    "compression-identity-zstd",
    "compression-image-2000",
    "cors-default-origin",
    "cors-default-preflight",
    "json-charset-bad",
    "json-empty",
    "json-exactly-100kib",
    "json-gzip-body",
    "json-malformed",
    "json-no-content-type",
    "json-too-large",
    "plugin-404-open",
    "plugin-404-protected",
    "plugin-dotdot",
    "plugin-double-slash",
    "plugin-trailing",
    "trustproxy-default-ip",
    "url-malformed-percent-plugin",
    "url-malformed-query",
    "url-malformed-utf8",
];

const RAW: &[&str] = &[
    "raw-bad-request",
    "raw-bad-utf8-path",
    "raw-expect-other",
    "raw-huge-header",
    "raw-pipelined",
    "raw-te-cl",
];

const EXTERNAL_CALLERS: &[&str] = &[
    "auth-basic",
    "auth-bearer-empty",
    "auth-bearer-illegal",
    "auth-bearer-lowercase",
    "auth-missing",
    "auth-static",
    "auth-static-restricted-plugin",
];

const WEB_SOCKETS: &[&str] = &[
    "ws-basic",
    "ws-bearer",
    "ws-bearer-illegal",
    "ws-bearer-plugin-wrong-audience",
    "ws-both-is-http-only",
    "ws-connection-list",
    "ws-cookie",
    "ws-dotdot",
    "ws-limited-token",
    "ws-open",
    "ws-open-illegal-token-ignored",
    "ws-plain-get",
    "ws-plugin-root",
    "ws-plugin-root-slash",
    "ws-protocol",
    "ws-protocol-and-same-bearer",
    "ws-protocol-first-of-two",
    "ws-protocol-five",
    "ws-protocol-illegal",
    "ws-protocol-illegal-bearer-ok",
    "ws-protocol-second-of-two",
    "ws-protocol-six",
    "ws-restricted-then-ok",
    "ws-throws",
    "ws-unmatched",
    "ws-unmatched-health",
    "ws-unmatched-http-route",
    "ws-unmatched-protected",
    "ws-upgrade-case",
    "ws-upgrade-other-http-route",
];

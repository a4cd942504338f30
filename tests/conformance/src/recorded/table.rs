//! The stories of the recorded logs, in the order of what they show.

use rustix::process::Signal as Kind;

use crate::both::{
    Act::{self, Ask, AwaitLine, AwaitRefused, AwaitStatus, HeldAnswers, Hold, Signal, Upgrade},
    Story,
};
use crate::scenarios::READINESS;

const PRODUCTION: &[(&str, &str)] = &[("NODE_ENV", "production")];
const DONE: &str = "Plugin initialization complete";
const FAILED: &str = "Backend startup failed";
const R: &str = "GET /.backstage/health/v1/readiness";
const L: &str = "GET /.backstage/health/v1/liveness";
const T: &str = "GET /api/tasks/task/1/results";
const READY: Act = AwaitStatus(READINESS, 200);
const STOP: Act = Signal(Kind::TERM);
/// The last line of a start in which the hooks take part.
const HOOKED: Act = AwaitLine("startup hook boom");

/// A start that fails ends the process, unless it is told to serve as Node's does.
const SERVE: &str = "greenroom: {startup: {onFailure: serve}}";

const STORY: Story =
    Story { name: "", features: "tasks", config: "", ours: "", env: PRODUCTION, listens: true, acts: &[] };

const fn fails(name: &'static str, features: &'static str) -> Story {
    Story { name, features, ours: SERVE, acts: &[AwaitLine(FAILED), STOP], ..STORY }
}

const fn comes_up(name: &'static str, features: &'static str, config: &'static str) -> Story {
    Story { name, features, config, acts: &[AwaitLine(DONE), STOP], ..STORY }
}

const fn ends(name: &'static str, features: &'static str, config: &'static str) -> Story {
    Story { name, features, config, listens: false, ..STORY }
}

const fn stops(name: &'static str, features: &'static str, acts: &'static [Act]) -> Story {
    Story { name, features, acts, ..STORY }
}

/// All of them.
pub const STORIES: &[Story] = &[
    fails("fail-plugin-init", "tasks,thrower"),
    Story {
        env: &[("NODE_ENV", "production"), ("SLOW_MS", "2500")],
        ..fails("fail-plugin-init-slow-other", "tasks,thrower,slow")
    },
    fails("fail-module-init", "tasks,throwmodule"),
    fails("fail-circular-modules", "tasks,circmod1,circmod2"),
    fails("fail-duplicate-plugin", "tasks,tasksprotected"),
    fails("fail-root-path-conflict", "healthcheck,pathconflict"),
    comes_up(
        "fail-plugin-init-allowed",
        "tasks,thrower",
        "backend: {startup: {plugins: {thrower: {onPluginBootFailure: continue}}}}",
    ),
    comes_up(
        "fail-plugin-init-allowed-default",
        "tasks,thrower",
        "backend: {startup: {default: {onPluginBootFailure: continue}}}",
    ),
    comes_up(
        "fail-module-init-allowed",
        "tasks,throwmodule",
        "backend: {startup: {plugins: {tasks: {modules: {badmod: {onPluginModuleBootFailure: continue}}}}}}",
    ),
    comes_up("fail-orphan-module", "tasks,orphanmod", ""),
    ends("fail-duplicate-service-factory", "tasks,dupsvc1,dupsvc2", ""),
    ends("fail-register-throws", "tasks,registerthrows", ""),
    ends("fail-config-missing-file", "tasks", ""),
    ends("fail-config-bad-listen", "tasks", "backend: {listen: 'foo:bar:baz'}"),
    ends(
        "fail-config-bad-override-level",
        "tasks",
        "backend: {logger: {overrides: [{matchers: {plugin: tasks}, level: loud}]}}",
    ),
    ends("fail-config-bad-health-header", "tasks", "backend: {health: {headers: {x: ''}}}"),
    ends("fail-port-in-use", "tasks", ""),
    comes_up("listen-string-port", "healthcheck", "backend: {listen: '17041'}"),
    comes_up("listen-object", "healthcheck", "backend: {listen: {host: 127.0.0.1, port: 17041}}"),
    comes_up("listen-object-strport", "healthcheck", "backend: {listen: {port: '17041'}}"),
    stops("signal-sigterm", "tasks,hooks", &[READY, HOOKED, STOP]),
    stops("signal-sighup", "tasks,hooks", &[READY, HOOKED, Signal(Kind::HUP)]),
    stops("signal-second-sigterm-sigterm", "tasks,hang", TERM_TERM),
    stops("signal-second-sigterm-sigint", "tasks,hang", TERM_INT),
    stops("signal-second-sigint-sigint", "tasks,hang", INT_INT),
    stops("startup-slow-server", "healthcheck,tasks,slow", STARTING),
    Story {
        config: "backend: {lifecycle: {startupRequestPauseTimeout: {seconds: 1}}}",
        ..stops("startup-pause-timeout-server", "tasks,slow", PAUSED)
    },
    Story {
        config: "backend:\n  lifecycle: {serverShutdownDelay: 3s}\n  health: {headers: {x-service: truth-1, X-Other: two}}",
        ..stops("shutdown-delay-server", "healthcheck,tasks,errs,hooks", STOPPING)
    },
    stops(
        "pct-log-server",
        "tasks,errs",
        &[READY, Ask("GET /api/errs/param/%25s"), Ask("GET /x%dy"), Ask("GET /xy"), STOP],
    ),
    Story { env: &bad_path("/../x"), ..fails("ws-bad-path-dotdot", "healthcheck,ws") },
    Story { env: &bad_path("/events"), ..fails("ws-bad-path-duplicate", "healthcheck,ws") },
    Story { env: &bad_path("/a?b"), ..fails("ws-bad-path-query", "healthcheck,ws") },
    Story { env: &bad_path("events"), ..fails("ws-bad-path-relative", "healthcheck,ws") },
    // Encoded, it is a path like any other.
    Story { env: &bad_path("/a%20b"), ..comes_up("ws-bad-path-space", "healthcheck,ws", "") },
    stops("ws-shutdown-server", "ws,healthcheck", &[READY, STOP]),
    Story { env: SLOW_HOOKS, ..stops("ws-shutdown-hooks-server", "ws,hooks", REFUSING) },
    Story {
        env: &[("NODE_ENV", "production"), ("WS_MS", "4000")],
        ..stops(
            "ws-stop-while-starting-server",
            "ws,healthcheck",
            &[AwaitLine("initialization started"), STOP],
        )
    },
    Story { env: &[], ..stops("http-unset-server", "healthcheck,tasks,errs,hooks", FAILURES) },
    Story {
        env: &[("NODE_ENV", "development")],
        ..stops("http-dev-server", "healthcheck,tasks,errs,hooks", FAILURES)
    },
];

const fn bad_path(path: &'static str) -> [(&'static str, &'static str); 2] {
    [("NODE_ENV", "production"), ("WS_BAD", path)]
}

/// Time enough to ask something while they run, on a busy machine too.
const SLOW_HOOKS: &[(&str, &str)] = &[("NODE_ENV", "production"), ("HOOK_MS", "2000")];

const REFUSING: &[Act] =
    &[READY, HOOKED, STOP, AwaitLine("shutdown hook boom"), Upgrade("/api/ws/open"), Upgrade("/rootws")];

const TERM_TERM: &[Act] = &[READY, STOP, AwaitLine("HOOK hanging"), STOP];
const TERM_INT: &[Act] = &[READY, STOP, AwaitLine("HOOK hanging"), Signal(Kind::INT)];
const INT_INT: &[Act] = &[READY, Signal(Kind::INT), AwaitLine("HOOK hanging"), Signal(Kind::INT)];

const PAUSED: &[Act] = &[AwaitLine("Plugin initialization started"), Ask("GET /api/slow/hi"), STOP];

const STARTING: &[Act] = &[
    AwaitStatus("/healthcheck", 200),
    Ask(R),
    Ask(L),
    Ask("HEAD /.backstage/health/v1/readiness"),
    Ask(T),
    Ask("GET /healthcheck"),
    Ask("GET /api/slow/hi"),
    Ask("GET /api/slow/.backstage/auth/v1/jwks.json"),
    READY,
    STOP,
];

const STOPPING: &[Act] = &[
    READY,
    HOOKED,
    Ask(R),
    Hold("GET /api/errs/sleep/5000"),
    STOP,
    AwaitStatus(READINESS, 503),
    Ask(R),
    Ask(L),
    Ask(T),
    AwaitRefused,
    HeldAnswers,
];

const FAILURES: &[Act] = &[
    READY,
    HOOKED,
    Ask("GET /api/errs/sync?q=1"),
    Ask("GET /api/errs/async?q=1"),
    Ask("GET /api/errs/input?q=1"),
    Ask("GET /api/errs/authn?q=1"),
    Ask("GET /api/errs/notallowed?q=1"),
    Ask("GET /api/errs/notfound?q=1"),
    Ask("GET /api/errs/conflict?q=1"),
    Ask("GET /api/errs/notmodified?q=1"),
    Ask("GET /api/errs/unavailable?q=1"),
    Ask("GET /api/errs/notimpl?q=1"),
    Ask("GET /api/errs/cause?q=1"),
    Ask("GET /api/errs/forwarded?q=1"),
    Ask("GET /api/errs/customname?q=1"),
    Ask("GET /api/errs/statuscode?q=1"),
    Ask("GET /api/errs/statusstr?q=1"),
    Ask("GET /api/errs/str?q=1"),
    Ask("GET /api/errs/obj?q=1"),
    Ask("GET /api/errs/nextstr?q=1"),
    Ask("GET /api/errs/database?q=1"),
    Ask("GET /api/errs/aggregate?q=1"),
    Ask("GET /api/errs/response?q=1"),
    Ask("GET /api/errs/consumed?q=1"),
    Ask("HEAD /api/errs/input"),
    Ask("GET /api/errs/unhandled"),
    AwaitLine("floating rejection"),
    Ask("GET /api/errs/uncaught"),
    AwaitLine("uncaught in timer"),
    STOP,
];

/// Recorded logs that Greenroom is not told the story of, each with the reason.
pub const SET_ASIDE: &[(&str, &str)] = &[
    ("fail-invalid-feature", "JavaScript only: a feature is one by its type"),
    ("ratelimit-true-server", "Node refuses `backend.rateLimit: true`, which is accepted here"),
    ("listen-ipv6", "Node refuses `[::1]:7007`, which is listened on here"),
    ("listen-number", "Node refuses a number, which is listened on here"),
    ("log-formats-development", "calls that the recorder's own plugin makes while it starts"),
    ("log-formats-production", "calls that the recorder's own plugin makes while it starts"),
    ("log-formats-production-debug", "calls that the recorder's own plugin makes while it starts"),
    ("log-redact-allowlist", "calls that the recorder's own plugin makes while it starts"),
];

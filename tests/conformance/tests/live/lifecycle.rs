//! Starting, failing, draining and stopping, told to both.

use greenroom_conformance::{
    backend::Launch,
    both::{
        Act::{
            Ask, AwaitLine, AwaitRefused, AwaitStatus, Exit, HeldAnswers, Hold, Linger, LingeringEnds, Pass,
            RunOn, Signal,
        },
        Story, tell,
    },
    peer,
    scenarios::READINESS,
    score,
    version::Version,
};
use rustix::process::Signal as Kind;

/// Greenroom, as it is compared with a version of Node.
pub(crate) fn ours(version: Version) -> Launch {
    Launch::new([env!("CARGO_BIN_EXE_conformance-backend")]).with_config(&version.config())
}

const PRODUCTION: &[(&str, &str)] = &[("NODE_ENV", "production")];
const SERVE: &str = "greenroom: {startup: {onFailure: serve}}";

pub(crate) const STORY: Story =
    Story { name: "", features: "tasks", config: "", ours: SERVE, env: PRODUCTION, listens: true, acts: &[] };

async fn compare(version: Version, story: Story) {
    let node = peer::launch(version).unwrap_or_else(|error| panic!("{error}"));
    let comparison = Box::pin(tell(&node, &ours(version), &story)).await;
    score::leave(version, "starts, failures, drains and stops", story.name, comparison.count)
        .expect("a file of counts");
    assert!(comparison.is_ok(), "\n{version}: {}: {comparison}", story.name);
}

macro_rules! stories {
    ($($(#[$ignored:meta])? fn $name:ident { $($field:ident: $value:expr),* $(,)? })*) => {
        beside_each! {
            $($(#[$ignored])? async fn $name(version: Version) {
                compare(version, Story { name: stringify!($name), $($field: $value,)* ..STORY }).await;
            })*

            // A port that another holds is a new one in each run.
            async fn a_port_in_use(version: Version) {
                let held = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
                let port = held.local_addr().expect("its address").port();
                let config = format!("backend: {{listen: '127.0.0.1:{port}'}}").leak();
                let acts = &[AwaitLine("EADDRINUSE"), Pass(300), RunOn, Signal(Kind::TERM), Exit];
                compare(version, Story { name: "a_port_in_use", config, listens: false, acts, ..STORY }).await;
            }
        }
    };
}

const DONE: &str = "Plugin initialization complete";
const FAILED: &str = "Backend startup failed";
const R: &str = "GET /.backstage/health/v1/readiness";
const L: &str = "GET /.backstage/health/v1/liveness";
const T: &str = "GET /api/tasks/task/1/results";

stories! {
    fn starting {
        features: "healthcheck,tasks,slow",
        env: &[("NODE_ENV", "production"), ("SLOW_MS", "14000")],
        acts: &[
            AwaitStatus("/healthcheck", 200),
            Ask(R), Ask("HEAD /.backstage/health/v1/readiness"), Ask(L), Ask("GET /healthcheck"), Ask(T),
            AwaitStatus(READINESS, 200), Ask("GET /api/slow/hi"), Ask(R),
            Signal(Kind::TERM), Exit,
        ],
    }
    fn slow_beyond_the_pause {
        features: "tasks,slow",
        config: "backend: {lifecycle: {startupRequestPauseTimeout: {seconds: 1}}}",
        env: &[("NODE_ENV", "production"), ("SLOW_MS", "20000")],
        acts: &[AwaitStatus("/api/slow/hi", 503), Ask("GET /api/slow/hi"), Ask("POST /api/slow/hi"), Ask("GET /api/slow/nope"), Ask(R)],
    }
    fn stopped_while_starting {
        features: "tasks,slow",
        env: &[("NODE_ENV", "production"), ("SLOW_MS", "20000")],
        acts: &[AwaitStatus("/api/tasks/task/1/results", 200), Ask(L), Signal(Kind::TERM), Exit],
    }
    fn a_plugin_fails {
        features: "healthcheck,tasks,thrower",
        acts: &[
            AwaitLine(FAILED), Ask(R), Ask(L), Ask(T), Ask("GET /healthcheck"), Ask("GET /api/thrower/x"),
            Ask("GET /api/nope"), RunOn, Signal(Kind::TERM), Exit,
        ],
    }
    fn a_plugin_fails_while_another_is_slow {
        features: "tasks,thrower,slow",
        env: &[("NODE_ENV", "production"), ("SLOW_MS", "1500")],
        acts: &[
            AwaitLine("threw an error during startup"), Ask(R), AwaitLine(FAILED), Ask(R),
            Ask("GET /api/slow/hi"), Signal(Kind::TERM), Exit,
        ],
    }
    fn a_plugin_may_fail {
        features: "tasks,thrower",
        config: "backend: {startup: {plugins: {thrower: {onPluginBootFailure: continue}}}}",
        acts: &[AwaitLine(DONE), AwaitStatus(READINESS, 200), Ask(R), Ask(T), Ask("GET /api/thrower/x"), Signal(Kind::TERM), Exit],
    }
    fn all_plugins_may_fail {
        features: "tasks,thrower",
        config: "backend: {startup: {default: {onPluginBootFailure: continue}}}",
        acts: &[AwaitStatus(READINESS, 200), Ask(R), Ask(T)],
    }
    fn all_may_fail_but_one {
        features: "tasks,thrower",
        config: "backend: {startup: {default: {onPluginBootFailure: continue}, plugins: {thrower: {onPluginBootFailure: abort}}}}",
        acts: &[AwaitLine(FAILED), Ask(R), Ask(T)],
    }
    fn a_module_fails {
        features: "tasks,throwmodule",
        acts: &[AwaitLine(FAILED), Ask(R), Ask(T), Ask(L)],
    }
    fn a_module_may_fail {
        features: "tasks,throwmodule",
        config: "backend: {startup: {plugins: {tasks: {modules: {badmod: {onPluginModuleBootFailure: continue}}}}}}",
        acts: &[AwaitStatus(READINESS, 200), Ask(R), Ask(T), Ask("POST /api/tasks/task/1/queue")],
    }
    fn all_modules_may_fail {
        features: "tasks,throwmodule",
        config: "backend: {startup: {default: {onPluginModuleBootFailure: continue}}}",
        acts: &[AwaitStatus(READINESS, 200), Ask(R), Ask(T)],
    }
    fn a_plugin_whose_module_fails_may_fail {
        features: "tasks,throwmodule,healthcheck",
        config: "backend: {startup: {plugins: {tasks: {onPluginBootFailure: continue}}}}",
        acts: &[AwaitLine(FAILED), Ask(R), Ask("GET /healthcheck"), Ask(T)],
    }
    fn a_service_is_missing {
        features: "tasks,missingdep",
        acts: &[AwaitLine(FAILED), Ask(R), Ask(T), Ask("GET /api/missingdep/x")],
    }
    fn modules_in_a_circle {
        features: "tasks,circmod1,circmod2",
        acts: &[AwaitLine(FAILED), Ask(R), Ask(L), Ask(T)],
    }
    fn a_plugin_twice {
        features: "tasks,tasksprotected",
        acts: &[AwaitLine(FAILED), Ask(R), Ask(T)],
    }
    fn a_root_factory_fails {
        features: "tasks,badfactory",
        listens: false,
        acts: &[AwaitLine("factory boom")],
    }
    fn a_module_without_its_plugin {
        features: "tasks,orphanmod",
        acts: &[AwaitLine(DONE), AwaitStatus(READINESS, 200), Ask(R), Ask(T)],
    }
    fn a_registration_throws {
        features: "tasks,registerthrows", ours: "", listens: false,
        acts: &[Exit],
    }
    fn services_twice {
        features: "tasks,dupsvc1,dupsvc2", ours: "", listens: false,
        acts: &[Exit],
    }
    fn config_that_is_no_yaml {
        config: "a: [1,\nb: {", ours: "", listens: false,
        acts: &[Exit],
    }
    fn config_with_a_bad_listen {
        config: "backend: {listen: 'foo:bar:baz'}", ours: "", listens: false,
        acts: &[AwaitLine("Unable to parse listen address")],
    }
    fn config_with_a_bad_level {
        config: "backend: {logger: {level: verbose}}", ours: "",
        acts: &[AwaitStatus(READINESS, 200), AwaitLine(DONE)],
    }
    fn config_with_a_bad_override {
        config: "backend: {logger: {overrides: [{matchers: {plugin: tasks}, level: loud}]}}", ours: "", listens: false,
        acts: &[Exit],
    }
    fn config_with_a_bad_health_header {
        config: "backend: {health: {headers: {x: ''}}}", ours: "", listens: false,
        acts: &[AwaitLine("Invalid header value")],
    }
    #[ignore = "the discovery service, which Node fails in"]
    fn config_without_a_base_url {
        config: "backend: {baseUrl: null}", ours: SERVE, listens: false,
        acts: &[AwaitLine("baseUrl"), Pass(500)],
    }
    fn levels_in_the_environment {
        env: &[("NODE_ENV", "production"), ("LOG_LEVEL", "warn")],
        acts: &[AwaitStatus(READINESS, 200), Ask(T)],
    }
    fn levels_by_override {
        features: "healthcheck,tasks",
        config: "backend: {logger: {level: debug, meta: {env: test, region: eu}, overrides: [{matchers: {plugin: tasks}, level: warn}, {matchers: {service: rootHttpRouter, status: 404}, level: error}, {matchers: {message: '/Plugin init.*complete/'}, level: error}]}}",
        acts: &[AwaitStatus(READINESS, 200), Ask(T), Ask("GET /nope"), Ask("GET /healthcheck")],
    }
    fn a_delayed_drain {
        features: "healthcheck,tasks,errs,hooks",
        config: "backend:\n  lifecycle: {serverShutdownDelay: 2s}\n  health: {headers: {x-service: truth-1, X-Other: two}}",
        acts: &[
            AwaitStatus(READINESS, 200), Ask(R), Hold("GET /api/errs/sleep/3500"), Pass(200),
            Signal(Kind::TERM), AwaitStatus(READINESS, 503), Ask(R), Ask(L), Ask(T), Ask("GET /healthcheck"),
            AwaitRefused, HeldAnswers, Exit,
        ],
    }
    fn a_request_in_flight {
        features: "tasks,errs",
        acts: &[
            AwaitStatus(READINESS, 200), Hold("GET /api/errs/sleep/1500"), Pass(200), Signal(Kind::TERM),
            AwaitRefused, HeldAnswers, Exit,
        ],
    }
    fn an_idle_connection {
        features: "tasks,errs",
        acts: &[AwaitStatus(READINESS, 200), Linger, Signal(Kind::TERM), LingeringEnds, Exit],
    }
    fn an_idle_connection_beside_a_request {
        features: "tasks,errs",
        acts: &[
            AwaitStatus(READINESS, 200), Linger, Hold("GET /api/errs/sleep/1500"), Pass(200), Signal(Kind::TERM),
            LingeringEnds, HeldAnswers, Exit,
        ],
    }
    fn interrupted {
        features: "tasks,hooks",
        acts: &[AwaitStatus(READINESS, 200), AwaitLine("startup hook boom"), Signal(Kind::INT), Exit],
    }
    fn hung_up {
        features: "tasks,hooks",
        acts: &[AwaitStatus(READINESS, 200), AwaitLine("startup hook boom"), Signal(Kind::HUP), Exit],
    }
    fn stopped_at_debug {
        features: "tasks,hooks",
        config: "backend: {logger: {level: debug}}",
        acts: &[AwaitStatus(READINESS, 200), AwaitLine("startup hook boom"), Signal(Kind::TERM), Exit],
    }
    fn a_second_signal {
        features: "tasks,hang",
        acts: &[AwaitStatus(READINESS, 200), Signal(Kind::TERM), AwaitLine("HOOK hanging"), Signal(Kind::TERM), Exit],
    }
    fn a_second_signal_of_another_kind {
        features: "tasks,hang",
        acts: &[AwaitStatus(READINESS, 200), Signal(Kind::TERM), AwaitLine("HOOK hanging"), Signal(Kind::INT), Exit],
    }
}

/// The version before knows no such list.
#[tokio::test]
async fn a_secret_on_the_allow_list_is_shown_and_others_are_not() {
    let config = "backend:
  logger: {redactAllowlist: [' secret-that-is-none ', no-such-value]}
  auth:
    externalAccess:
      - {type: static, options: {token: secret-that-is-none, subject: one}}
      - {type: static, options: {token: secret-that-is-none-but-longer, subject: two}}
";
    let acts = &[
        AwaitStatus(READINESS, 200),
        Ask("GET /a-secret-that-is-none"),
        Ask("GET /a-secret-that-is-none-but-longer"),
    ];
    let name = "a_secret_on_the_allow_list";
    compare(Version::newest(), Story { name, config, acts, ..STORY }).await;
}

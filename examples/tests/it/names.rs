//! The table of names in docs/observability.md: each Rust name in it is used here, so that it exists.

use axum::{
    Router,
    http::{HeaderMap, HeaderValue},
};
use greenroom::prelude::*;
use greenroom_defaults::create_backend;
use greenroom_examples::document::root;
use greenroom_test::TestBackend;

#[derive(Clone)]
struct Point;

impl Service for Point {
    const ID: &'static str = "names.point";
    type Scope = scope::Extension;
}

const _: fn(scope::Root, scope::Plugin) = |_, _| ();
const _: fn(Path<u8>, Query<()>, Json<()>) -> [Error; 2] =
    |_, _, _| [Error::not_allowed("no"), Error::new("broken")];

#[expect(dead_code, reason = "that it compiles is what is asked")]
async fn cookie(
    http_auth: HttpAuth,
    request_headers: &HeaderMap,
    user: Credentials,
) -> Result<Option<HeaderValue>> {
    Ok(http_auth.issue_user_cookie(request_headers, &user).await?.set_cookie)
}

fn features() -> (Plugin, Module, ServiceFactory, Decorator) {
    let plugin = plugin("names", |env| {
        env.register_extension_point(Point);
        env.register_init(
            async |logger: Logger,
                   http: HttpRouter,
                   health: HealthChecks,
                   lifecycle: Lifecycle,
                   metrics: Metrics,
                   tracing: Tracing,
                   _: Database| {
                logger.info("Here.");
                info!(logger, attempt = 3, "Here.");
                logger.error_with("There.", &Error::input("no"));
                logger.child(fields! { task: 1 }).info("Here.");
                metrics.counter("names").build().add(1, &[]);
                tracing.span("names").run(async |_| Ok(())).await?;
                http.mount(Router::new());
                health.check("names", async || Check::pass());
                lifecycle.add_shutdown_hook("names", async || Err(Error::not_found("no").into()))?;
                http.add_auth_policy("/image", AuthPolicy::UserCookie)?;
                http.add_auth_policy("/", AuthPolicy::Unauthenticated)
            },
        );
    });
    let module = module("names", "more", |env| {
        env.register_init(
            async |http: RootHttpRouter,
                   _: RootHealth,
                   _: RootLifecycle,
                   _: Auth,
                   _: HttpAuth,
                   _: UserInfo,
                   _: PluginMetadata,
                   _: InstanceMetadata| http.mount("/names", Router::new()),
        );
    });
    let factory = service(async |config: RootConfig| Ok(RootLogger::builder_from(&config)?.build()));
    let decorator = decorate(async |inner: RootLogger| Ok(inner));
    (plugin, module, factory, decorator)
}

#[tokio::test]
async fn every_name_of_the_table_exists() {
    let (plugin, module, _, decorator) = features();
    let backend = TestBackend::new().add(plugin).add(module).add(decorator).start().await.expect("it starts");
    backend.stop().await;
    drop(create_backend().add(features().2).run());

    let document = std::fs::read_to_string(root().join("docs/observability.md")).expect("the document");
    let here = include_str!("names.rs");
    let rows =
        document.lines().skip_while(|line| *line != "## Names").filter(|line| line.starts_with('|')).skip(2);
    for row in rows {
        let row = row.replace("\\|", "");
        let ours = row.split('|').nth(2).expect("a second column");
        let code = ours.split('`').skip(1).step_by(2);
        for name in code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_')) {
            let variable =
                ["id", "plugin_id", "module_id", "path", "router", "feature", "hook", "name", "point"];
            if !name.is_empty() && !variable.contains(&name) {
                assert!(here.contains(name), "`{name}` of the table is not used here");
            }
        }
    }
}

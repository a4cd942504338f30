//! Names that a portal may have, and that are asked for.

/// Backend plugins: those of create-app first, then those that many portals have.
///
/// Each costs one request.
pub(crate) const PLUGINS: &[&str] = &[
    "catalog",
    "app",
    "auth",
    "permission",
    "scaffolder",
    "search",
    "techdocs",
    "proxy",
    "kubernetes",
    "events",
    "signals",
    "notifications",
    "user-settings",
    "devtools",
    "mcp-actions",
    "rbac",
    "tech-insights",
];

/// Ids of sign-in providers that Backstage's own modules have; `guest` first.
pub(crate) const PROVIDERS: &[&str] =
    &["guest", "github", "google", "microsoft", "okta", "gitlab", "oidc", "oauth2", "oauth2Proxy"];

/// Paths at which probes are often pointed, though Backstage has no health endpoint there by itself.
pub(crate) const PROBES: &[&str] = &["/healthcheck", "/healthz"];

/// Plugins with tasks, of which a token may tell.
pub(crate) const WITH_TASKS: &[&str] = &["catalog", "search", "scaffolder", "techdocs", "notifications"];

pub(crate) const READINESS: &str = "/.backstage/health/v1/readiness";
pub(crate) const OPENID: &str = "/api/auth/.well-known/openid-configuration";
pub(crate) const USER_KEYS: &str = "/api/auth/.well-known/jwks.json";
/// It tells kinds and how many entities there are of each, nothing more.
pub(crate) const CATALOG: &str = "/api/catalog/entity-facets?facet=kind";
pub(crate) const SIGNALS: &str = "/api/signals";
/// The page of create-app's development server.
pub(crate) const DEVELOPMENT: &str = "http://localhost:3000";
pub(crate) const FOREIGN: &str = "https://look.invalid";

/// Of the plugin devtools: which release runs.
pub(crate) const DEVTOOLS: &str = "/api/devtools/info";

/// Where plugins tell of their scheduled tasks.
pub(crate) fn tasks_of(plugin: &str) -> String {
    format!("/api/{plugin}/.backstage/scheduler/v1/tasks")
}

/// Where plugins show the keys by which others verify their tokens.
pub(crate) fn keys_of(plugin: &str) -> String {
    format!("/api/{plugin}/.backstage/auth/v1/jwks.json")
}

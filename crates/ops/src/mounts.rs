//! What is mounted on the surface, by whom: one table, made anew with each mount.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn},
    response::Response,
};
use greenroom_context::{Context, catch_panic_in};
use greenroom_errors::{Error, Result};
use parking_lot::Mutex;

use crate::ROOT;

/// What the surface has of its own, and what nobody else may be called.
const RESERVED: [(Kind, &[&str]); 2] = [
    (Kind::Api, &["info", "boot", "health", "config", "session", "links"]),
    (Kind::Pages, &["v1", "assets", "sign-in", "metrics"]),
];

/// What somebody mounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Below `/.greenroom`, by the surface itself.
    Own,
    /// JSON, below `/.greenroom/v1/<name>`.
    Api,
    /// Pages, below `/.greenroom/<name>`, or `/.greenroom` where the name is empty.
    Pages,
    /// Files for everybody, below `/.greenroom/assets`.
    Files,
}

struct Mount {
    kind: Kind,
    name: String,
    router: Router,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Mounts {
    all: Mutex<Vec<Mount>>,
    table: ArcSwap<Router>,
}

impl Mounts {
    /// Adds one, for the plugin whose code this is.
    ///
    /// # Errors
    /// When the name is none or is taken, or a route of it is there already.
    pub(crate) fn add(&self, kind: Kind, name: &str, router: Router) -> Result {
        let mut all = self.all.lock();
        if let Some(why) = refused(&all, kind, name) {
            return Err(Error::new(why).into());
        }
        all.push(Mount { kind, name: name.to_owned(), router: named(router) });
        // Axum panics at routes that overlap.
        match catch_panic_in(|| table(&all)) {
            Ok(table) => self.table.store(Arc::new(table)),
            Err(panic) => {
                all.pop();
                let text = format!("Routes of '{name}' cannot be mounted below {ROOT}: {}", panic.text);
                return Err(Error::new(text).into());
            }
        }
        Ok(())
    }

    /// The routes as they are now.
    pub(crate) fn router(&self) -> Router {
        Router::clone(&self.table.load())
    }

    /// The templates of all routes.
    pub(crate) fn routes(&self) -> Vec<String> {
        // Axum tells its paths nowhere else.
        let told = format!("{:?}", self.router());
        let mut routes: Vec<_> =
            told.split('"').filter(|text| text.starts_with(ROOT)).map(str::to_owned).collect();
        routes.sort();
        routes.dedup();
        routes
    }
}

fn refused(all: &[Mount], kind: Kind, name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let may_be_empty = matches!(kind, Kind::Own | Kind::Pages | Kind::Files);
    if !name.chars().all(is_plain) || (name.is_empty() && !may_be_empty) {
        return Some(format!("'{name}' is no name below {ROOT}: it has letters from a to z, digits and `-`"));
    }
    let is_reserved = RESERVED.iter().any(|(of, names)| *of == kind && names.contains(&name));
    let may_repeat = matches!(kind, Kind::Own | Kind::Files);
    let is_taken = all.iter().any(|mount| (mount.kind, &*mount.name) == (kind, name)) && !may_repeat;
    (is_reserved || is_taken).then(|| format!("'{name}' is mounted below {ROOT} already"))
}

fn table(all: &[Mount]) -> Router {
    let (mut root, mut files) = (Router::new(), Router::new());
    for Mount { kind, name, router } in all {
        let router = router.clone();
        match kind {
            Kind::Files => files = files.merge(router),
            Kind::Own => root = root.merge(router),
            Kind::Pages if name.is_empty() => root = root.merge(router),
            Kind::Pages => root = root.nest(&format!("/{name}"), router),
            Kind::Api => root = root.nest(&format!("/v1/{name}"), router),
        }
    }
    if files.has_routes() {
        root = root.nest("/assets", files);
    }
    // Or else axum would make its handlers into services anew for each request.
    Router::new().nest(ROOT, root).with_state(())
}

/// The same routes, which note their templates, and whose handlers are at work for the plugin that mounts them.
fn named(router: Router) -> Router {
    // Axum wants a route before it takes a layer of routes.
    if !router.has_routes() {
        return router;
    }
    let plugin: Option<Arc<str>> = Context::current().plugin().map(Into::into);
    router.route_layer(from_fn(move |request: Request, next: Next| answer(plugin.clone(), request, next)))
}

async fn answer(plugin: Option<Arc<str>>, request: Request, next: Next) -> Response {
    let work = Context::current();
    if let (Some(known), Some(path)) = (work.request(), request.extensions().get::<MatchedPath>()) {
        known.set_route(path.as_str());
    }
    let Some(plugin) = plugin else { return next.run(request).await };
    if let Some(known) = work.request() {
        known.set_target_plugin(plugin.clone());
    }
    work.with_plugin(plugin).scope(next.run(request)).await
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    fn router(path: &str) -> Router {
        Router::new().route(path, get(async || "x"))
    }

    #[test]
    fn what_is_mounted_has_its_place() {
        let mounts = Mounts::default();
        mounts.add(Kind::Own, "", router("/v1/info")).unwrap();
        mounts.add(Kind::Api, "rum", router("/sessions/{id}")).unwrap();
        mounts.add(Kind::Pages, "", router("/")).unwrap();
        mounts.add(Kind::Pages, "browser", router("/")).unwrap();
        mounts.add(Kind::Files, "", router("/style.css")).unwrap();
        mounts.add(Kind::Files, "", router("/page.js")).unwrap();
        assert_eq!(
            mounts.routes(),
            [
                "/.greenroom",
                "/.greenroom/assets/page.js",
                "/.greenroom/assets/style.css",
                "/.greenroom/browser",
                "/.greenroom/v1/info",
                "/.greenroom/v1/rum/sessions/{id}"
            ]
        );
    }

    #[test]
    fn a_name_that_is_taken_and_a_route_that_is_there_are_errors_and_change_nothing() {
        let mounts = Mounts::default();
        mounts.add(Kind::Files, "", router("/style.css")).unwrap();
        mounts.add(Kind::Pages, "browser", router("/")).unwrap();
        let before = mounts.routes();
        for (kind, name, path) in [
            (Kind::Pages, "browser", "/x"),
            (Kind::Pages, "v1", "/x"),
            (Kind::Pages, "", "/browser"),
            (Kind::Api, "info", "/x"),
            (Kind::Api, "", "/x"),
            (Kind::Api, "a/b", "/x"),
            (Kind::Files, "", "/style.css"),
        ] {
            assert!(mounts.add(kind, name, router(path)).is_err(), "{kind:?} '{name}' {path}");
        }
        assert_eq!(mounts.routes(), before);
        mounts.add(Kind::Pages, "logs", router("/")).unwrap();
    }
}

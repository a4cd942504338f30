//! What is answered where nothing is, or nothing may be had.

use http::{
    Method,
    header::{ACCEPT, AUTHORIZATION},
};

use super::{Also, NOWHERE, Wanted};
use crate::{area::Area::Errors, probe::Probe};

pub(super) fn probes(wanted: &Wanted) -> Vec<Probe> {
    let get = |name: &str, path: String| Probe::get(Errors, name, path);
    let mut probes = vec![
        get("a plugin that is none", format!("/api/{NOWHERE}")),
        get("below a plugin that is none", format!("/api/{NOWHERE}/a/b?c=d")),
        Probe::head(Errors, "a plugin that is none, head only", format!("/api/{NOWHERE}")),
        get("no plugin", "/api".to_owned()),
        get("no plugin, with a slash", "/api/".to_owned()),
        get("below what is Backstage's own", format!("/.backstage/{NOWHERE}")),
        get("an escape that is none", "/api/%zz".to_owned()),
        get("an escape that is no UTF-8", "/api/%ff%fe".to_owned()),
        get("an escape that is no character", format!("/api/{NOWHERE}%00")),
        get("an escape that goes up", format!("/api/{NOWHERE}/%2e%2e/%2e%2e/{NOWHERE}")),
        get("two slashes", format!("//api//{NOWHERE}")),
        get("a plugin that is none, as a browser asks", format!("/api/{NOWHERE}/page"))
            .with(ACCEPT, "text/html,application/xhtml+xml"),
        get("an address that is long", format!("/api/{NOWHERE}/{}", "x".repeat(2000))),
    ];
    for id in &wanted.plugins {
        let name = |what: &str| format!("{id}: {what}");
        probes.extend([
            get(&name("its root, without credentials"), format!("/api/{id}")),
            get(&name("nothing there, without credentials"), format!("/api/{id}/{NOWHERE}")),
            get(&name("nothing there, with a token"), format!("/api/{id}/{NOWHERE}")).authorized(),
        ]);
    }
    if let Some(id) = wanted.plugins.first() {
        let path = || format!("/api/{id}/{NOWHERE}");
        let name = |what: &str| format!("{id}: {what}");
        probes.extend([
            get(&name("a token that is none"), path()).with(AUTHORIZATION, "Bearer greenroom-conform"),
            get(&name("an empty token"), path()).with(AUTHORIZATION, "Bearer "),
            get(&name("another scheme"), path()).with(AUTHORIZATION, "Basic Z3JlZW5yb29tOmNvbmZvcm0="),
            // Of three parts, as a JSON Web Token has them: header {"alg":"none"}, payload {}.
            get(&name("a token that nobody signed"), path())
                .with(AUTHORIZATION, "Bearer eyJhbGciOiJub25lIn0.e30.x"),
            get(&name("in capitals"), format!("/API/{}/{NOWHERE}", id.to_uppercase())),
            Probe::new(Errors, name("its options"), Method::OPTIONS, path()),
        ]);
    }
    if wanted.also.contains(&Also::BadBodies) {
        probes.extend(bad_bodies());
    }
    if wanted.also.contains(&Also::WrongMethods) {
        probes.extend(wrong_methods());
    }
    probes
}

fn bad_bodies() -> Vec<Probe> {
    let post = |name: &str, path: String| Probe::new(Errors, name, Method::POST, path);
    vec![
        post("a bad body to a plugin that is none", format!("/api/{NOWHERE}")).body("{\"a\":"),
        // Its parser refuses them before any handler sees them.
        post("a bad body, without credentials", "/api/catalog/entities/by-refs".to_owned()).body("{\"a\":"),
        post("a bad body, with a token", "/api/catalog/entities/by-refs".to_owned())
            .body("{\"a\":")
            .authorized(),
        post("a body of nothing, with a token", "/api/catalog/entities/by-refs".to_owned())
            .body("{}")
            .authorized(),
    ]
}

fn wrong_methods() -> Vec<Probe> {
    let of = |name: &str, method: Method, path: String| Probe::new(Errors, name, method, path);
    vec![
        of("POST to liveness", Method::POST, "/.backstage/health/v1/liveness".to_owned()),
        of("PUT to a plugin that is none", Method::PUT, format!("/api/{NOWHERE}")),
        of("PATCH to a page", Method::PATCH, format!("/{NOWHERE}")),
        of("DELETE of keys", Method::DELETE, "/api/auth/.well-known/jwks.json".to_owned()),
    ]
}

//! Keys, well-known documents, and what providers say to strangers.

use http::HeaderName;

use super::{GUEST, PROVIDERS};
use crate::{area::Area::Auth, probe::Probe};

pub(super) fn probes(plugins: &[String], providers: &[String]) -> Vec<Probe> {
    let get = |name: &str, path: String| Probe::get(Auth, name, path);
    let own = |path: &str| format!("/api/auth{path}");
    let mut probes = vec![
        get("the keys of users' tokens", own("/.well-known/jwks.json")),
        Probe::head(Auth, "the keys of users' tokens, head only", own("/.well-known/jwks.json")),
        get("the document of OpenID", own("/.well-known/openid-configuration")),
        get("the client of the command line", own("/.well-known/oauth-client/cli.json")),
        get("a document that is none", own("/.well-known/greenroom-conform")),
        get("who one is, without credentials", own("/v1/userinfo")),
        get("who one is, with a token", own("/v1/userinfo")).authorized(),
        get("a provider that is none", own("/greenroom-conform/refresh")),
        get("the keys of the page", "/.backstage/auth/v1/jwks.json".to_owned()),
        get("the cookie of the page, without credentials", "/.backstage/auth/v1/cookie".to_owned()),
    ];
    for id in plugins {
        probes.push(get(&format!("{id}: its keys"), format!("/api/{id}/.backstage/auth/v1/jwks.json")));
        // With credentials a cookie would be made.
        probes.push(get(
            &format!("{id}: its cookie, without credentials"),
            format!("/api/{id}/.backstage/auth/v1/cookie"),
        ));
    }
    if providers.is_empty() {
        probes.extend(PROVIDERS.iter().map(|provider| to_a_stranger(provider)));
    }
    // Whoever names one gets no further than a stranger does, either.
    for provider in providers.iter().filter(|id| *id != GUEST) {
        let own = |path: &str| format!("/api/auth/{provider}{path}");
        let of = |what: &str, path: &str| get(&format!("{provider}, {what}"), own(path));
        probes.extend([
            to_a_stranger(provider),
            of("to a link", "/refresh?env=development"),
            by_script(of("of an environment that is none", "/refresh?env=greenroom-conform")),
            by_script(of("of no environment", "/refresh")),
            of("the page of a popup that nobody has opened", "/handler/frame?env=development"),
        ]);
    }
    probes
}

/// What a browser asks that may have a session, without one: there is nothing to refresh.
fn to_a_stranger(provider: &str) -> Probe {
    let path = format!("/api/auth/{provider}/refresh?env=development");
    by_script(Probe::get(Auth, format!("{provider}, to a stranger"), path))
}

/// Asked by a script of the page, as a link cannot.
fn by_script(probe: Probe) -> Probe {
    probe.with(HeaderName::from_static("x-requested-with"), "XMLHttpRequest")
}

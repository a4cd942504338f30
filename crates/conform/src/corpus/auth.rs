//! Keys, well-known documents, and what providers say to strangers.

use http::HeaderName;

use super::PROVIDERS;
use crate::{area::Area::Auth, probe::Probe};

pub(super) fn probes(plugins: &[String]) -> Vec<Probe> {
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
    for provider in PROVIDERS {
        // Without a cookie of its own it has nothing to refresh.
        probes.push(
            get(
                &format!("{provider}, to a stranger"),
                format!("/api/auth/{provider}/refresh?env=development"),
            )
            .with(HeaderName::from_static("x-requested-with"), "XMLHttpRequest"),
        );
    }
    probes
}

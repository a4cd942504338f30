//! Which requests are made.
//!
//! All are of safe methods (RFC 9110, §9.2.1) and to paths whose answers change nothing, unless others were asked for by
//! name ([`Also`]). What signs somebody in is never among them.

mod app;
mod auth;
mod errors;
mod headers;

use std::collections::BTreeSet;

use http::Method;

pub(crate) use app::{INDEX, conditional, files, is_file};

use crate::{area::Area, probe::Probe};

/// A path that no backend has.
pub(crate) const NOWHERE: &str = "greenroom-conform-nothing-is-here";

/// The plugins that are asked for unless others are named: those of Backstage's template.
pub const PLUGINS: &[&str] =
    &["catalog", "auth", "app", "proxy", "scaffolder", "techdocs", "search", "permission", "notifications"];

/// The providers that are asked what they say to strangers unless others are named: all that Backstage ships, but [`GUEST`].
pub const PROVIDERS: &[&str] = &[
    "github",
    "gitlab",
    "google",
    "microsoft",
    "okta",
    "oidc",
    "oauth2",
    "onelogin",
    "saml",
    "atlassian",
    "bitbucket",
    "oauth2Proxy",
    "aws-alb",
    "gcp-iap",
    "cfaccess",
    "azure-easyauth",
];

/// A provider that lets everybody in, and is never asked.
pub const GUEST: &str = "guest";

/// So many plugins, so many providers, and so many paths, may be named.
pub const MOST_NAMED: usize = 50;

/// Requests of other methods than the safe ones, which are made only if they are asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Also {
    /// `POST` of what is no JSON, to where it cannot be understood.
    BadBodies,
    /// `POST`, `PUT`, `PATCH`, `DELETE` to where there is no such method.
    WrongMethods,
}

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The areas to compare.
    pub areas: BTreeSet<Area>,
    /// Ids of plugins.
    pub plugins: Vec<String>,
    /// Ids of providers, which are asked more than [`PROVIDERS`], in whose place they are; none, if those are to be asked.
    pub providers: Vec<String>,
    /// Further paths, with their queries.
    pub paths: Vec<String>,
    /// What is asked for by name only.
    pub also: BTreeSet<Also>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            areas: Area::ALL.into_iter().collect(),
            plugins: PLUGINS.iter().map(|id| (*id).to_owned()).collect(),
            providers: vec![],
            paths: vec![],
            also: BTreeSet::new(),
        }
    }
}

/// The requests that are known before anything was answered.
pub(crate) fn fixed(wanted: &Wanted) -> Vec<Probe> {
    let mut probes = health();
    probes.extend(errors::probes(wanted));
    probes.extend(headers::probes());
    probes.extend(headers::cors());
    probes.extend(app::probes());
    probes.extend(auth::probes(&wanted.plugins, &wanted.providers));
    for path in &wanted.paths {
        probes.push(Probe::get(Area::Paths, path.clone(), path.clone()));
        probes.push(Probe::get(Area::Paths, format!("{path}, with a token"), path.clone()).authorized());
    }
    probes.retain(|probe| wanted.areas.contains(&probe.area));
    probes
}

fn health() -> Vec<Probe> {
    const READINESS: &str = "/.backstage/health/v1/readiness";
    const LIVENESS: &str = "/.backstage/health/v1/liveness";
    let get = |name: &str, path: &'static str| Probe::get(Area::Health, name, path);
    vec![
        get("readiness", READINESS),
        get("liveness", LIVENESS),
        Probe::head(Area::Health, "readiness, head only", READINESS),
        Probe::head(Area::Health, "liveness, head only", LIVENESS),
        get("readiness, with a query", "/.backstage/health/v1/readiness?verbose=1"),
        get("readiness, with a slash", "/.backstage/health/v1/readiness/"),
        get("readiness, in capitals", "/.backstage/health/v1/READINESS"),
        get("another version", "/.backstage/health/v2/readiness"),
        Probe::new(Area::Health, "readiness, its options", Method::OPTIONS, READINESS),
        get("the plugin healthcheck", "/healthcheck"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_methods_are_used_unless_others_were_asked_for() {
        assert!(fixed(&Wanted::default()).iter().all(|probe| probe.method.is_safe() && probe.body.is_none()));
        let also = [Also::BadBodies, Also::WrongMethods].into_iter().collect();
        let probes = fixed(&Wanted { also, ..Wanted::default() });
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(probes.iter().any(|probe| probe.method == method), "{method}");
        }
    }

    #[test]
    fn nobody_is_signed_in() {
        let also = [Also::BadBodies, Also::WrongMethods].into_iter().collect::<BTreeSet<_>>();
        for providers in [vec![], vec!["acme".to_owned(), GUEST.to_owned()]] {
            for probe in fixed(&Wanted { also: also.clone(), providers, ..Wanted::default() }) {
                let path = format!("{:?}", probe.path);
                assert!(!path.contains("/guest/") && !path.contains("/start"), "{path}");
            }
        }
    }

    #[test]
    fn who_names_a_provider_asks_that_one_and_more_of_it() {
        let of = |providers: &[&str]| {
            let providers = providers.iter().map(|id| (*id).to_owned()).collect();
            let all = fixed(&Wanted { providers, ..Wanted::default() });
            let paths = all.into_iter().map(|probe| format!("{:?}", probe.path));
            paths.filter(|path| path.contains("?env=")).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]).len(), PROVIDERS.len());
        let named = of(&["acme"]);
        assert!(named.len() > 2 && named.iter().all(|path| path.contains("/api/auth/acme/")), "{named:?}");
    }

    #[test]
    fn a_request_is_named_once_in_its_area_and_only_areas_asked_for_are_asked() {
        let probes = fixed(&Wanted { paths: vec!["/a?b".to_owned()], ..Wanted::default() });
        let names: BTreeSet<_> = probes.iter().map(|probe| (probe.area, probe.name.clone())).collect();
        assert_eq!(names.len(), probes.len());
        assert!(probes.len() < 200, "{}", probes.len());
        let areas = BTreeSet::from([Area::Health]);
        assert!(fixed(&Wanted { areas, ..Wanted::default() }).iter().all(|p| p.area == Area::Health));
    }
}

//! The checks: each is a function of what was seen, and a file of its own.

mod base_url;
mod browser_config;
mod cache_headers;
mod catalog_anonymous;
mod certificate;
mod cors;
mod csp;
mod first_load;
mod guest_sign_in;
mod http2;
mod ingress;
mod metrics_public;
mod plugins_enumerable;
mod probe_paths;
mod providers;
mod rate_limit;
mod readiness;
mod replicas;
mod rum;
mod sign_in_return;
mod signals_anonymous;
mod source_maps;
mod tasks;
#[cfg(test)]
mod tests;
mod token;
mod upgrade_insecure;
mod version;
mod websocket;

use crate::{
    finding::{Finding, Group},
    seen::Seen,
};

type Check = fn(&Seen) -> Vec<Finding>;

/// In the order of the report.
const CHECKS: &[(Group, Check)] = &[
    (Group::Reachability, readiness::check),
    (Group::Reachability, probe_paths::check),
    (Group::Reachability, base_url::check),
    (Group::Reachability, certificate::check),
    (Group::Reachability, websocket::check),
    (Group::Reachability, rate_limit::check),
    (Group::Reachability, ingress::check),
    (Group::Exposure, catalog_anonymous::check),
    (Group::Exposure, plugins_enumerable::check),
    (Group::Exposure, source_maps::check),
    (Group::Exposure, browser_config::check),
    (Group::Exposure, signals_anonymous::check),
    (Group::Exposure, metrics_public::check),
    (Group::Exposure, cors::check),
    (Group::SignIn, guest_sign_in::check),
    (Group::SignIn, providers::check),
    (Group::SignIn, sign_in_return::check),
    (Group::Browser, csp::check),
    (Group::Browser, upgrade_insecure::check),
    (Group::Performance, first_load::check),
    (Group::Performance, cache_headers::check),
    (Group::Performance, http2::check),
    (Group::Observability, rum::check),
    (Group::Observability, version::check),
    (Group::Replicas, replicas::check),
    (Group::Token, token::check),
    (Group::Token, tasks::check),
];

/// What all of them say.
pub(crate) fn all(seen: &Seen) -> Vec<(Group, Finding)> {
    CHECKS
        .iter()
        .flat_map(|(group, check)| check(seen).into_iter().map(|finding| (*group, finding)))
        .collect()
}

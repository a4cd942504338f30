//! What the config in the page tells everybody before they sign in.

use std::collections::BTreeMap;
use std::net::IpAddr;

use greenroom_redact::name_is_secret;

use crate::{
    finding::Finding,
    page::Page,
    seen::{Seen, listed, many, said},
    target::Origin,
};

const ID: &str = "browser-config";

/// Keys that are meant for browsers, though their names sound like secrets.
const MEANT: &[&str] = &["app.datadogRum.", "app.sentry.", "app.analytics."];

/// Everybody knows these hosts, and that portals name them.
const KNOWN: &[&str] =
    &["backstage.io", "github.com", "api.github.com", "gitlab.com", "bitbucket.org", "dev.azure.com"];

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(page) = seen.page.as_ref().filter(|page| page.has_config) else {
        return vec![Finding::unknown(
            ID,
            "What the browser's config tells cannot be known: the page holds none",
        )];
    };
    let mut found = vec![];
    let secrets = secrets(page);
    if !secrets.is_empty() {
        found.push(
            Finding::fail(ID, format!("The page gives everybody values of {}", listed(&secrets, 8)))
                .why("By their names these are secrets, and the page is served without sign-in")
                .change("Take `visibility: frontend` or `deepVisibility` off them in the config schema of the plugin, and renew what was shown")
                .source("https://backstage.io/docs/conf/defining/#visibility"),
        );
    }
    let hosts = hosts(seen, page);
    let inside: Vec<_> = hosts.iter().filter(|(host, _)| is_internal(host)).map(told).collect();
    let others: Vec<_> =
        hosts.iter().filter(|(host, _)| !is_internal(host) && !KNOWN.contains(&&***host)).map(told).collect();
    if !inside.is_empty() {
        found.push(
            Finding::warn(ID, format!("The page names hosts of your network to everybody: {}", listed(&inside, 8)))
                .why("It is served without sign-in; whoever is inside knows then where to look")
                .change("Take `visibility: frontend` off keys that no page needs, or keep the page for who has signed in: app.packageName with a protected build")
                .source("https://backstage.io/docs/conf/defining/#visibility"),
        );
    }
    if found.is_empty() {
        let named = match &*others {
            [] => "names no hosts but well-known ones".to_owned(),
            others => format!("names these hosts: {}", listed(others, 12)),
        };
        found.push(Finding::ok(
            ID,
            format!(
                "The page's config, which is served without sign-in, has {}, no secret among them by its name, and {named}",
                many(page.config_texts().len(), "value")
            ),
        ));
    }
    found
}

fn told((host, key): (&String, &String)) -> String {
    format!("{host} ({key})")
}

fn secrets(page: &Page) -> Vec<String> {
    let is_secret = |(key, value): &(String, &str)| {
        let name = key.rsplit('.').next().unwrap_or(key);
        !value.is_empty() && name_is_secret(name) && !MEANT.iter().any(|meant| key.starts_with(meant))
    };
    page.config_texts().into_iter().filter(is_secret).map(|(key, _)| key).collect()
}

/// The hosts that are named, each with a key that names it.
fn hosts(seen: &Seen, page: &Page) -> BTreeMap<String, String> {
    let own: Vec<_> = ["app.baseUrl", "backend.baseUrl"]
        .into_iter()
        .filter_map(|key| Some(Origin::of(seen.config_text(key)?)?.host))
        .chain(seen.target.as_ref().map(|target| target.origin.host.clone()))
        .collect();
    let mut hosts = BTreeMap::new();
    for (key, value) in page.config_texts() {
        let host = match Origin::of(value) {
            Some(origin) => Some(origin.host),
            None if key.ends_with(".host") => Some(value.to_ascii_lowercase()),
            None => None,
        };
        if let Some(host) = host.filter(|host| !own.contains(host)) {
            hosts.entry(said(&host)).or_insert_with(|| said(&key));
        }
    }
    hosts
}

/// Names that no public resolver knows, and addresses of private networks.
fn is_internal(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_loopback() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => {
            let inside =
                [".internal", ".local", ".lan", ".corp", ".intranet", ".private", ".svc", ".home.arpa"];
            !bare.contains('.') || inside.iter().any(|ending| bare.ends_with(ending))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{configured, healthy, only_ok, only_problem};

    #[test]
    fn a_secret_in_the_page_is_told_by_its_key_and_not_shown() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        configured(
            &mut seen,
            r#"{"integrations":{"github":[{"host":"github.com","token":"ghp_abc"}]},"app":{"datadogRum":{"clientToken":"pub1"}}}"#,
        );
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.ends_with("values of integrations.github[0].token"), "{told:?}");
    }

    #[test]
    fn hosts_of_a_private_network_are_told_with_their_keys() {
        let mut seen = healthy();
        configured(
            &mut seen,
            r#"{"kubernetes":{"clusters":[{"url":"https://10.1.2.3:6443"}]},"integrations":{"github":[{"host":"ghe.corp"}]},"x":"https://a.example/"}"#,
        );
        let told = only_problem(check(&seen), ID);
        assert!(
            told.observed
                .ends_with("10.1.2.3 (kubernetes.clusters[0].url), ghe.corp (integrations.github[0].host)"),
            "{told:?}"
        );
    }

    #[test]
    fn other_hosts_are_named_too() {
        let mut seen = healthy();
        configured(&mut seen, r#"{"integrations":{"github":[{"host":"ghe.example.com"}]}}"#);
        let told = only_ok(check(&seen), ID);
        assert!(told.observed.ends_with("ghe.example.com (integrations.github[0].host)"), "{told:?}");
    }
}

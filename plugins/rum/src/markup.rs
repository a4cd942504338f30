//! What a page of the portal gets: two scripts, what they need of its policy, and the trace that it is a part of.

use crate::{
    init::InitScript,
    sdk::SdkLocation,
    settings::{CDN, Rum, Way},
    urls,
};

/// What is put in front of the first script of `<head>`, and what its policy has to let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Markup {
    pub(crate) html: String,
    /// Directives of `Content-Security-Policy`, each with one more source.
    pub(crate) policy: Vec<(&'static str, String)>,
}

impl Markup {
    /// `None` where there is no SDK to load.
    pub(crate) fn of(rum: &Rum, script: &InitScript, source: &SdkLocation) -> Option<Self> {
        let url = |version: &str, file: &str| rum.portal.url_of(&urls::sdk_file(version, file));
        let sdk = match source {
            SdkLocation::Missing(_) => return None,
            SdkLocation::Own(sdk) => url(sdk.version(), urls::SDK_FILE),
            SdkLocation::Cdn(url) => url.clone(),
        };
        let tag = |url: &str| format!("<script src=\"{}\"></script>", in_attribute(url));
        let html = [tag(&sdk), tag(&url(&script.hash, urls::INIT_FILE))].concat();
        Some(Self { html, policy: Self::policy(rum, source) })
    }

    /// Directives of the policy that the SDK needs, be it there or yet to come.
    pub(crate) fn policy(rum: &Rum, source: &SdkLocation) -> Vec<(&'static str, String)> {
        let mut policy = vec![];
        if let SdkLocation::Cdn(_) = source {
            policy.push(("script-src", CDN.to_owned()));
        }
        if let Some(backend) = rum.portal.foreign_backend() {
            policy.push(("script-src", backend.as_str().to_owned()));
            if rum.way != Way::Direct {
                policy.push(("connect-src", backend.as_str().to_owned()));
            }
        }
        let intake = rum.intake();
        if rum.way == Way::Direct && rum.policy.lets_connect_to(intake).is_none() {
            policy.push(("connect-src", format!("https://{intake}")));
        }
        // Replays are compressed by a worker that the SDK makes of a text.
        if rum.replay_rate > 0.0 && !rum.policy.sets_worker() {
            let needed = rum.policy.stands_in_for_workers().chain(["'self'", "blob:"]);
            policy.extend(needed.map(|source| ("worker-src", source.to_owned())));
        }
        policy
    }
}

/// What lets the SDK find the trace of the request that this page answers: the lower half of its id, which is what Datadog
/// knows a trace by; `milliseconds` since 1970, and it counts for two minutes.
pub(crate) fn trace_metas(trace_id: u64, milliseconds: u128) -> String {
    format!(
        "<meta name=\"dd-trace-id\" content=\"{trace_id}\"><meta name=\"dd-trace-time\" content=\"{milliseconds}\">"
    )
}

fn in_attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use greenroom::config::RootConfig;

    use super::*;
    use crate::{
        sdk::{Missing, Sdk},
        settings::{Mode, Settings},
    };

    fn rum(yaml: &str) -> Rum {
        match Settings::from_config(&RootConfig::from_yaml(yaml).unwrap()).mode {
            Mode::On(rum) => *rum,
            other => panic!("{other:?}"),
        }
    }

    fn own() -> SdkLocation {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("datadog-rum.js"), "main").unwrap();
        SdkLocation::Own(Sdk::own(dir.path()).unwrap())
    }

    const KEYS: &str = "clientToken: a, applicationId: b";

    fn policy(yaml: &str, source: &SdkLocation) -> String {
        let rum = rum(yaml);
        let markup = Markup::of(&rum, &InitScript::of(&rum), source).unwrap();
        markup.policy.iter().map(|(name, source)| format!("{name} {source}")).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn rum_28_a_page_loads_the_sdk_and_then_what_starts_it() {
        let rum = rum(&format!(
            "app: {{baseUrl: 'https://p.example/x', datadogRum: {{{KEYS}}}}}\nbackend: {{baseUrl: 'https://p.example/b'}}"
        ));
        let script = InitScript::of(&rum);
        let source = own();
        let SdkLocation::Own(sdk) = &source else { panic!("{source:?}") };
        let markup = Markup::of(&rum, &script, &source).unwrap();
        assert_eq!(
            markup.html,
            format!(
                "<script src=\"/b/api/rum/sdk/{}/datadog-rum.js\"></script>\
                 <script src=\"/b/api/rum/sdk/{}/init.js\"></script>",
                sdk.version(),
                script.hash
            )
        );
        let missing =
            SdkLocation::Missing(Missing { is_absent: true, may_come: true, why: "", told: String::new() });
        assert_eq!(Markup::of(&rum, &script, &missing), None);
        assert_eq!(Markup::policy(&rum, &missing), markup.policy, "it may come");
    }

    #[test]
    fn rum_26_the_policy_lets_through_what_is_needed_and_no_more() {
        let yaml = |more: &str, rest: &str| format!("app: {{datadogRum: {{{KEYS}{more}}}}}\n{rest}");
        let forward = "greenroom: {rum: {mode: forward}}\n";
        assert_eq!(policy(&yaml("", forward), &own()), "");
        assert_eq!(policy(&yaml("", ""), &own()), "connect-src https://browser-intake-datadoghq.com");
        assert_eq!(policy(&yaml("", "backend: {csp: {connect-src: ['https:']}}"), &own()), "");
        assert_eq!(
            policy(&yaml(", sessionReplaySampleRate: 5", forward), &own()),
            "worker-src 'self'; worker-src blob:"
        );
        // What browsers took for it before goes on.
        let stands_in =
            format!("{forward}backend: {{csp: {{scriptSrc: [\"'self'\", 'https://w.example']}}}}");
        assert_eq!(
            policy(&yaml(", sessionReplaySampleRate: 5", &stands_in), &own()),
            "worker-src https://w.example; worker-src 'self'; worker-src blob:"
        );
        let set = format!("{forward}backend: {{csp: {{worker-src: [blob:]}}}}");
        assert_eq!(policy(&yaml(", sessionReplaySampleRate: 5", &set), &own()), "");
        let cdn = SdkLocation::Cdn(format!("{CDN}/us1/v7/datadog-rum.js"));
        assert_eq!(policy(&yaml("", forward), &cdn), format!("script-src {CDN}"));
    }

    #[test]
    fn a_backend_of_another_origin_is_named_in_the_policy() {
        let yaml = format!(
            "app: {{baseUrl: 'https://p.example', datadogRum: {{{KEYS}}}}}\nbackend: {{baseUrl: 'https://b.example'}}\ngreenroom: {{rum: {{mode: forward}}}}"
        );
        assert_eq!(policy(&yaml, &own()), "script-src https://b.example; connect-src https://b.example");
    }

    #[test]
    fn a_page_tells_its_trace() {
        assert_eq!(
            trace_metas(9_532_127_138_774_266_268, 1_795_331_810_479),
            "<meta name=\"dd-trace-id\" content=\"9532127138774266268\">\
             <meta name=\"dd-trace-time\" content=\"1795331810479\">"
        );
    }
}

//! Pages of another server that pass this backend, where it is a gateway: they get what the page of the plugin `app` gets.
//!
//! Their policy is that server's, and stays as it is but for the worker of replays: where it would refuse the scripts or what
//! they send, nothing is added, and what it lacks is told.

use std::sync::{Arc, atomic::Ordering};

use greenroom::prelude::*;
use greenroom_proxy::{Addition, Document, Documents, Untouched};

use crate::{
    csp::{Csp, policies},
    doctor::SdkStart,
    html::elements,
    page::trace_of_the_request,
    sdk::SdkLocation,
    settings::{CDN, Origin, Rum, Way},
    setup::Setup,
    urls::{INIT_FILE, INTAKE, SDK_DIRECTORY, SDK_FILE},
};

/// Adds to them. While the SDK's files are not there nothing is added, which the start tells.
pub(crate) fn add(setup: &Arc<Setup>, logger: &Logger, documents: &Documents) {
    setup.has_page.store(true, Ordering::SeqCst);
    let (setup, logger) = (setup.clone(), logger.clone());
    documents.add(move |document| {
        let refuse = |why: String, untouched| {
            if setup.refusals.note(&why) {
                logger.warn(why);
            }
            Err(untouched)
        };
        let Some(markup) = setup.markup() else { return Ok(None) };
        if let Some(why) = starts_already(document.html) {
            return refuse(why, Untouched::AlreadyThere);
        }
        if let Some(why) = refused(&setup.rum, &setup.sdk(), document.policy) {
            return refuse(why, Untouched::Policy);
        }
        Ok(Some(added(document, &setup.rum, &markup.html)))
    });
}

fn added(document: &Document<'_>, rum: &Rum, scripts: &str) -> Addition {
    let policy = document.policy.filter(|_| rum.replay_rate > 0.0).and_then(with_workers);
    Addition { html: trace_of_the_request() + scripts, policy }
}

/// The policy in which replays may have the worker that compresses them; `None` where it says already what workers there are.
fn with_workers(policy: &str) -> Option<String> {
    let mut is_changed = false;
    let each = policies(policy).map(|policy| {
        let parsed = Csp::parse(policy);
        // Without anything that stands in for it, nothing is forbidden.
        let Some(stands_in) = parsed.sources("worker-src").filter(|_| !parsed.has("worker-src")) else {
            return policy.trim().to_owned();
        };
        is_changed = true;
        // What browsers took for it before goes on.
        let kept = stands_in
            .iter()
            .map(String::as_str)
            .filter(|source| !source.starts_with('\'') && *source != "blob:");
        let sources: Vec<_> = ["'self'", "blob:"].into_iter().chain(kept).collect();
        format!("{};worker-src {}", policy.trim().trim_end_matches(';'), sources.join(" "))
    });
    let each: Vec<_> = each.collect();
    is_changed.then(|| each.join(", "))
}

/// Why a page with this policy gets nothing: what of its scripts and of what they send it would refuse.
pub(crate) fn refused(rum: &Rum, sdk: &SdkLocation, policy: Option<&str>) -> Option<String> {
    let policies: Vec<_> = policies(policy?).map(Csp::parse).collect();
    let lacks = |directive: &str, url: &str, page: &Origin| {
        policies.iter().any(|policy| !policy.lets(directive, url, page))
    };
    let unknown = Origin::of("http://localhost");
    let page = rum.portal.app().or(unknown.as_ref())?;
    let own = |path: &str| format!("{}{path}", page.as_str());
    let intake = format!("https://{}", rum.intake());
    let is_strict = policies
        .iter()
        .filter_map(|policy| policy.sources("script-src"))
        .any(|sources| sources.iter().any(|source| source.eq_ignore_ascii_case("'strict-dynamic'")));
    let mut needs = vec![];
    if lacks("script-src", &own(&rum.portal.url_of(SDK_DIRECTORY)), page) {
        needs.push("'self' to script-src".to_owned());
    }
    if let SdkLocation::Cdn(url) = sdk
        && lacks("script-src", url, page)
    {
        needs.push(format!("{CDN} to script-src"));
    }
    match rum.way {
        Way::Direct if lacks("connect-src", &format!("{intake}/api/v2/rum"), page) => {
            needs.push(format!("{intake} to connect-src"));
        }
        Way::Forward(_) | Way::Store(_) | Way::Both(..)
            if lacks("connect-src", &own(&rum.portal.url_of(INTAKE)), page) =>
        {
            needs.push("'self' to connect-src".to_owned());
        }
        _ => {}
    }
    let strict =
        if is_strict { ", and take 'strict-dynamic' out, with which no listed source counts" } else { "" };
    (!needs.is_empty()).then(|| {
        format!(
            "Browser events are not measured: the Content-Security-Policy of the pages that pass would block them, so that nothing \
             is added. In backend.csp of the server behind add {}{strict}",
            needs.join(" and ")
        )
    })
}

/// Why a page gets nothing that starts the SDK already, or loads it: a second one would be in its way.
pub(crate) fn starts_already(html: &str) -> Option<String> {
    let loads = |url: String| {
        let file = url.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        file.starts_with("datadog-rum")
            || (url.contains(SDK_DIRECTORY) && [INIT_FILE, SDK_FILE].contains(&file))
    };
    let scripts = elements(html).filter(|element| element.is("script"));
    let mut found = scripts.filter(|script| {
        let text = script.text();
        text.contains("DD_RUM")
            || text.contains("datadogRum.init")
            || script.attribute("src").is_some_and(loads)
    });
    let script = found.next()?;
    let quoted = [&script].into_iter().cloned().chain(found).find_map(|script| {
        let quoted = SdkStart::of(script.text())?.quoted;
        (!quoted.is_empty()).then(|| quoted.join(" and "))
    });
    let quoted = quoted.map(|names| {
        format!(
            ". As it stands it measures nothing: {names} in it stands in quotes, and every version of the SDK refuses a rate that is \
             a text"
        )
    });
    Some(format!(
        "The pages that pass have a script for Datadog RUM already, so that nothing is added: remove it from index.html, and they \
         are measured as greenroom.rum says, or set greenroom.rum.mode: off{}",
        quoted.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use greenroom::config::RootConfig;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        sdk::Sdk,
        settings::{Mode, Settings},
    };

    const NODE: &str = "default-src 'self';base-uri 'self';font-src 'self' https: data:;object-src 'none';script-src 'self' 'unsafe-eval';style-src 'self' https: 'unsafe-inline'";

    fn rum(more: &str) -> Rum {
        let yaml = format!(
            "app: {{baseUrl: 'https://p.example/x', datadogRum: {{clientToken: a, applicationId: b}}}}\nbackend: {{baseUrl: 'https://p.example/x'}}\ngreenroom: {{rum: {{{more}}}}}"
        );
        match Settings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).mode {
            Mode::On(rum) => *rum,
            other => panic!("{other:?}"),
        }
    }

    fn own() -> SdkLocation {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("datadog-rum.js"), "main").unwrap();
        SdkLocation::Own(Sdk::own(dir.path()).unwrap())
    }

    #[test]
    fn nodes_own_policy_lets_what_is_of_the_pages_origin() {
        for mode in ["store", "forward", "both"] {
            let rum = rum(&format!("mode: {mode}"));
            for policy in
                [None, Some(NODE), Some("img-src x"), Some("script-src https://p.example; connect-src *")]
            {
                assert_eq!(refused(&rum, &own(), policy), None, "{policy:?}");
            }
        }
    }

    #[test]
    fn a_policy_that_would_refuse_it_is_told_with_the_source_to_add() {
        let cdn = SdkLocation::Cdn(format!("{CDN}/us1/v7/datadog-rum.js"));
        let intake = "https://browser-intake-datadoghq.com to connect-src";
        let strict = "script-src 'self' 'strict-dynamic' 'nonce-x'";
        for (mode, sdk, policy, needs) in [
            ("store", own(), "script-src 'unsafe-inline'", "'self' to script-src"),
            ("store", own(), "default-src https://q.example; script-src 'self'", "'self' to connect-src"),
            ("store", own(), "script-src 'self', script-src 'none'", "'self' to script-src"),
            ("store", cdn, NODE, "https://www.datadoghq-browser-agent.com to script-src"),
            ("direct", own(), NODE, intake),
            (
                "store",
                own(),
                strict,
                "'self' to script-src, and take 'strict-dynamic' out, with which no listed",
            ),
        ] {
            let told = refused(&rum(&format!("mode: {mode}")), &sdk, Some(policy)).unwrap();
            assert!(told.contains(&format!(" add {needs}")), "{policy}: {told}");
        }
    }

    #[test]
    fn workers_are_added_where_nothing_is_said_of_them() {
        assert_eq!(with_workers(NODE), Some(format!("{NODE};worker-src 'self' blob:")));
        for same in ["worker-src 'none'; default-src 'self'", "img-src x", ""] {
            assert_eq!(with_workers(same), None, "{same}");
        }
        let two = "script-src 'self' blob: https://w.example;, worker-src x";
        assert_eq!(
            with_workers(two).as_deref(),
            Some(
                "script-src 'self' blob: https://w.example;worker-src 'self' blob: https://w.example, worker-src x"
            )
        );
    }

    fn page(name: &str) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages").join(name);
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_page_that_starts_the_sdk_already_is_told_with_rates_that_are_texts() {
        let snippet = page("rt-snippet-rumcfg.html");
        let told = starts_already(&snippet).unwrap();
        assert!(told.ends_with("or set greenroom.rum.mode: off"), "{told}");
        let quoted = starts_already(&snippet.replace("sampleRate: 100", "sampleRate: '100'")).unwrap();
        assert!(quoted.contains(": sampleRate in it stands in quotes"), "{quoted}");
        for there in [
            "<script>datadogRum.init({})</script>",
            "<script src='https://www.datadoghq-browser-agent.com/us1/v7/datadog-rum.js'></script>",
            "<script src=\"/x/api/rum/sdk/0123/init.js\"></script>",
        ] {
            assert!(starts_already(there).is_some(), "{there}");
        }
        assert_eq!(starts_already(&page("rt-snippet-norum.html")), None);
        for none in ["<!-- <script>DD_RUM.init()</script> -->", "<p>DD_RUM", "<script src=/init.js></script>"]
        {
            assert_eq!(starts_already(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn a_policy_is_only_added_to(policy in "([a-z]{0,3}(-src)?|worker-src|script-src|default-src|'self'|blob:|[ ;,]){0,12}") {
            if let Some(changed) = with_workers(&policy) {
                prop_assert_eq!(with_workers(&changed), None);
                let (before, after): (Vec<_>, Vec<_>) = (policies(&policy).collect(), policies(&changed).collect());
                prop_assert_eq!(before.len(), after.len());
                for (before, after) in before.iter().zip(after) {
                    prop_assert!(after.trim().starts_with(before.trim().trim_end_matches(';')));
                }
            }
            let cdn = SdkLocation::Cdn(CDN.to_owned());
            let _ = refused(&rum("mode: store"), &cdn, Some(&policy));
        }
    }
}

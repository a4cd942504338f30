//! What a Node Backstage does with a config: there a script in `index.html` starts the SDK, as Backstage's documents have one
//! paste it, and the policy of the page comes from `backend.csp` alone.

use greenroom::{config::RootConfig, http::HttpSettings};
use serde_json::Value;

use super::{
    Diagnosis, Finding,
    html::Script,
    page::{self, Page},
    start::SdkStart,
    template,
};
use crate::csp::Csp;

pub(super) fn check(config: &RootConfig, told: &mut Diagnosis) {
    let Ok(true) = config.has("app.datadogRum") else {
        let missing = "app.datadogRum is not set";
        told.add(
            Finding::error(
                missing,
                format!("{missing}, and without it the documented script is not put into the page"),
            )
            .help("Set clientToken, applicationId, site and env below app.datadogRum"),
        );
        return;
    };
    for key in ["app.datadogRum.clientToken", "app.datadogRum.applicationId"] {
        if !is_text(config, key) {
            let what = |lack: &str| {
                format!(
                    "{key} {lack}: the template of the page asks for it, and the plugin app fails to start"
                )
            };
            told.add(lacking(config, key, what));
        }
    }
    let Some(policy) = policy(config, told) else { return };
    let Some((place, html)) = template::find(config) else {
        template::check_unseen(config, told);
        let page = Page::of_template(config, "the script of Backstage's documents", "", policy);
        let start = SdkStart::documented();
        page.iter().for_each(|page| page::of_start(page, &Script::default(), &start, told));
        return;
    };
    let Some(page) = Page::of_template(config, &place, &html, policy) else { return };
    let starts = page.starts();
    if starts.is_empty() {
        told.add(
            Finding::error(
                "the page starts no SDK",
                "The template of the page has no script that starts Datadog's SDK; unless the app's own code does, nothing is \
                 measured",
            )
            .at(place.clone()),
        );
    }
    for (script, start) in starts {
        template::check(config, &page.at(script.line_of_text + start.lines.env), &start, told);
        page::of_start(&page, script, &start, told);
    }
}

/// Why the plugin app does not start without a text that its template asks for. `what` says it, of the key that is not set.
pub(super) fn lacking(config: &RootConfig, key: &str, what: impl Fn(&str) -> String) -> Finding {
    const WHY: &str = "the plugin app does not start";
    if let Some(unset) = config.unset().into_iter().find(|unset| unset.key == key) {
        let lack = format!("is left out, because the variable {} is not set", unset.variable);
        let found = Finding::error(WHY, what(&lack)).at(format!("{} ({key})", unset.place));
        return found.help(format!("Set {} where the backend starts", unset.variable));
    }
    let lack = match config.optional_get(key) {
        Ok(None) => "is not set",
        Ok(Some(Value::String(_))) => "is empty",
        _ => "is no text",
    };
    let nearest = if config.has(key).unwrap_or(false) { key } else { "app.datadogRum" };
    Finding::error(WHY, what(lack)).at_key(config, nearest).help(format!("Set {key}"))
}

pub(super) fn is_text(config: &RootConfig, key: &str) -> bool {
    config.optional_string(key).ok().flatten().is_some_and(|text| !text.trim().is_empty())
}

/// The policy that pages are answered with.
fn policy(config: &RootConfig, told: &mut Diagnosis) -> Option<Csp> {
    Some(Csp::parse(&policy_header(config, told)?))
}

/// The same, as the header has it.
pub(super) fn policy_header(config: &RootConfig, told: &mut Diagnosis) -> Option<String> {
    match HttpSettings::from_config(config, None) {
        Ok(settings) => {
            let header = settings.security_headers.content_security_policy();
            Some(header.and_then(|header| header.to_str().ok()).unwrap_or_default().to_owned())
        }
        Err(refused) => {
            told.add(Finding::error("the backend does not start", refused.to_string()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{
        doctor::{
            finding::Severity,
            tests::{findings, only_error},
        },
        settings::CDN,
    };

    fn told(yaml: &str) -> Diagnosis {
        let mut told = Diagnosis::default();
        check(&RootConfig::from_yaml(yaml).unwrap(), &mut told);
        told
    }

    const OPEN: &str = "backend: {csp: {script-src: [\"'self'\", \"'unsafe-eval'\", \"'unsafe-inline'\", https://www.datadoghq-browser-agent.com], connect-src: [\"'self'\", 'https:']}}";

    #[test]
    fn rum_44_the_default_policy_of_node_blocks_the_script_the_sdk_and_its_events() {
        let told = told("app: {datadogRum: {clientToken: a, applicationId: b, env: x, site: datadoghq.eu}}");
        let error = only_error(&told);
        assert_eq!(error.why, "the page's Content-Security-Policy blocks them");
        assert_eq!(
            error.what,
            "Browsers block the script that stands in the page, Datadog's SDK and what the SDK sends: the page's \
             Content-Security-Policy does not list it"
        );
        let help = error.help.as_deref().unwrap();
        for needed in
            ["'unsafe-inline' to script-src", CDN, "https://browser-intake-datadoghq.eu to connect-src"]
        {
            assert!(help.contains(needed), "{help}");
        }
    }

    #[test]
    fn rum_44_without_env_a_node_backstage_does_not_start_its_app() {
        let told = told(&format!("app: {{datadogRum: {{clientToken: a, applicationId: b}}}}\n{OPEN}"));
        assert_eq!(only_error(&told).why, "the plugin app does not start");
    }

    #[test]
    fn rum_44_a_rate_of_0_becomes_100_and_old_copies_quote_rates() {
        let yaml = "app: {datadogRum: {clientToken: a, applicationId: b, env: x, sessionSampleRate: 0}}";
        let told = told(&format!("{yaml}\n{OPEN}"));
        assert!(!told.has_errors(), "{told:?}");
        let warnings: Vec<_> = findings(&told, Severity::Warning).map(|found| &*found.what).collect();
        assert!(warnings[0].contains("quote the rates") && warnings[1].contains("makes 100"), "{warnings:?}");
    }

    #[test]
    fn rum_44_the_template_beside_the_config_is_looked_into() {
        let dir = tempfile::tempdir().unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages");
        let snippet = fs::read_to_string(fixtures.join("build-rumB.index.html.tmpl")).unwrap();
        fs::create_dir_all(dir.path().join("packages/app/public")).unwrap();
        let (config, page) =
            (dir.path().join("app-config.yaml"), dir.path().join("packages/app/public/index.html"));
        fs::write(&config, format!("app: {{datadogRum: {{clientToken: a, applicationId: b}}}}\n{OPEN}"))
            .unwrap();
        let look = |html: &str| {
            fs::write(&page, html).unwrap();
            let options = greenroom::config::ConfigOptions {
                cwd: dir.path().to_owned(),
                ..greenroom::config::ConfigOptions::default()
            };
            let mut told = Diagnosis::default();
            check(&RootConfig::load(&options).unwrap(), &mut told);
            told
        };
        let told = look(&snippet);
        let error = only_error(&told);
        assert!(error.what.contains("app.datadogRum.env"), "{error:?}");
        let line = snippet.lines().position(|line| line.contains("app.datadogRum.env")).unwrap() + 1;
        assert_eq!(error.place, Some(format!("packages/app/public/index.html:{line}")));
        assert!(told.text().contains("version 3 of Datadog's SDK"), "{}", told.text());
        let quoted = look(
            &snippet
                .replace("sampleRate: 100", "sampleRate: '100'")
                .replace("getString(\"app.datadogRum.env\")", "getOptionalString('x')"),
        );
        assert_eq!(only_error(&quoted).why, "the SDK refuses its rates");
        assert_eq!(only_error(&look("<head></head>")).why, "the page starts no SDK");
    }

    #[test]
    fn rum_44_a_token_that_is_empty_is_told_as_such() {
        let told =
            told(&format!("app: {{datadogRum: {{clientToken: '', applicationId: b, env: x}}}}\n{OPEN}"));
        let error = only_error(&told);
        assert!(error.what.starts_with("app.datadogRum.clientToken is empty: "), "{error:?}");
    }

    #[test]
    fn rum_44_a_token_whose_variable_is_not_set_is_told_by_the_variable_and_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = "app:\n  datadogRum:\n    clientToken: ${NOPE}\n    applicationId: b\n    env: x\n";
        fs::write(dir.path().join("app-config.yaml"), format!("{file}{OPEN}")).unwrap();
        let options = greenroom::config::ConfigOptions {
            cwd: dir.path().to_owned(),
            ..greenroom::config::ConfigOptions::default()
        };
        let mut told = Diagnosis::default();
        check(&RootConfig::load(&options).unwrap(), &mut told);
        let error = only_error(&told);
        assert!(
            error.what.contains("clientToken is left out, because the variable NOPE is not set"),
            "{error:?}"
        );
        assert_eq!(error.place.as_deref(), Some("app-config.yaml:3:18 (app.datadogRum.clientToken)"));
    }

    #[test]
    fn rum_44_broken_configs_are_findings() {
        for yaml in
            ["app: {datadogRum: true}", "app: {datadogRum: {clientToken: [1]}}\nbackend: {csp: nonsense}", ""]
        {
            assert!(told(yaml).has_errors(), "{yaml}");
        }
    }
}

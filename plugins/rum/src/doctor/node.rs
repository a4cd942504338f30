//! What a Node Backstage does with a config: there a script in `index.html` starts the SDK, as Backstage's documents have one
//! paste it, and the policy of the page comes from `backend.csp` alone.

use greenroom::{config::RootConfig, http::HttpSettings};

use super::{
    Diagnosis, Finding,
    finding::and,
    start::{DOCUMENTED_SDK, Start},
    template,
};
use crate::{
    csp::Csp,
    settings::{CDN, Origin, Site},
};

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
            told.add(
                Finding::error(
                    "the plugin app does not start",
                    format!("{key} is no text: the template of the page asks for it, and the plugin app fails to start"),
                )
                .at_key(config, "app.datadogRum"),
            );
        }
    }
    let template = config.file().and_then(|file| template::find(file.parent()?));
    match &template {
        Some((place, starts)) if starts.is_empty() => told.add(
            Finding::error(
                "the page starts no SDK",
                "The template of the page has no script that starts Datadog's SDK; unless the app's own code does, nothing is \
                 measured",
            )
            .at(place.clone()),
        ),
        Some((place, starts)) => starts.iter().for_each(|(line, text, start)| {
            template::check(config, &format!("{place}:{line}"), start, told);
            policy(config, text, start, told);
        }),
        None => {
            template::check_unseen(config, told);
            policy(config, "", &Start::documented(), told);
        }
    }
    site(config, told);
}

pub(super) fn is_text(config: &RootConfig, key: &str) -> bool {
    config.optional_string(key).ok().flatten().is_some_and(|text| !text.trim().is_empty())
}

fn site(config: &RootConfig, told: &mut Diagnosis) {
    let key = "app.datadogRum.site";
    let Ok(Some(name)) = config.optional_string(key) else { return };
    if Site::named(name.trim()).is_none() {
        let unknown = Finding::error(
            "the site is none of Datadog's",
            format!("{key} is no site of Datadog ({})", Site::names()),
        );
        told.add(unknown.at_key(config, key));
    }
}

/// What the page's policy says of the script, the SDK and the intake.
fn policy(config: &RootConfig, script: &str, start: &Start, told: &mut Diagnosis) {
    let settings = match HttpSettings::from_config(config, None) {
        Ok(settings) => settings,
        Err(refused) => {
            told.add(Finding::error("the backend does not start", refused.to_string()));
            return;
        }
    };
    let header = settings.security_headers.content_security_policy();
    let csp = Csp::parse(header.and_then(|header| header.to_str().ok()).unwrap_or_default());
    let page = config.optional_string("app.baseUrl").ok().flatten().and_then(|url| Origin::of(&url));
    let Some(page) = page.or_else(|| Origin::of("http://localhost")) else { return };
    let site = config.optional_string("app.datadogRum.site").ok().flatten();
    let site = site.and_then(|name| Site::named(name.trim())).unwrap_or(Site::default());
    let mut blocked = vec![];
    if !csp.lets_inline(script, None) {
        blocked.push(("script-src", "'unsafe-inline'".to_owned(), "the script that stands in the page"));
    }
    let sdk = start.sdk.as_deref().unwrap_or(DOCUMENTED_SDK);
    if !csp.lets("script-src", sdk, &page) {
        blocked.push(("script-src", CDN.to_owned(), "Datadog's SDK"));
    }
    let intake = format!("https://{}", site.intake);
    if !start.has_proxy && !csp.lets("connect-src", &format!("{intake}/api/v2/rum"), &page) {
        blocked.push(("connect-src", intake, "what the SDK sends"));
    }
    if blocked.is_empty() {
        told.fine("the policy lets the script, the SDK and its events through");
        return;
    }
    let whats: Vec<_> = blocked.iter().map(|(_, _, what)| *what).collect();
    let needs: Vec<_> = blocked.iter().map(|(name, source, _)| format!("{source} to {name}")).collect();
    let what = format!("Browsers block {}: the page's Content-Security-Policy does not list it", and(&whats));
    let blocked = Finding::error("the page's Content-Security-Policy blocks them", what);
    let blocked = match config.place("backend.csp") {
        Some(place) => blocked.at(format!("{place} (backend.csp)")),
        None => blocked.at("Backstage's own policy, because backend.csp is not set"),
    };
    told.add(blocked.help(format!(
        "In backend.csp add {}, beside what Backstage lists itself; or let Greenroom serve the page, which needs none of it",
        and(&needs)
    )));
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::doctor::{
        finding::Severity,
        tests::{findings, only_error},
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
        assert_eq!(error.place.as_deref(), Some("packages/app/public/index.html:46"));
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
    fn rum_44_broken_configs_are_findings() {
        for yaml in
            ["app: {datadogRum: true}", "app: {datadogRum: {clientToken: [1]}}\nbackend: {csp: nonsense}", ""]
        {
            assert!(told(yaml).has_errors(), "{yaml}");
        }
    }
}

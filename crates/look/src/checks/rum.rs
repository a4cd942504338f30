//! Whether the browser measuring that is configured can work.

use crate::{
    finding::Finding,
    page::Script,
    policy::Policy,
    seen::{Seen, listed},
};

const ID: &str = "rum";
const ISSUE: &str = "https://github.com/backstage/backstage/issues/25190";

/// Options that the SDK refuses as texts.
const RATES: [&str; 4] = ["sessionReplaySampleRate", "sessionSampleRate", "replaySampleRate", "sampleRate"];

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(page) = &seen.page else { return vec![] };
    let is_configured = seen.config("app.datadogRum").is_some_and(|value| value.is_object());
    let names_sdk = |script: &&Script| {
        script.src.as_deref().is_some_and(|src| src.contains("datadog-rum") || src.contains("/api/rum/sdk/"))
    };
    let inline: Vec<_> = page.scripts.iter().filter(|script| script.text.contains("DD_RUM")).collect();
    let sdk = page.scripts.iter().find(names_sdk);
    if inline.is_empty() && sdk.is_none() {
        return vec![match is_configured {
            true => Finding::fail(ID, "app.datadogRum is set, and no script in the page starts Datadog's SDK: nothing is measured")
                .why("create-app's page has no such script, and the config alone does nothing; unless the app's own code starts the SDK, no event comes")
                .change("Put the script of the documentation into packages/app/public/index.html, or let Greenroom put it in: greenroom run --gateway -- node packages/backend")
                .source("https://backstage.io/docs/integrations/datadog-rum/installation"),
            false => Finding::ok(ID, "No browser measuring of Datadog's is configured, and no script in the page starts it"),
        }];
    }
    let mut found = vec![];
    let policies: Vec<_> = seen.policies().iter().map(|text| Policy::parse(text)).collect();
    if !inline.is_empty() && policies.iter().any(|policy| !policy.runs_inline_scripts()) {
        found.push(
            Finding::fail(ID, "A script in the page starts Datadog's SDK, and the page's policy does not let it run: nothing is measured")
                .why("Browsers refuse scripts that stand in the page unless script-src allows them")
                .change("Serve the start from a file of the portal's own origin, or allow it by its hash:\nbackend:\n  csp:\n    script-src: [\"'self'\", \"'unsafe-eval'\", \"'sha256-…'\"]")
                .source(ISSUE),
        );
    }
    let quoted = quoted(inline.iter().map(|script| &*script.text));
    if !quoted.is_empty() {
        found.push(
            Finding::fail(ID, format!("The page gives Datadog's SDK {} as text, in quotes: it refuses to start", listed(&quoted, 4)))
                .why("The SDK takes numbers only, and says so in the browser's console alone")
                .change("In packages/app/public/index.html, without the quotes:\nsessionSampleRate: <%= config.getOptionalNumber('app.datadogRum.sessionSampleRate') ?? 100 %>,")
                .source(ISSUE),
        );
    }
    if found.is_empty() {
        found.push(Finding::ok(ID, "The page starts Datadog's SDK, and its policy lets it run; whether events arrive says greenroom rum doctor"));
    }
    found
}

/// The rates that are written as texts.
fn quoted<'a>(scripts: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    let mut found = vec![];
    for text in scripts {
        for rate in RATES {
            let is_quoted = text.match_indices(rate).any(|(at, _)| {
                let is_whole = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
                let rest = text[at + rate.len()..].trim_start_matches(['"', '\'']).trim_start();
                let value = rest.strip_prefix(':').map(str::trim_start);
                is_whole && value.is_some_and(|value| value.starts_with(['"', '\'']))
            });
            if is_quoted && !found.contains(&rate) {
                found.push(rate);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{configured, healthy, only_ok, only_problem, policy};

    fn with_snippet(text: &str) -> Seen {
        let mut seen = healthy();
        policy(&mut seen, "script-src 'self' 'unsafe-inline'");
        let script = Script { src: None, text: text.to_owned() };
        seen.page.as_mut().unwrap().scripts.push(script);
        seen
    }

    #[test]
    fn a_config_without_a_script_is_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        configured(&mut seen, r#"{"app":{"datadogRum":{"clientToken":"pub"}}}"#);
        assert!(only_problem(check(&seen), ID).observed.contains("no script in the page"));
    }

    #[test]
    fn rates_in_quotes_are_told_by_name() {
        let quoted =
            with_snippet("window.DD_RUM.init({sessionSampleRate: '100', sessionReplaySampleRate:\"0\"})");
        let told = only_problem(check(&quoted), ID);
        assert!(told.observed.contains("sessionReplaySampleRate, sessionSampleRate as text"), "{told:?}");
        only_ok(check(&with_snippet("window.DD_RUM.init({sampleRate: 100, site: 'x'})")), ID);
    }

    #[test]
    fn a_script_that_the_policy_refuses_is_told() {
        let mut seen = with_snippet("window.DD_RUM.init({})");
        policy(&mut seen, "script-src 'self'");
        assert!(only_problem(check(&seen), ID).observed.contains("does not let it run"));
    }
}

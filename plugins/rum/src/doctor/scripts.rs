//! The two scripts that Greenroom puts into a page, as browsers get them, and what they lead to.

use serde_json::Value;

use super::{
    Diagnosis, Finding,
    config::Asked,
    page::Page,
    web::{Web, resolve},
};
use crate::{
    init::{INTAKE, InitScript},
    sdk::MAIN,
    settings::{CDN, Origin, Site, TRACE_HEADERS, Way},
};

const DIRECTORY: &str = "/api/rum/sdk/";

/// The scripts by their URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ours {
    sdk: Option<String>,
    init: Option<String>,
}

impl Ours {
    pub(super) fn of(page: &Page) -> Self {
        let urls = page.scripts.iter().filter_map(|script| resolve(&page.url, script.src.as_deref()?));
        urls.fold(Self::default(), |ours, url| {
            let file = url.rsplit('/').next().unwrap_or_default();
            match (url.contains(DIRECTORY), file) {
                (true, "init.js") => Self { init: Some(url), ..ours },
                (true, MAIN) => Self { sdk: Some(url), ..ours },
                (false, MAIN | "datadog-rum-v7.js") if url.starts_with(CDN) => {
                    Self { sdk: Some(url), ..ours }
                }
                _ => ours,
            }
        })
    }

    /// Where the backend is, if the page has its script.
    pub(super) fn backend(&self) -> Option<&str> {
        self.init.as_deref().and_then(|url| url.split_once(DIRECTORY)).map(|(backend, _)| backend)
    }
}

/// How the running backend has browsers start the SDK.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running(Value);

impl Running {
    fn of(script: &str) -> Option<Self> {
        let (_, settings) = script.rsplit_once("})(window, ")?;
        serde_json::from_str(settings.trim_end().strip_suffix(");")?).ok().map(Self)
    }

    pub(super) fn forwards(&self) -> bool {
        self.0["forwards"] == true
    }

    pub(super) fn session_rate(&self) -> f64 {
        self.0["options"]["sessionSampleRate"].as_f64().unwrap_or(100.0)
    }

    fn replay_rate(&self) -> f64 {
        self.0["options"]["sessionReplaySampleRate"].as_f64().unwrap_or(0.0)
    }

    fn backend(&self) -> Option<Origin> {
        Origin::of(self.0["backend"].as_str()?)
    }

    fn site(&self) -> Site {
        self.0["options"]["site"].as_str().and_then(Site::named).unwrap_or(Site::default())
    }

    fn path(&self) -> &str {
        self.0["path"].as_str().unwrap_or_default()
    }

    /// The options that are others in `other`, by their names.
    fn differences(&self, other: &Self) -> Vec<String> {
        let all = |of: &Self| of.0["options"].as_object().cloned().unwrap_or_default();
        let (ours, theirs) = (all(self), all(other));
        let names = ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name)));
        let options = names.filter(|name| ours.get(*name) != theirs.get(*name)).cloned();
        let others = ["backend", "path", "forwards", "traces", "needsConsent", "kept"];
        let others =
            others.iter().filter(|name| self.0[**name] != other.0[**name]).map(|name| (*name).to_owned());
        options.chain(others).collect()
    }
}

/// Looks at them, and gives what the backend runs with.
pub(super) async fn check(
    web: &Web<'_>,
    page: &Page,
    ours: &Ours,
    asked: Option<&Asked>,
    told: &mut Diagnosis,
) -> Option<Running> {
    let (Some(sdk), Some(init)) = (&ours.sdk, &ours.init) else {
        told.add(missing(page, asked, told.has_errors()));
        return None;
    };
    for (script, start) in page.starts() {
        let what = if start.is_documented { "Backstage's script" } else { "a script of its own" };
        told.add(
            Finding::warning(format!(
                "The page starts the SDK by {what}, too: the first one that runs counts"
            ))
            .at(page.at(script.line))
            .help("Remove it from index.html, or set greenroom.rum.mode: off"),
        );
    }
    load(web, page, sdk, "Datadog's SDK", told).await;
    let text = load(web, page, init, "the script that starts the SDK", told).await?;
    let Some(running) = Running::of(&text) else {
        let other = "What is served as the script that starts the SDK is something else";
        told.add(Finding::error("the script that starts the SDK is another one", other).at(init.clone()));
        return None;
    };
    against_config(&running, asked, init, told);
    sends(web, page, &running, asked, told).await;
    Some(running)
}

fn missing(page: &Page, asked: Option<&Asked>, is_explained: bool) -> Finding {
    let what = "The page loads neither Datadog's SDK nor the script that starts it";
    if is_explained || asked.is_some_and(|asked| !asked.has_sdk) {
        return Finding::note(format!("{what}, for the reason above")).at(page.url.clone());
    }
    let help = match page.injected {
        Some(_) => "Restart the backend with this config; its log says in one line where browser events go",
        None => {
            "No backend has put anything into this page: it is given out by another server, or with \
                 app.disableConfigInjection. Let Greenroom serve it"
        }
    };
    Finding::error("the page does not load the SDK", what).at(page.url.clone()).help(help)
}

/// Gets a script as a browser does.
async fn load(web: &Web<'_>, page: &Page, url: &str, what: &str, told: &mut Diagnosis) -> Option<String> {
    if !page.lets("script-src", url) {
        let blocked = format!("Browsers block {what}: the page's Content-Security-Policy does not list it");
        let help = "Add its origin to script-src in backend.csp; a proxy may have set the policy, too";
        told.add(Finding::error("the policy of the page blocks a script", blocked).at(url).help(help));
    }
    let got = match web.script(url).await {
        Ok(got) => got,
        Err(why) if url.starts_with(CDN) => {
            told.add(Finding::warning(format!("{what} is not reached from here: {why}")).at(url));
            return None;
        }
        Err(why) => {
            told.add(
                Finding::error("a script is not loaded", format!("{what} is not loaded: {why}")).at(url),
            );
            return None;
        }
    };
    let kind = got.header("content-type").unwrap_or_default();
    let status = got.status.as_u16();
    let why = match status {
        200 if kind.contains("javascript") => {
            told.fine(format!("{what} is served"));
            return Some(got.text);
        }
        200 => format!("it is answered as {kind:?}, which browsers do not run"),
        300..400 => {
            "the answer sends browsers elsewhere, perhaps to sign in; scripts are for everybody".to_owned()
        }
        status => format!("the answer is {status}"),
    };
    let help = "Ask the backend itself for it: what stands in front of it may answer in its place. A backend that was just \
                restarted with another config has a page of its own";
    told.add(
        Finding::error("a script is not loaded", format!("{what} is not loaded: {why}")).at(url).help(help),
    );
    None
}

fn against_config(running: &Running, asked: Option<&Asked>, init: &str, told: &mut Diagnosis) {
    if running.session_rate() == 0.0 && asked.is_none_or(|asked| asked.rum.session_rate > 0.0) {
        let what = "The running backend has browsers measure 0 of a hundred sessions";
        told.add(
            Finding::error("the rate of sessions is 0", what)
                .at(init)
                .help("Set app.datadogRum.sessionSampleRate"),
        );
    }
    let Some(asked) = asked else { return };
    let script = InitScript::of(&asked.rum);
    let of_config = std::str::from_utf8(&script.text).ok().and_then(Running::of);
    let differs = of_config.map(|of_config| running.differences(&of_config)).unwrap_or_default();
    if differs.is_empty() {
        told.fine("the backend runs with this config");
    } else {
        told.add(
            Finding::warning(format!(
                "The backend runs with another config than this one: {}",
                differs.join(", ")
            ))
            .at(init)
            .help("Restart it, or give the config it runs with by --config"),
        );
    }
}

/// Whether what the SDK does then is let.
async fn sends(web: &Web<'_>, page: &Page, running: &Running, asked: Option<&Asked>, told: &mut Diagnosis) {
    let backend = running.backend();
    let base = backend.as_ref().unwrap_or(&page.origin).as_str().to_owned() + running.path();
    let to = match running.forwards() {
        true => [&base, INTAKE].concat(),
        false => format!("https://{}/api/v2/rum", running.site().intake),
    };
    match page.lets("connect-src", &to) {
        true => told.fine("the page's policy lets events out"),
        false => told.add(
            Finding::error(
                "the policy of the page lets none out",
                "Browsers block what the SDK sends: the page's Content-Security-Policy does not list where it goes",
            )
            .at(to)
            .help("Add its origin to connect-src in backend.csp; a proxy may have set the policy, too"),
        ),
    }
    let lets_workers = page.policies.iter().all(crate::csp::Csp::lets_blob_workers);
    if running.replay_rate() > 0.0 && !lets_workers {
        told.add(
            Finding::warning("No replay arrives: the page's policy lets the SDK make no worker")
                .help("Add 'self' and blob: to worker-src in backend.csp"),
        );
    }
    host_name(page, running, asked, told);
    if let Some(backend) = backend.filter(|backend| *backend != page.origin && running.0["traces"] == true) {
        traces(web, page, backend.as_str(), &base, told).await;
    }
}

fn host_name(page: &Page, running: &Running, asked: Option<&Asked>, told: &mut Diagnosis) {
    let of_page = page.injected.as_ref().and_then(|config| Origin::of(config.text("app.baseUrl")?));
    let Some(app) = of_page.or_else(|| asked.and_then(|asked| asked.rum.portal.app().cloned())) else {
        return;
    };
    if app == page.origin {
        return;
    }
    let (page_is, config_says) = (page.origin.as_str(), app.as_str());
    let listed = asked.is_some_and(|asked| {
        matches!(asked.rum.way, Way::Direct) || asked.rum.origins.contains(&page.origin)
    });
    let named = format!("The page was asked for at {page_is}, and app.baseUrl says {config_says}");
    if running.forwards() && running.backend().is_some() && !listed {
        told.add(
            Finding::error(
                "events of pages at this host name are refused",
                format!("{named}: the backend, which is of another origin, takes no events from there"),
            )
            .help(format!("Use {config_says}, or add {page_is} to greenroom.rum.allowedOrigins")),
        );
    } else {
        told.add(Finding::note(named));
    }
}

/// The question that a browser asks before each call of a page to a backend of another origin.
async fn traces(web: &Web<'_>, page: &Page, backend: &str, base: &str, told: &mut Diagnosis) {
    let url = format!("{base}/api/catalog/entities");
    let asked = [&["authorization"][..], &TRACE_HEADERS].concat().join(",");
    let got = match web.preflight(&url, &page.origin, &asked).await {
        Ok(got) => got,
        Err(why) => {
            told.add(
                Finding::warning(format!("Whether calls may carry traces could not be asked: {why}"))
                    .at(backend),
            );
            return;
        }
    };
    let granted = got.header("access-control-allow-headers").unwrap_or_default().to_ascii_lowercase();
    let is_granted = |name: &&&str| granted.split(',').any(|one| one.trim() == **name || one.trim() == "*");
    let origin = got.header("access-control-allow-origin");
    let lacking: Vec<&str> = TRACE_HEADERS.iter().filter(|name| !is_granted(name)).copied().collect();
    if !got.status.is_success()
        || !origin.is_some_and(|origin| origin == "*" || origin == page.origin.as_str())
    {
        told.add(
            Finding::error(
                "the backend refuses the page's calls",
                format!(
                    "The backend at {backend} lets no page of {} call it: the portal itself fails",
                    page.origin.as_str()
                ),
            )
            .help(format!("Set backend.cors.origin to {}", page.origin.as_str())),
        );
    } else if !lacking.is_empty() {
        told.add(
            Finding::error(
                "the portal's calls fail, because they carry traces",
                format!("Calls of the portal fail: they carry {}, which the backend at {backend} does not let through", lacking.join(", ")),
            )
            .help("Leave backend.cors.allowedHeaders out, or add them there; greenroom.rum.tracing: false sends none"),
        );
    } else {
        told.fine("calls to the backend may carry traces");
    }
}

#[cfg(test)]
mod tests {
    use greenroom::config::RootConfig;

    use super::*;
    use crate::settings::{Mode, Settings};

    fn running(more: &str) -> Running {
        let yaml = format!("app: {{datadogRum: {{clientToken: a, applicationId: b{more}}}}}");
        let Mode::On(rum) = Settings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).unwrap().mode
        else {
            panic!("it is off")
        };
        Running::of(std::str::from_utf8(&InitScript::of(&rum).text).unwrap()).unwrap()
    }

    #[test]
    fn what_a_backend_runs_with_is_read_out_of_its_script() {
        let one = running(", sessionSampleRate: 12.5, site: datadoghq.eu, env: '</script>'");
        assert_eq!((one.session_rate(), one.forwards(), one.site().name), (12.5, false, "datadoghq.eu"));
        let other = running(", sessionSampleRate: 12.5, site: datadoghq.com");
        assert_eq!(one.differences(&other), ["site", "env"]);
        assert_eq!(one.differences(&one.clone()), [""; 0]);
        assert_eq!(Running::of("alert(1)"), None);
    }
}

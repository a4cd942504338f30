//! The two scripts that Greenroom puts into a page, as browsers get them, and what they lead to.

use super::{
    Diagnosis, Finding,
    config::ConfigView,
    page::{self, Page},
    running::Running,
    sends,
    web::{Web, resolve},
};
use crate::{
    settings::CDN,
    urls::{INIT_FILE, SDK_DIRECTORY, SDK_FILE},
};

/// The scripts by their URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ours {
    sdk: Option<String>,
    init: Option<String>,
}

impl Ours {
    pub(super) fn of(page: &Page) -> Self {
        let urls = page.scripts.iter().filter_map(|script| resolve(&page.base, script.src.as_deref()?));
        urls.fold(Self::default(), |ours, url| {
            let file = url.rsplit('/').next().unwrap_or_default();
            match (url.contains(SDK_DIRECTORY), file) {
                (true, INIT_FILE) => Self { init: Some(url), ..ours },
                (true, SDK_FILE) => Self { sdk: Some(url), ..ours },
                (false, SDK_FILE | "datadog-rum-v7.js") if url.starts_with(CDN) => {
                    Self { sdk: Some(url), ..ours }
                }
                _ => ours,
            }
        })
    }

    /// Where the backend is, if the page has its script.
    pub(super) fn backend(&self) -> Option<&str> {
        self.init.as_deref().and_then(|url| url.split_once(SDK_DIRECTORY)).map(|(backend, _)| backend)
    }
}

/// Looks at them, and gives what the backend runs with.
pub(super) async fn check(
    web: &Web<'_>,
    page: &Page,
    ours: &Ours,
    view: Option<&ConfigView>,
    is_explained: bool,
    told: &mut Diagnosis,
) -> Option<Running> {
    let (Some(sdk), Some(init)) = (&ours.sdk, &ours.init) else {
        told.add(missing(page, is_explained));
        // As a gateway it adds nothing to a page that has one.
        page.starts().iter().for_each(|(script, start)| page::of_start(page, script, start, told));
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
    running.against_config(view, init, told);
    sends::check(web, page, &running, view, told).await;
    Some(running)
}

/// `is_explained` where the config that was read has none.
fn missing(page: &Page, is_explained: bool) -> Finding {
    let what = "The page loads neither Datadog's SDK nor the script that starts it";
    if is_explained {
        return Finding::note(format!("{what}, for the reason above")).at(page.url.clone());
    }
    if let Some((script, _)) = page.starts().first() {
        let what =
            format!("{what}: a page with a script of its own that starts the SDK gets none of a gateway");
        let found = Finding::error("the page starts the SDK by a script of its own", what);
        return found.at(page.at(script.line)).help("Remove that script from index.html");
    }
    if !page.lets("script-src", &format!("{}{SDK_DIRECTORY}", page.origin.as_str())) {
        let what = format!(
            "{what}: its Content-Security-Policy would block them, and such a page gets none of a gateway"
        );
        let found =
            Finding::error("the page's Content-Security-Policy blocks them", what).at(page.url.clone());
        return found.help(
            "In backend.csp of the server that sends it add 'self' to script-src, without 'strict-dynamic'",
        );
    }
    let help = match page.injected {
        Some(_) => {
            "Look again in some seconds, if the SDK has just been laid out; else restart the backend with this config, and its \
             log says in one line where browser events go, or why a gateway adds nothing"
        }
        None => {
            "No backend has put anything into this page: it is given out by another server, or with \
                 app.disableConfigInjection. Let Greenroom serve it, or stand in front of that server; or paste what a start with \
                 greenroom.rum.inject: false says"
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
        200 => format!("it is answered as {:?}, which browsers do not run", web.said(kind)),
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

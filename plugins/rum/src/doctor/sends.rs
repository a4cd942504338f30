//! Whether what the SDK does once it is started is let: by the page's policy, by the intake, by a backend of another origin.

use super::{Diagnosis, Finding, config::ConfigView, page::Page, running::Running, web::Web};
use crate::{
    csp::Csp,
    settings::{Origin, TRACE_HEADERS, Way},
    urls::INTAKE,
};

pub(super) async fn check(
    web: &Web<'_>,
    page: &Page,
    running: &Running,
    view: Option<&ConfigView>,
    told: &mut Diagnosis,
) {
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
    let lets_workers = page.policies.iter().all(Csp::lets_blob_workers);
    if running.replay_rate() > 0.0 && !lets_workers {
        told.add(
            Finding::warning("No replay arrives: the page's policy lets the SDK make no worker")
                .help("Add 'self' and blob: to worker-src in backend.csp"),
        );
    }
    host_name(page, running, view, told);
    if let Some(backend) = backend.filter(|backend| *backend != page.origin && running.traces()) {
        traces(web, page, backend.as_str(), &base, told).await;
    }
}

fn host_name(page: &Page, running: &Running, view: Option<&ConfigView>, told: &mut Diagnosis) {
    let of_page = page.injected.as_ref().and_then(|config| Origin::of(config.text("app.baseUrl")?));
    let Some(app) = of_page.or_else(|| view.and_then(|view| view.rum.portal.app().cloned())) else {
        return;
    };
    if app == page.origin {
        return;
    }
    let (page_is, config_says) = (page.origin.as_str(), app.as_str());
    let listed =
        view.is_some_and(|view| view.rum.way == Way::Direct || view.rum.origins.contains(&page.origin));
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

//! Pages without data: why there is none, the one thing to do, and what will be there.

use greenroom::errors::Error;
use greenroom_plugin_observatory_node::{
    Mark, Page, foreign,
    parts::{Finding as Shown, Part, findings, quiet, will_be_here},
};
use maud::html;

use super::around::lists;
use crate::{
    asked::Asked,
    browser::Browser,
    doctor::{Diagnosis, Finding, Verdict},
    words::{at, span},
};

/// The page in place of `path` where nothing was measured in its time: none if something was kept in it.
pub(super) async fn instead(
    browser: &Browser,
    asked: &Asked,
    path: &str,
    views: i64,
) -> Result<Option<Page>, Error> {
    if views > 0 {
        return Ok(None);
    }
    let Some(last_ms) = browser.store()?.last_event_ms().await? else {
        let diagnosis = match &browser.doctor {
            Some(doctor) => doctor.examine().await,
            None => Diagnosis::default(),
        };
        return Ok(Some(nothing_yet(asked, path, &diagnosis)));
    };
    let filtered =
        asked.filters().any(|(name, _)| !["t", "to", "vital", "sort", "cursor", "limit"].contains(&name));
    let sentence = if filtered { "No views that these filters leave, in" } else { "No views in" };
    let page = Page::new("browser", "Browser", format!("{sentence} {}.", span(asked.t())))
        .detail(html! { "The last event came at " (at(last_ms, asked.now_ms)) "." });
    let longer = html! { a href=(asked.link(path, "t", Some("7d"))) { "Look at the last 7 days" } };
    let page = if filtered {
        page.detail(html! { a href=(path) { "Leave out all filters" } " · " (longer) })
    } else {
        page.detail(longer)
    };
    let choices = browser.store()?.choices(&asked.filter).await?;
    let form = super::filters::filters(asked, path, &choices, []);
    Ok(Some(page.top(html! { (lists(asked, path)) (form) })))
}

fn nothing_yet(asked: &Asked, path: &str, diagnosis: &Diagnosis) -> Page {
    let because = diagnosis.because.as_ref();
    let sentence = because.map_or_else(
        || "No browser events yet, and nothing is in their way.".to_owned(),
        |because| format!("No browser events yet, because {because}."),
    );
    let to_do = diagnosis.findings.iter().filter(|finding| finding.verdict == Verdict::ToDo).count();
    let next = match to_do {
        0 => "The first view appears here about 30 seconds after somebody opens the portal.",
        1 => {
            "One step is missing; after it, the first view appears here about 30 seconds after somebody opens the portal."
        }
        _ => {
            "Begin with the first step; after all of them, the first view appears about 30 seconds after somebody opens the portal."
        }
    };
    // One thing to do at a time.
    let mut is_first = true;
    let shown = diagnosis.findings.iter().map(|finding| {
        let has_command = finding.verdict == Verdict::ToDo && std::mem::take(&mut is_first);
        shown(finding, has_command)
    });
    let page = Page::new("browser", "Browser", sentence).detail(next).top(lists(asked, path));
    let page = if diagnosis.findings.is_empty() {
        page
    } else {
        let note = html! { "The same as " code { "greenroom rum doctor" } };
        page.body(Part::new("doctor", "What the doctor found").note(note).body(findings(shown)))
    };
    let will = will_be_here([
        ("Vitals", "how long people wait for each route, and since which version."),
        ("Sessions", "one visit from click to the backend’s log line."),
        ("Errors", "grouped, with your own source beside the stack."),
        ("Resources", "what pages wait for, and how often it fails."),
    ]);
    let private =
        quiet("No names, addresses or query values are kept. Text on the page is masked in the browser.");
    page.body(Part::new("will", "What will be here").body(html! { (will) (private) }))
}

fn shown(finding: &Finding, has_command: bool) -> Shown {
    let (mark, word) = match finding.verdict {
        Verdict::Ok => (Mark::Ok, "Ok"),
        Verdict::ToDo => (Mark::Fail, "To do"),
        Verdict::Warning => (Mark::Warn, "Warning"),
        Verdict::Waits => (Mark::Unknown, "Waits"),
    };
    let mut shown = Shown::new(mark, word, foreign(&finding.title));
    match &finding.to_do {
        Some((what, command)) if has_command => shown = shown.to_do(foreign(what), command),
        Some((what, _)) => shown = shown.evidence(foreign(what)),
        None => {}
    }
    match &finding.evidence {
        Some(evidence) => shown.evidence(foreign(evidence)),
        None => shown,
    }
}

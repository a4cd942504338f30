//! Has operators see what is kept, and where nothing is, why: as the doctor says it, by what the backend knows of itself.

use std::sync::{Arc, atomic::Ordering};

use greenroom::prelude::*;
use greenroom_plugin_rum_browser::{Browser, Diagnosis, Finding, Verdict};
use greenroom_plugin_rum_store::source_maps::Symbolicator;

use crate::{
    counts::{Counts, Status},
    doctor::{self, Severity},
    keep::Keeper,
    sdk::SdkLocation,
    settings::{SdkSetting, no_page},
    setup::Setup,
    wiring::Needs,
};

/// The command that lays out the SDK.
const COMMAND: &str = "greenroom rum sdk";

/// Mounts pages and JSON, which wait for the database as the intake does.
pub(crate) fn mount(setup: &Arc<Setup>, needs: &Needs, keeper: &Arc<Keeper>, counts: &Arc<Counts>) -> Result {
    let Some(retention) = setup.rum.way.retention() else { return Ok(()) };
    let held = keeper.clone();
    let sources = Symbolicator::new(needs.maps.clone(), (*keeper.routes).clone(), needs.logger.clone());
    let (setup, keeper, counts, config) =
        (setup.clone(), keeper.clone(), counts.clone(), needs.config.clone());
    let examine = move || {
        let found = diagnosis(&setup, &keeper, &counts.told(), &config);
        async { found }
    };
    Browser::new(move || held.store().cloned(), needs.frame.clone(), needs.ops.clone())
        .kept_days(retention.days.into())
        .sources(sources)
        .logs(needs.logs.clone())
        .doctor(examine)
        .mount(&needs.sections)
}

/// In the order in which events pass: pages, the SDK, sessions, the intake, the database.
fn diagnosis(setup: &Setup, keeper: &Keeper, counted: &Status, config: &RootConfig) -> Diagnosis {
    let mut told = Diagnosis::default();
    if setup.has_page.load(Ordering::SeqCst) {
        told.findings.push(fine("Pages load the script that starts the SDK", None));
    } else {
        to_do(&mut told, "no page loads the SDK", "No page loads the SDK", &no_page(config), None);
    }
    match &*setup.sdk() {
        SdkLocation::Own(_) => told.findings.push(fine("Datadog's SDK is laid out", None)),
        SdkLocation::Cdn(url) => told.findings.push(fine("Datadog's SDK comes from elsewhere", Some(url))),
        SdkLocation::Missing(missing) => {
            let is_fetched = setup.rum.sdk == SdkSetting::Auto;
            let command =
                is_fetched.then_some(("Fetch the pinned version, with your own npm settings:", COMMAND));
            to_do(&mut told, missing.why, missing.why, &missing.told, command);
        }
    }
    let place = keeper.place();
    let kept = setup.rum.summary(place);
    if keeper.store().is_some() {
        told.findings.push(fine("Events are kept here", Some(&kept)));
    } else {
        to_do(&mut told, "the database is not there yet", "The database is not there yet", &kept, None);
    }
    let seen = doctor::of_counts(counted, setup.rum.session_rate);
    told.because = told.because.or_else(|| {
        let error = seen.findings.iter().find(|finding| finding.severity == Severity::Error);
        error.map(|error| error.why.clone())
    });
    told.findings.extend(seen.findings.into_iter().map(of_doctor));
    if counted.pages == 0 && told.because.is_none() {
        told.findings.push(Finding {
            verdict: Verdict::Waits,
            title: "No page has been opened since the start".to_owned(),
            evidence: Some("It comes by itself: open the portal, then look here.".to_owned()),
            to_do: None,
        });
    }
    told
}

fn fine(title: &str, evidence: Option<&str>) -> Finding {
    Finding {
        verdict: Verdict::Ok,
        title: title.to_owned(),
        evidence: evidence.map(str::to_owned),
        to_do: None,
    }
}

/// Of several the first is why.
fn to_do(told: &mut Diagnosis, because: &str, title: &str, evidence: &str, command: Option<(&str, &str)>) {
    told.because.get_or_insert_with(|| because.to_owned());
    told.findings.push(Finding {
        verdict: Verdict::ToDo,
        title: title.to_owned(),
        evidence: Some(evidence.to_owned()),
        to_do: command.map(|(what, command)| (what.to_owned(), command.to_owned())),
    });
}

fn of_doctor(found: doctor::Finding) -> Finding {
    let verdict = match found.severity {
        Severity::Error => Verdict::ToDo,
        Severity::Warning => Verdict::Warning,
        Severity::Note => Verdict::Waits,
    };
    Finding { verdict, title: found.what, evidence: found.help, to_do: None }
}

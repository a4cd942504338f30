//! The pages of what is kept, and what they say where there is nothing.

use std::sync::Arc;

use greenroom::{data_dir::DataDirectory, log_store::LogStore, prelude::*};
use greenroom_plugin_app_node::SourceMaps;
use greenroom_plugin_observatory_node::{Frame, Sections};
use greenroom_plugin_rum_browser::{Browser, Diagnosis, Finding, Verdict};
use greenroom_plugin_rum_store::source_maps::Symbolicator;

use crate::{
    counts::Counts,
    doctor::{self, Severity},
    keep::Keeper,
    setup::Setup,
};

/// What pages ask for.
#[derive(Deps)]
pub(crate) struct Shown {
    pub(crate) ops: Ops,
    pub(crate) frame: Frame,
    pub(crate) sections: Sections,
    logs: LogStore,
    pub(crate) maps: SourceMaps,
    pub(crate) config: RootConfig,
    client: HttpClient,
    data: DataDirectory,
}

impl Shown {
    /// Puts them where operators find them. While the database is away they say so.
    pub(crate) fn mount(
        &self,
        keeper: Arc<Keeper>,
        sources: Symbolicator,
        days: u64,
        counts: &Arc<Counts>,
        setup: &Arc<Setup>,
    ) -> Result {
        let (config, client) = (self.config.clone(), self.client.clone());
        let (data, counts, setup) = (self.data.clone(), counts.clone(), setup.clone());
        let (away, masking) = (keeper.clone(), self.config.clone());
        Browser::new(move || keeper.store().cloned(), self.frame.clone(), self.ops.clone())
            .why_away(move || away.why_away().map(|why| masking.masked(&why)))
            .logs(self.logs.clone())
            .sources(sources)
            .kept_days(days)
            .doctor(move || {
                let (config, client, data, told) =
                    (config.clone(), client.clone(), data.clone(), counts.told());
                let setup = setup.clone();
                async move {
                    // What is said here of the SDK's files has to be so of the pages.
                    setup.clone().look_again_aside(&config, &data).await;
                    as_shown(doctor::look_here(&config, &data, &client, &told, &setup).await)
                }
            })
            .mount(&self.sections)
    }
}

/// As the pages have it: what is fine, and then what is in the way.
fn as_shown(told: doctor::Diagnosis) -> Diagnosis {
    const NOBODY: &str = "No browser has asked";
    let fine =
        |title: &String| Finding { verdict: Verdict::Ok, title: title.clone(), evidence: None, to_do: None };
    let found = told.findings.iter().filter_map(|found| {
        let verdict = match found.severity {
            Severity::Error => Verdict::ToDo,
            Severity::Warning if found.what.starts_with(NOBODY) => Verdict::Waits,
            Severity::Warning => Verdict::Warning,
            Severity::Note => return None,
        };
        let command = found.what.contains("`greenroom rum sdk`").then_some("greenroom rum sdk");
        let evidence =
            [&found.place, &found.help].into_iter().flatten().cloned().collect::<Vec<_>>().join(". ");
        Some(Finding {
            verdict,
            title: found.what.trim_end_matches('.').to_owned(),
            evidence: Some(evidence).filter(|evidence| !evidence.is_empty()),
            to_do: command.map(|command| ("Fetch the pinned version:".to_owned(), command.to_owned())),
        })
    });
    let because = told.findings.iter().find(|found| found.severity == Severity::Error);
    Diagnosis {
        because: because.map(|found| found.why.clone()),
        findings: told.fine.iter().map(fine).chain(found).collect(),
    }
}

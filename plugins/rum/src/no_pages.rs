//! The page in the place of those of browser events, where none are kept: why, and what to do about it.

use std::sync::Arc;

use axum::{Router, routing::get};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{Page, Section, foreign};

use crate::{
    browser_pages::Shown,
    doctor,
    settings::{Mode, Rum, Settings},
    setup::Setup,
};

const MODE: &str = "greenroom.rum.mode";
/// How many faults are shown, and how many characters of each.
const MOST_FAULTS: usize = 3;
const MOST_OF_A_FAULT: usize = 600;

impl Shown {
    /// Puts it where the others would be. `setup` is none where RUM is off.
    pub(crate) fn mount_none(&self, setup: Option<&Setup>) -> Result {
        let page = match setup {
            Some(setup) => not_kept(&setup.rum),
            None => off(&self.config),
        };
        let (frame, page) = (self.frame.clone(), Arc::new(page));
        let shown = get(move || {
            let (frame, page) = (frame.clone(), page.clone());
            async move { frame.show(&page).await }
        });
        self.ops.mount_pages("browser", Router::new().route("/", shown.clone()).route("/{*path}", shown))?;
        let href = "/.greenroom/browser";
        self.sections.add(Section { id: "browser", title: "Browser", key: 'b', href });
        Ok(())
    }
}

fn page(sentence: &str) -> Page {
    Page::new("browser", "Browser", foreign(sentence))
}

fn not_kept(rum: &Rum) -> Page {
    let to = rum.recipient();
    page(&format!("Browser events are not kept here: {to} gets them.")).detail(format!(
        "{MODE}: both keeps them here, too, and store keeps them here alone; from the next start on."
    ))
}

/// As the config says it that the backend was started with.
fn off(config: &RootConfig) -> Page {
    if let Mode::Broken(faults) = Settings::from_config(config).mode {
        let page = page("RUM is off, because of what is wrong in the config.");
        let page = faults.iter().take(MOST_FAULTS).fold(page, |page, fault| {
            page.detail(foreign(&config.masked(&format!("{fault}."))).limit(MOST_OF_A_FAULT))
        });
        return match faults.len().saturating_sub(MOST_FAULTS) {
            0 => page,
            more => page.detail(format!("There are {more} more: greenroom config check tells all.")),
        };
    }
    let why = doctor::why_off(config);
    let page = page(&format!("{}.", why.what));
    let page = match &why.place {
        Some(place) => page.detail(foreign(&format!("It is written at {place}."))),
        None => page,
    };
    page.detail(format!(
        "{MODE}: store keeps browser events here, and shows them on this page, from the next start on."
    ))
}

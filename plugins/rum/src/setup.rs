//! What follows of the settings, made once: the plugin serves what the page names.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use greenroom::{data_dir::DataDirectory, http::Forwarding, prelude::*};
use parking_lot::{Mutex, RwLock};
use tokio::time::sleep;

use crate::{
    init::InitScript,
    markup::Markup,
    sdk::SdkLocation,
    settings::{INJECT, Mode, Rum, Settings, no_page},
};

/// How many different refusals are told.
const MOST_REFUSALS: usize = 8;
/// How long is waited before the SDK is looked for again, where there is none.
const AGAIN: Duration = Duration::from_secs(2);

/// `None` where RUM is off.
#[derive(Clone)]
pub(crate) struct RumSetup(pub(crate) Option<Arc<Setup>>);

/// The settings, and what browsers get by them.
pub(crate) struct Setup {
    pub(crate) rum: Rum,
    pub(crate) script: InitScript,
    /// It may be laid out while the backend runs.
    sdk: RwLock<Arc<SdkLocation>>,
    /// Whether a page was made, with what belongs to it.
    pub(crate) has_page: AtomicBool,
    /// Whether another server's pages pass this backend.
    pub(crate) is_gateway: bool,
    /// Why such pages got nothing.
    pub(crate) refusals: Refusals,
}

/// Sentences that are told once, a few.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Vec<String>>);

impl Refusals {
    /// Whether it is to be told now.
    pub(crate) fn note(&self, why: &str) -> bool {
        let mut told = self.0.lock();
        let is_new = told.len() < MOST_REFUSALS && !told.iter().any(|known| known == why);
        if is_new {
            told.push(why.to_owned());
        }
        is_new
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

impl Service for RumSetup {
    const ID: &'static str = "greenroom.rum";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async |config: RootConfig, data: DataDirectory, forwarding: Option<Forwarding>| {
            // Why it is broken, the report on the config has told.
            let Mode::On(mut rum) = Settings::from_config(&config).mode else { return Ok(Self(None)) };
            let is_gateway = forwarding.is_some();
            if is_gateway {
                rum.is_of_pages_that_pass();
            }
            let made =
                spawn_blocking("read the SDK", move || Setup::of(*rum, is_gateway, &config, &data)).await?;
            Ok(Self(Some(Arc::new(made))))
        }))
    }
}

impl Setup {
    /// Once all plugins have started: where events go, or why none do. `place` is the database in which they are kept.
    pub(crate) fn tell(&self, config: &RootConfig, place: &str, logger: &Logger) {
        match &*self.sdk() {
            // With what is pasted, pages are where nobody here sees them.
            _ if self.rum.injects && !self.has_page.load(Ordering::SeqCst) => logger.warn(no_page(config)),
            SdkLocation::Missing(missing) => logger.warn(missing.told.clone()),
            SdkLocation::Own(_) | SdkLocation::Cdn(_) => {
                logger.info(format!("{}{}", self.rum.summary(place), self.pages()));
            }
        }
    }

    /// Which pages events come from, where it is not the one of the plugin `app`.
    fn pages(&self) -> String {
        match (self.rum.injects, self.markup()) {
            (false, Some(markup)) => format!(
                ". No page is changed ({INJECT}: false): each needs, in front of the first script of its <head>, {}",
                markup.html
            ),
            (true, _) if self.is_gateway => {
                ". The pages are those of the server behind: they get the scripts as they pass".to_owned()
            }
            _ => String::new(),
        }
    }

    fn of(rum: Rum, is_gateway: bool, config: &RootConfig, data: &DataDirectory) -> Self {
        let sdk = SdkLocation::find(&rum, config, data);
        let sdk = RwLock::new(Arc::new(sdk));
        let (script, has_page) = (InitScript::of(&rum), AtomicBool::new(false));
        Self { script, rum, sdk, has_page, is_gateway, refusals: Refusals::default() }
    }

    /// What pages get now; `None` while there is no SDK to load.
    pub(crate) fn markup(&self) -> Option<Markup> {
        Markup::of(&self.rum, &self.script, &self.sdk())
    }

    /// Where pages get the SDK from.
    pub(crate) fn sdk(&self) -> Arc<SdkLocation> {
        self.sdk.read().clone()
    }

    /// Reads the SDK's files anew, where there were none: what is served stays as it is. It blocks.
    pub(crate) fn look_again(&self, config: &RootConfig, data: &DataDirectory) {
        if matches!(*self.sdk(), SdkLocation::Missing(_)) {
            let found = Arc::new(SdkLocation::find(&self.rum, config, data));
            *self.sdk.write() = found;
        }
    }

    /// Waits for the SDK, which somebody may lay out while the backend runs. Whether it has come: not if it was there already,
    /// nor where the system does not give its files in time.
    pub(crate) async fn await_sdk(self: &Arc<Self>, config: &RootConfig, data: &DataDirectory) -> bool {
        let mut has_waited = false;
        loop {
            match &*self.sdk() {
                SdkLocation::Missing(missing) if missing.may_come => {}
                SdkLocation::Missing(_) => return false,
                SdkLocation::Own(_) | SdkLocation::Cdn(_) => return has_waited,
            }
            sleep(AGAIN).await;
            self.clone().look_again_aside(config, data).await;
            has_waited = true;
        }
    }

    /// The same as [`look_again`](Self::look_again), on a thread that may be blocked.
    pub(crate) async fn look_again_aside(self: Arc<Self>, config: &RootConfig, data: &DataDirectory) {
        let (config, data) = (config.clone(), data.clone());
        let looked = spawn_blocking("look for the SDK", move || self.look_again(&config, &data));
        // Who panics has found none.
        let _ = looked.await;
    }
}

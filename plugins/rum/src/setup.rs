//! What follows of the settings, made once: the plugin serves what the page names.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use greenroom::{data_dir::DataDirectory, prelude::*};
use parking_lot::RwLock;
use tokio::time::sleep;

use crate::{
    init::InitScript,
    markup::Markup,
    sdk::SdkLocation,
    settings::{Mode, Rum, Settings, no_page},
};

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
}

impl Service for RumSetup {
    const ID: &'static str = "greenroom.rum";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async |config: RootConfig, data: DataDirectory| {
            // Why it is broken, the report on the config has told.
            let Mode::On(rum) = Settings::from_config(&config).mode else { return Ok(Self(None)) };
            let made = spawn_blocking("read the SDK", move || Setup::of(*rum, &config, &data)).await?;
            Ok(Self(Some(Arc::new(made))))
        }))
    }
}

impl Setup {
    /// Once all plugins have started: where events go, or why none do. `place` is the database in which they are kept.
    pub(crate) fn tell(&self, config: &RootConfig, place: &str, logger: &Logger) {
        match &*self.sdk() {
            _ if !self.has_page.load(Ordering::SeqCst) => logger.warn(no_page(config)),
            SdkLocation::Missing(missing) => logger.warn(missing.told.clone()),
            SdkLocation::Own(_) | SdkLocation::Cdn(_) => logger.info(self.rum.summary(place)),
        }
    }

    fn of(rum: Rum, config: &RootConfig, data: &DataDirectory) -> Self {
        let sdk = SdkLocation::find(&rum, config, data);
        let sdk = RwLock::new(Arc::new(sdk));
        Self { script: InitScript::of(&rum), rum, sdk, has_page: AtomicBool::new(false) }
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

//! What follows of the settings, made once: the plugin serves what the page names.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use greenroom::{
    core::Declarations,
    data_dir::{DataDirEnvironment, DataDirectory},
    prelude::*,
};
use parking_lot::RwLock;

use crate::{
    init::InitScript,
    sdk::SdkLocation,
    settings::{Mode, Rum, Settings, no_page},
};

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
    /// Once all plugins have started: where events go, or why none do. That there is no SDK, the report on the config has told.
    /// `place` is the database in which they are kept.
    pub(crate) fn tell(
        &self,
        config: &RootConfig,
        declarations: &Declarations,
        place: &str,
        logger: &Logger,
    ) {
        match &*self.sdk() {
            _ if !self.has_page.load(Ordering::SeqCst) => logger.warn(no_page(config)),
            // That report knows no place that a factory of somebody's own decides on.
            SdkLocation::Missing(missing) if DataDirEnvironment::declared(declarations).is_none() => {
                logger.warn(missing.told.clone());
            }
            SdkLocation::Missing(_) => {}
            SdkLocation::Own(_) | SdkLocation::Cdn(_) => logger.info(self.rum.summary(place)),
        }
    }

    fn of(rum: Rum, config: &RootConfig, data: &DataDirectory) -> Self {
        let sdk = SdkLocation::find(&rum, config, data);
        let sdk = RwLock::new(Arc::new(sdk));
        Self { script: InitScript::of(&rum), rum, sdk, has_page: AtomicBool::new(false) }
    }

    /// Where pages get the SDK from.
    pub(crate) fn sdk(&self) -> Arc<SdkLocation> {
        self.sdk.read().clone()
    }

    /// Reads the SDK's files anew. It blocks.
    pub(crate) fn look_again(&self, config: &RootConfig, data: &DataDirectory) {
        let found = Arc::new(SdkLocation::find(&self.rum, config, data));
        *self.sdk.write() = found;
    }
}

//! What follows of the settings, made once: the plugin serves what the page names.

use std::sync::Arc;

use greenroom::{data_dir::DataDirectory, prelude::*};

use crate::{
    init::InitScript,
    sdk::SdkLocation,
    settings::{Mode, Rum, Settings},
};

/// `None` where RUM is off.
#[derive(Clone)]
pub(crate) struct RumSetup(pub(crate) Option<Arc<Setup>>);

/// The settings, and what browsers get by them.
pub(crate) struct Setup {
    pub(crate) rum: Rum,
    pub(crate) script: InitScript,
    pub(crate) sdk: SdkLocation,
}

impl Service for RumSetup {
    const ID: &'static str = "greenroom.rum";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async |config: RootConfig, data: DataDirectory| {
            // Why it is broken, the report on the config has told.
            let Mode::On(rum) = Settings::from_config(&config)?.mode else { return Ok(Self(None)) };
            let made = spawn_blocking("read the SDK", move || Setup::of(*rum, &config, &data)).await?;
            Ok(Self(Some(Arc::new(made))))
        }))
    }
}

impl Setup {
    fn of(rum: Rum, config: &RootConfig, data: &DataDirectory) -> Self {
        let sdk = SdkLocation::find(&rum, config, data);
        Self { script: InitScript::of(&rum), rum, sdk }
    }
}

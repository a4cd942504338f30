//! What browsers get, made once: the plugin serves what the page names.

use std::sync::Arc;

use greenroom::{data_dir::DataDirectory, prelude::*};

use crate::{
    init::InitScript,
    page,
    sdk::SdkLocation,
    settings::{Mode, Rum, Settings},
};

/// `None` where RUM is off.
#[derive(Clone)]
pub(crate) struct Delivery(pub(crate) Option<Arc<Delivered>>);

/// The settings, and what follows of them.
pub(crate) struct Delivered {
    pub(crate) rum: Rum,
    pub(crate) script: InitScript,
    pub(crate) sdk: SdkLocation,
}

impl Service for Delivery {
    const ID: &'static str = "greenroom.rum";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async |config: RootConfig, data: DataDirectory| {
            // Why it is broken, the report on the config has told.
            let Mode::On(rum) = Settings::from_config(&config)?.mode else { return Ok(Self(None)) };
            let made = spawn_blocking("read the SDK", move || Delivered::of(*rum, &config, &data)).await?;
            Ok(Self(Some(Arc::new(made))))
        }))
    }
}

impl Delivered {
    fn of(rum: Rum, config: &RootConfig, data: &DataDirectory) -> Self {
        let sdk = page::source(config, data, &rum);
        Self { script: InitScript::of(&rum), rum, sdk }
    }
}

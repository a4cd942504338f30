//! The configuration as a service.

use greenroom_core::{Service, scope};

use crate::RootConfig;

impl Service for RootConfig {
    const ID: &'static str = "core.rootConfig";
    type Scope = scope::Root;
}

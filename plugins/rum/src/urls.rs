//! Where browsers find what RUM serves: paths from the backend's own on.

/// Where the backend mounts the plugin.
const PLUGIN: &str = "/api/rum";

/// The routes, relative to the plugin.
pub(crate) const SDK_ROUTE: &str = "/sdk";
pub(crate) const INTAKE_ROUTE: &str = "/intake";

/// Where events go when they go through this backend.
pub(crate) const INTAKE: &str = "/api/rum/intake";

/// The script that starts the SDK.
pub(crate) const INIT_FILE: &str = "init.js";
/// The SDK's file that a page names; all others it loads itself.
pub(crate) const SDK_FILE: &str = "datadog-rum.js";

/// The path of a file, which changes with its version.
pub(crate) fn sdk_file(version: &str, file: &str) -> String {
    format!("{PLUGIN}{SDK_ROUTE}/{version}/{file}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_plugins_with_the_route() {
        assert_eq!(INTAKE, [PLUGIN, INTAKE_ROUTE].concat());
        assert_eq!(sdk_file("7.16.2", SDK_FILE), "/api/rum/sdk/7.16.2/datadog-rum.js");
    }
}

//! Where browsers find what RUM serves: paths from the backend's own on.

/// The routes, relative to the plugin.
pub(crate) const SDK_ROUTE: &str = "/sdk";
pub(crate) const INTAKE_ROUTE: &str = "/intake";
pub(crate) const STATUS_ROUTE: &str = "/status";

/// Where a service is told what was counted.
pub(crate) const STATUS: &str = "/api/rum/status";

/// What all files are below.
pub(crate) const SDK_DIRECTORY: &str = "/api/rum/sdk/";

/// Where events go when they go through this backend.
pub(crate) const INTAKE: &str = "/api/rum/intake";

/// The script that starts the SDK.
pub(crate) const INIT_FILE: &str = "init.js";
/// The SDK's file that a page names; all others it loads itself.
pub(crate) const SDK_FILE: &str = "datadog-rum.js";

/// The path of a file, which changes with its version.
pub(crate) fn sdk_file(version: &str, file: &str) -> String {
    format!("{SDK_DIRECTORY}{version}/{file}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the backend mounts the plugin.
    const PLUGIN: &str = "/api/rum";

    #[test]
    fn a_path_is_the_plugins_with_the_route() {
        assert_eq!(INTAKE, [PLUGIN, INTAKE_ROUTE].concat());
        assert_eq!(STATUS, [PLUGIN, STATUS_ROUTE].concat());
        assert_eq!(SDK_DIRECTORY, [PLUGIN, SDK_ROUTE, "/"].concat());
        assert_eq!(sdk_file("7.16.2", SDK_FILE), "/api/rum/sdk/7.16.2/datadog-rum.js");
    }
}

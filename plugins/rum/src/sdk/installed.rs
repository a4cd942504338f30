//! What is installed, and what comes of it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use greenroom::config::{ConfigError, RootConfig};

use super::{
    directory,
    files::Sdk,
    package::{PINNED, Package},
};
use crate::settings::{Mode, SdkSetting, Settings};

/// What is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The SDK's version.
    pub version: &'static str,
    /// Where its files are.
    pub dir: PathBuf,
    /// Whether they have been there before, as they were published.
    pub was_here: bool,
}

impl Installed {
    /// What is there already, all of it as it was published; `None` where it has to be installed.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// assert_eq!(greenroom_plugin_rum::Installed::find(dir.path()), None);
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn find(data_dir: &Path) -> Option<Self> {
        Self::find_package(&PINNED, data_dir)
    }

    pub(super) fn find_package(package: &Package, data_dir: &Path) -> Option<Self> {
        let dir = directory(data_dir, package.version);
        Sdk::pinned(&dir, package).ok()?;
        Some(Self { version: package.version, dir, was_here: true })
    }

    /// A sentence for whoever has asked for it: where it is, and whether a backend with this config serves it, or which key
    /// keeps it from doing so.
    ///
    /// ```
    /// use greenroom::config::RootConfig;
    /// use greenroom_plugin_rum::Installed;
    ///
    /// let installed = Installed { version: "7.16.2", dir: "/srv/rum-sdk/7.16.2".into(), was_here: true };
    /// let config = RootConfig::from_yaml("greenroom: {rum: {mode: off}}").unwrap();
    /// assert_eq!(
    ///     installed.told(&config),
    ///     "Datadog's browser SDK 7.16.2 is already in /srv/rum-sdk/7.16.2; no page loads it, because greenroom.rum.mode is off \
    ///      (mock-config:1:25)"
    /// );
    /// ```
    pub fn told(&self, config: &RootConfig) -> String {
        let already = if self.was_here { "already " } else { "" };
        let dir = self.dir.display();
        let closed = closed_to_others(&self.dir).map(|(above, mode)| {
            format!(". Only the owner of {} gets at it there, because its mode is {mode:o}", above.display())
        });
        let (what, closed) = (self.use_of_it(config), closed.unwrap_or_default());
        format!("Datadog's browser SDK {} is {already}in {dir}; {what}{closed}", self.version)
    }

    /// What a backend with this config does with it.
    fn use_of_it(&self, config: &RootConfig) -> String {
        const MODE: &str = "greenroom.rum.mode";
        const SDK: &str = "greenroom.rum.sdk";
        let unused = |key, why: &str| {
            ConfigError::invalid(config, key, format!("no page loads it, because {key} {why}")).to_string()
        };
        let rum = match Settings::from_config(config).mode {
            Mode::On(rum) => rum,
            Mode::Off if config.has(MODE).unwrap_or(false) => return unused(MODE, "is off"),
            Mode::Off => return unused("app.datadogRum", "has no client token and no application id"),
            Mode::Broken(_) => {
                return "no page loads it before what `config check` says of RUM is mended".to_owned();
            }
        };
        match &rum.sdk {
            SdkSetting::Cdn => unused(SDK, "is cdn"),
            SdkSetting::Path(path) if !self.is_at(&config.beside(path).unwrap_or_else(|| path.into())) => {
                unused(SDK, "names another directory")
            }
            SdkSetting::Auto | SdkSetting::Path(_) => {
                "a backend that is running takes it up by itself, within seconds".to_owned()
            }
        }
    }

    fn is_at(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|path| fs::canonicalize(&self.dir).is_ok_and(|dir| path == dir))
    }
}

/// The data directory or one below it through which nobody but its owner gets at what was installed, and its mode.
fn closed_to_others(dir: &Path) -> Option<(&Path, u32)> {
    let own = dir.ancestors().take(3).filter_map(|dir| {
        let mode = fs::metadata(dir).ok()?.permissions().mode() & 0o777;
        (mode & 0o001 == 0).then_some((dir, mode))
    });
    own.last()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "app: {datadogRum: {clientToken: a, applicationId: b}}\n";

    fn told(dir: &Path, yaml: &str) -> String {
        let installed = Installed { version: "7.16.2", dir: dir.to_owned(), was_here: false };
        installed.told(&RootConfig::from_yaml(yaml).unwrap())
    }

    #[test]
    fn rum_29_who_installs_it_hears_which_key_keeps_pages_from_loading_it() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("rum-sdk/7.16.2");
        fs::create_dir_all(&dir).unwrap();
        let with = |rum: &str| {
            let told = told(&dir, &format!("{KEYS}greenroom: {{rum: {rum}}}"));
            told.split_once("7.16.2; ").unwrap().1.to_owned()
        };
        let served = "a backend that is running takes it up by itself, within seconds";
        assert!(with("{}").starts_with(served));
        assert!(with(&format!("{{sdk: {}}}", dir.display())).starts_with(served), "by its own name");
        for (rum, unused) in [
            ("{sdk: cdn}", "greenroom.rum.sdk is cdn (mock-config:2:24)"),
            ("{sdk: ./sdk}", "greenroom.rum.sdk names another directory (mock-config:2:24)"),
            ("{mode: off}", "greenroom.rum.mode is off (mock-config:2:25)"),
        ] {
            assert!(with(rum).starts_with(&format!("no page loads it, because {unused}")), "{}", with(rum));
        }
        assert!(told(&dir, "").contains("because app.datadogRum has no client token"));
        assert!(with("{consent: maybe}").starts_with("no page loads it before what `config check` says"));
    }

    #[test]
    fn rum_29_who_installs_it_hears_of_a_directory_that_is_closed_to_others() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = root.path().join("data");
        let dir = data_dir.join("rum-sdk/7.16.2");
        fs::create_dir_all(&dir).unwrap();
        let open = |mode| fs::set_permissions(&data_dir, fs::Permissions::from_mode(mode)).unwrap();
        open(0o711);
        assert!(told(&dir, KEYS).ends_with("within seconds"), "what is above is not ours");
        open(0o700);
        let closed =
            format!(". Only the owner of {} gets at it there, because its mode is 700", data_dir.display());
        assert!(told(&dir, KEYS).ends_with(&closed), "{}", told(&dir, KEYS));
    }
}

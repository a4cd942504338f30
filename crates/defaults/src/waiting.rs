//! What of a changed config waits for the next start: what is read at start, and not followed.

use std::sync::{Mutex, PoisonError};

use greenroom_config::{ConfigReader, FollowedKeys, RootConfig};
use greenroom_core::Declarations;

use crate::{Finding, Severity, boot_config::BootConfig};

/// The config that is in force, and who reads it.
pub(crate) struct Waiting {
    declarations: Declarations,
    at_start: RootConfig,
    last: Mutex<RootConfig>,
}

impl Waiting {
    pub(crate) fn new(config: &RootConfig, declarations: &Declarations) -> Self {
        let (at_start, last) = (config.frozen(), Mutex::new(config.frozen()));
        Self { declarations: declarations.clone(), at_start, last }
    }

    /// What there is to say of each key that this change has made another one than it was at start.
    pub(crate) fn changed(&self, config: &RootConfig) -> Vec<Finding> {
        let now = config.frozen();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<String> = vec![];
        let boot = ConfigReader::new(BootConfig::from_config, |_, _| vec![]);
        let declared = self.declarations.of::<ConfigReader>();
        for reader in declared.iter().map(|(_, reader)| &**reader).chain([&boot]) {
            let new = reader.changed(&last, &now);
            let still = if new.is_empty() { vec![] } else { reader.changed(&self.at_start, &now) };
            keys.extend(new.into_iter().filter(|key| still.contains(key)));
        }
        *last = now;
        let followed = self.declarations.of::<FollowedKeys>();
        keys.retain(|key| !followed.iter().any(|(_, followed)| followed.contains(key)));
        let waits = |(index, key): (usize, &String)| {
            let text = format!("'{key}' was changed, which takes effect at the next start");
            let is_new = !keys[..index].contains(key);
            is_new.then(|| Finding::at(Severity::Remark, &last, key, text))
        };
        keys.iter().enumerate().filter_map(waits).collect()
    }
}

#[cfg(test)]
mod tests {
    use greenroom_data_dir::DataDirEnvironment;
    use greenroom_http_client::ClientEnvironment;
    use greenroom_logging::LogEnvironment;

    use super::*;
    use crate::{ConfigFrom, Surroundings, create_backend_in};

    fn told(before: &str, after: &str) -> Vec<String> {
        let [before, after] = [before, after].map(|yaml| RootConfig::from_yaml(yaml).unwrap());
        let (log, state) = (LogEnvironment::default(), DataDirEnvironment::default());
        let config = ConfigFrom::Loaded(before.clone());
        let backend = create_backend_in(Surroundings {
            config,
            log,
            state,
            calls: ClientEnvironment::default(),
            is_process: false,
            found: vec![],
        });
        let found = Waiting::new(&before, &backend.declarations()).changed(&after);
        found.into_iter().filter_map(|found| found.key).collect()
    }

    #[test]
    fn what_is_read_at_start_waits_and_what_is_followed_does_not() {
        for (before, after, keys) in [
            ("{}", "backend: {logger: {level: debug, overrides: [], redactAllowlist: [x]}}", &[][..]),
            ("backend: {logger: {level: debug}}", "{}", &[]),
            ("{}", "backend: {logger: {meta: {a: b}}}", &["backend.logger.meta"]),
            (
                "backend: {https: {certificate: {cert: a, key: b}}}",
                "backend: {https: {certificate: {cert: c, key: d}}}",
                &[],
            ),
            (
                "backend: {https: {certificate: {cert: a, key: b}}}",
                "backend: {https: true}",
                &["backend.https"],
            ),
            ("backend: {listen: ':7007'}", "backend: {listen: {port: 7008}}", &["backend.listen"]),
            ("backend: {listen: {port: 7007}}", "backend: {listen: {port: 7008}}", &["backend.listen.port"]),
            (
                "{}",
                "greenroom: {deadlines: {tasks: 1s}, startup: {onFailure: serve}}",
                &["greenroom.deadlines.tasks", "greenroom.startup.onFailure"],
            ),
            (
                "{}",
                "backend: {csp: {img-src: [x], font-src: [y]}}",
                &["backend.csp.img-src", "backend.csp.font-src"],
            ),
            ("{}", "backend: {rateLimit: true, cache: {store: redis}}", &["backend.rateLimit"]),
            ("catalog: {rules: []}", "catalog: {rules: [x]}\napp: {title: x}", &[]),
        ] {
            assert_eq!(told(before, after), keys, "{before} -> {after}");
        }
    }

    #[test]
    fn what_is_again_as_it_was_at_start_takes_effect() {
        let [start, other] =
            ["{}", "greenroom: {dataDir: x}"].map(|yaml| RootConfig::from_yaml(yaml).unwrap());
        let (log, state) = (LogEnvironment::default(), DataDirEnvironment::default());
        let config = ConfigFrom::Loaded(start.clone());
        let backend = create_backend_in(Surroundings {
            config,
            log,
            state,
            calls: ClientEnvironment::default(),
            is_process: false,
            found: vec![],
        });
        let waiting = Waiting::new(&start, &backend.declarations());
        assert_eq!(waiting.changed(&other).len(), 1);
        assert_eq!(waiting.changed(&other).len(), 0, "it is told once");
        assert_eq!(waiting.changed(&start).len(), 0);
    }
}

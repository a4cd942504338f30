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
        // One reader asks whether a section is there, another one reads what is in it, and says it all.
        let all = keys.clone();
        keys.retain(|key| !all.iter().any(|other| is_below(other, key)));
        let waits = |(index, key): (usize, &String)| {
            let text = format!("'{key}' was changed, which takes effect at the next start");
            let is_new = !keys[..index].contains(key);
            is_new.then(|| Finding::at(Severity::Remark, &last, key, text))
        };
        keys.iter().enumerate().filter_map(waits).collect()
    }
}

fn is_below(key: &str, above: &str) -> bool {
    key.strip_prefix(above).is_some_and(|rest| rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use greenroom_config::DeclareConfig;
    use greenroom_core::{Backend, plugin};
    use greenroom_data_dir::DataDirEnvironment;
    use greenroom_http_client::ClientEnvironment;
    use greenroom_logging::LogEnvironment;

    use super::*;
    use crate::{ConfigFrom, Surroundings, create_backend_in};

    fn backend(config: &RootConfig) -> Backend {
        let (log, state) = (LogEnvironment::default(), DataDirEnvironment::default());
        let (config, calls) = (ConfigFrom::Loaded(config.clone()), ClientEnvironment::default());
        let (telemetry, ops, found) = Default::default();
        create_backend_in(Surroundings {
            config,
            log,
            state,
            calls,
            telemetry,
            ops,
            is_process: false,
            found,
        })
    }

    fn told_by(add: impl Fn(Backend) -> Backend, before: &str, after: &str) -> Vec<String> {
        let [before, after] = [before, after].map(|yaml| RootConfig::from_yaml(yaml).unwrap());
        let found = Waiting::new(&before, &add(backend(&before)).declarations()).changed(&after);
        found.into_iter().filter_map(|found| found.key).collect()
    }

    fn told(before: &str, after: &str) -> Vec<String> {
        told_by(|backend| backend, before, after)
    }

    #[test]
    fn of_a_section_and_what_is_read_of_it_the_latter_is_told() {
        let reader = |id: &str| plugin(id, |env| env.register_init(async || Ok(())));
        let add = |backend: Backend| {
            let asks = reader("asks").reads(|config: &RootConfig| config.has("mail"));
            backend
                .add(asks)
                .add(reader("reads").reads(|config: &RootConfig| config.optional_string("mail.from")))
        };
        assert_eq!(told_by(add, "{}", "mail: {from: me}"), ["mail.from"]);
        assert_eq!(told_by(add, "{}", "mail: {to: you}\nmailbox: {from: me}"), ["mail"]);
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
        let waiting = Waiting::new(&start, &backend(&start).declarations());
        assert_eq!(waiting.changed(&other).len(), 1);
        assert_eq!(waiting.changed(&other).len(), 0, "it is told once");
        assert_eq!(waiting.changed(&start).len(), 0);
    }
}

//! Loggers that are not ours.

use std::sync::{Arc, Mutex};

use greenroom_logging::{Fields, Level, Logger, LoggerService, Record, fields, info, warn};

#[derive(Clone, Default)]
struct Mock(Arc<Mutex<Vec<String>>>, Fields);

impl LoggerService for Mock {
    fn enabled(&self, level: Level, _: &[&str]) -> bool {
        level <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        let keys: Vec<&str> = self.1.keys().chain(record.fields().iter().map(|f| f.key())).collect();
        let place = record.location().unwrap().file().rsplit('/').next().unwrap();
        self.0.lock().unwrap().push(format!("{} {} {keys:?} {place}", record.level(), record.message()));
    }

    fn child(&self, fields: Fields) -> Logger {
        let mut own = self.1.clone();
        own.extend(fields);
        Logger::new(Self(self.0.clone(), own))
    }
}

#[test]
fn a_logger_may_be_replaced() {
    let mock = Mock::default();
    let log = Logger::new(mock.clone());
    log.debug("dropped");
    log.info("plain");
    let child = log.child(fields! { task: 1 });
    info!(child, a = 1, "with {}", "fields");
    warn!(log, "w");
    assert_eq!(
        *mock.0.lock().unwrap(),
        ["info plain [] mock.rs", "info with fields [\"task\", \"a\"] mock.rs", "warn w [] mock.rs"]
    );
}

#[test]
fn a_logger_for_nothing_formats_nothing() {
    struct Never;
    impl std::fmt::Display for Never {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("formatted")
        }
    }
    let log = Logger::noop();
    info!(log, a = Never, "{}", Never);
    log.child(fields! { a: 1 }).error(Never);
}

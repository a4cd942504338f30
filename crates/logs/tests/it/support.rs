//! Logs that are read at once.

use greenroom_logs::{Filter, Logs, Settings, View};

/// What is shown of a log.
pub(crate) fn shown(settings: Settings, log: &[u8]) -> String {
    String::from_utf8(bytes(settings, log)).unwrap()
}

pub(crate) fn bytes(settings: Settings, log: &[u8]) -> Vec<u8> {
    let mut logs = Logs::new(settings, Vec::new());
    logs.push(log).unwrap();
    logs.finish().unwrap();
    logs.into_inner()
}

pub(crate) fn raw(filter: &str) -> Settings {
    Settings { filter: filter.parse::<Filter>().unwrap(), view: View::Raw, ..Settings::default() }
}

/// The messages of what a filter lets through.
pub(crate) fn messages(filter: &str, log: &[u8]) -> Vec<String> {
    let view = View::Json { fields: Some(vec!["message".to_owned()]) };
    let text = shown(Settings { view, ..raw(filter) }, log);
    text.lines().map(|line| line[12..line.len() - 2].to_owned()).collect()
}

//! A logger whose lines are kept, in one of the formats.

use greenroom_logging::{CaptureSink, Format, RootLogger, RootLoggerBuilder};

pub(crate) struct Fixture {
    pub(crate) root: RootLogger,
    pub(crate) lines: CaptureSink,
}

impl Fixture {
    pub(crate) fn new(format: Format) -> Self {
        Self::with(format, |builder| builder)
    }

    pub(crate) fn with(format: Format, change: impl FnOnce(RootLoggerBuilder) -> RootLoggerBuilder) -> Self {
        let lines = CaptureSink::new();
        let root = change(RootLogger::builder().format(format).sink(lines.clone())).build();
        Self { root, lines }
    }

    /// The only line since the last call, its time masked.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        let mut lines = self.all();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }

    /// All lines since the last call, their times masked.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lines.take().into_iter().map(|line| mask(&line)).collect()
    }
}

/// Replaces times by `<ts>`, and what follows the first line of a stack by nothing.
pub(crate) fn mask(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("\\n    at ") {
        out.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        rest = &rest[rest.find('"').unwrap_or(rest.len())..];
    }
    out.push_str(rest);
    let is_time = |at: usize| {
        let text = &out.as_bytes()[at..];
        text.len() >= 24 && text[4] == b'-' && text[10] == b'T' && text[19] == b'.' && text[23] == b'Z'
    };
    match (0..out.len()).find(|&at| is_time(at)) {
        Some(at) => format!("{}<ts>{}", &out[..at], &out[at + 24..]),
        None => out,
    }
}

/// Runs a check under `node`, also as it was in 1.55, and under `backstage`. Expected lines are those of 1.55: the
/// others differ by the timestamp alone.
pub(crate) fn both(
    check: impl Fn(&dyn Fn(fn(RootLoggerBuilder) -> RootLoggerBuilder) -> Fixture, &dyn Fn(&str) -> String),
) {
    check(&|change| Fixture::with(Format::Node155Json, change), &str::to_owned);
    for format in [Format::NodeJson, Format::Backstage] {
        check(&|change| Fixture::with(format, change), &|line| {
            // Keys are sorted, so that the timestamp has one place.
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let mut sorted: Vec<_> = value.as_object().unwrap().clone().into_iter().collect();
            if !sorted.iter().any(|(key, _)| key == "timestamp") {
                sorted.push(("timestamp".into(), "<ts>".into()));
            }
            sorted.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            serde_json::Value::Object(sorted.into_iter().collect()).to_string()
        });
    }
}

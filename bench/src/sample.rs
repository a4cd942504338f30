//! What the log figures log: one line, the same on every side but for its time; and secrets that no line holds.

use greenroom_logging::{Logger, RootLogger, fields, info};

/// The line as the Node backend writes it.
pub const NODE_LINE: &str = concat!(
    r#"{"attempt":1,"entities":250,"level":"info","message":"Refreshed","plugin":"catalog","#,
    r#""provider":"github","service":"backstage","task":"refresh"}"#,
    "\n"
);

/// The line as Greenroom writes it by default: with its time.
pub const LINE: &str = concat!(
    r#"{"attempt":1,"entities":250,"level":"info","message":"Refreshed","plugin":"catalog","#,
    r#""provider":"github","service":"backstage","task":"refresh","timestamp":"2026-01-01T00:00:00.000Z"}"#,
    "\n"
);

/// The logger of the line.
pub fn child(root: &RootLogger) -> Logger {
    root.plugin("catalog").child(fields! { task: "refresh" })
}

/// Logs the line.
pub fn log(child: &Logger) {
    info!(child, attempt = 1, entities = 250, provider = "github", "Refreshed");
}

/// So many secrets.
pub fn secrets(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|index| format!("{index:02}-b3nchm4rk-s3cr3t-{:08x}", index * 2_654_435_761))
}

/// A line without its time, to compare sides.
pub fn timeless(line: &str) -> String {
    const KEY: &str = r#","timestamp":""#;
    let Some((before, time)) = line.split_once(KEY) else { return line.to_owned() };
    let after = time.split_once('"').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

#[cfg(test)]
mod tests {
    use greenroom_logging::{CaptureSink, Format};

    use super::*;

    #[test]
    fn the_line_is_what_the_logger_writes() {
        for (format, expected) in [(Format::Node155Json, NODE_LINE), (Format::Backstage, LINE)] {
            let lines = CaptureSink::new();
            let root = RootLogger::builder().format(format).secrets(secrets(50)).sink(lines.clone()).build();
            log(&child(&root));
            let line = format!("{}\n", lines.take().join("\n"));
            assert_eq!(line.len(), expected.len());
            assert_eq!(timeless(&line), timeless(expected));
        }
        assert_eq!(timeless(LINE), NODE_LINE);
    }
}

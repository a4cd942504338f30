//! What a run's log holds beside access lines.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use serde_json::Value;

/// The lines of a log, counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    pub(crate) access_lines: u64,
    /// Warnings and errors, by their level and the beginning of their message.
    pub(crate) told: BTreeMap<String, u64>,
    /// The first lines that tell of a panic.
    pub(crate) panics: Vec<String>,
}

impl Counts {
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(log: &Path) -> io::Result<Self> {
        let mut counts = Self::default();
        for line in BufReader::new(File::open(log)?).split(b'\n') {
            let line = line?;
            counts.lines += 1;
            counts.note(&String::from_utf8_lossy(&line));
        }
        Ok(counts)
    }

    fn note(&mut self, line: &str) {
        if line.contains("panicked") && self.panics.len() < 5 {
            self.panics.push(line.to_owned());
        }
        let Ok(record) = serde_json::from_str::<Value>(line) else { return };
        if record["type"] == "incomingRequest" {
            self.access_lines += 1;
            return;
        }
        if let (Some(level @ ("warn" | "error")), Some(message)) =
            (record["level"].as_str(), record["message"].as_str())
        {
            // Numbers, as of ports and processes, would make each message another one.
            let message: String = message.chars().filter(|char| !char.is_ascii_digit()).take(110).collect();
            *self.told.entry(format!("{level}: {message}")).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn access_lines_warnings_and_panics_are_told_apart() {
        let mut counts = Counts::default();
        for line in [
            r#"{"type":"incomingRequest","level":"info","message":"x"}"#,
            r#"{"level":"warn","message":"port 1"}"#,
            r#"{"level":"warn","message":"port 2"}"#,
            r#"{"level":"info","message":"y"}"#,
            "thread 'main' panicked at",
        ] {
            counts.note(line);
        }
        assert_eq!(counts.access_lines, 1);
        assert_eq!(counts.told.into_iter().collect::<Vec<_>>(), [("warn: port ".to_owned(), 2)]);
        assert_eq!(counts.panics.len(), 1);
    }
}

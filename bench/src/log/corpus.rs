//! Lines as a Node backend prints them.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file of lines.
pub(super) struct Corpus {
    pub(super) path: PathBuf,
}

/// The first line of a file, and the last one.
pub(super) const FIRST: &str =
    r#"{"level":"info","message":"the first line","plugin":"catalog","service":"backstage"}"#;
pub(super) const LAST: &str =
    r#"{"level":"info","message":"the last line","plugin":"catalog","service":"backstage"}"#;

/// How large the file is that is filtered.
const LARGE: u64 = 1_000_000_000;

const PLUGINS: [&str; 5] = ["catalog", "auth", "scaffolder", "techdocs", "search"];

impl Corpus {
    /// Writes so many lines between the first one and the last one.
    pub(super) fn write(path: &Path, lines: usize) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        writeln!(file, "{FIRST}")?;
        for number in 0..lines {
            writeln!(file, "{}", line(number))?;
        }
        writeln!(file, "{LAST}")?;
        file.into_inner()?.sync_all()?;
        Ok(Self { path: path.to_owned() })
    }

    /// The same again and again, until that is large.
    pub(super) fn repeat(&self, path: &Path) -> io::Result<PathBuf> {
        let lines = fs::read(&self.path)?;
        let mut file = File::create(path)?;
        let mut written = 0;
        while written < LARGE {
            file.write_all(&lines)?;
            written += lines.len() as u64;
        }
        file.sync_all()?;
        Ok(path.to_owned())
    }
}

/// A line of a kind that is as frequent as in a backend at work.
fn line(number: usize) -> String {
    let plugin = PLUGINS[number % PLUGINS.len()];
    let time =
        format!("2026-11-30T10:{:02}:{:02}.{:03}Z", number / 60_000 % 60, number / 1000 % 60, number % 1000);
    match number % 100 {
        0 => format!(
            r#"{{"level":"error","message":"Failed to process location-{number}, fetch failed","plugin":"{plugin}","service":"backstage","stack":"Error: fetch failed\n    at fetchEntities (/app/node_modules/@backstage/plugin-catalog-backend/dist/index.cjs.js:412:13)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)","timestamp":"{time}"}}"#
        ),
        1..20 => format!(
            r#"{{"entities":{number},"level":"info","message":"Committed {number} entities","plugin":"{plugin}","service":"backstage","task":"github-provider:default:refresh","timestamp":"{time}"}}"#
        ),
        _ => format!(
            r#"{{"contentLength":2048,"httpVersion":"1.1","level":"info","message":"\"GET /api/{plugin}/entities/by-name/component/default/svc-{number} HTTP/1.1\" 200 2048 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"","method":"GET","plugin":"rootHttpRouter","referrer":"-","service":"rootHttpRouter","status":200,"timestamp":"{time}","type":"incomingRequest","url":"/api/{plugin}/entities/by-name/component/default/svc-{number}","userAgent":"Mozilla/5.0 (X11; Linux x86_64)"}}"#
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_json_and_one_of_a_hundred_an_error() {
        let all: Vec<serde_json::Value> =
            (0..1000).map(|number| serde_json::from_str(&line(number)).unwrap()).collect();
        assert_eq!(all.iter().filter(|line| line["level"] == "error").count(), 10);
        assert_eq!(all.iter().filter(|line| line["type"] == "incomingRequest").count(), 800);
    }
}

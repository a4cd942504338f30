//! Recorded and live log output: lines of JSON, plain lines, and what Node prints when it crashes.
//!
//! [`compare`] pairs the lines of two logs in order and lists what is missing, unexpected or different.

mod compare;
mod line;

pub use compare::compare;
pub use line::Line;

/// How the live backend writes its log (`greenroom.logger.format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As Node: the same fields in the same order, and no other.
    Node,
    /// Node's fields, and others beside them (`timestamp`, `requestId`…).
    Backstage,
}

/// The output of a backend.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// What it printed, without blank lines, lines about our own polling, and Node's raw `Loading config from`, which
    /// Greenroom sends through the logger.
    pub lines: Vec<Line>,
    /// Its exit code, where a recording tells; negative for a signal.
    pub exit: Option<i32>,
}

impl Log {
    /// Reads output; the last line of a recording tells the exit code.
    pub fn parse(output: &str) -> Self {
        let mut lines = Vec::new();
        let mut exit = None;
        let mut rest = output.lines();
        while let Some(line) = rest.next() {
            if let Some(code) = line.strip_prefix("# exit: returncode=") {
                exit = code.parse().ok();
            } else if line::begins_crash(line) {
                lines.push(Line::Crash(line::read_crash(&mut rest)));
            } else {
                let line = Line::parse(line);
                if !line.is_noise() {
                    lines.push(line);
                }
            }
        }
        Self { lines, exit }
    }

    /// Leaves out the lengths of answers: in development they hold stacks.
    pub fn forget_lengths(&mut self) {
        self.lines.iter_mut().for_each(Line::forget_length);
    }
}

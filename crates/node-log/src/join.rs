//! Which lines are one record.
//!
//! A line alone says what it can begin ([`Shape::of`]); a record that has begun says whether the next line belongs to it.

use crate::{Limits, development, warning};

/// What a record is made of, as far as its lines tell while they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Line ends only.
    Blank,
    /// An object on one line, with `level` and `message`.
    Json,
    Development,
    Warning,
    V8,
    /// `/app/x.js:12`: perhaps an uncaught error, if the line after the next is a caret.
    Place,
    Uncaught,
    Text,
}

/// What a record says of the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Mine,
    /// It is the last one.
    Last,
    NotMine,
    /// The record is no [`Shape::Place`]: its lines must be looked at again.
    Mistaken,
}

impl Shape {
    pub(crate) fn of(line: &[u8]) -> Self {
        let line = line.trim_ascii_end();
        match line.first() {
            None => Self::Blank,
            Some(b'{') if is_json(line) => Self::Json,
            Some(b'\x1b' | b'0'..=b'9') if development::Prefix::of(line).is_some() => Self::Development,
            Some(b'(') if warning::begins(line) => Self::Warning,
            Some(b'<' | b'F' | b'#' | b'-' | b' ') if begins_v8(line) => Self::V8,
            Some(_) if is_place(line) => Self::Place,
            Some(_) => Self::Text,
        }
    }

    /// Whether nothing can follow.
    pub(crate) const fn is_whole(self) -> bool {
        matches!(self, Self::Json)
    }

    /// Whether the process ends with it.
    pub(crate) const fn is_dying(self) -> bool {
        matches!(self, Self::V8 | Self::Uncaught)
    }
}

/// The lines of a record that has begun.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) shape: Shape,
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
    /// All up to the first line that says something.
    first: usize,
    /// Lines after a place.
    after_place: usize,
    /// Bytes that the limit does not count: the line of a bundle in which an error was thrown may be long.
    free: usize,
    /// Whether the logger's line, in colour, has not come to its end: a message of several lines.
    open: bool,
    /// Whether the lines name the modules that have asked for one which is not there.
    requires: bool,
}

impl Group {
    pub(crate) fn begin(line: &[u8], shape: Shape) -> Self {
        let open = shape == Shape::Development && development::opens(line);
        let (first, requires) = (line.len(), begins_require_stack(line));
        Self { shape, lines: 1, bytes: first, first, after_place: 0, free: 0, open, requires }
    }

    /// The record that began with a place and is none: its first line alone, as text.
    pub(crate) fn mistaken(&self) -> Self {
        Self {
            shape: Shape::Text,
            lines: 1,
            bytes: self.first,
            first: self.first,
            after_place: 0,
            free: 0,
            open: false,
            requires: false,
        }
    }

    /// Whether the record may have one more line.
    pub(crate) fn has_room(&self, limits: &Limits) -> bool {
        self.shape == Shape::Place
            || (self.lines < limits.record_lines && self.bytes - self.free < limits.record_bytes)
    }

    /// Takes the next line if it belongs to the record.
    pub(crate) fn next(&mut self, line: &[u8], shape: Shape) -> Next {
        let next = self.judge(line, shape);
        if matches!(next, Next::Mine | Next::Last) {
            if self.shape == Shape::Blank && shape != Shape::Blank {
                self.shape = shape;
                self.first = self.bytes + line.len();
            }
            self.lines += 1;
            self.bytes += line.len();
        }
        next
    }

    fn judge(&mut self, line: &[u8], shape: Shape) -> Next {
        let mine = |yes| if yes { Next::Mine } else { Next::NotMine };
        if matches!(shape, Shape::Json | Shape::Development) {
            return if self.shape == Shape::Place { Next::Mistaken } else { Next::NotMine };
        }
        let is_required = begins_require_stack(line) || self.requires && line.starts_with(b"- ");
        self.requires = is_required;
        match self.shape {
            Shape::Json => Next::NotMine,
            Shape::Blank | Shape::V8 => Next::Mine,
            Shape::Place => {
                self.after_place += 1;
                if self.after_place == 1 {
                    return Next::Mine;
                }
                if !is_caret(line) {
                    return Next::Mistaken;
                }
                self.shape = Shape::Uncaught;
                self.free = self.bytes;
                Next::Mine
            }
            Shape::Uncaught if shape == Shape::V8 => Next::NotMine,
            Shape::Uncaught if line.starts_with(b"Node.js v") => Next::Last,
            Shape::Uncaught => Next::Mine,
            Shape::Development if self.open => {
                let ours = !matches!(shape, Shape::Warning | Shape::V8);
                self.open = ours && development::is_open(line);
                mine(ours)
            }
            Shape::Development | Shape::Warning | Shape::Text if is_required => Next::Mine,
            Shape::Development => mine(shape == Shape::Blank || begins_with_blank(line)),
            Shape::Warning => mine(goes_on(line) || line.starts_with(b"(Use `node ")),
            Shape::Text => mine(goes_on(line)),
        }
    }
}

fn begins_with_blank(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// Whether the line is one that goes on with what an earlier one began: more of a stack, of an object, of a list.
fn goes_on(line: &[u8]) -> bool {
    match line.first() {
        None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'}' | b']' | b')') => true,
        Some(b'a') => line.starts_with(b"at "),
        Some(b'[') => line.starts_with(b"[cause]"),
        _ => false,
    }
}

/// Whether the line is Node's that says which modules have asked for one that is not there: `- /app/index.js` in each line behind it.
fn begins_require_stack(line: &[u8]) -> bool {
    line.starts_with(b"Require stack:") && line.trim_ascii_end() == b"Require stack:"
}

/// Whether the line may be an object of the logger: that is known only when it is read.
fn is_json(line: &[u8]) -> bool {
    line.ends_with(b"}") && memchr::memmem::find(line, b"\"level\"").is_some()
}

fn begins_v8(line: &[u8]) -> bool {
    line.starts_with(b"<--- Last few GCs --->")
        || line.starts_with(b"<--- JS stacktrace --->")
        || line.starts_with(b"FATAL ERROR: ")
        || line.starts_with(b"# Fatal error in ")
        || line.starts_with(b"# Fatal JavaScript ")
        || line.starts_with(b"----- Native stack trace -----")
        || line.starts_with(b"  #  ")
}

/// The longest path that systems have.
const LONGEST_PLACE: usize = 4096;

/// Whether the line is a file and the number of a line in it, and nothing else.
fn is_place(line: &[u8]) -> bool {
    let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(file) = line[..line.len() - digits].strip_suffix(b":") else { return false };
    digits > 0
        && line.len() <= LONGEST_PLACE
        && (file.starts_with(b"/")
            || file.starts_with(b"file:///")
            || file.starts_with(b"node:")
            || file.starts_with(b"[eval")
            || file.starts_with(b"[stdin]")
            || file.starts_with(b"evalmachine.")
            || file.starts_with(b"webpack")
            || matches!(file, [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic()))
}

/// Whether the line points at a place in the line above it.
fn is_caret(line: &[u8]) -> bool {
    let mark = line.trim_ascii();
    !mark.is_empty() && mark.iter().all(|&byte| byte == b'^')
}

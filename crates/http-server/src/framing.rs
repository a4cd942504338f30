//! Where messages begin and end, for the few things that hyper is lenient about.
//!
//! Two parsers that read the same bytes in two ways let a request be smuggled past the first one. So what follows
//! the grammar of RFC 9112 to the letter passes on to hyper, and everything else is a 400: a line that ends without
//! a carriage return, a length beside `Transfer-Encoding`, a length or a host that is given twice, a coding that is not
//! `chunked`, a chunk that is not framed. What passes has one reading only, so that hyper's boundaries are these.
//!
//! A line passes on once it is whole. Nothing is decided here but that, how long a head may be, and what of a target hyper
//! would not take: no number of headers, no name or value that does not frame a message.

mod head;
mod lines;
mod target;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;

use std::mem;

use self::head::{Announced, BESIDE, Head};

/// The bytes of chunk extensions in a message, and those of its trailers, are fewer, as in hyper.
const EXTRAS: usize = 16 * 1024;

/// Follows the messages of one connection.
#[derive(Debug)]
pub(crate) struct Framing {
    at: At,
    /// The beginning of a line whose end has not come yet; or a line that has to be handed out.
    line: Vec<u8>,
    head: Head,
    /// Bytes of chunk extensions, or of trailers.
    extras: usize,
    /// A head has fewer bytes than this.
    limit: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Between two messages.
    #[default]
    Start,
    /// In a line of a header, the request line included.
    Head,
    /// In a body of known length.
    Sized(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    /// After a request with `Upgrade`: whether the next bytes are HTTP depends on its answer.
    Undecided,
    /// A line was malformed: nothing behind it is read.
    Malformed,
}

/// What became of bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Followed {
    /// How many of them are in order as they stand.
    pub(crate) good: usize,
    /// How many were looked at: these, and the beginning of a line, which is kept.
    pub(crate) count: usize,
    /// What comes then.
    pub(crate) seen: Seen,
}

/// What comes behind the bytes that are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing that could be handed out.
    All,
    /// [A line](Framing::take_line) that is not as it stood in the last bytes.
    Line,
    /// What waits for the answer to an upgrade.
    Undecided,
    /// A line of a header that is malformed.
    BadHead,
    /// A header that is too large.
    LargeHead,
    /// A line of a body that is malformed, or what came after a refusal.
    BadBody,
}

/// Why a message cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Malformed,
    TooLarge,
}

/// One step through bytes.
enum Step {
    /// Over so many.
    On(usize),
    /// To their end, where a line has not ended.
    Kept,
    /// Over so many, in place of which there is a line.
    Line(usize),
}

impl Framing {
    /// Lets heads pass that have fewer bytes than this, as Node counts them.
    pub(crate) fn new(limit: usize) -> Self {
        Self { at: At::Start, line: Vec::new(), head: Head::default(), extras: 0, limit }
    }

    /// No head that passes is longer than this: each byte of a target may become three.
    pub(crate) fn longest_head(limit: usize) -> usize {
        limit.saturating_mul(3).saturating_add(BESIDE)
    }

    /// Whether the beginning of a message has come and its header has not ended.
    pub(crate) fn is_in_head(&self) -> bool {
        self.at == At::Head
    }

    /// Whether a body has begun and not ended.
    pub(crate) fn is_in_body(&self) -> bool {
        matches!(self.at, At::Sized(_) | At::ChunkSize | At::ChunkData(_) | At::ChunkEnd | At::Trailer)
    }

    /// The answer to an upgrade was to stay with HTTP.
    pub(crate) fn stay(&mut self) {
        if self.at == At::Undecided {
            self.at = At::Start;
        }
    }

    /// Whether the answer to an upgrade is awaited.
    pub(crate) fn is_undecided(&self) -> bool {
        self.at == At::Undecided
    }

    /// Whether a line was malformed: nothing that follows it is read.
    pub(crate) fn is_malformed(&self) -> bool {
        self.at == At::Malformed
    }

    /// The line that has to be handed out, or the beginning that was kept of one.
    pub(crate) fn take_line(&mut self) -> Vec<u8> {
        mem::take(&mut self.line)
    }

    /// Follows these bytes, which come after all that were followed before, as far as they can be handed out as they stand.
    pub(crate) fn follow(&mut self, bytes: &[u8]) -> Followed {
        let mut good = 0;
        let ends = |good, count, seen| Followed { good, count, seen };
        while good < bytes.len() {
            let rest = &bytes[good..];
            let step = match self.at {
                At::Undecided => return ends(good, good, Seen::Undecided),
                At::Start => Ok(self.start(rest)),
                At::Sized(left) => Ok(self.skip(rest, left, At::Sized, Self::after_message)),
                At::ChunkData(left) => Ok(self.skip(rest, left, At::ChunkData, |_| At::ChunkEnd)),
                At::Head | At::ChunkSize | At::ChunkEnd | At::Trailer => self.line(rest),
                At::Malformed => Err(Fault::Malformed),
            };
            match step {
                Ok(Step::On(count)) => good += count,
                Ok(Step::Kept) => return ends(good, bytes.len(), Seen::All),
                Ok(Step::Line(count)) => return ends(good, good + count, Seen::Line),
                Err(fault) => {
                    let seen = match (mem::replace(&mut self.at, At::Malformed), fault) {
                        (At::Head, Fault::Malformed) => Seen::BadHead,
                        (At::Head, Fault::TooLarge) => Seen::LargeHead,
                        _ => Seen::BadBody,
                    };
                    return ends(good, bytes.len(), seen);
                }
            }
        }
        ends(good, good, Seen::All)
    }

    /// Empty lines in front of a request are ignored, as hyper and Node do.
    fn start(&mut self, bytes: &[u8]) -> Step {
        let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if empty < bytes.len() {
            (self.at, self.head, self.extras) = (At::Head, Head::default(), 0);
        }
        Step::On(empty)
    }

    fn skip(&mut self, bytes: &[u8], left: u64, more: fn(u64) -> At, end: fn(&Self) -> At) -> Step {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - count as u64;
        self.at = if left == 0 { end(self) } else { more(left) };
        Step::On(count)
    }

    fn after_message(&self) -> At {
        if self.head.asks_to_leave_http() { At::Undecided } else { At::Start }
    }

    /// Follows a line, or the beginning of one.
    fn line(&mut self, bytes: &[u8]) -> Result<Step, Fault> {
        let end = memchr::memchr(b'\n', bytes);
        let length = self.line.len() + end.unwrap_or(bytes.len());
        if length > self.room() {
            return Err(Fault::TooLarge);
        }
        let Some(end) = end else {
            self.line.extend_from_slice(bytes);
            return Ok(Step::Kept);
        };
        if self.line.is_empty() {
            let line = &bytes[..end];
            if !self.ended(line)? {
                return Ok(Step::On(end + 1));
            }
            self.line = encoded(line);
        } else {
            let mut line = self.take_line();
            line.extend_from_slice(&bytes[..=end]);
            self.line = if self.ended(&line[..length])? { encoded(&line[..length]) } else { line };
        }
        Ok(Step::Line(end + 1))
    }

    /// How long a line may be here, with its carriage return.
    fn room(&self) -> usize {
        1 + match self.at {
            At::Head => self.head.room(self.limit),
            At::ChunkEnd => 0,
            _ => EXTRAS + lines::MOST_SIZE_DIGITS,
        }
    }

    /// A line without its line feed. Whether it has to be [encoded].
    fn ended(&mut self, line: &[u8]) -> Result<bool, Fault> {
        let Some((b'\r', line)) = line.split_last() else { return Err(Fault::Malformed) };
        self.at = match self.at {
            At::Head if line.is_empty() => match self.head.announced()? {
                Announced::Nothing => self.after_message(),
                Announced::Sized(length) => At::Sized(length),
                Announced::Chunked => At::ChunkSize,
            },
            At::Head => return self.head.line(line, self.limit),
            At::ChunkSize => {
                let (size, extensions) = lines::chunk_size(line).ok_or(Fault::Malformed)?;
                self.count_extras(extensions)?;
                if size == 0 {
                    self.extras = 0;
                    At::Trailer
                } else {
                    At::ChunkData(size)
                }
            }
            At::ChunkEnd if line.is_empty() => At::ChunkSize,
            At::Trailer if line.is_empty() => self.after_message(),
            At::Trailer if lines::is_trailer(line) => {
                self.count_extras(line.len() + 2)?;
                At::Trailer
            }
            _ => return Err(Fault::Malformed),
        };
        Ok(false)
    }

    fn count_extras(&mut self, count: usize) -> Result<(), Fault> {
        self.extras += count;
        if self.extras < EXTRAS { Ok(()) } else { Err(Fault::TooLarge) }
    }
}

/// A request line, which ends in a carriage return, as hyper takes it.
#[cold]
fn encoded(line: &[u8]) -> Vec<u8> {
    target::encoded(line.strip_suffix(b"\r").unwrap_or(line))
}

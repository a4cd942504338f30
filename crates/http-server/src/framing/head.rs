//! What the head of a request says of its own length, of its message's end, and what may stand in it only once.

use super::{Fault, lines::value_of, target};

/// So many bytes of line ends, colons and blanks may stand beside what is counted: as many as 4096 fields have.
pub(super) const BESIDE: usize = 16 * 1024;

/// The head that is being followed.
#[derive(Debug, Default)]
pub(super) struct Head {
    has_request_line: bool,
    is_http_10: bool,
    has_host: bool,
    length: Option<u64>,
    is_chunked: bool,
    asks_to_leave_http: bool,
    /// The bytes of the target, of names and of values, as Node counts them.
    counted: usize,
    /// All bytes of its lines.
    bytes: usize,
}

/// The body that a head announces.
pub(super) enum Announced {
    Nothing,
    Sized(u64),
    Chunked,
}

impl Head {
    /// How long its next line may be.
    pub(super) fn room(&self, limit: usize) -> usize {
        (limit + BESIDE).saturating_sub(self.bytes)
    }

    /// Takes a line, which has no end any more and is not empty. Whether it is a request line of which something has to be
    /// encoded.
    pub(super) fn line(&mut self, line: &[u8], limit: usize) -> Result<bool, Fault> {
        self.bytes += line.len() + 2;
        let (counted, is_raw) = match self.has_request_line {
            true => {
                self.field(line)?;
                // Without the colon and the blank behind it.
                (line.len().saturating_sub(2), false)
            }
            false => {
                let request = target::request_line(line).ok_or(Fault::Malformed)?;
                (self.has_request_line, self.is_http_10) = (true, request.is_http_10);
                (request.target, request.is_raw)
            }
        };
        self.counted += counted;
        if self.counted < limit { Ok(is_raw) } else { Err(Fault::TooLarge) }
    }

    /// Looks at what frames a message or names its host. All else of a field is for hyper to refuse, which is as strict.
    fn field(&mut self, line: &[u8]) -> Result<(), Fault> {
        let is_first = match line.first().map_or(0, |first| first | 0x20) {
            b'c' => match value_of(line, b"content-length") {
                Some(value) => self.length.replace(decimal(value).ok_or(Fault::Malformed)?).is_none(),
                None => true,
            },
            // Nobody here knows another coding, and whoever is asked behind us might.
            b't' => match value_of(line, b"transfer-encoding") {
                Some(value) if !value.eq_ignore_ascii_case(b"chunked") => false,
                Some(_) => !std::mem::replace(&mut self.is_chunked, true),
                None => true,
            },
            b'h' if value_of(line, b"host").is_some() => !std::mem::replace(&mut self.has_host, true),
            b'u' if value_of(line, b"upgrade").is_some() => {
                self.asks_to_leave_http = true;
                true
            }
            _ => true,
        };
        if is_first { Ok(()) } else { Err(Fault::Malformed) }
    }

    /// What follows the head, which is complete.
    pub(super) fn announced(&self) -> Result<Announced, Fault> {
        match (self.length, self.is_chunked) {
            (None, true) if !self.is_http_10 => Ok(Announced::Chunked),
            (_, true) => Err(Fault::Malformed),
            (None | Some(0), false) => Ok(Announced::Nothing),
            (Some(length), false) => Ok(Announced::Sized(length)),
        }
    }

    pub(super) fn asks_to_leave_http(&self) -> bool {
        self.asks_to_leave_http
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

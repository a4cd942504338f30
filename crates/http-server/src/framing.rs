//! Where messages begin and end, for the few things that hyper is lenient about.
//!
//! Two parsers that read the same bytes in two ways let a request be smuggled past the first one. So what follows
//! the grammar of RFC 9112 to the letter passes on to hyper, and everything else is a 400: a line that ends without
//! a carriage return, a length beside `Transfer-Encoding`, a length that is given twice, a chunk that is not framed.
//! What passes has one reading only, so that hyper's boundaries are these.
//!
//! Nothing is decided here but that: no number of headers, no name or value that does not frame a message.

use std::mem;

/// The beginning of a line that is kept: hyper refuses a header long before.
const LONGEST_LINE: usize = 64 * 1024;

/// Follows the messages of one connection.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    at: At,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    head: Head,
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

#[derive(Debug, Default)]
struct Head {
    begun: bool,
    length: Option<u64>,
    /// Transfer codings were named, and whether the last of them is `chunked`.
    codings: Option<bool>,
    upgrade: bool,
}

/// What comes behind the bytes that are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing: all of them are.
    All,
    /// What waits for the answer to an upgrade.
    Undecided,
    /// A line of a header that is malformed.
    BadHead,
    /// A line of a body that is malformed, or what came after a refusal.
    BadBody,
}

/// A message cannot go on so.
struct Malformed;

impl Framing {
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

    /// Follows these bytes, which come after all that were followed before: how many of them are in order, and what
    /// comes then.
    pub(crate) fn follow(&mut self, bytes: &[u8]) -> (usize, Seen) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let followed = match self.at {
                At::Undecided => return (bytes.len() - rest.len(), Seen::Undecided),
                At::Start => Ok(self.start(rest)),
                At::Sized(left) => Ok(self.skip(rest, left, At::Sized, Self::after_message)),
                At::ChunkData(left) => Ok(self.skip(rest, left, At::ChunkData, |_| At::ChunkEnd)),
                At::Head | At::ChunkSize | At::ChunkEnd | At::Trailer => self.line(rest),
                At::Malformed => Err(Malformed),
            };
            match followed {
                Ok(count) => rest = &rest[count..],
                Err(Malformed) => {
                    let was = mem::replace(&mut self.at, At::Malformed);
                    let seen = if was == At::Head { Seen::BadHead } else { Seen::BadBody };
                    return (bytes.len() - rest.len(), seen);
                }
            }
        }
        (bytes.len(), Seen::All)
    }

    /// Empty lines in front of a request are ignored, as hyper and Node do.
    fn start(&mut self, bytes: &[u8]) -> usize {
        let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if empty < bytes.len() {
            (self.at, self.head) = (At::Head, Head::default());
        }
        empty
    }

    fn skip(&mut self, bytes: &[u8], left: u64, more: fn(u64) -> At, end: fn(&Self) -> At) -> usize {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - count as u64;
        self.at = if left == 0 { end(self) } else { more(left) };
        count
    }

    fn after_message(&self) -> At {
        if self.head.upgrade { At::Undecided } else { At::Start }
    }

    /// Follows a line, or the beginning of one.
    fn line(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.line.extend_from_slice(bytes);
            return if self.line.len() > LONGEST_LINE { Err(Malformed) } else { Ok(bytes.len()) };
        };
        if self.line.is_empty() {
            self.ended(&bytes[..end])?;
        } else {
            let mut line = mem::take(&mut self.line);
            line.extend_from_slice(&bytes[..end]);
            let ended = self.ended(&line);
            line.clear();
            self.line = line;
            ended?;
        }
        Ok(end + 1)
    }

    /// A line without its line feed.
    fn ended(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let Some((b'\r', line)) = line.split_last() else { return Err(Malformed) };
        self.at = match self.at {
            At::Head if line.is_empty() => self.head_ended()?,
            At::Head if !self.head.begun => {
                self.head.begun = true;
                At::Head
            }
            At::Head => self.head.field(line)?,
            At::ChunkSize => match chunk_size(line).ok_or(Malformed)? {
                0 => At::Trailer,
                size => At::ChunkData(size),
            },
            At::ChunkEnd if line.is_empty() => At::ChunkSize,
            At::Trailer if line.is_empty() => self.after_message(),
            At::Trailer => At::Trailer,
            _ => return Err(Malformed),
        };
        Ok(())
    }

    fn head_ended(&mut self) -> Result<At, Malformed> {
        match (self.head.length, self.head.codings) {
            (None, Some(true)) => Ok(At::ChunkSize),
            (_, Some(_)) => Err(Malformed),
            (None | Some(0), None) => Ok(self.after_message()),
            (Some(length), None) => Ok(At::Sized(length)),
        }
    }
}

impl Head {
    fn field(&mut self, line: &[u8]) -> Result<At, Malformed> {
        // Without a colon it is for hyper to refuse.
        let Some(colon) = memchr::memchr(b':', line) else { return Ok(At::Head) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        match name.len() {
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.upgrade = true,
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = decimal(value).ok_or(Malformed)?;
                if self.length.replace(length).is_some() {
                    return Err(Malformed);
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                for coding in value.split(|byte| *byte == b',') {
                    // Nothing may follow `chunked`.
                    if self.codings == Some(true) {
                        return Err(Malformed);
                    }
                    self.codings = Some(coding.trim_ascii().eq_ignore_ascii_case(b"chunked"));
                }
            }
            _ => {}
        }
        Ok(At::Head)
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

/// `1a` or `1a;name=value`.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_number)?;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    fn follow(text: &str) -> (Seen, At) {
        let mut framing = Framing::default();
        (framing.follow(text.as_bytes()).1, framing.at)
    }

    #[test]
    fn a_message_ends_where_its_header_says() {
        for whole in [
            GET.to_owned(),
            format!("\r\n\n{GET}"),
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
            "POST / HTTP/1.1\r\ncontent-length:\t0 \r\n\r\n".to_owned(),
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"
                .to_owned(),
        ] {
            assert_eq!(follow(&whole), (Seen::All, At::Start), "{whole:?}");
            assert_eq!(follow(&whole.repeat(3)), (Seen::All, At::Start), "{whole:?}");
        }
    }

    #[test]
    fn what_two_parsers_could_read_in_two_ways_is_refused() {
        let post = |headers: &str, body: &str| follow(&format!("POST / HTTP/1.1\r\n{headers}\r\n{body}")).0;
        assert_eq!(follow("GET / HTTP/1.1\n\n").0, Seen::BadHead);
        assert_eq!(follow("GET / HTTP/1.1\r\nHost: x\n\r\n").0, Seen::BadHead);
        for headers in [
            "Content-Length: 2\r\nContent-Length: 2\r\n",
            "Content-Length: 2, 2\r\n",
            "Content-Length: +2\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \r\n",
        ] {
            assert_eq!(post(headers, ""), Seen::BadHead, "{headers:?}");
        }
        for body in [
            "2\n{}\r\n0\r\n\r\n",
            "2;a\nb\r\n",
            "\r\n",
            "2 \r\n",
            "0x2\r\n",
            "-2\r\n",
            "2\r\n{}x\r\n",
            "2\r\n{}\n0\r\n\r\n",
        ] {
            assert_eq!(post("Transfer-Encoding: chunked\r\n", body), Seen::BadBody, "{body:?}");
        }
    }

    #[test]
    fn what_follows_a_request_to_leave_http_waits_for_the_answer() {
        let upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
        let mut framing = Framing::default();
        let all = format!("{upgrade}\x00\x01not http");
        assert_eq!(framing.follow(all.as_bytes()), (upgrade.len(), Seen::Undecided));
        framing.stay();
        assert_eq!(framing.follow(GET.as_bytes()), (GET.len(), Seen::All));
    }

    #[test]
    fn what_came_after_a_refusal_is_refused() {
        let mut framing = Framing::default();
        assert_eq!(framing.follow(b"GET / HTTP/1.1\n\n"), (0, Seen::BadHead));
        assert_eq!(framing.follow(GET.as_bytes()), (0, Seen::BadBody));
    }

    #[test]
    fn what_came_before_a_malformed_line_is_in_order() {
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (good, bad, seen) in [
            (GET.to_owned(), "GET / HTTP/1.1\n\n", Seen::BadHead),
            (format!("{GET}GET / HTTP/1.1\r\n"), "Content-Length: 2, 2\r\n\r\n", Seen::BadHead),
            (format!("{chunked}2\r\n{{}}\r\n"), "2\n{}\r\n0\r\n\r\n", Seen::BadBody),
        ] {
            let mut framing = Framing::default();
            assert_eq!(framing.follow(format!("{good}{bad}").as_bytes()), (good.len(), seen), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn where_reads_are_cut_changes_nothing(
            parts in prop::collection::vec(
                prop_oneof![
                    Just("GET / HTTP/1.1\r\n"), Just("Host: x\r\n"), Just("\r\n"), Just("\n"), Just("Content-Length: 5\r\n"),
                    Just("Transfer-Encoding: chunked\r\n"), Just("5\r\nhello\r\n"), Just("0\r\n\r\n"), Just("hello"), Just("\r"),
                ],
                0..12,
            ),
            cuts in prop::collection::vec(1usize..9, 0..40),
        ) {
            let text = parts.concat();
            let whole = follow(&text);
            let (mut framing, mut rest, mut seen) = (Framing::default(), text.as_bytes(), Seen::All);
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                seen = framing.follow(now).1;
                rest = later;
                if seen != Seen::All {
                    break;
                }
            }
            prop_assert_eq!((seen, framing.at), whole);
        }

        #[test]
        fn any_bytes_can_be_followed(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut framing = Framing::default();
            framing.follow(&bytes);
            framing.follow(&bytes);
        }
    }
}

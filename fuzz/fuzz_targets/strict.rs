//! Requests as a strict reader takes them, by RFC 9112 and the rules of Node's parser: written for this alone, beside the parsers
//! that are tested. What another reader could take for something else is no request.

/// All that Node's parser knows.
const METHODS: &str = " ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE \
    NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK \
    UNSUBSCRIBE ";

/// A request, without its body.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    headers: Vec<(String, Vec<u8>)>,
}

/// What comes next on a connection.
pub(super) enum Next {
    /// Nothing before there are more bytes.
    More,
    /// Its body is sent when somebody has said so.
    Continue,
    /// A request, with all of its body.
    Request(Request),
    /// A request with a method that Node does not know: it closes.
    Unknown,
}

/// Why bytes are no request.
pub(super) type Fault = String;

/// A line without its end, and what follows; `None` before its end has come.
type Line<'a> = Option<(&'a [u8], &'a [u8])>;

/// Reads one connection.
#[derive(Default)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    has_continued: bool,
}

impl Request {
    /// The values of a header.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// The one value of a header, if it is there.
    pub(super) fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a [u8]>, Fault> {
        let mut all = self.all(name);
        let first = all.next();
        if all.next().is_some() { Err(format!("{name} comes twice")) } else { Ok(first) }
    }
}

impl Reader {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next one.
    pub(super) fn next(&mut self) -> Result<Next, Fault> {
        let Some((request, rest)) = head(&self.bytes)? else { return Ok(Next::More) };
        if !METHODS.contains(&format!(" {} ", request.method)) {
            return Ok(Next::Unknown);
        }
        let Some(rest) = body(&request, rest)? else {
            let waits = request.one("expect")?.is_some() && !std::mem::replace(&mut self.has_continued, true);
            return Ok(if waits { Next::Continue } else { Next::More });
        };
        let read = self.bytes.len() - rest.len();
        self.bytes.drain(..read);
        self.has_continued = false;
        Ok(Next::Request(request))
    }
}

/// A line ends in both characters, and has neither within.
fn line(bytes: &[u8]) -> Result<Line<'_>, Fault> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    match bytes[..end].split_last() {
        Some((b'\r', line)) if !line.contains(&b'\r') => Ok(Some((line, &bytes[end + 1..]))),
        _ => Err(format!("a line ends otherwise: {}", bytes[..end].escape_ascii())),
    }
}

fn head(bytes: &[u8]) -> Result<Option<(Request, &[u8])>, Fault> {
    let Some((first, mut rest)) = line(bytes)? else { return Ok(None) };
    let words: Vec<_> = first.split(|byte| *byte == b' ').collect();
    let [method, target, b"HTTP/1.1"] = words[..] else {
        return Err(format!("no request line: {}", first.escape_ascii()));
    };
    let is_target = !target.is_empty() && target.iter().all(|byte| matches!(byte, 0x21..=0x7e));
    if !is_token(method) || !is_target {
        return Err(format!("no request line: {}", first.escape_ascii()));
    }
    let mut headers = Vec::new();
    loop {
        let Some((line, after)) = line(rest)? else { return Ok(None) };
        rest = after;
        if line.is_empty() {
            break;
        }
        headers.push(field(line)?);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Some((Request { method: text(method), target: text(target), headers }, rest)))
}

fn field(line: &[u8]) -> Result<(String, Vec<u8>), Fault> {
    let fault = || format!("no header: {}", line.escape_ascii());
    let colon = line.iter().position(|byte| *byte == b':').ok_or_else(fault)?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_value = value.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..));
    if !is_token(name) || !is_value {
        return Err(fault());
    }
    Ok((String::from_utf8_lossy(name).into_owned(), value.to_vec()))
}

/// What follows the body, once all of that is there.
fn body<'a>(request: &Request, bytes: &'a [u8]) -> Result<Option<&'a [u8]>, Fault> {
    request.one("host")?.ok_or("it has no host")?;
    match (request.one("content-length")?, request.one("transfer-encoding")?) {
        (None, None) => Ok(Some(bytes)),
        (Some(length), None) => Ok(bytes.get(number(length, 10)?..)),
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => chunks(bytes),
        _ => Err(format!("its end is not clear: {request:?}")),
    }
}

fn chunks(mut bytes: &[u8]) -> Result<Option<&[u8]>, Fault> {
    loop {
        let Some((size, rest)) = line(bytes)? else { return Ok(None) };
        let size = number(size, 16)?;
        if size == 0 {
            bytes = rest;
            break;
        }
        let Some(rest) = rest.get(size..) else { return Ok(None) };
        let Some((b"", rest)) = line(rest)? else {
            return if rest.len() < 2 { Ok(None) } else { Err("a chunk is longer than it says".to_owned()) };
        };
        bytes = rest;
    }
    loop {
        let Some((line, rest)) = line(bytes)? else { return Ok(None) };
        bytes = rest;
        if line.is_empty() {
            return Ok(Some(bytes));
        }
        let (name, _) = field(line)?;
        if ["content-length", "transfer-encoding", "host"].contains(&&*name.to_ascii_lowercase()) {
            return Err(format!("a trailer frames: {name}"));
        }
    }
}

fn number(digits: &[u8], radix: u32) -> Result<usize, Fault> {
    let text = str::from_utf8(digits).unwrap_or_default();
    let is_number = !text.is_empty() && text.chars().all(|digit| digit.is_digit(radix));
    let number = is_number.then(|| usize::from_str_radix(text, radix).ok()).flatten();
    number.ok_or_else(|| format!("no length: {}", digits.escape_ascii()))
}

fn is_token(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_part)
}

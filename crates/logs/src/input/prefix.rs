//! What containers' tools write before a line.

use std::borrow::Cow;

use serde::Deserialize;

/// A line without what stood before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stripped<'a> {
    /// Its bytes; without a line end where more of the line follows in a piece of its own.
    pub(crate) line: Cow<'a, [u8]>,
    /// The time that stood before it.
    pub(crate) time: Option<Cow<'a, str>>,
    /// It was printed to stderr, as far as is said.
    pub(crate) is_stderr: bool,
}

/// The line of `kubectl logs --prefix`, `kubectl logs --timestamps`, both, of the runtime interface (`… stdout F …`), of
/// Docker's `json-file`, or of Docker Compose; `None` if nothing stands before it.
#[inline]
pub(crate) fn strip(line: &[u8]) -> Option<Stripped<'_>> {
    match line.first()? {
        b'{' if line.starts_with(b"{\"log\":\"") => docker(line),
        b'[' => {
            let line = pod(line)?;
            let bare = || Stripped { line: Cow::Borrowed(line), time: None, is_stderr: false };
            Some(timestamp(line).unwrap_or_else(bare))
        }
        b'0'..=b'9' => timestamp(line),
        b'A'..=b'Z' | b'a'..=b'z' => {
            let line = compose(line)?;
            let bare = || Stripped { line: Cow::Borrowed(line), time: None, is_stderr: false };
            Some(timestamp(line).unwrap_or_else(bare))
        }
        _ => None,
    }
}

/// `backend-1  | `, of Docker Compose: a container's name, filled up with spaces to the longest one's. A table has such a line, too:
/// the name is one with a number, or what stands behind it is of Backstage's logger.
fn compose(line: &[u8]) -> Option<&[u8]> {
    const LONGEST: usize = 160;
    let bar = memchr::memchr(b'|', &line[..line.len().min(LONGEST)])?;
    let name = line[..bar].trim_ascii_end();
    let is_name =
        name.len() < bar && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte));
    let rest = &line[bar + 1..];
    let rest = match rest.strip_prefix(b" ") {
        Some(rest) => rest,
        // Of a line that is empty.
        None => rest.first().is_none_or(u8::is_ascii_whitespace).then_some(rest)?,
    };
    let number = name.rsplit(|byte| b"-_".contains(byte)).next().filter(|number| number.len() < name.len());
    let is_numbered =
        number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit));
    let begins: [&[u8]; 3] = [b"{\"", b"\x1b[2m", b"Loading config from "];
    let is_logged = || begins.iter().any(|begin| rest.starts_with(begin));
    (is_name && (is_numbered || is_logged())).then_some(rest)
}

/// `[pod/name/container] `.
fn pod(line: &[u8]) -> Option<&[u8]> {
    const LONGEST: usize = 600;
    let rest = line.strip_prefix(b"[pod/")?;
    let end = memchr::memchr(b']', &rest[..rest.len().min(LONGEST)])?;
    let name = &rest[..end];
    let is_name = name.iter().filter(|byte| **byte == b'/').count() == 1
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_".contains(byte));
    rest[end + 1..].strip_prefix(b" ").filter(|_| is_name)
}

/// `2026-11-30T10:00:00.123456789Z `, with `stdout F ` behind it or not.
fn timestamp(line: &[u8]) -> Option<Stripped<'_>> {
    const LONGEST: usize = 40;
    let end = memchr::memchr(b' ', &line[..line.len().min(LONGEST)])?;
    let (time, rest) = (std::str::from_utf8(&line[..end]).ok()?, &line[end + 1..]);
    let fraction = fraction_digits(time)?;
    let time = Some(Cow::Borrowed(time));
    if let Some((line, is_stderr)) = runtime_interface(rest) {
        return Some(Stripped { line: Cow::Borrowed(line), time, is_stderr });
    }
    // A line of the logger in development begins with a time of three digits. Kubernetes prints nine.
    let is_before_a_line = fraction != 3 || rest.first() == Some(&b'{');
    is_before_a_line.then_some(Stripped { line: Cow::Borrowed(rest), time, is_stderr: false })
}

/// `stdout F `; `P` says that more of the line follows.
fn runtime_interface(rest: &[u8]) -> Option<(&[u8], bool)> {
    let stderr = rest.strip_prefix(b"stderr ");
    let rest = stderr.or_else(|| rest.strip_prefix(b"stdout "))?;
    let end = memchr::memchr(b' ', &rest[..rest.len().min(32)])?;
    let line = &rest[end + 1..];
    // Tags are joined by colons; the first says whether the line is whole.
    let line = match rest[..end].split_first()? {
        (b'F', [] | [b':', ..]) => line,
        (b'P', [] | [b':', ..]) => line.strip_suffix(b"\n").unwrap_or(line),
        _ => return None,
    };
    Some((line, stderr.is_some()))
}

/// How many digits the seconds' fraction has, if the text is a time of RFC 3339.
fn fraction_digits(time: &str) -> Option<usize> {
    let bytes = time.as_bytes();
    let has_form = bytes.len() >= 20
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
            .iter()
            .all(|(at, byte)| bytes[*at] == *byte);
    has_form.then(|| time.parse::<jiff::Timestamp>().ok())??;
    match bytes[19] {
        b'.' => Some(bytes[20..].iter().take_while(|byte| byte.is_ascii_digit()).count()),
        _ => Some(0),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DockerLine<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    stream: Option<Cow<'a, str>>,
    #[expect(dead_code, reason = "known, and of no use")]
    attrs: Option<serde::de::IgnoredAny>,
}

fn docker(line: &[u8]) -> Option<Stripped<'_>> {
    let line: DockerLine<'_> = serde_json::from_slice(line).ok()?;
    line.time.parse::<jiff::Timestamp>().ok()?;
    let text = match line.log {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    let is_stderr = line.stream.as_deref() == Some("stderr");
    Some(Stripped { line: text, time: Some(line.time), is_stderr })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stripped(line: &str) -> Option<(String, Option<String>)> {
        let Stripped { line, time, .. } = strip(line.as_bytes())?;
        Some((String::from_utf8(line.into_owned()).unwrap(), time.map(Cow::into_owned)))
    }

    #[test]
    fn each_form_is_recognised() {
        let time = "2026-11-30T10:00:00.123456789Z";
        for (line, expected, has_time) in [
            (format!("{time} hello\n"), "hello\n", true),
            ("[pod/backstage-7d9/app] hello\n".to_owned(), "hello\n", false),
            (format!("[pod/backstage-7d9/app] {time} hello\n"), "hello\n", true),
            (format!("{time} stdout F hello\n"), "hello\n", true),
            ("backend-1  | hello\n".to_owned(), "hello\n", false),
            ("backend_1 | \n".to_owned(), "\n", false),
            ("backend-1  |\n".to_owned(), "\n", false),
            (format!("backend-1  | {time} hello\n"), "hello\n", true),
            ("portal  | {\"level\":\"info\"}\n".to_owned(), "{\"level\":\"info\"}\n", false),
            (format!("{time} stderr P hel\n"), "hel", true),
            (format!("{time} stdout F:x \n"), "\n", true),
            (format!(r#"{{"log":"hé\"llo\n","stream":"stdout","time":"{time}"}}"#), "hé\"llo\n", true),
            (
                format!(r#"{{"log":"hel","stream":"stderr","attrs":{{"a":"b"}},"time":"{time}"}}"#),
                "hel",
                true,
            ),
        ] {
            let expected = Some((expected.to_owned(), has_time.then(|| time.to_owned())));
            assert_eq!(stripped(&line), expected, "{line}");
        }
        let short = "2026-11-30T10:00:00.123Z {\"level\":\"info\"}\n";
        assert_eq!(stripped(short).unwrap().0, "{\"level\":\"info\"}\n");
    }

    #[test]
    fn a_line_of_the_logger_is_left_as_it_is() {
        for line in [
            "2026-11-30T10:00:00.123Z catalog info hello\n",
            "{\"log\":\"x\",\"level\":\"info\",\"time\":\"2026-11-30T10:00:00Z\"}\n",
            "{\"log\":\"x\",\"time\":\"soon\"}\n",
            "{\"level\":\"info\",\"message\":\"x\"}\n",
            "[pod/x] hello\n",
            "name | count\n",
            "backend-1 hello | there\n",
            "backend-1| hello\n",
            "a-1 || b\n",
            "[pod/x/y z] hello\n",
            "[x] hello\n",
            "2026-11-30T10:00:00.123Z stdout  hello\n",
            "2026 was a good year\n",
            "\n",
        ] {
            assert_eq!(stripped(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = strip(&line);
        }

        #[test]
        fn anything_behind_a_beginning_is_borne(
            begin in prop_oneof![Just("[pod/a/b] "), Just("2026-11-30T10:00:00.123456789Z stdout "), Just("{\"log\":\"")],
            line in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let _ = strip(&[begin.as_bytes(), &line].concat());
        }
    }
}

//! What a newer Node says, in the form of the recordings.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use crate::frames;
use crate::mask;
use crate::peer;
use crate::transcript::{RECORDED_AUTHORITY, split_raw};
use crate::version::Version;
use crate::wire::{Answer, Outcome};

/// How much of a long body is kept.
const KEPT: usize = 1500;

/// A recorded exchange with another answer: what was sent stays as it stands.
pub(super) fn exchange(before: &str, received: &Outcome<Vec<u8>>) -> String {
    let answers = match received {
        Outcome::Answered(answers) => answers.as_slice(),
        Outcome::Refused => &[],
    };
    let text = match split_raw(before) {
        Some((sent, how, _)) => {
            let answers: String = answers.iter().map(raw).collect();
            format!("{sent}\n# raw response ({how})\n{answers}\n")
        }
        None => format!("{}{}", sent_by_curl(before), answers.first().map_or_else(refused, received_by_curl)),
    };
    tidied(&text)
}

/// The same, with what is of this machine as it was on the recorder's.
pub(super) fn tidied(text: &str) -> String {
    static RULES: LazyLock<Vec<mask::Rule>> = LazyLock::new(|| {
        mask::rules(&[
            ("localhost:", r"\blocalhost:\d+\b", RECORDED_AUTHORITY),
            ("/.tmp", r"(/[\w.-]+)*/\.tmp\w+", "/app/conf"),
        ])
    });
    let peers = peer::target().join("peer");
    let installed = Version::all().into_iter().map(|version| peers.join(version.to_string()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer");
    let mut text = mask::apply(&RULES, text).text;
    for place in installed.chain([source]) {
        let Ok(place) = place.canonicalize() else { continue };
        text = text.replace(&*place.to_string_lossy(), "/app");
    }
    text
}

/// The lines of a recording up to where something was received.
fn sent_by_curl(before: &str) -> String {
    before.lines().take_while(|line| line.starts_with(['#', '>'])).map(|line| format!("{line}\n")).collect()
}

fn received_by_curl(answer: &Answer<Vec<u8>>) -> String {
    let Answer { head, body, cut } = answer;
    let mut text = format!("< HTTP/1.1 {} {}\n", head.status, head.reason);
    for (name, value) in &head.headers {
        let _ = writeln!(text, "< {name}: {value}");
    }
    text.push_str("< \n");
    if *cut {
        text.push_str("curl: (18) transfer closed with outstanding read data remaining\n");
    }
    match std::str::from_utf8(body) {
        Err(_) => format!("{text}\n[binary {} bytes]\n", body.len()),
        Ok(body) if body.len() > 2 * KEPT && body.is_ascii() => {
            format!("{text}\n{}...[{} bytes]\n", &body[..KEPT], body.len())
        }
        Ok(body) => format!("{text}\n{body}\n"),
    }
}

fn refused() -> String {
    "curl: (7) Failed to connect to localhost port 17041 after 0 ms: Couldn't connect to server\n\n\n"
        .to_owned()
}

fn raw(answer: &Answer<Vec<u8>>) -> String {
    let Answer { head, body, .. } = answer;
    let mut text = format!("HTTP/1.1 {} {}\n", head.status, head.reason);
    for (name, value) in &head.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    if let (101, Some(frames)) = (head.status, frames::lines(body)) {
        return text + frames.trim_end();
    }
    let body = String::from_utf8_lossy(body);
    match head.header("transfer-encoding") {
        Some(_) if body.is_empty() => text.push_str("0\n\n"),
        Some(_) => {
            let _ = write!(text, "{:x}\n{body}\n0\n\n", body.len());
        }
        None => text.push_str(&body),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::transcript::Transcript;
    use crate::version::Kind;
    use crate::wire::Head;

    fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Outcome<Vec<u8>> {
        let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let head = Head { status, reason: "Any".to_owned(), headers };
        Outcome::Answered(vec![Answer { head, body: body.to_vec(), cut: false }])
    }

    #[tokio::test]
    async fn what_is_written_reads_as_what_was_received_of_the_same_request() {
        let chunked = ("Transfer-Encoding", "chunked");
        let answers = [
            answer(418, &[("X-New", "1"), ("Content-Length", "5")], b"hello"),
            answer(200, &[chunked], &[0x1f, 0x8b, 0xff]),
            answer(200, &[("Content-Length", "9000")], "y".repeat(9000).as_bytes()),
            Outcome::Refused,
        ];
        let version = Version::newest();
        let before = version.recording(Kind::Exchange, "tasks-queue").expect("a recording");
        let request = Transcript::parse("before", &before).await.expect("one that is read").request;
        for received in answers {
            let text = exchange(&before, &received);
            let now = Transcript::parse("now", &text).await.unwrap_or_else(|error| panic!("{error}: {text}"));
            assert!(compare(&now.recorded, &received, &[]).is_empty(), "{text}");
            if received != Outcome::Refused {
                assert_eq!(now.request, request);
            }
        }
        let raw = version.recording(Kind::Exchange, "raw-pipelined").expect("a recording");
        let framed = answer(101, &[("Upgrade", "websocket")], b"\x81\x02hi\x88\x02\x03\xe8");
        for received in [answer(200, &[chunked], b"in chunks"), answer(204, &[], b""), framed] {
            let now = Transcript::parse("raw", &exchange(&raw, &received)).await.expect("one that is read");
            assert!(compare(&now.recorded, &received, &[]).is_empty());
        }
    }

    #[test]
    fn neither_ports_nor_places_of_this_machine_are_kept() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().expect("a directory");
        let source = source.join("peer/plugins/errs.js");
        let tidy = tidied(&format!("http://localhost:40123/a {} /tmp/.tmpa1B2/base.yaml", source.display()));
        assert_eq!(tidy, "http://localhost:17041/a /app/plugins/errs.js /app/conf/base.yaml");
    }
}

//! WebSocket frame by frame, after the groups of the Autobahn test suite: what a server answers to good, odd and broken frames, and
//! how it ends the connection, is byte for byte the same through the gateway.

mod cases;
mod frame;

use greenroom_conformance::{version::Version, wire::Head};
use greenroom_gateway_tests::{Connection, Setup, connection::End};

use self::cases::Case;

/// What came back.
struct Told {
    head: Head,
    bytes: Vec<u8>,
    end: End,
}

#[tokio::test]
async fn gateway_33_frames_good_odd_and_broken_are_answered_as_without_a_gateway() {
    for version in Version::held() {
        let pair = Setup::new(version).features("healthcheck").env("RAW_UPGRADES", "1").sidecar().await;
        let mut wrong = Vec::new();
        for case in cases::all() {
            let direct = tell(pair.node.port(), &case).await;
            let through = tell(pair.gateway.port(), &case).await;
            let mut fault = |what: &str| wrong.push(format!("{}: {what}", case.name));
            if (direct.end, closes_with(&direct.bytes)) != (End::Closed, Some(case.ends)) {
                fault(&format!("Node itself answers {} and ends {:?}", text(&direct.bytes), direct.end));
            }
            if direct.bytes != through.bytes {
                fault(&format!("{} instead of {}", text(&through.bytes), text(&direct.bytes)));
            }
            if direct.end != through.end {
                fault(&format!("{:?} instead of {:?}", through.end, direct.end));
            }
            for name in
                ["upgrade", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol"]
            {
                if direct.head.header(name) != through.head.header(name) {
                    fault(&format!("{name} {:?}", through.head.header(name)));
                }
            }
            let offers = case.extensions.is_some_and(|offer| offer.starts_with("permessage-deflate"));
            if offers != through.head.header("sec-websocket-extensions").is_some() {
                fault("the extension is not agreed on");
            }
        }
        assert!(wrong.is_empty(), "{version}: {} faults:\n{}", wrong.len(), wrong.join("\n"));
    }
}

async fn tell(port: u16, case: &Case) -> Told {
    let mut client = Connection::to(port).await;
    let offer = case.extensions.map(|offer| format!("Sec-WebSocket-Extensions: {offer}\r\n"));
    client
        .send(format!(
            "GET /raw/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
            offer.unwrap_or_default()
        ))
        .await;
    let head = client.head().await;
    assert_eq!(head.status, 101, "{}: {head:?}", case.name);
    let (bytes, end) = client.exchange(case.bytes.chunks(case.chop.unwrap_or(usize::MAX))).await;
    Told { head, bytes, end }
}

/// The code of the close frame that stands at the end, if one does: a server's frames are not masked.
fn closes_with(mut bytes: &[u8]) -> Option<Option<u16>> {
    loop {
        let [first, length, rest @ ..] = bytes else { return None };
        let (length, rest) = match (*length, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (127, [_, _, _, _, a, b, c, d, rest @ ..]) => {
                (u32::from_be_bytes([*a, *b, *c, *d]) as usize, rest)
            }
            (length, rest) => (usize::from(length), rest),
        };
        let payload = rest.get(..length)?;
        bytes = &rest[length..];
        if *first == frame::FIN | frame::CLOSE {
            let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            return bytes.is_empty().then_some(code);
        }
    }
}

/// Bytes as a failed assertion shows them.
fn text(bytes: &[u8]) -> String {
    match bytes {
        [begin @ .., _] if begin.len() > 200 => {
            format!("{}… ({} bytes)", bytes[..200].escape_ascii(), bytes.len())
        }
        _ => format!("{:?}", bytes.escape_ascii().to_string()),
    }
}

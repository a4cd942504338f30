//! The cases, in the groups and by the numbers of the Autobahn test suite, where it has the same one; what is ours alone has a name.

use super::frame::*;

/// What a client sends once the connection has left HTTP.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// How many bytes it writes at once; all, if that is none.
    pub(super) chop: Option<usize>,
    /// What it offers.
    pub(super) extensions: Option<&'static str>,
    /// The code of the server's close frame; none, if that is empty.
    pub(super) ends: Option<u16>,
}

const NORMAL: Option<u16> = Some(1000);
const PROTOCOL_ERROR: Option<u16> = Some(1002);
const NO_TEXT: Option<u16> = Some(1007);

const LENGTHS: [usize; 8] = [0, 1, 125, 126, 127, 128, 65535, 65536];
const MIB: usize = 1 << 20;
const GREETING: &[u8] = "Hello-µ@ßöäüàá-UTF-8!!".as_bytes();

/// A case whose client ends it well.
fn case(name: impl Into<String>, ends: Option<u16>, frames: impl AsRef<[Vec<u8>]>) -> Case {
    let mut case = bare(name, ends, frames);
    case.bytes.extend(close(1000, ""));
    case
}

/// A case that says itself how it ends.
fn bare(name: impl Into<String>, ends: Option<u16>, frames: impl AsRef<[Vec<u8>]>) -> Case {
    let bytes = frames.as_ref().concat();
    Case { name: name.into(), bytes, chop: None, extensions: None, ends }
}

impl Case {
    fn in_chops(mut self, length: usize) -> Self {
        self.name = format!("{}, {length} bytes at a time", self.name);
        self.chop = Some(length);
        self
    }

    fn offering(mut self, extensions: &'static str) -> Self {
        self.extensions = Some(extensions);
        self
    }
}

pub(super) fn all() -> Vec<Case> {
    let groups = [
        framing(),
        pings(),
        reserved_bits(),
        reserved_opcodes(),
        fragmentation(),
        utf_8(),
        closing(),
        big_messages(),
        compression(),
    ];
    groups.into_iter().flatten().collect()
}

/// Groups 1 and 10.
fn framing() -> Vec<Case> {
    let mut cases = Vec::new();
    for (group, opcode) in [(1, TEXT), (2, BINARY)] {
        let message = |length: usize| whole(opcode, vec![if opcode == TEXT { b'*' } else { 0xfe }; length]);
        for (at, length) in LENGTHS.into_iter().enumerate() {
            cases.push(case(format!("1.{group}.{}", at + 1), NORMAL, [message(length)]));
        }
        cases.push(case(format!("1.{group}.8"), NORMAL, [message(65536)]).in_chops(997));
        cases.push(case(format!("1.{group}, all in a row"), NORMAL, LENGTHS.map(message)));
        cases.push(case(format!("1.{group}.3"), NORMAL, [message(125), message(126)]).in_chops(1));
    }
    let long = vec![b'*'; 65536];
    cases.push(case("10.1.1", NORMAL, [in_frames(TEXT, &long, 1300)]));
    cases.push(case("10.1.1", NORMAL, [in_frames(TEXT, &long, 1300)]).in_chops(1000));
    cases.push(case("not masked", PROTOCOL_ERROR, [unmasked(FIN | TEXT, b"Hello")]));
    // 16 bits for what 7 have room for; a length with its first bit set.
    cases.push(case(
        "a length longer than it need be",
        NORMAL,
        [[&[0x81, 0xfe, 0, 2, 0, 0, 0, 0][..], b"Hi"].concat()],
    ));
    cases.push(case("a length beyond all", Some(1009), [[&[0x81, 0xff][..], &[0xff; 8]].concat()]));
    cases
}

/// Group 2.
fn pings() -> Vec<Case> {
    let binary = [0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff];
    let numbered = |opcode: u8| (0..10).map(move |at| whole(opcode, format!("payload-{at}")));
    let ten: Vec<_> = numbered(PING).collect();
    let unsolicited: Vec<_> = numbered(PONG).chain([whole(PING, "and a ping")]).collect();
    vec![
        case("2.1", NORMAL, [whole(PING, "")]),
        case("2.2", NORMAL, [whole(PING, "Hello, world!")]),
        case("2.3", NORMAL, [whole(PING, binary)]),
        case("2.4", NORMAL, [whole(PING, [0xfe; 125])]),
        case("2.5", PROTOCOL_ERROR, [whole(PING, [0xfe; 126])]),
        case("2.6", NORMAL, [whole(PING, [0xfe; 125])]).in_chops(1),
        case("2.7", NORMAL, [whole(PONG, "")]),
        case("2.8", NORMAL, [whole(PONG, "unsolicited pong payload")]),
        case("2.9", NORMAL, [whole(PONG, "unsolicited pong payload"), whole(PING, "ping payload")]),
        case("2.10", NORMAL, &ten),
        case("2.11", NORMAL, &ten).in_chops(1),
        case("2, ten pongs that nobody has asked for", NORMAL, unsolicited),
    ]
}

/// Group 3.
fn reserved_bits() -> Vec<Case> {
    let hello = || whole(TEXT, "Hello, world!");
    let [one, two, three] = RSV;
    let mut cases = vec![case("3.1", PROTOCOL_ERROR, [frame(FIN | one | TEXT, "Hello, world!")])];
    for chop in [None, Some(1)] {
        for (name, bits) in [("3.2", two), ("3.3", three), ("3.4", two | three)] {
            let broken = frame(FIN | bits | TEXT, "Hello, world!");
            let case = case(name, PROTOCOL_ERROR, [hello(), broken, whole(PING, "")]);
            cases.push(match chop {
                Some(chop) => case.in_chops(chop),
                None => case,
            });
        }
    }
    cases.push(case("3.5", PROTOCOL_ERROR, [frame(FIN | one | three | BINARY, [0, 0xff, 0xfe])]));
    cases.push(case("3.6", PROTOCOL_ERROR, [frame(FIN | one | two | PING, "Hello, world!")]));
    cases.push(bare("3.7", PROTOCOL_ERROR, [frame(FIN | one | two | three | CLOSE, [3, 0xe8])]));
    cases
}

/// Group 4.
fn reserved_opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        let name = |how: &str| format!("4.{}, opcode {opcode:#x}{how}", if opcode < 8 { 1 } else { 2 });
        let broken = || whole(opcode, "reserved opcode payload");
        let behind = || [whole(TEXT, "Hello"), broken(), whole(PING, "")];
        cases.push(case(name(""), PROTOCOL_ERROR, [whole(opcode, "")]));
        cases.push(case(name(" with a payload"), PROTOCOL_ERROR, [broken()]));
        cases.push(case(name(" behind a message"), PROTOCOL_ERROR, behind()));
        cases.push(case(name(" behind a message"), PROTOCOL_ERROR, behind()).in_chops(1));
    }
    cases
}

/// Group 5.
fn fragmentation() -> Vec<Case> {
    let (ping, pong) = (|| whole(PING, "ping payload"), || whole(PONG, "pong payload"));
    let two = || [first(TEXT, "fragment1"), last("fragment2")].concat();
    let pinged = || [first(TEXT, "fragment1"), ping(), last("fragment2")].concat();
    let five = || {
        [
            first(TEXT, "fragment1"),
            more("fragment2"),
            whole(PING, "pongme 1!"),
            more("fragment3"),
            more("fragment4"),
            whole(PING, "pongme 2!"),
            last("fragment5"),
        ]
        .concat()
    };
    vec![
        case("5.1", PROTOCOL_ERROR, [first(PING, "fragment1"), last("fragment2")]),
        case("5.2", PROTOCOL_ERROR, [first(PONG, "fragment1"), last("fragment2")]),
        case("5.3", NORMAL, [two()]),
        case("5.4", NORMAL, [two()]).in_chops(7),
        case("5.5", NORMAL, [two()]).in_chops(1),
        case("5.6", NORMAL, [pinged()]),
        case("5.7", NORMAL, [pinged()]).in_chops(7),
        case("5.8", NORMAL, [pinged()]).in_chops(1),
        case("5, a pong between", NORMAL, [first(BINARY, "fragment1"), pong(), last("fragment2")]),
        case("5.9", PROTOCOL_ERROR, [last("non-continuation payload"), whole(TEXT, "Hello, world!")]),
        case("5.11", PROTOCOL_ERROR, [last("non-continuation payload"), whole(TEXT, "Hello")]).in_chops(1),
        case("5.12", PROTOCOL_ERROR, [more("non-continuation payload"), whole(TEXT, "Hello, world!")]),
        case("5.15", PROTOCOL_ERROR, [two(), more("fragment3"), whole(TEXT, "fragment4")]),
        case("5.16", PROTOCOL_ERROR, [more("fragment1"), first(TEXT, "fragment2"), last("fragment3")]),
        case("5.18", PROTOCOL_ERROR, [first(TEXT, "fragment1"), whole(TEXT, "fragment2")]),
        case(
            "5, a message within one of another kind",
            PROTOCOL_ERROR,
            [first(TEXT, "a"), first(BINARY, "b")],
        ),
        case("5.19", NORMAL, [five()]),
        case("5.20", NORMAL, [five()]).in_chops(1),
        case("5, of nothing", NORMAL, [first(TEXT, ""), more(""), last("")]),
        case("5, of nothing but the midst", NORMAL, [first(TEXT, ""), more("middle"), last("")]),
        case("5, a close between", NORMAL, [first(TEXT, "fragment1"), close(1000, ""), last("fragment2")]),
    ]
}

/// Group 6.
fn utf_8() -> Vec<Case> {
    let text = |bytes: &[u8]| whole(TEXT, bytes);
    let mut cases = vec![
        case("6.1.1", NORMAL, [text(b"")]),
        case("6.2.1", NORMAL, [text(GREETING)]),
        case("6.2.2", NORMAL, [first(TEXT, &GREETING[..12]), last(&GREETING[12..])]),
        case("6.2.3", NORMAL, [in_frames(TEXT, GREETING, 1)]),
        case("6.2.4", NORMAL, [in_frames(TEXT, "κόσμε".as_bytes(), 1)]).in_chops(1),
        case(
            "6.4, broken in a fragment that is not the last",
            NO_TEXT,
            [
                first(TEXT, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"),
                more(b"\xf4\x90\x80\x80"),
                last(b"edited"),
            ],
        ),
        case(
            "6, the same bytes are no text to a binary message",
            NORMAL,
            [whole(BINARY, b"\xf4\x90\x80\x80")],
        ),
    ];
    // A code point on both sides of a fragment's end.
    for at in 1..4 {
        let (before, after) = "𝄞".as_bytes().split_at(at);
        let whole = case(format!("6, split after {at} bytes"), NORMAL, [first(TEXT, before), last(after)]);
        cases.push(whole);
        let half = [first(TEXT, before), last(b"")];
        cases.push(case(format!("6, broken off after {at} bytes"), NO_TEXT, half));
    }
    let valid: [(&str, &[u8]); 10] = [
        ("6.5", "κόσμε".as_bytes()),
        ("6.6.2", b"\0"),
        ("6.6.5", b"\xc2\x80"),
        ("6.6.7", b"\xe0\xa0\x80"),
        ("6.6.9", b"\xf0\x90\x80\x80"),
        ("6.7", b"\xef\xbf\xbf"),
        ("6.9.1", b"\xed\x9f\xbf"),
        ("6.9.2", b"\xee\x80\x80"),
        ("6.9.4", b"\xf4\x8f\xbf\xbf"),
        ("6.22", b"\xef\xbf\xbe"),
    ];
    cases.extend(valid.map(|(name, bytes)| case(name, NORMAL, [text(bytes)])));
    let invalid: [(&str, &[u8]); 17] = [
        ("6.3.1", b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"),
        ("6.8.1", b"\xf8\x88\x80\x80\x80"),
        ("6.8.2", b"\xfc\x84\x80\x80\x80\x80"),
        ("6.10.1", b"\xf4\x90\x80\x80"),
        ("6.11.1", b"\xf7\xbf\xbf\xbf"),
        ("6.12.1", b"\x80"),
        ("6.12.2", b"\xbf"),
        ("6.12.5", b"\x80\xbf\x80\xbf"),
        ("6.13", b"\xc0 \xc1 \xdf "),
        ("6.14.1", b"\xc0"),
        ("6.14.5", b"\xe0\x80"),
        ("6.16", b"\xfe"),
        ("6.17", b"\xff"),
        ("6.18.1", b"\xc0\xaf"),
        ("6.18.2", b"\xe0\x80\xaf"),
        ("6.20.1", b"\xed\xa0\x80"),
        ("6.21.1", b"\xed\xa0\x80\xed\xb0\x80"),
    ];
    cases.extend(invalid.map(|(name, bytes)| case(name, NO_TEXT, [text(bytes)])));
    cases.push(case("6.3.2", NO_TEXT, [in_frames(TEXT, invalid[0].1, 1)]).in_chops(1));
    cases
}

/// Group 7.
fn closing() -> Vec<Case> {
    let payload = |payload: &[u8]| whole(CLOSE, payload);
    let hello = || whole(TEXT, "Hello World!");
    let mut cases = vec![
        bare("7.1.1", NORMAL, [hello(), close(1000, "")]),
        bare("7.1.2", NORMAL, [close(1000, ""), close(1000, "")]),
        bare("7.1.3", NORMAL, [close(1000, ""), whole(PING, "")]),
        bare("7.1.4", NORMAL, [close(1000, ""), hello()]),
        bare("7.1.5", NORMAL, [first(TEXT, "fragment1"), close(1000, ""), last("fragment2")]),
        bare(
            "7.1.6",
            NORMAL,
            [whole(TEXT, "a".repeat(256 * 1024)), hello(), close(1000, ""), whole(PING, "")],
        ),
        bare("7.3.1", None, [payload(b"")]),
        bare("7.3.2", PROTOCOL_ERROR, [payload(b"a")]),
        bare("7.3.3", NORMAL, [close(1000, "")]),
        bare("7.3.4", NORMAL, [close(1000, "Hello World!")]),
        bare("7.3.4", NORMAL, [close(1000, "Hello World!")]).in_chops(1),
        bare("7.3.5", NORMAL, [close(1000, "*".repeat(123))]),
        bare("7.3.6", PROTOCOL_ERROR, [close(1000, "*".repeat(124))]),
        bare(
            "7.5.1",
            NO_TEXT,
            [close(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited")],
        ),
    ];
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        cases.push(bare(format!("7.7, code {code}"), Some(code), [close(code, "")]));
    }
    for code in [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535] {
        cases.push(bare(format!("7.9, code {code}"), PROTOCOL_ERROR, [close(code, "")]));
    }
    cases
}

/// Group 9.
fn big_messages() -> Vec<Case> {
    let mut cases = Vec::new();
    for (group, opcode) in [(1, TEXT), (2, BINARY)] {
        let payload: Vec<u8> = (0..MIB).map(|at| b'!' + (at % 89) as u8).collect();
        cases.push(case(format!("9.{group}.3"), NORMAL, [whole(opcode, &payload)]));
        for length in [1 << 10, 1 << 16, MIB / 2] {
            let name = format!("9.{}, frames of {length}", group + 2);
            cases.push(case(name, NORMAL, [in_frames(opcode, &payload, length)]));
        }
        for chop in [1 << 10, 1 << 14] {
            cases.push(case(format!("9.{}", group + 4), NORMAL, [whole(opcode, &payload)]).in_chops(chop));
        }
        let small: Vec<_> = (0..500).map(|_| whole(opcode, &payload[..100])).collect();
        cases.push(case(format!("9.{}, 500 in a row", group + 6), NORMAL, small));
    }
    cases
}

/// Groups 12 and 13, with what RFC 7692 gives as examples.
fn compression() -> Vec<Case> {
    const PLAIN: &str = "permessage-deflate";
    const ALONE: &str = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";
    let deflated = FIN | RSV[0] | TEXT;
    let hello: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let long = "Greenroom ".repeat(6000).into_bytes();
    let mut cases = Vec::new();
    for offer in [PLAIN, ALONE] {
        cases.push(case("12, compressed", NORMAL, [frame(deflated, hello)]).offering(offer));
        cases.push(case("12, compressed", NORMAL, [frame(deflated, hello)]).in_chops(1).offering(offer));
        cases.push(case("12, not compressed", NORMAL, [whole(TEXT, "Hello")]).offering(offer));
        cases.push(case("12, stored", NORMAL, [frame(deflated, stored(b"Hello"))]).offering(offer));
        let fragments = [frame(RSV[0] | TEXT, &hello[..3]), whole(PING, "between"), last(&hello[3..])];
        cases.push(case("12, in two frames", NORMAL, fragments).offering(offer));
        cases.push(case("12, long", NORMAL, [frame(deflated, stored(&long))]).offering(offer));
        let many: Vec<_> = (0..50).map(|at| frame(deflated, stored(&long[at..at + 2000]))).collect();
        cases.push(case("12, 50 in a row", NORMAL, many).in_chops(5000).offering(offer));
        cases.push(case("12, of nothing", NORMAL, [frame(deflated, [0])]).offering(offer));
        let marked_later = [frame(TEXT, "a"), frame(FIN | RSV[0], "b")];
        cases.push(case("12, marked in the second frame", PROTOCOL_ERROR, marked_later).offering(offer));
        cases.push(case("12, a ping", PROTOCOL_ERROR, [frame(FIN | RSV[0] | PING, "")]).offering(offer));
        cases.push(case("12, not deflated", NO_TEXT, [frame(deflated, [0xff; 8])]).offering(offer));
        cases.push(case("12, no text", NO_TEXT, [frame(deflated, stored(b"\xff"))]).offering(offer));
    }
    let second = [frame(deflated, hello), frame(deflated, [0xf2, 0x00, 0x11, 0x00, 0x00])];
    cases.push(case("12, by what came before", NORMAL, second).offering(PLAIN));
    for offer in
        ["permessage-deflate; client_max_window_bits=9; server_max_window_bits=9", "x-webkit-deflate-frame"]
    {
        cases.push(case(format!("13, {offer}"), NORMAL, [whole(TEXT, &long)]).offering(offer));
    }
    cases
}

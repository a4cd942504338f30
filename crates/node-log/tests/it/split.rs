//! However the bytes come, the records are the same.

use greenroom_node_log::{Kind, Stream};
use proptest::prelude::*;

use crate::{
    recorded::ALL,
    support::{pieces, raw, records},
};

#[test]
fn every_recording_split_at_every_byte_gives_the_same_records() {
    for (name, bytes) in ALL {
        // Each byte of what is short; of what is long, its beginning.
        let bytes = &bytes[..bytes.len().min(1100)];
        let whole = records(Stream::Merged, bytes);
        assert_eq!(raw(&whole), bytes, "{name}");
        for at in 0..=bytes.len() {
            let (a, b) = bytes.split_at(at);
            assert!(pieces(Stream::Merged, [a, b]) == whole, "{name} split at {at}");
        }
    }
}

#[test]
fn every_recording_byte_by_byte_gives_the_same_records() {
    for (name, bytes) in ALL {
        assert!(pieces(Stream::Merged, bytes.chunks(1)) == records(Stream::Merged, bytes), "{name}");
    }
}

/// Lines that begin, go on with and end records, and others.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(br#"{"level":"info","message":"a","plugin":"b"}"#.to_vec()),
        Just(b"\x1b[2m2026-11-28T19:38:17.958Z\x1b[22m \x1b[34mx\x1b[39m \x1b[32minfo\x1b[39m hi ".to_vec()),
        Just(b"\x1b[2m2026-11-28T19:38:17.958Z\x1b[22m \x1b[34mx\x1b[39m \x1b[32minfo\x1b[39m open".to_vec()),
        Just(b"2026-11-28T19:38:17.958Z tasks info hi a=1".to_vec()),
        Just(b"Error: why".to_vec()),
        Just(b"Require stack:".to_vec()),
        Just(b"- /app/x.js".to_vec()),
        Just(b"    at run (/app/x.js:1:2)".to_vec()),
        Just(b"}".to_vec()),
        Just(b"".to_vec()),
        Just(b"/app/x.js:12".to_vec()),
        Just(b"      ^".to_vec()),
        Just(b"Node.js v24.21.0".to_vec()),
        Just(b"<--- Last few GCs --->".to_vec()),
        Just(b"FATAL ERROR: no memory".to_vec()),
        Just(b"(node:1) [DEP0005] DeprecationWarning: x".to_vec()),
        Just(b"(Use `node --trace-warnings ...` to show)".to_vec()),
        "[a-z]{0,12}\r?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_lines_in_any_pieces_give_the_same_records_and_all_their_bytes(
        lines in prop::collection::vec(line(), 0..30),
        size in 1..80_usize,
        stream in prop_oneof![Just(Stream::Stdout), Just(Stream::Stderr), Just(Stream::Merged)],
    ) {
        let bytes = lines.join(&b'\n');
        let whole = records(stream, &bytes);
        prop_assert_eq!(raw(&whole), &bytes[..]);
        prop_assert!(pieces(stream, bytes.chunks(size)) == whole);
        for record in &whole {
            record.fields();
            prop_assert!(!record.raw.is_empty());
            prop_assert!(record.kind == Kind::Json || !record.message.contains('\r'));
        }
    }

    #[test]
    fn any_bytes_are_records(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let records = records(Stream::Stderr, &bytes);
        prop_assert_eq!(raw(&records), bytes);
    }
}

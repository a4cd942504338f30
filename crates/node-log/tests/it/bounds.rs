//! Whatever comes, a reader holds little, and text is clean.

use greenroom_logging::Level;
use greenroom_node_log::{Kind, Limits, Reader, Stream};

use crate::support::{only, pieces, records, start};

const MIB: usize = 1 << 20;
/// What is kept of a line that is one word.
const KEPT: usize = MIB - (8 << 10);

#[test]
fn a_line_of_three_mebibytes_is_cut_before_one_and_the_rest_counted() {
    let mut bytes = vec![b'x'; 3 * MIB];
    bytes.extend_from_slice(b"\nnext\n");
    let whole = records(Stream::Stdout, &bytes);
    assert_eq!(whole.len(), 2);
    assert_eq!((whole[0].raw.len(), whole[0].truncated_bytes), (KEPT, (3 * MIB - KEPT) as u64));
    assert_eq!(&*whole[1].message, "next");
    for size in [1000, 4096, 65_537, MIB, 2 * MIB + 7] {
        assert!(pieces(Stream::Stdout, bytes.chunks(size)) == whole, "{size}");
    }
}

#[test]
fn a_line_of_one_mebibyte_is_whole() {
    let mut bytes = vec![b'x'; MIB];
    bytes.push(b'\n');
    let record = only(Stream::Stdout, &bytes);
    assert_eq!((record.raw.len(), record.truncated_bytes), (MIB + 1, 0));
}

#[test]
fn a_line_is_cut_between_characters_and_keeps_the_level_that_was_read() {
    let line = format!("{{\"level\":\"error\",\"message\":\"{}\"}}\n", "ü".repeat(MIB));
    let record = only(Stream::Stdout, line.as_bytes());
    assert_eq!((&record.kind, record.level), (&Kind::Console, Level::Error));
    assert!(!record.message.contains('\u{fffd}'));
    assert_eq!(record.raw.len() as u64 + record.truncated_bytes + 1, line.len() as u64);
}

#[test]
fn a_cut_line_at_the_end_of_the_stream_is_handed_out() {
    let record = only(Stream::Stdout, &vec![b'x'; MIB + 5]);
    assert_eq!((record.raw.len(), record.truncated_bytes), (KEPT, (MIB + 5 - KEPT) as u64));
}

#[test]
fn a_word_through_which_a_line_is_cut_is_left_out_as_it_may_be_a_secret() {
    let secret = "s3cr3t".repeat(50);
    for (before, after) in [(" ", " and more"), ("\"token\":\"", "\"}")] {
        for visible in [1, 150, secret.len() - 1] {
            let filler = MIB - before.len() - visible;
            let line = format!("{}{before}{secret}{after}\n", "x".repeat(filler));
            let whole = records(Stream::Stdout, line.as_bytes());
            assert_eq!(whole[0].raw.len(), filler + before.len(), "{before} {visible}");
            assert_eq!(whole[0].raw.len() as u64 + whole[0].truncated_bytes + 1, line.len() as u64);
            assert!(!whole[0].message.contains("s3c"));
            for size in [4096, MIB + 1] {
                assert!(pieces(Stream::Stdout, line.as_bytes().chunks(size)) == whole, "{size}");
            }
        }
    }
}

#[test]
fn what_is_held_is_bounded_whatever_comes() {
    let most = Limits::default().most_held();
    let place = format!("/app/x.js:1\n{}\n  ^\n", "x".repeat(MIB - 1));
    let stack = format!("    at {}\n", "y".repeat(MIB - 10));
    for unit in
        [vec![b'x'; 600 << 10], vec![b'\n'; 4096], vec![0xff; 4096], place.into_bytes(), stack.into_bytes()]
    {
        let mut reader = Reader::new(Stream::Stderr);
        for _ in 0..6 {
            reader.push(&unit, start(), &mut |_| {});
            assert!(reader.held_bytes() <= most, "{}", reader.held_bytes());
        }
    }
}

#[test]
fn text_is_clean_and_raw_is_as_it_came() {
    let bytes = b"a\xffb\0c\rd\r\n";
    let record = only(Stream::Stdout, bytes);
    assert_eq!((&*record.message, &*record.raw), ("a\u{fffd}b\\u0000cd", &bytes[..]));
    let bytes = b"{\"level\":\"info\",\"message\":\"a\xff\",\"k\":\"\xfe\"}\r\n";
    let record = only(Stream::Stdout, bytes);
    assert_eq!((&record.kind, &*record.message, &*record.raw), (&Kind::Json, "a\u{fffd}", &bytes[..]));
    assert_eq!(&*record.fields()[0].json, "\"\u{fffd}\"");
}

#[test]
fn sixty_four_kibibytes_of_ff_are_one_record_of_replacements() {
    let bytes = [vec![0xff; 64 << 10], b"\n".to_vec()].concat();
    let record = only(Stream::Stderr, &bytes);
    assert_eq!(record.message.chars().filter(|c| *c == '\u{fffd}').count(), 64 << 10);
    assert_eq!(*record.raw, bytes[..]);
}

#[test]
fn objects_nested_without_end_are_text() {
    for unit in ["{\"level\":", "[", "{\"message\":{\"level\":["] {
        let line = format!("{}}}\n", unit.repeat(100_000));
        assert_eq!(only(Stream::Stdout, line.as_bytes()).kind, Kind::Console);
    }
}

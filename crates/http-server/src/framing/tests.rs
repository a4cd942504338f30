//! What passes, what is refused, and that it does not matter how reads are cut.

use proptest::prelude::*;

use super::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// As Node has it at first.
const LIMIT: usize = 16 * 1024;

/// Follows all of it in pieces of these lengths, and returns what is handed out, too.
fn follow_pieces(text: &[u8], pieces: impl IntoIterator<Item = usize>) -> (Vec<u8>, Seen, At) {
    let (mut framing, mut rest, mut out, mut seen) = (Framing::new(LIMIT), text, Vec::new(), Seen::All);
    for piece in pieces {
        let (mut now, later) = rest.split_at(piece.min(rest.len()));
        rest = later;
        while !now.is_empty() && matches!(seen, Seen::All | Seen::Line) {
            let followed = framing.follow(now);
            out.extend_from_slice(&now[..followed.good]);
            (now, seen) = (&now[followed.count..], followed.seen);
            if seen == Seen::Line {
                out.extend(framing.take_line());
            }
        }
    }
    let seen = if seen == Seen::Line { Seen::All } else { seen };
    (out, seen, framing.at)
}

fn follow(text: &str) -> (Seen, At) {
    let (_, seen, at) = follow_pieces(text.as_bytes(), [usize::MAX]);
    (seen, at)
}

#[test]
fn a_message_ends_where_its_header_says() {
    for whole in [
        GET.to_owned(),
        format!("\r\n\n{GET}"),
        "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
        "POST / HTTP/1.1\r\ncontent-length:\t0 \r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nTransfer-Encoding:  Chunked\t\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"
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
        "Host: x\r\nHost: x\r\n",
        "host: x\r\nAccept: */*\r\nHOST:\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2, 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: ,chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: \r\n",
    ] {
        assert_eq!(post(headers, ""), Seen::BadHead, "{headers:?}");
    }
    assert_eq!(follow("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").0, Seen::BadHead);
    for body in [
        "2\n{}\r\n0\r\n\r\n",
        "2;a\nb\r\n",
        "2;a\rb\r\n",
        "2;a\0\r\n",
        "\r\n",
        "2 \r\n",
        "0x2\r\n",
        "-2\r\n",
        "00000000000000002\r\n",
        "2\r\n{}x\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "0\r\nX\r\n",
        "0\r\n: y\r\n",
        "0\r\nX : y\r\n",
        "0\r\nX: a\r\n b\r\n",
        "0\r\nX: a\rb\r\n",
        "0\r\ncontent-length: 0\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n",
    ] {
        assert_eq!(post("Transfer-Encoding: chunked\r\n", body), Seen::BadBody, "{body:?}");
    }
}

#[test]
fn a_head_has_fewer_bytes_than_the_limit_as_node_counts_them() {
    let head = |target: usize, name: usize, value: usize| {
        let [target, name, value] = [target, name, value].map(|count| "x".repeat(count));
        follow(&format!("GET /{target} HTTP/1.1\r\n{name}: {value}\r\n\r\n"))
    };
    for (target, name, value) in [(100, 100, LIMIT - 202), (LIMIT - 3, 1, 0), (0, LIMIT - 2, 0)] {
        assert_eq!(head(target, name, value), (Seen::All, At::Start), "{target} {name} {value}");
        for one_more in [(target + 1, name, value), (target, name + 1, value), (target, name, value + 1)] {
            assert_eq!(head(one_more.0, one_more.1, one_more.2).0, Seen::LargeHead, "{one_more:?}");
        }
    }
}

#[test]
fn encoding_does_not_count() {
    let target = format!("/{}", "<".repeat(LIMIT - 10));
    let text = format!("GET /{target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let (out, seen, at) = follow_pieces(text.as_bytes(), [usize::MAX]);
    assert_eq!((seen, at), (Seen::All, At::Start));
    assert_eq!(out, text.replace('<', "%3C").as_bytes());
    assert!(out.len() <= Framing::longest_head(LIMIT));
}

#[test]
fn a_line_without_an_end_is_kept_up_to_a_length_only() {
    for begun in ["G", "GET /", "GET / HTTP/1.1\r\nX: ", "GET / HTTP/1.1\r\nX:"] {
        let text = [begun.as_bytes(), &b" ".repeat(2 * (LIMIT + BESIDE))].concat();
        let (out, seen, _) = follow_pieces(&text, std::iter::repeat_n(1000, 70));
        assert_eq!(seen, Seen::LargeHead, "{begun}");
        assert!(out.len() < begun.len());
    }
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for begun in ["2;", "0\r\nX: "] {
        let text = format!("{chunked}{begun}{}", "a".repeat(2 * EXTRAS));
        assert_eq!(follow_pieces(text.as_bytes(), std::iter::repeat_n(1000, 70)).1, Seen::BadBody, "{begun}");
    }
}

#[test]
fn chunk_extensions_and_trailers_are_few() {
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let extended = |count: usize| {
        let extension = "a".repeat(count / 2 - 1);
        let chunk = format!("2;{extension}\r\nab\r\n");
        follow(&format!("{chunked}{chunk}{chunk}0;{}\r\n\r\n", "a".repeat(count - 2 * extension.len())))
    };
    assert_eq!(extended(EXTRAS - 1), (Seen::All, At::Start));
    assert_eq!(extended(EXTRAS).0, Seen::BadBody);
    let trailed = |count: usize| {
        let line = format!("X: {}\r\n", "y".repeat(count / 2 - 5));
        follow(&format!("{chunked}0\r\n{line}X: {}\r\n\r\n", "y".repeat(count - line.len() - 5)))
    };
    assert_eq!(trailed(EXTRAS - 1), (Seen::All, At::Start));
    assert_eq!(trailed(EXTRAS).0, Seen::BadBody);
    assert_eq!(follow(&format!("{chunked}{}2\r\nab\r\n0\r\n\r\n", "0".repeat(15))).0, Seen::All);
}

#[test]
fn what_follows_a_request_to_leave_http_waits_for_the_answer() {
    let upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    let mut framing = Framing::new(LIMIT);
    let all = format!("{upgrade}\x00\x01not http");
    let waits = Followed { good: upgrade.len(), count: upgrade.len(), seen: Seen::Undecided };
    assert_eq!(framing.follow(all.as_bytes()), waits);
    framing.stay();
    assert_eq!(
        framing.follow(GET.as_bytes()),
        Followed { good: GET.len(), count: GET.len(), seen: Seen::All }
    );
}

#[test]
fn what_came_after_a_refusal_is_refused() {
    let mut framing = Framing::new(LIMIT);
    assert_eq!(framing.follow(b"GET / HTTP/1.1\n\n").seen, Seen::BadHead);
    let refused = Followed { good: 0, count: GET.len(), seen: Seen::BadBody };
    assert_eq!(framing.follow(GET.as_bytes()), refused);
}

#[test]
fn what_came_before_a_malformed_line_is_in_order() {
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (good, bad, seen) in [
        (GET.to_owned(), "GET / HTTP/1.1\n\n", Seen::BadHead),
        (format!("{GET}GET / HTTP/1.1\r\n"), "Content-Length: 2, 2\r\n\r\n", Seen::BadHead),
        (format!("{chunked}2\r\n{{}}\r\n"), "2\n{}\r\n0\r\n\r\n", Seen::BadBody),
    ] {
        let text = format!("{good}{bad}");
        let followed = Framing::new(LIMIT).follow(text.as_bytes());
        assert_eq!(followed, Followed { good: good.len(), count: text.len(), seen }, "{bad:?}");
    }
}

proptest! {
    #[test]
    fn where_reads_are_cut_changes_nothing(
        parts in prop::collection::vec(
            prop_oneof![
                Just("GET / HTTP/1.1\r\n"), Just("GET /<`>?\"` HTTP/1.1\r\n"), Just("Host: x\r\n"), Just("\r\n"), Just("\n"),
                Just("Content-Length: 5\r\n"), Just("Transfer-Encoding: chunked\r\n"), Just("5\r\nhello\r\n"), Just("0\r\n\r\n"),
                Just("0\r\nX: y\r\n\r\n"), Just("5;a=b\r\nhello\r\n"), Just("hello"), Just("\r"), Just("Upgrade: x\r\n"),
            ],
            0..12,
        ),
        cuts in prop::collection::vec(1usize..9, 0..60),
    ) {
        let text = parts.concat();
        let whole = follow_pieces(text.as_bytes(), [usize::MAX]);
        let cut = follow_pieces(text.as_bytes(), cuts.into_iter().chain([usize::MAX]));
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn where_the_reads_of_a_large_head_are_cut_changes_nothing(
        lengths in prop::collection::vec(0..LIMIT, 1..6),
        blanks in prop::collection::vec(0..LIMIT, 1..6),
        piece in 1..LIMIT,
    ) {
        let mut text = format!("GET /{} HTTP/1.1\r\n", "<".repeat(lengths[0]));
        for (length, blanks) in lengths[1..].iter().zip(&blanks) {
            text += &format!("X:{}{}\r\n", " ".repeat(*blanks), "a".repeat(*length / 2));
        }
        text += "\r\n";
        let whole = follow_pieces(text.as_bytes(), [usize::MAX]);
        let cut = follow_pieces(text.as_bytes(), std::iter::repeat_n(piece, text.len() / piece + 1));
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn any_bytes_can_be_followed(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        follow_pieces(&bytes, [bytes.len() / 2, usize::MAX]);
    }
}

//! Lines that are not read because a look at their bytes tells enough.

use greenroom_logging::Level;
use greenroom_logs::Settings;
use proptest::prelude::*;

use crate::support::{bytes, raw};

fn line() -> impl Strategy<Value = String> {
    let level =
        prop_oneof![Just("error"), Just("warn"), Just("info"), Just("debug"), Just("WARNING"), Just("odd")];
    let text = prop_oneof![
        Just("needle"),
        Just("NEEDLE"),
        Just("hay"),
        Just("n\\u0065edle"),
        Just("{\\\"level\\\":\\\"info\\\"}"),
        Just("nee\\\\dle")
    ];
    let field = prop_oneof![
        Just(r#""a":{"level":"info"},"#),
        Just(r#""a":"needle","#),
        Just(r#""a":["needle"],"#),
        Just(r#""a":7,"#),
        Just(r#""lev\u0065l":"error","#),
        Just("")
    ];
    let time = r#""timestamp":"2026-11-30T10:00:00.000Z""#;
    prop_oneof![
        4 => (level, text, field, any::<bool>()).prop_map(move |(level, text, field, first)| match first {
            true => format!("{{{field}\"level\":\"{level}\",\"message\":\"{text}\",{time}}}"),
            false => format!("{{\"level\":\"{level}\",{field}\"message\":\"{text}\",{time}}}"),
        }),
        1 => Just("Error: needle".to_owned()),
        1 => Just("    at needle (/x.js:1:2)".to_owned()),
        1 => Just("{\"level\":\"info\" broken}".to_owned()),
        1 => Just("{ \"needle\" }".to_owned()),
    ]
}

proptest! {
    #[test]
    fn what_is_passed_over_would_not_have_matched(
        lines in proptest::collection::vec(line(), 1..12),
        filter in prop_oneof![
            Just(""), Just("needle"), Just("-needle"), Just("a:needle"), Just("a:need*"), Just("a:*"), Just("a:>5"),
            Just("message:needle"), Just("level:warn"), Just("\"nee\\\\dle\""),
        ],
        level in prop_oneof![Just(None), Just(Some(Level::Warn)), Just(Some(Level::Error))],
        split in 0..200_usize,
    ) {
        let log = format!("{{\"level\":\"info\",\"message\":\"first\",\"timestamp\":\"2026-11-30T10:00:00.000Z\"}}\n{}\n", lines.join("\n"));
        let fast = Settings { level, ..raw(filter) };
        // A range needs the time of each line, so that all are read.
        let thorough = Settings { since: Some(jiff::Timestamp::UNIX_EPOCH), ..fast.clone() };
        let expected = bytes(thorough, log.as_bytes());
        prop_assert_eq!(&bytes(fast.clone(), log.as_bytes()), &expected);

        let mut logs = greenroom_logs::Logs::new(fast, Vec::new());
        let (first, rest) = log.as_bytes().split_at(split.min(log.len()));
        logs.push(first).unwrap();
        logs.push(rest).unwrap();
        logs.finish().unwrap();
        prop_assert_eq!(logs.into_inner(), expected);
    }
}

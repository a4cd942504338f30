//! Calls to a logger, as the `logs` plugin takes them.

use serde_json::{Map, Value, json};

use super::Random;

const LEVELS: &[&str] = &["error", "warn", "info", "info", "debug"];
const MESSAGES: &[&str] = &[
    "",
    "an info",
    "Queueing task",
    "line1\nline2\n\tline3",
    "héllo 😀 \u{1} \u{1b}[31mred\u{1b}[0m \"quoted\" \\ back",
    "\u{2028}\u{2029}\u{7f}",
    "100%",
    "50% of %",
    "%s",
    "count %d of",
    "%j",
    "%o %O",
    "%%",
    "%i",
    "%f %c",
    " spaced ",
    "oops Error: in string",
    "https://x.example/?a=%20b",
    "{\"json\":true}",
    "undefined",
    "null",
    "[object Object]",
    "/path%dy",
    "at least %5",
];
/// Without `toString`: as a field of an object under `message` it makes Node's logger throw.
const KEYS: &[&str] = &[
    "a",
    "b",
    "task",
    "é",
    "Z",
    "10",
    "2",
    "1",
    "-1",
    "01",
    "key with space",
    "quote\"",
    "plugin",
    "service",
    "status",
    "type",
    "name",
    "code",
    "stack",
    "timestamp",
    "error",
    "cause",
    "message",
    "level",
    "splat",
    "constructor",
    "__proto",
    "",
];
const TEXTS: &[&str] = &[
    "",
    "two",
    "é😀",
    "a\nb",
    "tab\tquote\"",
    "\\",
    "\u{0}",
    "error",
    "T",
    "1",
    "true",
    "\u{2028}",
    "</script>",
];

/// Makes a call.
pub fn call(random: &mut Random) -> Value {
    let mut made = Map::new();
    made.insert("root".to_owned(), Value::Bool(random.percent(20)));
    let children = if random.percent(40) { 1 + random.below(2) } else { 0 };
    made.insert("children".to_owned(), (0..children).map(|_| fields(random)).collect());
    made.insert("level".to_owned(), random.one(LEVELS).into());
    made.insert("message".to_owned(), random.one(MESSAGES).into());
    match random.below(10) {
        0..=4 => drop(made.insert("meta".to_owned(), fields(random))),
        5 | 6 => drop(made.insert("error".to_owned(), error(random, 0))),
        _ => {}
    }
    Value::Object(made)
}

fn fields(random: &mut Random) -> Value {
    let count = 1 + random.below(4);
    (0..count).map(|_| (random.one(KEYS).to_owned(), value(random, 0))).collect::<Map<_, _>>().into()
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth < 3 { 12 } else { 9 }) {
        0 => Value::Null,
        1 => Value::Bool(random.percent(50)),
        2 => json!(random.below(1000)),
        3 => json!(-1 - i64::try_from(random.below(1_000_000)).unwrap_or(0)),
        4 => json!([0.5, 1.0, 1e21, 1e-7, 123_456.789, -0.0, 1e300, 5e-324][random.below(8)]),
        5 => json!(9_007_199_254_740_991_i64),
        6..=8 => random.one(TEXTS).into(),
        9 => (0..random.below(3)).map(|_| value(random, depth + 1)).collect(),
        _ => {
            let count = random.below(3);
            (0..count)
                .map(|_| (random.one(KEYS).to_owned(), value(random, depth + 1)))
                .collect::<Map<_, _>>()
                .into()
        }
    }
}

fn error(random: &mut Random, depth: usize) -> Value {
    let mut made = Map::new();
    made.insert("message".to_owned(), random.one(&["kaboom", "", "bad\ninput", "é %s"]).into());
    if random.percent(40) {
        made.insert(
            "name".to_owned(),
            random.one(&["InputError", "NotFoundError", "TypeError", "Mine"]).into(),
        );
    }
    if random.percent(40) {
        let key = random.one(&["code", "info", "statusCode", "extra", "plugin", "task"]);
        made.insert(key.to_owned(), value(random, 1));
    }
    if depth < 2 && random.percent(30) {
        made.insert("cause".to_owned(), error(random, depth + 1));
    }
    Value::Object(made)
}

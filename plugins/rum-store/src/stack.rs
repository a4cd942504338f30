//! The stack of an error, read from its text: the SDK's own form, and those of browsers where an error brings its own.
//!
//! The SDK writes `Type: message`, and below it a line `  at function @ url:line:column` for each frame. Chrome writes
//! `    at function (url:line:column)`, Firefox and Safari `function@url:line:column`.
//!
//! It must not know of source maps: what a frame was before it was bundled is told in [`source_maps`](crate::source_maps).

use crate::text::first_bytes;

/// How much of a text is read.
const MOST_BYTES: usize = 64 * 1024;
/// How many frames are kept: browsers give 10 to 50 unless they are asked for more.
const MOST_FRAMES: usize = 64;
/// How long the name of a function may be.
const MOST_FUNCTION_BYTES: usize = 256;
/// How long a URL may be.
const MOST_URL_BYTES: usize = 1024;

/// The files of Datadog's SDK, which are in the stack of whatever it reports itself.
const SDK_FILES: [&str; 2] = ["datadog-rum", "datadog-logs"];
/// What a frame without a place is said to be at.
const NOWHERE: [&str; 4] = ["", "<anonymous>", "native", "[native code]"];

/// A stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack<'a> {
    /// What stands above the frames: most often the type and the message.
    pub head: &'a str,
    /// From where it was thrown outwards.
    pub frames: Vec<Frame<'a>>,
    /// How many frames more there were.
    pub omitted: usize,
}

/// A call in a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// `None` where it has no name.
    pub function: Option<&'a str>,
    /// Of the script, without line and column.
    pub url: &'a str,
    /// The first is 1.
    pub line: Option<u32>,
    /// The first is 1.
    pub column: Option<u32>,
}

impl<'a> Stack<'a> {
    /// Reads a stack of any of the forms. A text without frames is all head.
    pub fn parse(text: &'a str) -> Self {
        let text = first_bytes(text, MOST_BYTES);
        let mut stack = Self { head: text.trim(), ..Self::default() };
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if let Some(frame) = Frame::parse(line.trim()) {
                if stack.frames.is_empty() {
                    stack.head = text[..at].trim();
                }
                match stack.frames.len() < MOST_FRAMES {
                    true => stack.frames.push(frame),
                    false => stack.omitted += 1,
                }
            }
            at += line.len();
        }
        stack
    }

    /// The first call that is in the app's own code.
    pub fn top(&self) -> Option<&Frame<'a>> {
        self.frames.iter().find(|frame| frame.is_in_app())
    }
}

impl<'a> Frame<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (function, place) = match line.strip_prefix("at ") {
            Some(call) => match call.rsplit_once(" @ ") {
                Some(of_sdk) => of_sdk,
                // The SDK leaves the place empty where it knows none.
                None if call.ends_with(" @") => (&call[..call.len() - 2], ""),
                None => chrome(call)?,
            },
            None => firefox(line)?,
        };
        Some(Self::new(function, place))
    }

    fn new(function: &'a str, place: &'a str) -> Self {
        let (mut url, line, column) = position(place.trim());
        let mut function = function.trim();
        // WebAssembly has no lines: behind the file stand the function and an offset.
        if let Some(at) = url.find(":wasm-function[") {
            if is_unnamed(function) {
                function = url[at + 1..].split_inclusive(']').next().unwrap_or_default();
            }
            url = &url[..at];
        }
        let function = (!is_unnamed(function)).then(|| first_bytes(function, MOST_FUNCTION_BYTES));
        Self { function, url: first_bytes(url, MOST_URL_BYTES), line, column }
    }

    /// Whether it is of the app: not of an extension of the browser, nor of Datadog's SDK, nor of code without a file.
    pub fn is_in_app(&self) -> bool {
        let scheme = self.url.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_of_extension = scheme.ends_with("-extension") || scheme == "webkit-masked-url";
        let is_of_sdk = || SDK_FILES.iter().any(|file| self.url.contains(file));
        !NOWHERE.contains(&self.url) && !is_of_extension && !is_of_sdk()
    }
}

fn is_unnamed(function: &str) -> bool {
    ["", "?", "<anonymous>", "(anonymous)", "(anonymous function)"].contains(&function)
}

/// `function (place)`, or only the place.
fn chrome(call: &str) -> Option<(&str, &str)> {
    let (function, place) = match call.strip_suffix(')').and_then(|call| call.split_once(" (")) {
        Some((function, place)) => (function, of_eval(place)),
        None => ("", call.strip_prefix("async ").unwrap_or(call)),
    };
    let is_place = NOWHERE.contains(&place) || (place.contains(':') && !place.contains(' '));
    let (_, line, _) = position(place);
    let has_place = NOWHERE.contains(&place) || line.is_some() || place.contains("://");
    (is_place && has_place).then_some((function, place))
}

/// The file that called `eval`: `eval at function (place), <anonymous>:1:1`, which may be within another such.
fn of_eval(place: &str) -> &str {
    if !place.starts_with("eval at ") {
        return place;
    }
    let inner = place.rsplit_once(" (").map_or(place, |(_, inner)| inner);
    inner.split_once(')').map_or(inner, |(inner, _)| inner)
}

/// `function@place`; a place is a URL, so that an address of e-mail in a message is none.
fn firefox(line: &str) -> Option<(&str, &str)> {
    if line.ends_with("@[native code]") {
        return line.split_once('@');
    }
    let scheme = line.find("://")?;
    let (function, _) = line[..scheme].rsplit_once('@')?;
    let place = &line[function.len() + 1..];
    // Firefox tells of code in `eval` by the line that called it: `url line 5 > eval:1:1`.
    let place = place.split_once(" > ").map_or(place, |(caller, _)| caller);
    let is_place = match place.split_once(" line ") {
        Some((url, _)) => !url.contains(' '),
        None => !place.contains(' '),
    };
    is_place.then_some((function, place))
}

/// Takes line and column from the end of a place.
fn position(place: &str) -> (&str, Option<u32>, Option<u32>) {
    if let Some((url, line)) = place.rsplit_once(" line ") {
        return (url, line.parse().ok(), None);
    }
    let Some((rest, last)) = number_behind(place) else { return (place, None, None) };
    match number_behind(rest) {
        Some((url, line)) => (url, Some(line), Some(last)),
        None => (rest, Some(last), None),
    }
}

/// The number behind the last colon, unless it is the port of a host.
fn number_behind(place: &str) -> Option<(&str, u32)> {
    let (rest, number) = place.rsplit_once(':')?;
    let is_port = rest.split_once("://").is_some_and(|(_, behind)| !behind.contains('/'));
    let is_number = !is_port && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_number).map(|number| (rest, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame in short: function, URL and where in it.
    fn told(text: &str) -> Vec<String> {
        let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
        let frames = Stack::parse(text).frames;
        let told = frames.iter().map(|frame| {
            let (line, column) = (number(frame.line), number(frame.column));
            format!("{} | {} | {line} | {column}", frame.function.unwrap_or("-"), frame.url)
        });
        told.collect()
    }

    #[test]
    fn the_form_of_the_sdk_is_read() {
        let text = "CatalogError: Cannot render\nentity 42\n  at <anonymous> @ http://h:7000/app.min.js:1:509\n  \
                    at document.getElementById.onclick @ http://h:7000/app.min.js:1:590\n  at eval @ :370:30\n  \
                    at UtilityScript.<anonymous> @ <anonymous>:1:44\n  at of(a, b) @ http://h:7000/\n  at x @ http://h:7000\n  \
                    at gone @";
        assert_eq!(Stack::parse(text).head, "CatalogError: Cannot render\nentity 42");
        assert_eq!(
            told(text),
            [
                "- | http://h:7000/app.min.js | 1 | 509",
                "document.getElementById.onclick | http://h:7000/app.min.js | 1 | 590",
                "eval |  | 370 | 30",
                "UtilityScript.<anonymous> | <anonymous> | 1 | 44",
                "of(a, b) | http://h:7000/ | - | -",
                "x | http://h:7000 | - | -",
                "gone |  | - | -",
            ]
        );
    }

    #[test]
    fn the_forms_of_browsers_are_read() {
        let chrome = "TypeError: x is undefined\n    at foo (https://h/a.js:1:2)\n    at https://h/a.js:3:4\n    \
                      at async Foo.bar [as baz] (https://h/a.js:5:6)\n    at new Promise (<anonymous>)\n    \
                      at eval (eval at foo (https://h/a.js:7:8), <anonymous>:1:1)\n    \
                      at run (https://h/a.wasm:wasm-function[3]:0x5a)\n    at https://h/a.wasm:wasm-function[4]:0x5b";
        assert_eq!(Stack::parse(chrome).head, "TypeError: x is undefined");
        assert_eq!(
            told(chrome),
            [
                "foo | https://h/a.js | 1 | 2",
                "- | https://h/a.js | 3 | 4",
                "async Foo.bar [as baz] | https://h/a.js | 5 | 6",
                "new Promise | <anonymous> | - | -",
                "eval | https://h/a.js | 7 | 8",
                "run | https://h/a.wasm | - | -",
                "wasm-function[4] | https://h/a.wasm | - | -",
            ]
        );
        let others = "foo@https://h/a.js:1:2\n@https://h/a.js:3:4\nbar@https://h/a.js line 5 > eval:1:1\n\
                      global code@https://h/a.js:6:7\nmap@[native code]\nasync*foo/<@https://h/@scope/a.js:8:9";
        assert_eq!(
            told(others),
            [
                "foo | https://h/a.js | 1 | 2",
                "- | https://h/a.js | 3 | 4",
                "bar | https://h/a.js | 5 | -",
                "global code | https://h/a.js | 6 | 7",
                "map | [native code] | - | -",
                "async*foo/< | https://h/@scope/a.js | 8 | 9",
            ]
        );
    }

    #[test]
    fn a_message_is_no_frame() {
        for text in [
            "Error: look\nat least three\nat (that) place\nat 12 (twelve)",
            "Error: me@example.com:1:2 said no",
            "Error: write to me@example.com, see https://example.com",
            "",
        ] {
            assert_eq!(told(text), [""; 0], "{text}");
            assert_eq!(Stack::parse(text).head, text);
        }
    }

    #[test]
    fn the_top_is_in_the_apps_own_code() {
        let text = "Error: x\n  at a @ <anonymous>:1:1\n  at b @ chrome-extension://abc/a.js:1:1\n  \
                    at b @ moz-extension://abc/a.js:1:1\n  at c @ safari-web-extension://abc/a.js:1:1\n  \
                    at d @ webkit-masked-url://hidden/:1:1\n  at e @ https://h/sdk/datadog-rum.js:1:1\n  at f @ :1:1\n  \
                    at g @ https://h/static/main.js:1:1\n  at h @ https://h/static/main.js:1:2";
        let stack = Stack::parse(text);
        assert_eq!(stack.top().and_then(|frame| frame.function), Some("g"));
        assert_eq!(Stack::parse("Error: x\n  at a @ <anonymous>:1:1").top(), None);
    }

    #[test]
    fn a_stack_has_bounds() {
        let text = format!("Error: x\n{}", "  at f @ https://h/a.js:1:1\n".repeat(100));
        let stack = Stack::parse(&text);
        assert_eq!((stack.frames.len(), stack.omitted), (MOST_FRAMES, 100 - MOST_FRAMES));
        let text = format!("  at {} @ https://h/{}:1:1", "é".repeat(1000), "é".repeat(1000));
        let stack = Stack::parse(&text);
        assert!(stack.frames[0].function.is_some_and(|name| name.len() <= MOST_FUNCTION_BYTES));
        assert!(stack.frames[0].url.len() <= MOST_URL_BYTES);
        assert_eq!(stack.frames[0].column, Some(1));
        assert!(Stack::parse(&"é".repeat(MOST_BYTES)).head.len() <= MOST_BYTES);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_stack_within_bounds(
            text in r"(  at | @ |@|://|:[0-9]{1,12}|\(|\)|eval at |wasm-function\[|\]| line | > |<anonymous>|\n|[^\n]|é){0,40}"
        ) {
            let stack = Stack::parse(&text);
            proptest::prop_assert!(stack.frames.len() <= text.lines().count());
            proptest::prop_assert!(text.contains(stack.head));
            for frame in &stack.frames {
                proptest::prop_assert!(text.contains(frame.url) && frame.function.is_none_or(|name| text.contains(name)));
            }
        }

        #[test]
        fn what_the_sdk_writes_is_read_as_it_was(
            frames in proptest::collection::vec(("[a-zA-Z.<>_]{1,12}", "https://[a-z.]{1,8}(:[0-9]{1,5})?/[a-z./@-]{0,12}", 1u32.., 1u32..), 0..8)
        ) {
            let lines = frames.iter().map(|(function, url, line, column)| format!("\n  at {function} @ {url}:{line}:{column}"));
            let text = format!("Error: x{}", lines.collect::<String>());
            let read = Stack::parse(&text);
            proptest::prop_assert_eq!(read.frames.len(), frames.len());
            for (read, (function, url, line, column)) in read.frames.iter().zip(&frames) {
                proptest::prop_assert!(read.function.is_none() || read.function == Some(function.as_str()));
                proptest::prop_assert_eq!((read.url, read.line, read.column), (url.as_str(), Some(*line), Some(*column)));
            }
        }
    }
}

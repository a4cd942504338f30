//! The calls of a stack, in the source where it is known.

use greenroom_plugin_rum_store::{queries::Event, stack::Stack};

use crate::browser::Browser;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) function: Option<String>,
    /// `file:line:column`.
    pub(crate) place: String,
    pub(crate) is_library: bool,
    /// In the bundle, where `place` is in the source.
    pub(crate) raw_place: Option<String>,
    /// Lines around the place.
    pub(crate) source: Vec<Line>,
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: u32,
    pub(crate) text: String,
    pub(crate) is_place: bool,
}

/// Those of an error, the innermost first.
pub(crate) async fn frames_of(_browser: &Browser, error: &Event) -> Vec<Frame> {
    let detail = error.detail();
    let stack = Stack::parse(detail["error"]["stack"].as_str().unwrap_or_default());
    stack.frames.iter().map(as_sent).collect()
}

/// As the browser has sent it.
fn as_sent(frame: &greenroom_plugin_rum_store::stack::Frame<'_>) -> Frame {
    let number = |number: Option<u32>| number.map(|number| format!(":{number}")).unwrap_or_default();
    Frame {
        function: frame.function.map(str::to_owned),
        place: format!("{}{}{}", frame.url, number(frame.line), number(frame.column)),
        is_library: !frame.is_in_app(),
        raw_place: None,
        source: vec![],
    }
}

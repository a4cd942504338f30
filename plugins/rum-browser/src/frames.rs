//! The calls of a stack, in the source where it is known.

use greenroom_plugin_rum_store::{
    queries::Event,
    source_maps::{Original, Resolved},
    stack::{self, Stack},
};

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
pub(crate) async fn frames_of(browser: &Browser, error: &Event) -> Vec<Frame> {
    let detail = error.detail();
    let stack = Stack::parse(detail["error"]["stack"].as_str().unwrap_or_default());
    match &browser.sources {
        Some(sources) => sources.resolve(&stack).await.into_iter().map(Frame::from).collect(),
        None => stack.frames.iter().map(as_sent).collect(),
    }
}

/// As the browser has sent it.
fn as_sent(frame: &stack::Frame<'_>) -> Frame {
    Frame {
        function: frame.function.map(str::to_owned),
        place: place_of(frame),
        is_library: !frame.is_in_app(),
        raw_place: None,
        source: vec![],
    }
}

fn place_of(frame: &stack::Frame<'_>) -> String {
    let number = |number: Option<u32>| number.map(|number| format!(":{number}")).unwrap_or_default();
    format!("{}{}{}", frame.url, number(frame.line), number(frame.column))
}

impl From<Resolved<'_>> for Frame {
    fn from(Resolved { frame, original }: Resolved<'_>) -> Self {
        let Some(Original { source, line, column, function, is_library, context }) = original else {
            return as_sent(&frame);
        };
        let lines = context.into_iter();
        Self {
            function,
            place: format!("{source}:{line}:{column}"),
            is_library,
            raw_place: Some(place_of(&frame)),
            source: lines
                .map(|of| Line { is_place: of.number == line, number: of.number, text: of.text })
                .collect(),
        }
    }
}

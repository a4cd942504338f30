//! A state is shown by shape, colour and word, always together.

use maud::{Markup, Render, html};

/// What a shape stands for.
///
/// ```
/// use greenroom_plugin_observatory_node::Mark;
///
/// let shown = Mark::Fail.word("Fails").into_string();
/// assert_eq!(shown, r##"<span class="st"><svg class="g fail" aria-hidden="true"><use href="#m-square"></use></svg>Fails</span>"##);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Health: all is well.
    Ok,
    /// Health: something is off, and requests are served.
    Warn,
    /// Health: it does not work.
    Fail,
    /// A vital that is good.
    Good,
    /// A vital that needs improvement.
    Needs,
    /// A vital that is poor.
    Poor,
    /// Nobody knows, or there is nothing to do.
    Unknown,
    /// It is happening now, or somebody did it.
    Live,
    /// A view of the browser.
    View,
    /// Something of which there are many, such as a request.
    Dot,
}

impl Mark {
    /// Its name in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Good => "good",
            Self::Needs => "needs",
            Self::Poor => "poor",
            Self::Unknown | Self::Dot => "mute",
            Self::Live | Self::View => "data",
        }
    }

    /// How bad it is, for strips: worse is taller.
    pub(crate) fn severity(self) -> u8 {
        match self {
            Self::Fail | Self::Poor => 2,
            Self::Warn | Self::Needs => 1,
            _ => 0,
        }
    }

    fn shape(self) -> &'static str {
        match self {
            Self::Ok | Self::Good | Self::Dot => "#m-circle",
            Self::Warn | Self::Needs => "#m-triangle",
            Self::Fail | Self::Poor => "#m-square",
            Self::Unknown => "#m-dash",
            Self::Live => "#m-ring",
            Self::View => "#m-diamond",
        }
    }

    /// The mark with its word.
    pub fn word(self, word: impl Render) -> Markup {
        html! { span.st { (self) (word) } }
    }

    /// The mark beside a value; its word is heard and not seen, for cells that have no place for it.
    pub fn beside(self, word: &str, value: impl Render) -> Markup {
        html! { span.st { (self) span.vh { (word) " " } (value) } }
    }

    /// The mark with its word on a tint.
    pub fn pill(self, word: impl Render) -> Markup {
        html! { span class={ "pill " (self.class()) } { (self) (word) } }
    }
}

impl Render for Mark {
    fn render(&self) -> Markup {
        html! { svg class={ "g " (self.class()) } aria-hidden="true" { use href=(self.shape()) {} } }
    }
}

/// The shapes of all marks: once on each page, in front of what uses them. A [`Frame`](crate::Frame) has them.
pub fn shapes() -> Markup {
    let shapes = [
        ("m-circle", "M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1z"),
        ("m-triangle", "M6 .8 11.6 11H.4z"),
        ("m-square", "M1.5 1.5h9v9h-9z"),
        ("m-dash", "M2 5h8v2H2z"),
        ("m-ring", "M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1zm0 2a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"),
        ("m-diamond", "M6 .5 11.5 6 6 11.5.5 6z"),
    ];
    html! {
        svg.shapes width="0" height="0" aria-hidden="true" {
            @for (id, path) in shapes { symbol id=(id) viewBox="0 0 12 12" { path d=(path) {} } }
        }
    }
}

//! The page: what each button does, and behind a press what came of it.

use axum::response::{IntoResponse, Response};
use greenroom_plugin_observatory_node::{Mark, foreign, format, parts};
use greenroom_plugin_rum::{PageMarkup, SdkState};
use http::StatusCode;
use maud::{Markup, html};

use crate::{
    button::Button,
    evidence::Installed,
    frame::framed,
    pressed::{Asked, MOST, Press},
};

/// What the page shows.
pub(crate) struct View {
    /// For how many seconds the dependency stays broken, if it is.
    pub(crate) broken_for: Option<u64>,
    pub(crate) installed: Installed,
    pub(crate) sdk: SdkState,
    /// What loads the SDK.
    pub(crate) measured: Option<PageMarkup>,
    /// The command that says why no browser events arrive, where they should.
    pub(crate) doctor: Option<String>,
    pub(crate) asked: Asked,
}

impl IntoResponse for View {
    fn into_response(self) -> Response {
        framed(StatusCode::OK, self.installed, self.measured.as_ref(), &self.main())
    }
}

/// What is said below `/demo` where nothing is.
pub(crate) fn nothing(installed: Installed) -> Response {
    let main = html! {
        div.head {
            h1 { "The demo has no such page." }
            p { a href="/demo" { "Its buttons" } " are all on one page." }
        }
    };
    framed(StatusCode::NOT_FOUND, installed, None, &main)
}

impl View {
    fn main(&self) -> Markup {
        html! {
            div.head {
                h1 { "Press a button, then look where it shows." }
                p {
                    "Each does in this backend what happens in others. What is shown is what the backend has "
                    "answered and logged."
                }
                @if self.installed.observatory {
                    p {
                        "The Observatory opens with the single-use link that the terminal shows at the start, or with a new one: "
                        (parts::inline("greenroom ops link")) " prints it."
                    }
                }
                @if let Asked::Forgotten = self.asked {
                    p { "That press is shown no more: the last " (MOST) " since the start are kept." }
                }
            }
            div.presses {
                @for (at, button) in Button::ALL.into_iter().enumerate() { (self.article(at + 1, button)) }
            }
        }
    }

    fn article(&self, number: usize, button: Button) -> Markup {
        let id = button.id();
        let shown = match &self.asked {
            Asked::This(Press { button: pressed, shown }) if *pressed == button => Some(shown),
            _ => None,
        };
        html! {
            // The SDK masks what stands on a page: by these names one tells what was clicked.
            article.panel.pad.sec id=(id) aria-labelledby={ (id) "-title" } data-dd-action-name=(button.title()) {
                h2 id={ (id) "-title" } { (number) ". " (button.title()) }
                p.about { (button.about()) }
                (self.form(button))
                div.evidence role="status" tabindex="-1" { @if let Some(shown) = shown { (shown) } }
            }
        }
    }

    fn form(&self, button: Button) -> Markup {
        let form = |path: &str, label: &str| {
            let action = html! { "/api/demo/press/" (path) "#" (button.id()) };
            html! { form method="post" action=(action) { button data-dd-action-name=(label) { (label) } } }
        };
        match (button, self.broken_for) {
            (Button::Queue, _) if !self.installed.tasks => html! {
                p { "The plugin tasks does not run here. " (parts::inline("greenroom.plugins.tasks: true")) " switches it on." }
            },
            (Button::Break, Some(seconds)) => html! {
                p data-again=(seconds) data-from="/api/demo/press/readiness" {
                    (Mark::Fail.word("It is broken")) ", and comes back by itself in " (format::with_unit(seconds, "s")) "."
                }
                (form("mend", "Mend it now"))
            },
            (Button::Throw, _) => self.throw(form),
            (button, _) => form(button.id(), button.label()),
        }
    }

    fn throw(&self, form: impl Fn(&str, &str) -> Markup) -> Markup {
        let errors = self.installed.page("/.greenroom/browser/errors");
        let session = self.installed.page("/.greenroom/browser/sessions");
        html! {
            @match &self.sdk {
                SdkState::There => {}
                SdkState::Off => p {
                    "Browser events are kept with " (parts::inline("greenroom.rum.mode: store")) "; here they are not."
                },
                SdkState::NotLaidOut => {
                    p { "The SDK is not here yet. npm fetches it, as it is set up for you; that takes some seconds." }
                    (form("sdk", "Fetch the SDK"))
                }
                SdkState::Missing(why) => p { (foreign(why).limit(600)) },
            }
            div { button type="button" data-throw data-dd-action-name=(Button::Throw.label()) { (Button::Throw.label()) } }
            noscript { p { "It takes a browser that runs scripts." } }
            @if let Some(doctor) = &self.doctor { p.about { "Nothing arrives? " (parts::inline(doctor)) " says why." } }
            div.evidence hidden data-told tabindex="-1" {
                h3 { "The error is thrown. The SDK tells it within 30 s, or when you leave this page." }
                dl.why {
                    dt { "Where to look" }
                    dd {
                        p {
                            @match errors { Some(page) => a href=(page) { "Browser, errors" }, None => "Errors" }
                            ": " (parts::inline(THROWN))
                        }
                        p {
                            @match session {
                                Some(page) => a href=(page) data-session { "Browser, this session" },
                                None => "Session",
                            }
                            ": " span.mono data-session-id {}
                        }
                    }
                }
            }
            div.evidence hidden data-untold tabindex="-1" {
                h3 { "The error is thrown, and nobody has heard of it but the console of this browser." }
                p { "With the SDK the backend would have learned of it." }
            }
        }
    }
}

/// What the script throws.
const THROWN: &str = "The demo cannot count its items";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_script_throws() {
        assert!(include_str!("demo.js").contains(THROWN));
    }
}

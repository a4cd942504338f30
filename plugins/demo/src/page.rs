//! The page: what each button does, and behind a press what came of it.

use axum::response::{IntoResponse, Response};
use greenroom_plugin_observatory_node::{Mark, foreign, format, parts, shapes};
use http::{HeaderName, HeaderValue, header};
use maud::{DOCTYPE, Markup, html};

use crate::{
    button::Button,
    calls::Told,
    evidence::{Evidence, Place},
};

/// Nothing comes from elsewhere, and nothing in the page itself is a script.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the page shows.
pub(crate) struct View {
    /// For how many seconds the dependency stays broken, if it is.
    pub(crate) broken_for: Option<u64>,
    /// Whether the plugin tasks runs.
    pub(crate) has_tasks: bool,
    /// Whether the Observatory runs.
    pub(crate) has_observatory: bool,
    /// Of the button that was pressed.
    pub(crate) evidence: Option<Evidence>,
}

impl IntoResponse for View {
    fn into_response(self) -> Response {
        let headers: [(HeaderName, HeaderValue); 5] = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            // With it forms of the page say where they come from.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        ];
        (headers, self.page().into_string()).into_response()
    }
}

impl View {
    fn page(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en-GB" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { "Demo · Greenroom" }
                    link rel="icon" href="/demo/icon.svg";
                    link rel="stylesheet" href="/demo/style.css";
                    script src="/demo/demo.js" defer {}
                }
                body.demo {
                    (shapes())
                    a.skip href="#main" { "Skip to content" }
                    header.bar {
                        span.brand { "Greenroom" }
                        p.where { "demo, for this machine alone" }
                        @if self.has_observatory { a href="/.greenroom/" { "Observatory" } }
                    }
                    main #main tabindex="-1" {
                        div.head {
                            h1 { "Press a button, then look where it shows." }
                            p {
                                "Each does in this backend what happens in others. What is shown is what the backend has "
                                "answered and logged."
                            }
                            @if self.has_observatory {
                                p { "The Observatory opens with the single-use link that the terminal shows." }
                            }
                        }
                        div.presses {
                            @for (at, button) in Button::ALL.into_iter().enumerate() { (self.article(at + 1, button)) }
                        }
                    }
                }
            }
        }
    }

    fn article(&self, number: usize, button: Button) -> Markup {
        let id = button.id();
        let evidence = self.evidence.as_ref().filter(|evidence| evidence.button == button);
        html! {
            article.panel.pad.sec id=(id) aria-labelledby={ (id) "-title" } {
                h2 id={ (id) "-title" } { (number) ". " (button.title()) }
                p.about { (button.about()) }
                (self.form(button))
                div.evidence role="status" tabindex="-1" { @if let Some(evidence) = evidence { (shown(evidence)) } }
            }
        }
    }

    fn form(&self, button: Button) -> Markup {
        let form = |path: &str, label: &str| {
            html! { form method="post" action={ "/demo/" (path) "#" (button.id()) } { button { (label) } } }
        };
        match (button, self.broken_for) {
            (Button::Queue, _) if !self.has_tasks => html! {
                p { "The plugin tasks does not run here. " (parts::inline("greenroom.plugins.tasks: true")) " switches it on." }
            },
            (Button::Break, Some(seconds)) => html! {
                p data-again=(seconds) data-from="/demo/readiness" {
                    (Mark::Fail.word("It is broken")) ", and comes back by itself in " (format::with_unit(seconds, "s")) "."
                }
                (form("mend", "Mend it now"))
            },
            (Button::Throw, _) => html! {
                button type="button" data-throw { (button.label()) }
                noscript { p { "It takes a browser that runs scripts." } }
            },
            (button, _) => form(button.id(), button.label()),
        }
    }
}

fn shown(evidence: &Evidence) -> Markup {
    let Evidence { told, meaning, places, command, next, .. } = evidence;
    html! {
        h3 { (meaning) }
        p { (outcome(told)) }
        @if let Ok((_, body)) = &told.answer { pre.answer { (foreign(body).lines().limit(2000)) } }
        @if let Some((path, label)) = next { p { a href={ (path) "#" (evidence.button.id()) } data-in-place { (label) } } }
        dl.why {
            dt { "Where to look" }
            dd { @for place in places { (look(place)) } }
            @if let Some(command) = command { dt { "In a terminal" } dd { (parts::command(command)) } }
        }
    }
}

fn outcome(told: &Told) -> Markup {
    let call = html! { span.mono { (told.method) " " (told.path) } };
    html! {
        @match &told.answer {
            Ok((status, _)) => {
                (call) " was answered "
                (if status.is_success() { Mark::Ok } else { Mark::Fail }.word(status.as_str()))
                " in " (format::ms(told.took)) "."
            }
            Err(why) => { (call) " got no answer: " (foreign(why)) }
        }
    }
}

fn look(place: &Place) -> Markup {
    html! {
        p {
            @match place.page { Some(page) => a href=(page) { (place.name) }, None => (place.name) }
            ": " (parts::inline(&place.exact))
        }
    }
}

//! The page: what each button does, and behind a press what came of it.

use axum::response::{IntoResponse, Response};
use greenroom_plugin_observatory_node::{Mark, foreign, format, parts, shapes};
use greenroom_plugin_rum::{PageMarkup, SdkState};
use http::{HeaderName, HeaderValue, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    button::Button,
    evidence::{Evidence, Installed},
    shown::shown,
};

/// Nothing comes from elsewhere, and nothing in the page itself is a script.
const POLICY: [(&str, &str); 8] = [
    ("default-src", "'none'"),
    ("style-src", "'self'"),
    ("script-src", "'self'"),
    ("img-src", "'self'"),
    ("connect-src", "'self'"),
    ("form-action", "'self'"),
    ("base-uri", "'none'"),
    ("frame-ancestors", "'none'"),
];

/// What the page shows.
pub(crate) struct View {
    /// For how many seconds the dependency stays broken, if it is.
    pub(crate) broken_for: Option<u64>,
    pub(crate) installed: Installed,
    pub(crate) sdk: SdkState,
    /// What loads the SDK.
    pub(crate) measured: Option<PageMarkup>,
    /// Of the button that was pressed.
    pub(crate) evidence: Option<Evidence>,
}

impl IntoResponse for View {
    fn into_response(self) -> Response {
        let policy = HeaderValue::try_from(self.policy());
        let headers: [(HeaderName, HeaderValue); 5] = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (
                header::CONTENT_SECURITY_POLICY,
                policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
            ),
            // With it forms of the page say where they come from.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        ];
        (headers, self.page().into_string()).into_response()
    }
}

impl View {
    fn policy(&self) -> String {
        let needed = self.measured.iter().flat_map(|measured| &measured.policy);
        let all = POLICY.map(|(directive, source)| {
            let more = needed.clone().filter(|(of, _)| *of == directive).map(|(_, source)| source.as_str());
            [directive, source].into_iter().chain(more).collect::<Vec<_>>().join(" ")
        });
        // Of the others, which the SDK may need, nothing is let yet.
        let others = needed.clone().filter(|(of, _)| !POLICY.iter().any(|(directive, _)| directive == of));
        all.into_iter()
            .chain(others.map(|(of, source)| format!("{of} {source}")))
            .collect::<Vec<_>>()
            .join("; ")
    }

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
                    @if let Some(PageMarkup { head, .. }) = &self.measured { (PreEscaped(head)) }
                    script src="/demo/demo.js" defer {}
                }
                body.demo {
                    (shapes())
                    a.skip href="#main" { "Skip to content" }
                    header.bar {
                        span.brand { img src="/demo/icon.svg" width="20" height="20" alt=""; "Greenroom" }
                        p.where { "demo, for this machine alone" }
                        @if self.installed.observatory { a href="/.greenroom/" { "Observatory" } }
                    }
                    main #main tabindex="-1" {
                        div.head {
                            h1 { "Press a button, then look where it shows." }
                            p {
                                "Each does in this backend what happens in others. What is shown is what the backend has "
                                "answered and logged."
                            }
                            @if self.installed.observatory {
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
            html! { form method="post" action={ "/api/demo/press/" (path) "#" (button.id()) } { button { (label) } } }
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
            div { button type="button" data-throw { (Button::Throw.label()) } }
            noscript { p { "It takes a browser that runs scripts." } }
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

    #[test]
    fn the_policy_gets_what_the_sdk_needs_and_no_more() {
        let installed = Installed { tasks: true, rum: true, observatory: true };
        let view = |policy: &[(&'static str, &str)]| View {
            broken_for: None,
            installed,
            sdk: SdkState::There,
            measured: Some(PageMarkup {
                head: String::new(),
                policy: policy.iter().map(|(of, source)| (*of, (*source).to_owned())).collect(),
            }),
            evidence: None,
        };
        let plain = view(&[]).policy();
        assert!(plain.starts_with("default-src 'none'; style-src 'self'; script-src 'self'; "), "{plain}");
        let more = view(&[("script-src", "https://cdn.example"), ("worker-src", "blob:")]).policy();
        assert!(
            more.contains("script-src 'self' https://cdn.example; ") && more.ends_with("; worker-src blob:"),
            "{more}"
        );
    }
}

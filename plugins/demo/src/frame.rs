//! What is around the page, and around what is said where there is none.

use axum::response::{IntoResponse, Response};
use greenroom_plugin_observatory_node::shapes;
use greenroom_plugin_rum::PageMarkup;
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::evidence::Installed;

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

/// The answer with this in its `<main>`, and with what loads the SDK.
pub(crate) fn framed(
    status: StatusCode,
    installed: Installed,
    measured: Option<&PageMarkup>,
    main: &Markup,
) -> Response {
    let policy = HeaderValue::try_from(policy(measured));
    let headers: [(HeaderName, HeaderValue); 5] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static("default-src 'none'"))),
        // With it forms of the page say where they come from.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    (status, headers, document(installed, measured, main).into_string()).into_response()
}

fn policy(measured: Option<&PageMarkup>) -> String {
    let needed = measured.into_iter().flat_map(|measured| &measured.policy);
    let all = POLICY.map(|(directive, source)| {
        let more = needed.clone().filter(|(of, _)| *of == directive).map(|(_, source)| source.as_str());
        [directive, source].into_iter().chain(more).collect::<Vec<_>>().join(" ")
    });
    // Of the others, which the SDK may need, nothing is let yet.
    let others = needed.clone().filter(|(of, _)| !POLICY.iter().any(|(directive, _)| directive == of));
    let others = others.map(|(of, source)| format!("{of} {source}"));
    all.into_iter().chain(others).collect::<Vec<_>>().join("; ")
}

fn document(installed: Installed, measured: Option<&PageMarkup>, main: &Markup) -> Markup {
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
                @if let Some(PageMarkup { head, .. }) = measured { (PreEscaped(head)) }
                script src="/demo/demo.js" defer {}
            }
            body.demo {
                (shapes())
                a.skip href="#main" { "Skip to content" }
                header.bar {
                    span.brand { img src="/demo/icon.svg" width="20" height="20" alt=""; span { "Greenroom" } }
                    p.where { "demo" span.extra { ", for this machine alone" } }
                    @if installed.observatory { a href="/.greenroom/" { "Observatory" } }
                }
                main #main tabindex="-1" { (main) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_gets_what_the_sdk_needs_and_no_more() {
        let with = |needed: &[(&'static str, &str)]| {
            let needed = needed.iter().map(|(of, source)| (*of, (*source).to_owned()));
            policy(Some(&PageMarkup { head: String::new(), policy: needed.collect() }))
        };
        let plain = with(&[]);
        assert!(plain.starts_with("default-src 'none'; style-src 'self'; script-src 'self'; "), "{plain}");
        let more = with(&[("script-src", "https://cdn.example"), ("worker-src", "blob:")]);
        assert!(
            more.contains("script-src 'self' https://cdn.example; ") && more.ends_with("; worker-src blob:"),
            "{more}"
        );
    }
}

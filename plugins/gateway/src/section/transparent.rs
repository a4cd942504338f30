//! The switch that lets bytes pass as they come: a warning while it is on, and the way to it while it is not.

use std::path::Path;

use greenroom::{
    config::RootConfig,
    ops::{Ops, ROOT},
};
use greenroom_plugin_observatory_node::{
    foreign,
    parts::{Call, command, details},
};
use maud::{Markup, Render, html};

const KEY: &str = "greenroom.gateway.transparent";

/// While it is on.
pub(super) fn warning(config: &RootConfig, ops: &Ops) -> Markup {
    let body = html! {
        p { "Requests have no request id and no trace, and pages have no browser scripts. Switch it off:" }
        (switch(ops, false))
        @if let (Ok(Some(true)), Some(place)) = (config.optional_switch(KEY), config.place(KEY)) {
            p { "A restart switches it on again: " code { (KEY) } " says so (" (foreign(&place.to_string())) ")." }
        }
    };
    Call::warning(
        html! { span.vh { "Warning: " } "Transparent mode is on: bytes pass to Node and back as they come." },
    )
    .body(body)
    .render()
}

/// While it is off: for whoever wants to know whether a fault is ours.
pub(super) fn hint(ops: &Ops) -> Markup {
    let body = html! {
        p { "Then nothing is added to requests and pages, without a restart. A fault that stays is not Greenroom's:" }
        (switch(ops, true))
    };
    details(html! { span.small { "Let bytes pass as they come" } }, body)
}

fn switch(ops: &Ops, is_on: bool) -> Markup {
    let file = ops.token_file();
    html! {
        (command(&asked(file, ops.url(), is_on)))
        @if file.is_none() {
            p { "In that shell, " code { "GREENROOM_OPS_TOKEN" } " is to hold the ops token." }
        }
    }
}

fn asked(token_file: Option<&Path>, url: &str, is_on: bool) -> String {
    let token = match token_file {
        Some(file) => format!("$(cat {})", quoted(&file.display().to_string())),
        None => "$GREENROOM_OPS_TOKEN".to_owned(),
    };
    format!(
        "curl -m 5 -X PUT -H @<(echo \"Authorization: Bearer {token}\") -H 'Content-Type: application/json' \
         -d '{{\"transparent\":{is_on}}}' {url}{ROOT}/v1/gateway/transparent"
    )
}

/// As a shell reads it as one word.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_file_of_the_token_where_it_is_and_else_the_variable() {
        let with = |file: Option<&str>| asked(file.map(Path::new), "http://127.0.0.1:7007", true);
        assert!(with(Some("/srv/state/ops.token")).contains("Bearer $(cat /srv/state/ops.token)\")"));
        assert!(with(Some("/srv/o'k dir/ops.token")).contains(r"Bearer $(cat '/srv/o'\''k dir/ops.token')"));
        assert!(with(None).contains("\"Authorization: Bearer $GREENROOM_OPS_TOKEN\""));
        assert!(with(None).ends_with(
            "-d '{\"transparent\":true}' http://127.0.0.1:7007/.greenroom/v1/gateway/transparent"
        ));
    }
}

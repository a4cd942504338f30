//! What the page of the app gets.

use std::time::{SystemTime, UNIX_EPOCH};

use greenroom::{context::Context, prelude::*};
use greenroom_plugin_app_node::IndexDocument;

use crate::{
    markup::{Markup, trace_metas},
    setup::Setup,
    snippet,
};

/// Adds to the page what starts the SDK, and takes out what would start it a second time. Without the SDK's files nothing is
/// added, which the plugin tells.
pub(crate) fn add(setup: &Setup, logger: &Logger, document: &IndexDocument) {
    let Setup { rum, script, sdk } = setup;
    let Some(Markup { html, policy }) = Markup::of(rum, script, sdk) else { return };
    document.head_start(move |_| Ok(html.clone()));
    document.head_of_each(trace_of_the_request);
    policy.into_iter().for_each(|(directive, source)| document.allow(directive, source));
    let logger = logger.clone();
    document.rewrite_template(move |template| {
        let page = snippet::without_snippet(template);
        page.remarks().for_each(|remark| logger.warn(remark));
        (page.removed > 0).then(|| page.html.into_owned())
    });
}

/// What ties the page that is loaded to the request that it was the answer to.
fn trace_of_the_request() -> String {
    let context = Context::current();
    let Some(request) = context.request() else { return String::new() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    trace_metas(request.trace().trace_id().lower_64_bits(), now.as_millis())
}

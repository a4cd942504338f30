//! What the page of the app gets.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use greenroom::{context::Context, prelude::*};
use greenroom_plugin_app_node::IndexDocument;

use crate::{
    markup::{Markup, trace_metas},
    setup::Setup,
    snippet,
};

/// Adds to the page what starts the SDK, and takes out what would start it a second time. While the SDK's files are not there
/// nothing is added, which the start tells; once they are, each answer gets it.
pub(crate) fn add(setup: &Arc<Setup>, logger: &Logger, document: &IndexDocument) {
    let (at_start, of_page, of_each) = (setup.markup(), setup.clone(), setup.clone());
    let (is_there, html) = (at_start.is_some(), at_start.map(|markup| markup.html).unwrap_or_default());
    document.head_start(move |_| {
        of_page.has_page.store(true, Ordering::SeqCst);
        Ok(html.clone())
    });
    document.head_of_each(move || match is_there {
        true => trace_of_the_request(),
        false => of_each.markup().map(|markup| trace_of_the_request() + &markup.html).unwrap_or_default(),
    });
    let policy = Markup::policy(&setup.rum, &setup.sdk()).into_iter();
    policy.for_each(|(directive, source)| document.allow(directive, source));
    let logger = logger.clone();
    document.rewrite_template(move |template| {
        let page = snippet::without_snippet(template);
        page.remarks().for_each(|remark| logger.warn(remark));
        (page.removed > 0).then(|| page.html.into_owned())
    });
}

/// What ties the page that is loaded to the request that it was the answer to.
pub(crate) fn trace_of_the_request() -> String {
    let context = Context::current();
    let Some(request) = context.request() else { return String::new() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    trace_metas(request.trace().trace_id().lower_64_bits(), now.as_millis())
}

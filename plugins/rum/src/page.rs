//! What the page of the app gets.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use greenroom::{
    config::{ReadContext, Remark, RootConfig},
    context::Context,
    data_dir::{DataDirEnvironment, DataDirectory},
    prelude::*,
};
use greenroom_plugin_app_node::IndexDocument;

use crate::{
    markup::{Markup, trace_metas},
    sdk::SdkLocation,
    settings::{Mode, Settings},
    setup::Setup,
    snippet,
};

/// What an operator should know of the config, the SDK's files that it lacks included.
pub(crate) fn remarks(settings: &Settings, config: &RootConfig, context: &ReadContext) -> Vec<Remark> {
    let data = DataDirEnvironment::declared(&context.declarations).and_then(|env| env.data_dir(config).ok());
    let source = match (&settings.mode, data) {
        (Mode::On(rum), Some(dir)) => Some(SdkLocation::find(rum, config, &DataDirectory::at(dir))),
        _ => None,
    };
    let missing = match source {
        Some(SdkLocation::Missing(missing)) => Some(Remark::Warning(missing.told)),
        _ => None,
    };
    settings.remarks().into_iter().chain(missing).collect()
}

/// Adds to the page what starts the SDK, and takes out what would start it a second time. Without the SDK's files nothing is
/// added, which the report on the config tells.
pub(crate) fn add(setup: &Arc<Setup>, logger: &Logger, document: &IndexDocument) {
    let (markup, of_page) = (Markup::of(&setup.rum, &setup.script, &setup.sdk()), setup.clone());
    let html = markup.as_ref().map(|markup| markup.html.clone()).unwrap_or_default();
    document.head_start(move |_| {
        of_page.has_page.store(true, Ordering::SeqCst);
        Ok(html.clone())
    });
    let Some(Markup { policy, .. }) = markup else { return };
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
pub(crate) fn trace_of_the_request() -> String {
    let context = Context::current();
    let Some(request) = context.request() else { return String::new() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    trace_metas(request.trace().trace_id().lower_64_bits(), now.as_millis())
}

//! The service that plugins ask for: Backstage's `alpha.core.tracing`.

use greenroom_config::RootConfig;
use greenroom_core::{Backend, plugin, service};
use greenroom_traces::{Caller, KeyValue, SpanData, TracerProvider, Tracing, TracingSettings};

use crate::{open, said};

struct Ada;

impl Caller for Ada {
    fn principal_type(&self) -> &'static str {
        "user"
    }

    fn end_user(&self) -> Option<&str> {
        Some("user:default/ada")
    }
}

/// What a plugin's init has recorded, under that config.
async fn recorded(yaml: &'static str) -> Vec<SpanData> {
    let (provider, spans) = open();
    let installed: TracerProvider = provider.clone();
    let traces = |id| {
        plugin(id, |env| {
            env.register_init(async |tracing: Tracing| {
                let span = tracing.span("read").attribute("backstage.principal.type", "wrong").caller(&Ada);
                span.run(async |_| Ok(())).await
            });
        })
    };
    let backend = Backend::new([
        service(async move || Ok(RootConfig::from_yaml(yaml)?)),
        service(async move || Ok(installed.clone())),
        Tracing::factory(),
    ]);
    backend.add(traces("catalog")).add(traces("search")).start().await.unwrap().stop().await;
    let mut all = spans.take();
    all.sort_by_key(|span| said(span, "backstage.plugin.id"));
    all
}

#[tokio::test]
async fn traces_1_each_plugin_has_its_own_tracer_or_the_one_that_the_config_names() {
    let spans = recorded(
        "backend: { tracing: { plugin: { search: { tracer: { name: find, version: '2', schemaUrl: 'https://example.com' } } } } }",
    )
    .await;
    let scopes: Vec<_> = spans
        .iter()
        .map(|span| (&*span.scope.name, span.scope.version.as_deref(), span.scope.schema_url.as_deref()))
        .collect();
    assert_eq!(
        scopes,
        [("backstage-plugin-catalog", None, None), ("find", Some("2"), Some("https://example.com"))]
    );
}

#[tokio::test]
async fn traces_2_a_span_tells_its_plugin_and_whom_it_is_for_but_no_person_unless_the_config_wants_it() {
    let [catalog, _] = &recorded("").await[..] else { panic!("two spans") };
    assert_eq!(said(catalog, "backstage.plugin.id").as_deref(), Some("catalog"));
    assert_eq!(
        said(catalog, "backstage.principal.type").as_deref(),
        Some("user"),
        "before what the plugin says"
    );
    assert_eq!(said(catalog, "enduser.id"), None);
    let [catalog, _] = &recorded("backend: { tracing: { capture: { endUser: true } } }").await[..] else {
        panic!("two spans")
    };
    assert_eq!(said(catalog, "enduser.id").as_deref(), Some("user:default/ada"));
    let keys: Vec<_> = catalog.attributes.iter().map(|KeyValue { key, .. }| key.as_str()).collect();
    assert_eq!(keys, ["backstage.plugin.id", "backstage.principal.type", "enduser.id"]);
}

#[test]
fn a_tracer_that_is_no_text_is_a_fault_with_its_place() {
    let yaml =
        "backend: { tracing: { plugin: { search: { tracer: { name: 7 } } }, capture: { endUser: [] } } }";
    let config = RootConfig::from_yaml(yaml).unwrap();
    let fault = TracingSettings::from_config(&config).unwrap_err().to_string();
    assert!(fault.contains("backend.tracing.plugin.search.tracer.name"), "{fault}");
}

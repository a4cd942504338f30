//! `alpha.core.tracing`: the handle that plugins ask for, and its default factory.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use greenroom_config::{ConfigError, DeclareConfig, RootConfig, all, each};
use greenroom_context::TraceContext;
use greenroom_core::{PluginMetadata, Service, ServiceFactory, scope, service};

use crate::{
    data::Scope,
    provider::{Tracer, TracerProvider},
    span::SpanBuilder,
};

const PLUGINS: &str = "backend.tracing.plugin";
const END_USER: &str = "backend.tracing.capture.endUser";

/// The tracer of one plugin. Backstage's `alpha.core.tracing`. See the [crate's example](crate).
#[derive(Clone)]
pub struct Tracing(Arc<Inner>);

struct Inner {
    tracer: Tracer,
    plugin: String,
    captures_end_user: bool,
}

impl Service for Tracing {
    const ID: &'static str = "alpha.core.tracing";
    type Scope = scope::Plugin;
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").field("tracer", &self.0.tracer.scope().name).finish_non_exhaustive()
    }
}

impl Tracing {
    /// That of a plugin, as the settings have it.
    pub fn new(provider: &TracerProvider, settings: &TracingSettings, plugin: &str) -> Self {
        let tracer = provider.tracer(settings.tracer(plugin));
        Self(Arc::new(Inner {
            tracer,
            plugin: plugin.to_owned(),
            captures_end_user: settings.captures_end_user,
        }))
    }

    /// One whose spans nobody takes: for a test of what traces.
    pub fn noop() -> Self {
        Self::new(&TracerProvider::default(), &TracingSettings::default(), "noop")
    }

    /// The default factory: the plugin's tracer, as `backend.tracing.plugin.<id>.tracer` says it.
    pub fn factory() -> ServiceFactory {
        service(async |provider: TracerProvider, config: RootConfig, me: PluginMetadata| {
            Ok(Self::new(&provider, &TracingSettings::from_config(&config)?, me.id()))
        })
        .reads(TracingSettings::from_config)
    }

    /// Begins a span within what is at work, by that name: of names there are few, what differs each time is an attribute.
    pub fn span(&self, name: impl Into<Cow<'static, str>>) -> SpanBuilder {
        self.0.tracer.span(name).of_plugin(&self.0.plugin, self.0.captures_end_user)
    }

    /// Begins a span whose parent is elsewhere, as of a message that was taken.
    ///
    /// ```
    /// use greenroom_context::TraceContext;
    /// use greenroom_traces::{SpanKind, Tracing};
    ///
    /// # let tracing = Tracing::noop();
    /// let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// if let Some(parent) = TraceContext::from_traceparent(sent) {
    ///     tracing.span_of("catalog process", parent).kind(SpanKind::Consumer).start().end();
    /// }
    /// ```
    pub fn span_of(&self, name: impl Into<Cow<'static, str>>, parent: TraceContext) -> SpanBuilder {
        self.0.tracer.span_of(name, parent).of_plugin(&self.0.plugin, self.0.captures_end_user)
    }
}

/// For whom a span is: credentials are one.
pub trait Caller {
    /// Backstage's word for the kind: `none`, `user` or `service`.
    fn principal_type(&self) -> &'static str;

    /// The person, if it is one.
    fn end_user(&self) -> Option<&str>;
}

/// `backend.tracing`.
#[derive(Clone, Debug, Default)]
pub struct TracingSettings {
    tracers: BTreeMap<String, Scope>,
    captures_end_user: bool,
}

impl TracingSettings {
    /// Reads it.
    ///
    /// # Errors
    /// When something of it is of another kind.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let plugins = config.optional_config(PLUGINS).map(|plugins| plugins.map_or(vec![], |all| all.keys()));
        let tracers = plugins.and_then(|ids| {
            each(ids.into_iter().map(|id| {
                let key = |name| format!("{PLUGINS}.{id}.tracer.{name}");
                let [name, version, schema_url] = ["name", "version", "schemaUrl"].map(key);
                let read = |key: &str| config.optional_string(key);
                let (name, version, schema_url) = all((read(&name), read(&version), read(&schema_url)))?;
                let name = name.unwrap_or_else(|| Scope::of_plugin(&id).name);
                Ok((id, Scope { name, version, schema_url }))
            }))
        });
        let (tracers, captures) = all((tracers, config.optional_boolean(END_USER)))?;
        Ok(Self { tracers: tracers.into_iter().collect(), captures_end_user: captures.unwrap_or(false) })
    }

    /// The tracer of a plugin.
    pub fn tracer(&self, id: &str) -> Scope {
        self.tracers.get(id).cloned().unwrap_or_else(|| Scope::of_plugin(id))
    }
}

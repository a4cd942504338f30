//! The variables by which OpenTelemetry is configured, as a value.

use std::{collections::BTreeMap, env, ffi::OsString, fmt};

/// The `OTEL_*` variables. What an empty one says is nothing, as OpenTelemetry has it.
///
/// ```
/// use greenroom_otlp::OtelEnvironment;
///
/// let variables = [("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret"), ("HOME", "/home/me")];
/// let environment = OtelEnvironment::from_variables(variables);
/// assert_eq!(format!("{environment:?}"), r#"{"OTEL_EXPORTER_OTLP_HEADERS"}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OtelEnvironment(BTreeMap<String, String>);

impl OtelEnvironment {
    /// That of this process.
    pub fn from_process() -> Self {
        Self::from_variables(
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))),
        )
    }

    /// That in which variables have these values; those of others are left out.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<OsString>)>,
    ) -> Self {
        let own = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        let said = own.filter(|(name, _)| name.starts_with("OTEL_")).filter_map(|(name, value)| {
            let text = value.to_string_lossy().trim().to_owned();
            (!text.is_empty()).then_some((name, text))
        });
        Self(said.collect())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Names alone: values hold keys.
impl fmt::Debug for OtelEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

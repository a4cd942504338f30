//! Events of Datadog's SDK, as they lie in the bodies of its requests.

use serde_json::Value;

use crate::intake::Received;

/// Events in the order in which they came.
#[derive(Clone, Debug)]
pub struct Events(Vec<Value>);

impl Events {
    /// Those of the track `rum`: one a line.
    pub fn of(received: &[Received]) -> Self {
        let bodies = received.iter().filter(|request| request.url.starts_with("/api/v2/rum?"));
        let lines = bodies.flat_map(|request| request.body.split(|byte| *byte == b'\n'));
        Self(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// Those of a type, such as `view`.
    pub fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |event| event["type"] == kind)
    }

    /// Whether there is one of this type whose field, such as `/view/url`, has this text in it.
    pub fn has(&self, kind: &str, field: &str, text: &str) -> bool {
        self.find(kind, field, text).is_some()
    }

    /// The last such one.
    pub fn find(&self, kind: &str, field: &str, text: &str) -> Option<&Value> {
        let has = |event: &&Value| event.pointer(field).is_some_and(|value| told(value).contains(text));
        self.all(kind).filter(has).last()
    }

    /// The trace that the SDK has begun for a request of the page, as backends write it.
    pub fn trace_of(&self, url: &str) -> Option<String> {
        let resource = self.find("resource", "/resource/url", url)?;
        let id: u64 = told(resource.pointer("/_dd/trace_id")?).parse().ok()?;
        Some(format!("{id:032x}"))
    }

    /// One line for each, for people.
    pub fn told(&self) -> Vec<String> {
        let fields = ["/view/url", "/action/target/name", "/error/message", "/resource/url"];
        let line = |event: &Value| {
            let values = fields.iter().filter_map(|field| event.pointer(field)).map(told);
            [told(&event["type"])].into_iter().chain(values).collect::<Vec<_>>().join(" ")
        };
        self.0.iter().map(line).collect()
    }
}

/// A text without its quotes.
fn told(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

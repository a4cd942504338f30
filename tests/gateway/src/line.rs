//! The gateway's access lines.

use greenroom_conformance::backend::Backend;
use serde_json::Value;

use crate::printed;

/// All so far.
pub fn all(output: &str) -> Vec<Value> {
    let lines = output.lines().filter(|line| line.contains(r#""type":"incomingRequest""#));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The first one of a request for this URL, now or later.
pub async fn of(gateway: &Backend, url: &str) -> Value {
    let is_it = |line: &Value| line["url"] == url;
    printed(gateway, &format!("an access line of {url}"), |output| all(output).into_iter().find(is_it)).await
}

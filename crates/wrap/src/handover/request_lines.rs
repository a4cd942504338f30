//! The backend's own line of each request, left out where the one in front of it writes a better one.

use greenroom_config::RootConfig;
use serde_json::{Value, json};

use super::variables;
use crate::ChildCommand;

const KEY: [&str; 3] = ["backend", "logger", "overrides"];

/// The same command with a backend that writes no line of a request, unless that is an error: of the rules for levels, which stay
/// as the config has them, the first that fits counts.
pub fn quiet_request_lines(config: &RootConfig, mut command: ChildCommand) -> ChildCommand {
    let rule = json!({"matchers": {"type": "incomingRequest"}, "level": "error"});
    let own = match config.optional_get(&KEY.join(".")) {
        Ok(Some(Value::Array(own))) => own,
        // What cannot be read, the backend tells.
        Ok(Some(_)) | Err(_) => return command,
        Ok(None) => vec![],
    };
    let all: Vec<_> = [rule].into_iter().chain(own).collect();
    variables::set(&mut command.env, &KEY, &Value::Array(all).to_string());
    command
}

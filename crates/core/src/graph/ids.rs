//! What may be a plugin's or module's id.

use greenroom_errors::Error;

const PATTERN: &str = "/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/i";
const RULE: &str = "(letters, digits, and dashes only, starting with a letter)";

fn groups(id: &str, separators: &[char]) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id
            .split(separators)
            .all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Checks an id called `what`: an error, or a warning for the underscores that Backstage still tolerates.
///
/// Contract: plugin-1 to plugin-4.
pub(super) fn check(what: &str, quoted: &str, id: &str) -> Result<Option<String>, Error> {
    if groups(id, &['-']) {
        return Ok(None);
    }
    if groups(id, &['-', '_']) {
        return Ok(Some(format!(
            "The {what} {quoted} will be invalid soon, please change it to match the pattern {PATTERN} {RULE}"
        )));
    }
    Err(Error::new(format!("Invalid {what} {quoted}, must match the pattern {PATTERN} {RULE}")))
}

pub(super) fn plugin(id: &str) -> Result<Option<String>, Error> {
    check("pluginId", &format!("'{id}'"), id)
}

/// A module's own id; that of its plugin is not checked here (contract: plugin-5).
pub(super) fn module(plugin: &str, id: &str) -> Result<Option<String>, Error> {
    check("moduleId", &format!("'{id}' for plugin '{plugin}'"), id)
}

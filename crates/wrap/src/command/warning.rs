//! What is said of a program that keeps signals from the backend.

use super::{
    ChildCommand,
    form::{Form, Runner, base_name},
};

pub(super) fn of(command: &ChildCommand) -> Option<String> {
    let form = command.form();
    let runner = match &form {
        Form::Script { is_exec: true, .. } => return None,
        Form::Script { .. } => Runner::Shell,
        Form::Arguments { runner, .. } => *runner,
    };
    if matches!(runner, Runner::Node | Runner::Other) {
        return None;
    }
    let program = command.program.to_string_lossy();
    let words = std::iter::once(&*program).chain(command.args.iter().filter_map(|arg| arg.to_str()));
    // One that hands on signals may stand in front of it.
    let name = words.map(base_name).find(|word| Runner::of(word) == runner).unwrap_or(base_name(&program));
    let instead = match &form {
        Form::Script { words: None, .. } => "begin the last command of its script with `exec`".to_owned(),
        _ => format!("write `-- {}`", line(&form.config(&command.texts()))),
    };
    Some(format!(
        "`{name}` stands between Greenroom and the backend and may keep signals from it, so that a stop is no stop in order: {instead} instead"
    ))
}

/// Only what is known to hold no secret is shown of the arguments.
fn line(config: &[String]) -> String {
    let words = std::iter::once("node packages/backend").chain(config.iter().map(String::as_str));
    words.collect::<Vec<_>>().join(" ")
}

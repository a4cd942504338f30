//! Other ways to start, each a command of its own: what it makes of the program before that starts.

use std::{fmt, process::ExitCode};

use clap::{ArgMatches, Args, Command};
use greenroom::{
    config::ConfigOptions,
    errors::{Error, Result},
};

use crate::{Program, banner::quoted};

/// What a [start command](Program::start_command) comes to.
#[must_use]
pub struct Start(pub(crate) Kind);

pub(crate) enum Kind {
    Backend(Box<Planned>),
    Done(ExitCode),
}

pub(crate) struct Planned {
    pub(crate) program: Program,
    pub(crate) options: ConfigOptions,
    pub(crate) end: Box<dyn FnOnce(ExitCode) -> ExitCode>,
}

impl Start {
    /// Starts this program as `start` does, on the config that these options name.
    pub fn backend(program: Program, options: ConfigOptions) -> Self {
        Self(Kind::Backend(Box::new(Planned { program, options, end: Box::new(|code| code) })))
    }

    /// Nothing is left to start: the process ends with this code.
    pub fn done(code: ExitCode) -> Self {
        Self(Kind::Done(code))
    }

    /// Lets `end` choose the exit code, once the backend has stopped; it gets the backend's.
    pub fn at_end(mut self, end: impl FnOnce(ExitCode) -> ExitCode + 'static) -> Self {
        if let Kind::Backend(planned) = &mut self.0 {
            planned.end = Box::new(end);
        }
        self
    }
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Start")
    }
}

type Plan = Box<dyn Fn(&ArgMatches, Program, ConfigOptions) -> Result<Start>>;

/// One of them.
pub(crate) struct Way {
    name: &'static str,
    command: Command,
    plan: Plan,
}

impl Way {
    pub(crate) fn new<A: Args>(
        name: &'static str,
        plan: impl Fn(A, Program, ConfigOptions) -> Result<Start> + 'static,
    ) -> Self {
        let command = A::augment_args(Command::new(name));
        let plan = move |matches: &ArgMatches, program: Program, options: ConfigOptions| {
            plan(A::from_arg_matches(matches).map_err(Error::from_any)?, program, options)
        };
        Self { name, command, plan: Box::new(plan) }
    }

    /// Which of them was typed, and its arguments.
    pub(crate) fn typed<'a>(ways: &[Self], matches: &'a ArgMatches) -> Option<(usize, &'a ArgMatches)> {
        let (name, arguments) = matches.subcommand()?;
        Some((ways.iter().position(|way| way.name == name)?, arguments))
    }

    pub(crate) fn plan(
        &self,
        arguments: &ArgMatches,
        program: Program,
        options: ConfigOptions,
    ) -> Result<Start> {
        (self.plan)(arguments, program, options)
    }
}

/// The command line with all of them.
pub(crate) fn added(to: Command, ways: &[Way]) -> Command {
    ways.iter().fold(to, |to, way| to.subcommand(way.command.clone()))
}

/// The command line with the `--` that is missing: `refused` was typed where what stands behind it begins. `typed` is all of it, the
/// program's name first.
pub(crate) fn with_separator(ways: &[Way], typed: &[String], refused: &str) -> Option<String> {
    let is_typed = |way: &&Way| typed.iter().any(|word| word == way.name);
    let way = ways.iter().find(is_typed)?;
    way.command.get_positionals().find(|argument| argument.is_last_set())?;
    let of_way = typed.iter().position(|word| word == way.name)? + 1;
    let at = of_way + typed[of_way..].iter().position(|word| word == refused)?;
    let (before, after) = typed.split_at(at);
    if refused.starts_with('-') || before.iter().any(|word| word == "--") {
        return None;
    }
    let words = before.iter().map(String::as_str).chain(["--"]).chain(after.iter().map(String::as_str));
    Some(words.map(|word| quoted(word).into_owned()).collect::<Vec<_>>().join(" "))
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Args)]
    struct Behind {
        #[arg(long)]
        _own: bool,
        #[arg(last = true, required = true)]
        _command: Vec<String>,
    }

    #[test]
    fn the_separator_that_is_missing_is_put_where_it_belongs() {
        let plan = |_: Behind, program: Program, options| Ok(Start::backend(program, options));
        let ways = [
            Way::new("run", plan),
            Way::new("other", |(), program, options| Ok(Start::backend(program, options))),
        ];
        let told = |line: &str, refused| {
            let typed: Vec<_> = line.split(' ').map(str::to_owned).collect();
            with_separator(&ways, &typed, refused)
        };
        for (line, refused, with) in [
            ("x run --own node a.js --config b", "node", Some("x run --own -- node a.js --config b")),
            ("x run run", "run", Some("x run -- run")),
            ("x run node a?b", "node", Some("x run -- node 'a?b'")),
            // A mistake in what is our own.
            ("x run --owm -- node", "--owm", None),
            ("x run odd -- node", "odd", Some("x run -- odd -- node")),
            ("x other node", "node", None),
            ("x node", "node", None),
        ] {
            assert_eq!(told(line, refused).as_deref(), with, "{line}");
        }
    }
}

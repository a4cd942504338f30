//! Other ways to start, each a command of its own: what it makes of the program before that starts.

use std::{fmt, process::ExitCode};

use clap::{ArgMatches, Args, Command};
use greenroom::{
    config::ConfigOptions,
    errors::{Error, Result},
};

use crate::Program;

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

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

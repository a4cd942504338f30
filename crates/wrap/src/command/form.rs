//! Which of a command's arguments are the backend's: what runs it has arguments of its own.

use std::{ffi::OsString, ops::Range};

use super::{arguments, script};

/// Where in a command the arguments of the backend are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// They are a range of the command's arguments.
    Arguments {
        /// What runs the backend.
        runner: Runner,
        /// The program that the runner is given, if that can be told, and the range.
        range: Range<usize>,
        /// Further ones need a `--` in front.
        needs_separator: bool,
    },
    /// They are within a script for a shell.
    Script {
        /// The place of the script in the command's arguments.
        at: usize,
        /// The script's words, if it is nothing but one command of plain words.
        words: Option<Vec<String>>,
        /// The shell is to give its place to the command.
        is_exec: bool,
    },
}

/// What kind of program runs a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    Node,
    /// It reads options itself, up to `--`.
    Npm,
    /// It hands on what it does not know.
    PackageManager,
    Shell,
    Other,
}

impl Runner {
    pub(crate) fn of(program: &str) -> Self {
        match base_name(program) {
            "node" | "nodejs" => Self::Node,
            "npm" => Self::Npm,
            "yarn" | "yarnpkg" | "pnpm" | "npx" | "pnpx" => Self::PackageManager,
            "sh" | "bash" | "dash" | "ash" | "zsh" | "busybox" => Self::Shell,
            _ => Self::Other,
        }
    }
}

pub(crate) fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// They run another command, and give it the signals or their place.
const WRAPPERS: [&str; 9] =
    ["tini", "dumb-init", "docker-init", "catatonit", "env", "nice", "ionice", "gosu", "su-exec"];

/// Node's options whose value may be the next word, of those that are likely beside a script. The others are written with `=`.
const NODE_VALUES: [&str; 12] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-C",
    "--conditions",
    "--env-file",
    "--title",
    "--max-http-header-size",
    "--disable-warning",
    "--unhandled-rejections",
];

impl Form {
    pub(crate) fn of(program: &str, args: &[String]) -> Self {
        let runner = Runner::of(program);
        if runner == Runner::Other && WRAPPERS.contains(&base_name(program)) {
            let is_runner = |arg: &String| Runner::of(arg) != Runner::Other;
            if let Some(at) = args.iter().position(is_runner) {
                return Self::of(&args[at], &args[at + 1..]).moved(at + 1);
            }
        }
        let dashes = |from: usize| args[from..].iter().position(|arg| arg == "--").map(|at| from + at);
        let arguments = |from: usize| {
            let range = from..dashes(from).unwrap_or(args.len());
            Self::Arguments { runner, range, needs_separator: false }
        };
        match runner {
            Runner::Node => arguments(script_of_node(args)),
            Runner::Other => arguments(0),
            Runner::PackageManager => arguments(dashes(0).map_or(0, |at| at + 1)),
            Runner::Npm => match dashes(0) {
                Some(at) => arguments(at + 1),
                None => Self::Arguments { runner, range: args.len()..args.len(), needs_separator: true },
            },
            Runner::Shell => match script::place(args) {
                Some(at) => {
                    let (is_exec, words) = script::read(&args[at]);
                    Self::Script { at, words, is_exec }
                }
                None => arguments(0),
            },
        }
    }

    fn moved(self, by: usize) -> Self {
        match self {
            Self::Arguments { runner, range, needs_separator } => {
                Self::Arguments { runner, range: range.start + by..range.end + by, needs_separator }
            }
            Self::Script { at, words, is_exec } => Self::Script { at: at + by, words, is_exec },
        }
    }

    /// What the words of a plain script are.
    fn inner(words: &[String]) -> Option<(Self, &[String])> {
        let (program, args) = words.split_first()?;
        Some((Self::of(program, args), args))
    }

    /// The backend's `--config` arguments.
    pub(crate) fn config(&self, args: &[String]) -> Vec<String> {
        match self {
            Self::Arguments { range, .. } => arguments::config(&args[range.clone()]),
            Self::Script { words: Some(words), .. } => match Self::inner(words) {
                // A script in a script is not looked into.
                Some((form @ Self::Arguments { .. }, args)) => form.config(args),
                _ => vec![],
            },
            Self::Script { words: None, .. } => vec![],
        }
    }

    /// Adds arguments for the backend.
    pub(crate) fn append(
        &self,
        program: &OsString,
        args: &mut Vec<OsString>,
        more: &[OsString],
    ) -> Result<(), String> {
        let unknown = || {
            format!(
                "the backend's arguments cannot be found in a script of {}: run it without a shell, as in `-- node packages/backend`",
                base_name(&program.to_string_lossy())
            )
        };
        match self {
            Self::Arguments { range, needs_separator, .. } => {
                let separator = needs_separator.then(|| OsString::from("--"));
                let more: Vec<_> = separator.into_iter().chain(more.iter().cloned()).collect();
                args.splice(range.end..range.end, more);
            }
            Self::Script { at, words, .. } => {
                let words = words.as_deref().ok_or_else(unknown)?;
                let Some((Self::Arguments { range, needs_separator: false, .. }, inner)) = Self::inner(words)
                else {
                    return Err(unknown());
                };
                if range.end != inner.len() {
                    return Err(unknown());
                }
                for word in more {
                    args[*at].push(" ");
                    args[*at].push(script::quoted(word));
                }
            }
        }
        Ok(())
    }
}

/// Where the arguments of the script begin that Node runs, the script's name among them.
fn script_of_node(args: &[String]) -> usize {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        match arg.as_str() {
            // It ends Node's own options, and the script does not see it.
            "--" => return at + 1,
            option if NODE_VALUES.contains(&option) => at += 2,
            option if option.starts_with('-') => at += 1,
            _ => break,
        }
    }
    at.min(args.len())
}

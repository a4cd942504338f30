//! Which options Node runs with, as its environment and its command line say together: lines of an image that each set
//! `NODE_OPTIONS` replace each other without a word, and a heap larger than the container is no limit.

use std::ffi::OsStr;

use crate::{
    ChildCommand,
    command::{Form, Runner},
    handover::{NODE_OPTIONS, split_node_options},
};

/// The options of a child's Node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeOptions {
    /// Of `NODE_OPTIONS`.
    pub(super) of_environment: Vec<String>,
    /// Of the command, in front of the script. Those count more.
    of_command: Vec<String>,
}

impl NodeOptions {
    pub(super) fn of(command: &ChildCommand) -> Self {
        use std::os::unix::ffi::OsStrExt;
        let given =
            command.env.get(OsStr::new(NODE_OPTIONS)).map(|options| split_node_options(options.as_bytes()));
        let of_command = match command.form() {
            Form::Arguments { runner: Runner::Node, range, .. } => &command.args[..range.start],
            _ => &[],
        };
        let text = |arg: &std::ffi::OsString| arg.to_string_lossy().into_owned();
        Self { of_environment: given.unwrap_or_default(), of_command: of_command.iter().map(text).collect() }
    }

    /// How large V8's old space may become, in bytes, if an option says so: of several, the last one.
    pub(super) fn heap(&self) -> Option<u64> {
        let all = self.of_environment.iter().chain(&self.of_command);
        let mut sizes = all.rev().filter_map(|option| {
            let (name, value) = option.split_once('=')?;
            let is_it = name.replace('_', "-") == "--max-old-space-size";
            is_it.then(|| value.parse::<u64>().ok()).flatten()
        });
        sizes.next().filter(|mib| *mib > 0).map(|mib| mib.saturating_mul(1 << 20))
    }

    /// Those of the environment as one line, without what is secret.
    pub(super) fn shown(&self, mask: impl Fn(&str) -> String) -> String {
        let shown = self.of_environment.iter().map(|option| match option.split_once('=') {
            Some((name, _)) if greenroom_redact::name_is_secret(name) => format!("{name}=***"),
            _ => greenroom_redact::text(&mask(option)).into_owned(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;

    fn of(options: &str, words: &[&str]) -> NodeOptions {
        let env = Environment::from_iter([(NODE_OPTIONS.into(), options.into())]);
        NodeOptions::of(&ChildCommand::new(words.iter().map(Into::into), "/", env).unwrap())
    }

    #[test]
    fn the_last_size_of_the_heap_counts_and_the_command_counts_more() {
        let mib = |mib: u64| Some(mib << 20);
        let node = ["node", "packages/backend"];
        assert_eq!(of("--no-node-snapshot", &node).heap(), None);
        assert_eq!(of("--max-old-space-size=900 --max_old_space_size=1000", &node).heap(), mib(1000));
        assert_eq!(
            of("--max-old-space-size=900", &["node", "--max-old-space-size=16", "x.js"]).heap(),
            mib(16)
        );
        assert_eq!(of("", &["node", "x.js", "--max-old-space-size=16"]).heap(), None, "it is the script's");
        assert_eq!(of("--max-old-space-size=1e3", &node).heap(), None);
        assert_eq!(of("--max-old-space-size=99999999999999999", &node).heap(), Some(u64::MAX));
    }

    #[test]
    fn they_are_shown_without_what_is_secret() {
        let options = of(
            "--require=/a/b.js --api-token=abc --import=https://x.example/?token=abc --title=hunter2",
            &["node", "x"],
        );
        let shown = options.shown(|text| text.replace("hunter2", "***"));
        assert_eq!(
            shown,
            "--require=/a/b.js --api-token=*** --import=https://x.example/?token=*** --title=***"
        );
    }
}

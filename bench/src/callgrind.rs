//! Programs under callgrind, which counts the instructions of all their threads; not those of the kernel.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

/// What a program has executed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// All of it.
    pub total: u64,
    /// By function, what it calls included.
    pub functions: BTreeMap<String, u64>,
}

/// The same command under callgrind, which writes what it has counted to `out` when the program ends.
pub fn under(command: &Command, out: &Path) -> Command {
    let mut under = Command::new("valgrind");
    under.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", out.display())).arg("--quiet");
    under.arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        under.current_dir(directory);
    }
    under.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    under
}

/// Reads what was counted.
pub fn read(out: &Path) -> io::Result<Profile> {
    let arguments: [&OsStr; 4] =
        ["--inclusive=yes".as_ref(), "--threshold=100".as_ref(), "--auto=no".as_ref(), out.as_ref()];
    let output = Command::new("callgrind_annotate").args(arguments).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse(&text).ok_or_else(|| {
        let text = format!("callgrind_annotate printed something else than expected:\n{text}");
        io::Error::new(ErrorKind::InvalidData, text)
    })
}

/// Lines such as `1,234 (12.3%)  ???:<function> [<program>]`, and one that ends in `PROGRAM TOTALS`.
fn parse(text: &str) -> Option<Profile> {
    let mut profile = Profile::default();
    for line in text.lines() {
        let Some((count, rest)) = line.trim_start().split_once(" (") else { continue };
        let Ok(count) = count.replace(',', "").parse::<u64>() else { continue };
        let (_, rest) = rest.split_once(')')?;
        if rest.trim() == "PROGRAM TOTALS" {
            profile.total = count;
        } else if let Some((_, function)) = rest.split_once(':') {
            let function = function.rsplit_once(" [").map_or(function, |(function, _)| function);
            // Of a function that calls itself, the outermost call.
            let known = profile.functions.entry(function.trim().to_owned()).or_default();
            *known = count.max(*known);
        }
    }
    (profile.total > 0).then_some(profile)
}

impl Profile {
    /// What `times` times cost, each: the difference to a run without them.
    pub fn each(&self, before: &Self, times: u64) -> BTreeMap<&str, f64> {
        let each = |(function, count): (&'_ String, &u64)| {
            let before = before.functions.get(function).copied().unwrap_or_default();
            count.saturating_sub(before) as f64 / times as f64
        };
        self.functions.iter().map(|entry| (entry.0.as_str(), each(entry))).collect()
    }

    /// The same of the whole program.
    pub fn total_each(&self, before: &Self, times: u64) -> f64 {
        self.total.saturating_sub(before.total) as f64 / times as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
--------------------------------------------------------------------------------
Ir
--------------------------------------------------------------------------------
2,345 (100.0%)  PROGRAM TOTALS

--------------------------------------------------------------------------------
Ir             file:function
--------------------------------------------------------------------------------
2,300 (98.08%)  ???:main::run [/x/program]
  900 (38.38%)  ???:<a::B as c::D>::e'2 [/x/program]
";

    #[test]
    fn counts_are_read_by_function() {
        let profile = parse(TEXT).unwrap();
        assert_eq!(profile.total, 2345);
        assert_eq!(profile.functions["main::run"], 2300);
        let before = Profile { total: 345, functions: [("main::run".to_owned(), 300)].into() };
        assert_eq!(profile.total_each(&before, 10), 200.0);
        assert_eq!(profile.each(&before, 10)["main::run"], 200.0);
        assert!(parse("").is_none());
    }
}

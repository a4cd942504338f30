//! What happens beside an end.

use std::fmt;

use super::end::{LastExit, MemoryAt};

/// So many plugins are named in a sentence.
const MOST_NAMES: usize = 10;

/// What happens beside an end. Its text is a sentence for the log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The process before this one could not say that it ends.
    Previous(LastExit),
    /// A share of the memory limit is reached, in percent.
    MemoryHigh {
        /// 80 or 90.
        level: u32,
        /// What is used.
        memory: MemoryAt,
    },
    /// V8 may take as much as the whole cgroup: the kernel kills it before V8 thinks of collecting.
    HeapAboveLimit {
        /// What V8's old space may become, in bytes.
        heap: u64,
        /// What the cgroup may use.
        limit: u64,
    },
    /// With which options Node runs, by its environment.
    NodeOptions(String),
    /// The start has failed, as this line says: it is told at once, whether the process ends or not.
    StartFailed(String),
    /// The start takes long, or nothing listens.
    StartHangs {
        /// Since the process was started.
        seconds: u64,
        /// The plugins that it waits for; `None` where no line tells.
        awaited: Option<Vec<String>>,
        /// The error that may be why.
        suspect: Option<String>,
    },
    /// The start has failed, and its process does not end. It is of no use any more.
    GivenUp,
    /// Why there is no heartbeat.
    NoHeartbeat(String),
    /// An end could not be written somewhere.
    NotWritten(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Previous(exit) => f.write_str(&exit.sentence),
            Self::MemoryHigh { memory, .. } => {
                write!(f, "The backend is at {memory}: at the limit, the kernel kills it")
            }
            Self::HeapAboveLimit { heap, limit } => write!(
                f,
                "--max-old-space-size lets V8's heap become {} MiB, and the memory limit is {} MiB: the kernel kills the backend \
                 before V8 frees memory. Three quarters of the limit leave room for what is no heap: \
                 --max-old-space-size={}",
                heap >> 20,
                limit >> 20,
                (limit >> 20) / 4 * 3
            ),
            Self::NodeOptions(options) => write!(f, "Node runs with NODE_OPTIONS: {options}"),
            Self::StartFailed(detail) => write!(f, "The backend's start has failed: {detail}"),
            Self::StartHangs { seconds, awaited, suspect } => {
                match awaited.as_deref() {
                    None => write!(f, "The backend has not listened for {seconds} s")?,
                    Some([]) => write!(
                        f,
                        "The backend has not started after {seconds} s: no plugin is awaited, and it does not say that all have ended"
                    )?,
                    Some(plugins) => {
                        write!(f, "The backend has not started after {seconds} s: it waits for ")?;
                        write_list(f, plugins)?;
                    }
                }
                suspect
                    .iter()
                    .try_for_each(|why| write!(f, "; nobody took care of an error, which may be why: {why}"))
            }
            Self::GivenUp => {
                f.write_str("The backend's start has failed, and its process does not end: it is ended")
            }
            Self::NoHeartbeat(why) => write!(f, "There is no heartbeat for the next start to find: {why}"),
            Self::NotWritten(why) => write!(f, "How the backend ended is not told everywhere: {why}"),
        }
    }
}

/// The plugin 'a', the plugins 'a' and 'b'.
fn write_list(f: &mut fmt::Formatter<'_>, plugins: &[String]) -> fmt::Result {
    f.write_str(if plugins.len() == 1 { "the plugin " } else { "the plugins " })?;
    for (index, plugin) in plugins.iter().take(MOST_NAMES).enumerate() {
        write!(f, "{}'{plugin}'", if index == 0 { "" } else { ", " })?;
    }
    match plugins.len().saturating_sub(MOST_NAMES) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hangs(awaited: Option<&[&str]>, suspect: Option<&str>) -> String {
        let awaited = awaited.map(|plugins| plugins.iter().copied().map(str::to_owned).collect());
        Event::StartHangs { seconds: 60, awaited, suspect: suspect.map(str::to_owned) }.to_string()
    }

    #[test]
    fn a_start_that_takes_long_is_told_with_what_it_waits_for() {
        let begins = "The backend has not started after 60 s: ";
        assert_eq!(hangs(Some(&["a"]), None), format!("{begins}it waits for the plugin 'a'"));
        assert_eq!(hangs(Some(&["a", "b"]), None), format!("{begins}it waits for the plugins 'a', 'b'"));
        let many = hangs(Some(&["x"; 25]), None);
        assert!(many.ends_with(", 'x' and 15 more"), "{many}");
        assert_eq!(
            hangs(None, Some("Unhandled rejection no key")),
            "The backend has not listened for 60 s; nobody took care of an error, which may be why: Unhandled rejection no key"
        );
    }
}

//! What happens beside an end.

use std::fmt;

use super::end::{LastExit, MemoryAt};

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
    /// The start has failed, and the process stays without listening. It is of no use any more.
    StartFailed(String),
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
            Self::StartFailed(detail) => {
                write!(f, "The backend's start has failed, and its process does not end: {detail}")
            }
            Self::NoHeartbeat(why) => write!(f, "There is no heartbeat for the next start to find: {why}"),
            Self::NotWritten(why) => write!(f, "How the backend ended is not told everywhere: {why}"),
        }
    }
}

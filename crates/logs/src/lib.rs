//! Log lines of Node and of Greenroom, filtered and shown.
//!
//! ```
//! use greenroom_logs::{Filter, Logs, Settings, View};
//!
//! let filter: Filter = "plugin:catalog took:>5".parse()?;
//! let mut logs = Logs::new(Settings { filter, view: View::Raw, ..Settings::default() }, Vec::new());
//! logs.push(b"{\"level\":\"info\",\"message\":\"a\",\"plugin\":\"catalog\",\"took\":7}\n")?;
//! logs.push(b"{\"level\":\"info\",\"message\":\"b\",\"plugin\":\"catalog\",\"took\":3}\n")?;
//! assert_eq!(logs.finish()?.records, 1);
//! assert_eq!(logs.into_inner(), b"{\"level\":\"info\",\"message\":\"a\",\"plugin\":\"catalog\",\"took\":7}\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Logs`] takes bytes and writes to whatever it was given; [`read_live`] and [`follow`] bring it those of a pipe and of a file
//! that grows. Lines are read by [`greenroom_node_log`]; before them may stand what Kubernetes' and Docker's tools write there.
//! A line of which a look at its bytes tells that no filter matches it is not read at all.
//!
//! It must not know of command lines, nor write to stdout by itself.

mod engine;
mod escape;
mod field;
mod filter;
mod input;
mod records;
mod show;
mod when;

pub use engine::{Failure, Logs, Settings, Shown, View};
pub use filter::{Filter, FilterError};
pub use input::{follow, read_live};
pub use records::Records;
pub use show::Pretty;
pub use when::moment;

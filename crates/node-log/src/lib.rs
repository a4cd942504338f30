//! What a Node backend prints, read as records.
//!
//! ```
//! use std::time::Instant;
//! use greenroom_logging::Level;
//! use greenroom_node_log::{Kind, Plugin, Reader, Stream};
//!
//! let mut reader = Reader::new(Stream::Stderr);
//! let mut seen = Vec::new();
//! let now = Instant::now();
//! reader.push(b"Error: no such table\n    at run (/app/node_modules/@backstage/plugin-cata", now, &mut |record| {
//!     seen.push(record.into_owned());
//! });
//! reader.push(b"log-backend/dist/x.cjs.js:1:2)\n", now, &mut |record| seen.push(record.into_owned()));
//! assert!(seen.is_empty(), "more of the stack may come");
//! reader.finish(&mut |record| seen.push(record.into_owned()));
//!
//! let error = &seen[0];
//! assert_eq!((&error.kind, error.level, &*error.message), (&Kind::Error, Level::Error, "Error: no such table"));
//! assert_eq!(error.plugin, Some(Plugin::Guess("catalog".into())));
//! ```
//!
//! A [`Reader`] takes the bytes of one stream as they come, in pieces of any size, and hands out [`Record`]s that borrow from
//! them: who keeps one calls [`Record::into_owned`]. It has no clock and no timer: the time is an argument, and
//! [`Reader::deadline`] says when [`Reader::tick`] is due. What it holds is bounded by its [`Limits`], whatever comes.
//!
//! What is recognised: the production line of Node's logger, with and without a time, and Greenroom's own, which have the same
//! form; the development line, coloured or plain; what was written past the logger, an error with its stack as one record;
//! process warnings; the dump of an uncaught error; V8's last words. All else is text, and nothing is lost: the [`raw`]
//! bytes of all records are the stream, but for what was longer than a line may be.
//!
//! [`facts`] says what a line tells of the start and of requests. [`Warnings`] tells a process warning's first time.
//!
//! It must not know of processes, files or formats of our own: it is given bytes and a time, and writes nothing.
//!
//! [`raw`]: Record::raw

mod clean;
mod development;
pub mod facts;
mod guess;
mod join;
mod json;
mod limits;
mod reader;
mod record;
mod text;
mod warning;

pub use limits::Limits;
pub use reader::Reader;
pub use record::{Field, Kind, Plugin, Record, Stream, Time};
pub use text::Uncaught;
pub use warning::{ProcessWarning, Repeated, Warnings};

//! What pages and programs ask of the store.
//!
//! A question is a [`Filter`] and, for lists, a [`Cursor`]: each list is sorted by a number and an id, goes on behind the last row that
//! was told, and has at most [`MOST_ROWS`] rows at once. Durations are milliseconds, whatever is in the tables.
//!
//! Statements are made of words that both engines read (`words.rs` has those in which they differ); values are only ever bound.

mod cursor;
mod errors;
mod filter;
mod occurrence;
mod reader;
mod resources;
mod sessions;
mod story;
mod summary;
mod values;
mod views;
mod vital;
mod vitals;
mod words;

pub use self::{
    cursor::{Cursor, MOST_ROWS, Page},
    errors::{ErrorGroup, ErrorTotals},
    filter::{Buckets, Filter},
    occurrence::{Affected, GroupStory, Shares},
    resources::{By, Resource, SlowResource},
    sessions::{Has, Met, SessionCounts, SessionCourse, SessionRow},
    story::{Event, Grown, Request, Story},
    summary::{Choices, Release, Summary},
    views::View,
    vital::{ENOUGH, Measured, Rating, Vital},
    vitals::{Measurements, Vitals},
};

#[cfg(feature = "made")]
pub(crate) use self::views::ns as nanoseconds;

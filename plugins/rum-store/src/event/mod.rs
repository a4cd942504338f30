//! Events as browsers send them.

mod line;
mod members;
mod parts;
pub(crate) mod people;
mod tags;
mod trace;
mod value;

pub(crate) use line::{Line, Moment, read};
pub(crate) use parts::{Action, ErrorPart, LongTask, Resource, Vital};
pub(crate) use tags::tag;
pub(crate) use trace::{span_id, trace_id};
pub(crate) use value::Text;

//! Charts as SVG: geometry in attributes, paint by class, so that both colour schemes come free.
//!
//! People look before they read, and some read alone: each chart is an image with a sentence, and full charts bring the same
//! as a table.

mod bars;
mod lanes;
mod line;
mod place;
mod plot;
mod scale;
mod small;
mod waterfall;

pub use bars::BarChart;
pub use lanes::{Lane, Span, lanes};
pub use line::LineChart;
pub use plot::{Bucket, buckets};
pub use small::{Spark, line, shares, spark, strip, track};
pub use waterfall::{Stage, waterfall};

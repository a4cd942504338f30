//! The parts of a page.

mod call;
mod code;
mod facts;
mod figures;
mod filters;
mod findings;
mod links;
mod part;
mod table;

pub use call::Call;
pub use code::{command, inline, trace};
pub use facts::facts;
pub use figures::{Figure, figures};
pub use filters::{Filters, Select};
pub use findings::{Finding, findings, will_be_here};
pub use links::{Tab, pager, tabs};
pub use part::{Part, columns, details, panel, quiet};
pub use table::{Column, Order, Row, Table};

//! What pages of the observatory are made of. The reader is a tired engineer at night: a page answers first, shows why
//! second, and links to the evidence.
//!
//! ```
//! use greenroom_plugin_observatory_node::{Mark, Page, charts::spark, format, parts::{Column, Part, Row, Table}};
//! use maud::html;
//!
//! let waiting = 3;
//! let table = Table::new("Longest wait first")
//!     .column(Column::state("State"))
//!     .column(Column::title("Queue"))
//!     .column(Column::number("Waiting"))
//!     .row(Row::new([Mark::Ok.word("Works"), html! { "mail" }, html! { (format::count(waiting)) }]));
//! let page = Page::new("tasks", "Tasks", "3 tasks wait; none for longer than 2 s.")
//!     .detail("Since the start at 21:40:03.")
//!     .body(Part::new("queues", "Queues").note("Of this replica").body(table));
//! // In a handler: `frame.show(&page).await`.
//! ```
//!
//! Markup is maud's, which escapes what it shows; text of somebody else's goes through [`foreign()`] besides. There is no
//! script and no style within pages: classes are those of the style sheet, and the policy of the ops surface forbids others.

pub mod assets;
pub mod charts;
mod frame;
mod hour;
mod live;
mod mark;
mod now_parts;
mod page;
pub mod parts;
mod sections;
pub mod session;
mod text;

pub use frame::{Frame, Place};
pub use hour::{Hour, MINUTES, minute_of};
pub use live::LiveParts;
pub use mark::{Mark, shapes};
pub use now_parts::{Behind, NowPart, NowParts, Problem};
pub use page::Page;
pub use sections::{Section, Sections};
pub use text::{
    foreign::{Foreign, foreign, foreign_lines, foreign_plain},
    format, time,
};

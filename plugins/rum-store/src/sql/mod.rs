//! Statements for both databases, which differ in what they are sent by and in little else.

mod cell;
pub(crate) mod size;
mod table;
mod transaction;

pub(crate) use cell::Cell;
pub(crate) use table::{Row, Table};
pub(crate) use transaction::Transaction;

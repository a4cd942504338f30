//! What holds of all pages.

mod contrast;
mod document;

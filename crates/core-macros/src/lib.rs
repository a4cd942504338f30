//! `#[derive(Deps)]`.

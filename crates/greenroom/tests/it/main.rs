//! What an author sees.

mod bad_code;

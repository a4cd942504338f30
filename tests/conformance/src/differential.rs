//! Generated requests and log calls, the same for both backends.
//!
//! A seed determines everything ([`Random`]). What differs without a name is made as small as it can be while it still
//! differs ([`shrink`]), and told once for each kind of difference.

mod calls;
mod case;
mod random;
mod requests;
mod run;
mod shrink;

pub use calls::call;
pub use case::Case;
pub use random::Random;
pub use requests::request;
pub use run::{Findings, log_calls, requests as run_requests};
pub use shrink::shrink;

/// The seed in `DIFFERENTIAL_SEED`, else one that changes from run to run.
pub fn seed() -> u64 {
    let given = std::env::var("DIFFERENTIAL_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |since| since.as_secs())
    })
}

/// The number in an environment variable, else this one.
pub fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

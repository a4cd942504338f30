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

/// The seed of a run that is told none. Changed by hand now and then, so that the suite sees other cases.
const SEED: u64 = 20_260_901;

/// The seed in `DIFFERENTIAL_SEED`: a number, `random` for one that changes from run to run, or else always the same.
///
/// # Panics
///
/// If it is something else.
pub fn seed() -> u64 {
    match std::env::var("DIFFERENTIAL_SEED") {
        Err(_) => SEED,
        Ok(text) if text == "random" => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(SEED, |since| since.as_secs())
        }
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("DIFFERENTIAL_SEED={text} is no number")),
    }
}

/// The number in an environment variable, else this one.
///
/// # Panics
///
/// If it holds something else than a number.
pub fn number(variable: &str, default: usize) -> usize {
    let Ok(text) = std::env::var(variable) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number"))
}

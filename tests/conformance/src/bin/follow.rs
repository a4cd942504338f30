//! Has the newest locked Node say all that is recorded, keeps what it says differently, and tells what that is.
//! `cargo xtask follow` locks and installs it first.

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::io;

use greenroom_conformance::follow::follow;
use greenroom_conformance::version::Version;

#[tokio::main]
async fn main() -> io::Result<()> {
    let followed = follow(Version::newest()).await?;
    println!("{followed}");
    Ok(())
}

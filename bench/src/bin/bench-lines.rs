//! Logs lines of one kind to nowhere, for their instructions to be counted: `bench-lines <kind> <times>`.

use std::env;
use std::io;

use greenroom_bench::lines::{LINES, Line};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let known: Vec<_> = LINES.iter().map(|line| line.id).collect();
    let usage = || {
        let text = format!("bench-lines <kind> <times>; kinds are {}", known.join(", "));
        io::Error::new(io::ErrorKind::InvalidInput, text)
    };
    let [kind, times] = &arguments[..] else { return Err(usage()) };
    let line = Line::find(kind).ok_or_else(usage)?;
    (line.log)(times.parse().map_err(|_| usage())?);
    Ok(())
}

//! Logs one line again and again to standard output: `bench-log <greenroom|write|write-batched> <lines> <secrets>`.
//!
//! The CPU time of the whole process for all of them, in nanoseconds, goes to standard error.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use greenroom_bench::sample;
use greenroom_logging::{BufferedSink, DEFAULT_CAPACITY, Format, RootLogger};
use rustix::time::{ClockId, clock_gettime};

/// The lines between two flushes: fewer than the sink's buffer holds, so that none is dropped.
const AT_ONCE: u64 = 10_000;
/// What the batched floor writes at once.
const BATCH: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [way, lines, secrets] = &arguments[..] else { return Err(usage()) };
    let lines = lines.parse().map_err(|_| usage())?;
    let secrets = secrets.parse().map_err(|_| usage())?;
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let nanoseconds = match way.as_str() {
        "greenroom" => greenroom(stdout, lines, secrets)?,
        "write" => write(stdout, lines, 1)?,
        "write-batched" => write(stdout, lines, BATCH / sample::LINE.len())?,
        _ => return Err(usage()),
    };
    write!(io::stderr(), "{nanoseconds}")
}

fn usage() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "bench-log <greenroom|write|write-batched> <lines> <secrets>")
}

fn greenroom(stdout: File, lines: u64, secrets: usize) -> io::Result<u128> {
    let root = RootLogger::builder()
        .format(Format::Backstage)
        .secrets(sample::secrets(secrets))
        .sink(BufferedSink::new(stdout, DEFAULT_CAPACITY))
        .build();
    let child = sample::child(&root);
    let some = |count: u64| {
        (0..count).for_each(|_| sample::log(&child));
        if root.flush(PATIENCE) { Ok(()) } else { Err(io::Error::other("the log was not written")) }
    };
    some(lines.min(AT_ONCE))?;
    let before = cpu();
    let mut left = lines;
    while left > 0 {
        let count = left.min(AT_ONCE);
        some(count)?;
        left -= count;
    }
    Ok((cpu() - before).as_nanos())
}

fn write(mut stdout: File, lines: u64, at_once: usize) -> io::Result<u128> {
    let batch = sample::LINE.repeat(at_once);
    let before = cpu();
    let mut left = lines as usize;
    while left > 0 {
        let count = left.min(at_once);
        stdout.write_all(&batch.as_bytes()[..count * sample::LINE.len()])?;
        left -= count;
    }
    Ok((cpu() - before).as_nanos())
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

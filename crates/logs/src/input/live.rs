//! A pipe whose writer takes its time.

use std::{
    io::{self, Read, Write},
    os::fd::AsFd,
    time::Instant,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{Failure, Logs};

/// How much is read at once.
pub(super) const BLOCK: usize = 256 << 10;

/// Reads to the end, and shows what there is before it waits for more.
///
/// # Errors
/// When the input cannot be read, or what is shown cannot be written.
pub fn read_live<W: Write>(mut input: impl Read + AsFd, logs: &mut Logs<W>) -> Result<(), Failure> {
    let mut block = vec![0; BLOCK];
    loop {
        if !wait(&input, Some(Instant::now()))? {
            logs.flush()?;
            while !wait(&input, logs.deadline())? {
                logs.tick()?;
                logs.flush()?;
            }
        }
        match input.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(length) => logs.push(&block[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::Read(error)),
        }
    }
}

/// Waits until there is something to read, or for that moment; says whether there is.
fn wait(input: &impl AsFd, until: Option<Instant>) -> Result<bool, Failure> {
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 }));
        match poll(&mut [PollFd::new(input, PollFlags::IN)], timeout.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(Failure::Read(error.into())),
        }
    }
}

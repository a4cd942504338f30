//! Pipes that hold much: what a child prints while its reader has no turn.

use std::io::{self, PipeReader, PipeWriter};

use rustix::pipe::fcntl_setpipe_size;

/// How much a pipe holds; the system's usual limit for who is not root.
pub(super) const SIZE: usize = 1 << 20;

/// The least that is tried: a pipe holds as much anyway.
const LEAST: usize = 64 << 10;

/// A pipe, as large as may be.
pub(super) fn large() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    let mut size = SIZE;
    // The system refuses what is above its limit, or above what is left to this user.
    while size > LEAST && fcntl_setpipe_size(&writer, size).is_err() {
        size /= 2;
    }
    Ok((reader, writer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_holds_what_may_be() {
        let (_reader, writer) = large().unwrap();
        let limit = std::fs::read_to_string("/proc/sys/fs/pipe-max-size").unwrap();
        let limit: usize = limit.trim().parse().unwrap();
        let size = rustix::pipe::fcntl_getpipe_size(&writer).unwrap();
        assert!(size == SIZE.min(limit) || (4096..SIZE).contains(&size), "{size}");
    }
}

//! Our own output, to which what a child prints is copied as it comes.

use std::{
    fs::File,
    io::{self, Write, stderr, stdout},
    os::fd::{AsFd, BorrowedFd},
};

use rustix::event::{PollFd, PollFlags, poll};

/// Standard output and standard error; `None` for one that is not there. Nothing is held back: neither has a buffer.
pub(super) fn own() -> [Option<OwnStream>; 2] {
    let copy = |own: BorrowedFd<'_>| own.try_clone_to_owned().ok().map(|own| OwnStream::new(own.into()));
    [copy(stdout().as_fd()), copy(stderr().as_fd())]
}

/// One of both.
pub(super) struct OwnStream {
    file: File,
    has_told: bool,
}

impl OwnStream {
    pub(super) fn new(file: File) -> Self {
        Self { file, has_told: false }
    }

    /// Writes all of it, however long its reader takes: without us the child would wait as well. What cannot be written, as to a disk
    /// that is full, is lost, which standard error is told once; there may be room again for what comes then.
    ///
    /// # Errors
    /// When nobody reads it any more.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::BrokenPipe.into()),
                Ok(length) => bytes = &bytes[length..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Whoever shares it with us may have made it one that does not wait.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], None)?;
                }
                Err(error) if is_final(&error) => return Err(error),
                Err(error) => {
                    self.tell(&error);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.has_told, true) {
            let text = format!("greenroom: what the command prints cannot be written and is lost: {error}\n");
            // There is nobody to tell if that fails too.
            let _ = stderr().write_all(text.as_bytes());
        }
    }
}

/// Whether nobody will read it again.
fn is_final(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected | io::ErrorKind::ConnectionReset
    ) || error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error())
}

#[cfg(test)]
mod tests {
    use std::{io::Read, os::fd::OwnedFd};

    use greenroom_context::spawn_thread;
    use rustix::io::ioctl_fionbio;

    use super::*;

    #[test]
    fn all_is_written_also_where_a_write_does_not_wait_and_a_reader_that_has_left_is_told() {
        let (mut reader, writer) = io::pipe().unwrap();
        ioctl_fionbio(&writer, true).unwrap();
        let mut copy = OwnStream::new(OwnedFd::from(writer).into());
        let bytes: Vec<u8> = (0..1 << 20).map(|count: u32| count.to_le_bytes()[1]).collect();
        let expected = bytes.clone();
        let reads = spawn_thread("reader", move || {
            let mut read = vec![0; expected.len()];
            reader.read_exact(&mut read).unwrap();
            assert!(read == expected);
        })
        .unwrap();
        copy.write(&bytes).unwrap();
        reads.join().unwrap();
        assert_eq!(copy.write(b"more").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_disk_that_is_full_loses_what_comes_and_is_no_end() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut copy = OwnStream::new(full);
        copy.write(b"lost").unwrap();
        assert!(copy.has_told);
        copy.write(b"lost as well, without a word").unwrap();
        // There is room again.
        copy.file = tempfile::tempfile().unwrap();
        copy.write(b"kept").unwrap();
        assert_eq!(copy.file.metadata().unwrap().len(), 4);
    }
}

//! What is kept in memory of the bundle's files: bounded in bytes, whatever is asked for.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Instant,
};

use bytes::Bytes;
use greenroom::{
    http::finished::Coding,
    prelude::{Logger, debug},
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many bytes are kept: several times what the stock bundle needs.
const MOST_BYTES: usize = 64 << 20;

/// The account of what is kept.
pub(crate) struct Kept {
    logger: Logger,
    left: AtomicUsize,
    /// One file at a time for every two processors: a first page asks for dozens at once.
    turns: Semaphore,
}

impl Kept {
    pub(crate) fn new(logger: Logger) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { logger, left: AtomicUsize::new(MOST_BYTES), turns: Semaphore::new(processors.div_ceil(2)) }
    }

    /// Waits until it is one's turn to encode.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it.
        self.turns.acquire().await.ok()
    }

    /// Whether so many bytes more may be kept; they are counted then.
    pub(crate) fn admits(&self, bytes: usize) -> bool {
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    /// The encoded form of a file, if there is room for it.
    pub(crate) fn encoded(&self, name: &str, coding: Coding, bytes: &[u8]) -> io::Result<Option<Bytes>> {
        let began = Instant::now();
        let encoded = coding.encode(bytes)?;
        let is_kept = self.admits(encoded.len());
        let (before, after, ms) = (bytes.len(), encoded.len(), began.elapsed().as_millis() as u64);
        let text =
            if is_kept { "Encoded a file, once" } else { "Encoded a file, and there is no room to keep it" };
        debug!(self.logger, file = name, coding = coding.name(), before, after, ms, "{text}");
        Ok(is_kept.then(|| encoded.into()))
    }
}

//! What a process prints, collected as it comes, so that a line can be awaited.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What lines are read from.
pub type Stream = Box<dyn AsyncRead + Send + Unpin>;

/// The output of a process. Reading stops when this is dropped.
#[derive(Debug)]
pub struct Output {
    lines: Arc<Mutex<Vec<String>>>,
    /// How many lines there are; closed when both streams have ended.
    count: watch::Receiver<usize>,
    _readers: JoinSet<()>,
}

impl Output {
    /// Takes over the piped stdout and stderr of a child.
    pub fn collect(child: &mut Child) -> Self {
        let stdout = child.stdout.take().map(|stream| Box::new(stream) as Stream);
        let stderr = child.stderr.take().map(|stream| Box::new(stream) as Stream);
        Self::of(stdout.into_iter().chain(stderr))
    }

    /// Takes over these streams.
    pub fn of(streams: impl IntoIterator<Item = Stream>) -> Self {
        let lines = Arc::default();
        let (sender, count) = watch::channel(0);
        let mut readers = JoinSet::new();
        for stream in streams {
            #[expect(
                clippy::disallowed_methods,
                reason = "what is read of a process belongs to no backend of ours"
            )]
            readers.spawn(read(stream, Arc::clone(&lines), sender.clone()));
        }
        Self { lines, count, _readers: readers }
    }

    /// All lines so far.
    pub fn text(&self) -> String {
        lock(&self.lines).join("\n")
    }

    /// Waits for a line with this text; false when the output ends without one.
    pub async fn contains(&self, text: &str) -> bool {
        let mut count = self.count.clone();
        let mut seen = 0;
        loop {
            let ended = count.has_changed().is_err();
            {
                let lines = lock(&self.lines);
                if lines[seen..].iter().any(|line| line.contains(text)) {
                    return true;
                }
                seen = lines.len();
            }
            if ended {
                return false;
            }
            // An error only says that the output has ended: the last lines are looked at once more.
            let _ = count.changed().await;
        }
    }

    /// How many lines there are.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until there are more lines than this; for ever if that never happens.
    pub async fn grows_beyond(&self, lines: usize) {
        if self.count.clone().wait_for(|count| *count > lines).await.is_err() {
            std::future::pending().await
        }
    }

    /// Waits until both streams have ended.
    pub async fn ended(&self) {
        let mut count = self.count.clone();
        while count.changed().await.is_ok() {}
    }
}

async fn read(stream: impl AsyncRead + Unpin, lines: Arc<Mutex<Vec<String>>>, count: watch::Sender<usize>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        lock(&lines).push(text);
        count.send_modify(|count| *count += 1);
        line.clear();
    }
}

fn lock(lines: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

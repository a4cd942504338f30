//! Files that grow, are rotated, and begin anew.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

use greenroom_logs::{Failure, Logs, follow};
use tempfile::TempDir;

use crate::support::raw;

/// Hands over each write; when nobody takes it, it is a pipe without a reader.
struct Handed(SyncSender<String>);

impl Write for Handed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.0.send(text).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Following {
    dir: TempDir,
    shown: Receiver<String>,
    thread: JoinHandle<Result<(), Failure>>,
}

impl Following {
    fn start(begin: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        fs::write(&path, begin).unwrap();
        let (give, shown) = sync_channel(0);
        let thread = greenroom_context::spawn_thread("follow", move || {
            follow(&path, &mut Logs::new(raw("-dropped"), Handed(give)))
        });
        Self { dir, shown, thread: thread.unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("app.log")
    }

    fn add(&self, text: &str) {
        append(&self.path(), text);
    }

    fn sees(&self, text: &str) {
        assert_eq!(self.shown.recv().unwrap(), text);
    }

    /// The reader leaves: the next line that is shown ends it.
    fn end(self) {
        let path = self.path();
        drop(self.shown);
        append(&path, &line("last"));
        assert!(self.thread.join().unwrap().unwrap_err().is_closed_pipe());
    }
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn line(message: &str) -> String {
    format!("{{\"level\":\"info\",\"message\":\"{message}\"}}\n")
}

#[test]
fn what_is_added_is_shown() {
    let following = Following::start(&line("one"));
    following.sees(&line("one"));
    following.add(&line("dropped"));
    following.add("{\"level\":\"info\",");
    following.add("\"message\":\"two\"}\n");
    following.sees(&line("two"));
    following.add("Error: x\n    at y (/z.js:1:2)\n");
    following.sees("Error: x\n    at y (/z.js:1:2)\n");
    following.end();
}

#[test]
fn a_file_that_is_rotated_is_read_to_its_end_and_then_the_next_one() {
    let following = Following::start(&line("one"));
    following.sees(&line("one"));
    let old = following.dir.path().join("app.log.1");
    fs::rename(following.path(), &old).unwrap();
    // Whoever writes has the old file open yet.
    append(&old, &line("two"));
    following.sees(&line("two"));
    fs::write(following.path(), line("three")).unwrap();
    following.sees(&line("three"));
    following.end();
}

#[test]
fn a_file_that_begins_anew_is_read_from_its_beginning() {
    let following = Following::start(&[line("one"), line("two")].concat());
    following.sees(&line("one"));
    following.sees(&line("two"));
    File::create(following.path()).unwrap().write_all(line("new").as_bytes()).unwrap();
    following.sees(&line("new"));
    following.end();
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let missing = Path::new("/nowhere/app.log");
    let failure = follow(missing, &mut Logs::new(raw(""), Vec::new())).unwrap_err();
    assert!(matches!(failure, Failure::Read(_)), "{failure}");
}

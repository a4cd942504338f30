//! Pipes: their writers take their time, and their readers leave.

use std::{
    io::{self, Read, Write},
    sync::mpsc::channel,
};

use greenroom_logs::{Failure, Logs, Settings, read_live};

use crate::support::raw;

/// Tells of all that is flushed.
struct Flushed(Vec<u8>, std::sync::mpsc::Sender<Vec<u8>>);

impl Write for Flushed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.0);
        if !bytes.is_empty() {
            let _ = self.1.send(bytes);
        }
        Ok(())
    }
}

#[test]
fn what_has_come_is_shown_before_more_is_waited_for() {
    let (reader, mut writer) = io::pipe().unwrap();
    let (tell, told) = channel();
    let thread = greenroom_context::spawn_thread("logs", move || {
        let mut logs = Logs::new(raw(""), Flushed(Vec::new(), tell));
        read_live(reader, &mut logs).map(|()| logs.finish().unwrap())
    })
    .unwrap();
    // A stack could go on: it is shown when nothing comes for a while.
    for text in ["{\"level\":\"info\",\"message\":\"m\"}\n", "Error: x\n    at y (/z.js:1:2)\n"] {
        writer.write_all(text.as_bytes()).unwrap();
        assert_eq!(told.recv().unwrap(), text.as_bytes());
    }
    writer.write_all(b"no end").unwrap();
    drop(writer);
    assert_eq!(told.recv().unwrap(), b"no end");
    assert_eq!(thread.join().unwrap().unwrap().records, 3);
}

#[test]
fn a_reader_that_has_left_ends_it() {
    let (input, mut writer) = io::pipe().unwrap();
    let (mut reader, output) = io::pipe().unwrap();
    let thread = greenroom_context::spawn_thread("logs", move || {
        read_live(input, &mut Logs::new(Settings::default(), output))
    })
    .unwrap();
    writer.write_all(b"{\"level\":\"info\",\"message\":\"m\"}\n").unwrap();
    reader.read_exact(&mut [0; 5]).unwrap();
    drop(reader);
    writer.write_all(b"{\"level\":\"info\",\"message\":\"m\"}\n").unwrap();
    let failure: Failure = thread.join().unwrap().unwrap_err();
    assert!(failure.is_closed_pipe(), "{failure}");
}

#[test]
fn an_input_that_cannot_be_read_is_told() {
    let dir = std::fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap();
    let failure = read_live(dir, &mut Logs::new(Settings::default(), Vec::new())).unwrap_err();
    assert!(matches!(failure, Failure::Read(_)) && !failure.is_closed_pipe());
}

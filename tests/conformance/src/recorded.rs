//! The recorded logs: each is the output of a Node backend that was set up, asked and stopped as its story says.
//! Greenroom is told the same story, and its log and exit code are compared with the recording.

use std::io;

use crate::backend::{Backend, Launch};
use crate::both::{Act, Story, differences_of_logs, note_exit};
use crate::client::Held;
use crate::comparison::Comparison;
use crate::deviation::Subject;
use crate::log::Log;
use crate::transcript::{RECORDED_AUTHORITY, Request};

mod table;

pub use table::{SET_ASIDE, STORIES};

/// The story of a recorded log.
pub fn story(name: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.name == name)
}

/// Tells Greenroom a story to its end and compares what it says with the recorded output.
pub async fn retell(launch: &Launch, story: &Story, recorded: &str) -> io::Result<Comparison> {
    let mut recorded = Log::parse(recorded);
    let mut comparison = Comparison::default();
    let (launch, scenario) = (story.ours(launch), story.scenario());
    let mut backend = match story.listens {
        true => Backend::start(&launch, &scenario).await?,
        false => Backend::spawn(&launch, &scenario)?,
    };
    let mut held = None;
    for act in story.acts {
        if let Err(error) = perform(act, &backend, &mut held).await {
            let text = format!("{act:?}: {error}; it printed:\n{}", backend.output());
            return Err(io::Error::new(error.kind(), text));
        }
    }
    let code = backend.exit().await?;
    // The recording tells a signal as a negative number.
    note_exit(&mut comparison, story.name, recorded.exit.filter(|code| *code >= 0), code);
    let mut log = Log::parse(&backend.output());
    if story.env.contains(&("NODE_ENV", "development")) {
        recorded.forget_lengths();
        log.forget_lengths();
    }
    let (lines, found) = (recorded.lines.len(), differences_of_logs(recorded, log));
    comparison.note_lines(story.name, &Subject::Log { story: story.name }, lines, found);
    Ok(comparison)
}

async fn perform(act: &Act, backend: &Backend, held: &mut Option<Held>) -> io::Result<()> {
    match *act {
        Act::Ask(line) => backend.client().exchange(&as_curl(line)).await.map(drop),
        Act::AwaitStatus(path, status) => backend.await_status(path, status).await,
        Act::AwaitLine(text) => backend.await_line(text).await,
        Act::AwaitRefused => backend.await_refused().await,
        Act::Hold(line) => {
            *held = Some(backend.client().hold(&as_curl(line)).await?);
            Ok(())
        }
        Act::HeldAnswers => match held.take() {
            Some(held) => held.finish().await.map(drop),
            None => Err(io::Error::other("no request is in flight")),
        },
        Act::Signal(signal) => backend.signal(signal),
        Act::AskInPlain(_) | Act::Linger | Act::LingeringEnds | Act::Pass(_) | Act::Exit | Act::RunOn => {
            Err(io::Error::other("nothing that a recorded log shows"))
        }
    }
}

/// A request as curl sends it.
fn as_curl(line: &str) -> Request {
    let headers = format!("Host: {RECORDED_AUTHORITY}\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n");
    Request::raw(format!("{line} HTTP/1.1\r\n{headers}\r\n").into_bytes())
}

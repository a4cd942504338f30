//! The recorded logs: each is the output of a Node backend that was set up, asked and stopped as its story says.
//! Greenroom is told the same story, and its log and exit code are compared with the recording.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use tokio::time::timeout;

use crate::backend::{Backend, Launch, RECORDED_PORT};
use crate::both::{Act, Story, differences_of_logs, note_exit};
use crate::client::Held;
use crate::compare::Difference;
use crate::comparison::Comparison;
use crate::deviation::Subject;
use crate::log::Log;
use crate::transcript::{RECORDED_AUTHORITY, Request};

mod table;

pub use table::{SET_ASIDE, STORIES};

/// The port that was taken when `fail-port-in-use` was recorded.
const TAKEN_PORT: &str = "17055";
/// What has not ended so long after its story serves on.
const SERVES_ON: Duration = Duration::from_secs(10);

/// The story of a recorded log.
pub fn story(name: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.name == name)
}

/// A story, and a backend to tell it to.
#[derive(Debug)]
pub struct Staged {
    story: Story,
    launch: Launch,
    /// Keeps others from listening there.
    taken: Option<TcpListener>,
}

impl Staged {
    /// Sets the stage for what is more than a story: a file that is missing, a port that is taken.
    pub fn new(story: &Story, launch: Launch) -> io::Result<Self> {
        let mut staged = Self { story: *story, launch, taken: None };
        match story.name {
            "fail-config-missing-file" => {
                staged.launch = staged.launch.with_arguments(["--config", "/app/conf/doesnotexist.yaml"]);
            }
            "fail-port-in-use" => {
                let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                let listen = format!("backend: {{listen: '{}'}}", taken.local_addr()?);
                staged.launch = staged.launch.with_config(&listen);
                staged.taken = Some(taken);
            }
            _ => {}
        }
        Ok(staged)
    }

    /// The recorded output as it has to be on this stage.
    fn expected(&self, recorded: &str) -> io::Result<Log> {
        Ok(Log::parse(&match &self.taken {
            Some(taken) => recorded.replace(TAKEN_PORT, &taken.local_addr()?.port().to_string()),
            None => recorded.to_owned(),
        }))
    }

    /// Starts the backend and does what the story says, up to the last act.
    async fn play(&self) -> io::Result<Backend> {
        let scenario = self.story.scenario();
        let backend = match self.story.listens {
            true => Backend::start(&self.launch, &scenario).await?,
            false => Backend::spawn(&self.launch, &scenario)?,
        };
        let mut held = None;
        for act in self.story.acts {
            if let Err(error) = perform(act, &backend, &mut held).await {
                let text = format!("{act:?}: {error}; it printed:\n{}", backend.output());
                return Err(io::Error::new(error.kind(), text));
            }
        }
        Ok(backend)
    }
}

/// Tells Greenroom a story to its end and compares what it says with the recorded output.
pub async fn retell(staged: &Staged, recorded: &str) -> io::Result<Comparison> {
    let (story, recorded) = (&staged.story, staged.expected(recorded)?);
    let mut comparison = Comparison::default();
    let mut backend = staged.play().await?;
    let code = backend.exit().await?;
    // The recording tells a signal as a negative number.
    note_exit(&mut comparison, story.name, recorded.exit.filter(|code| *code >= 0), code);
    let lines = recorded.lines.len();
    let found = differences(story, recorded, &backend.output());
    comparison.note_lines(story.name, &Subject::Log { story: story.name }, lines, found);
    Ok(comparison)
}

/// Tells a newer Node a story to its end: what it prints, as it is recorded, and how that differs from what is recorded.
pub async fn record(staged: &Staged, recorded: &str) -> io::Result<(String, Vec<Difference>)> {
    let expected = staged.expected(recorded)?;
    let mut backend = staged.play().await?;
    // After a failed start Node serves on.
    let code = match timeout(SERVES_ON, backend.exit()).await {
        Ok(code) => code?,
        Err(_) => {
            backend.terminate()?;
            backend.exit().await?
        }
    };
    let code = match code {
        Some(code) => code,
        None => backend.ended_by()?.map_or(0, |signal| -signal),
    };
    let output = backend.output();
    let mut found = differences(&staged.story, expected.clone(), &output);
    let mut text = output.replace(&format!(":{}", backend.port()), &format!(":{RECORDED_PORT}"));
    if let Some(taken) = &staged.taken {
        text = text.replace(&taken.local_addr()?.port().to_string(), TAKEN_PORT);
    }
    text = format!("{text}\n# exit: returncode={code}\n");
    if expected.exit != Some(code) {
        let said = |code: Option<i32>| code.map(|code| code.to_string());
        let what = "exit code".to_owned();
        found.push(Difference { what, recorded: said(expected.exit), received: said(Some(code)) });
    }
    Ok((text, found))
}

/// How output differs from a recorded log.
fn differences(story: &Story, mut recorded: Log, output: &str) -> Vec<Difference> {
    let mut log = Log::parse(output);
    if story.env.contains(&("NODE_ENV", "development")) {
        recorded.forget_lengths();
        log.forget_lengths();
    }
    differences_of_logs(recorded, log)
}

async fn perform(act: &Act, backend: &Backend, held: &mut Option<Held>) -> io::Result<()> {
    match *act {
        Act::Ask(line) => backend.client().exchange(&as_curl(line)).await.map(drop),
        Act::Upgrade(path) => backend.client().exchange(&Request::upgrade(path)).await.map(drop),
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

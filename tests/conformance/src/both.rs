//! Greenroom and Node's backend side by side: started alike, asked alike, compared as they answer.
//!
//! What differs is compared with [`crate::deviation`]: a difference without a name there fails the run.

use std::future::Future;
use std::io;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use crate::backend::{Backend, Launch};
use crate::client::{Held, Idle};
use crate::compare::Difference;
use crate::comparison::Comparison;
use crate::deviation::{self, Subject};
use crate::log::{self, Format, Log};
use crate::reply::{Reply, differences};
use crate::scenarios::{Scenario, Stage};
use crate::transcript::Request;

/// How long a log may take to settle once all else has been done, on a busy machine.
const SETTLING: Duration = Duration::from_secs(20);

/// One way to set up both and what is done with them.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// Snake case: also the name of its test.
    pub name: &'static str,
    /// The plugins (`FEATURES`).
    pub features: &'static str,
    /// YAML for both.
    pub config: &'static str,
    /// YAML for Greenroom besides.
    pub ours: &'static str,
    /// Environment variables for both.
    pub env: &'static [(&'static str, &'static str)],
    /// Whether they come to listen at all.
    pub listens: bool,
    /// What happens, in order.
    pub acts: &'static [Act],
}

impl Story {
    /// How its backend is set up.
    pub(crate) fn scenario(&self) -> Scenario {
        let Self { name, features, config, env, .. } = *self;
        Scenario { name, stage: Stage::One, features, config, env, steps: &[] }
    }

    /// How Greenroom is started for it: it writes Node's log format.
    pub fn ours(&self, launch: &Launch) -> Launch {
        launch.clone().with_config(self.ours).with_env("LOG_FORMAT", "node")
    }
}

/// Something done to both or awaited of both.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Send a request (method and path) and compare the answers.
    Ask(&'static str),
    /// The same, not encrypted on a port that is.
    AskInPlain(&'static str),
    /// Ask for a WebSocket at this path and compare all that comes.
    Upgrade(&'static str),
    /// Wait until a GET is answered with this status.
    AwaitStatus(&'static str, u16),
    /// Wait until both have printed this.
    AwaitLine(&'static str),
    /// Wait until both refuse connections.
    AwaitRefused,
    /// Begin a request and leave it in flight.
    Hold(&'static str),
    /// Compare the answers to the request in flight.
    HeldAnswers,
    /// Open a connection, have one request answered on it, and leave it idle.
    Linger,
    /// The idle connection is closed.
    LingeringEnds,
    /// Let this many milliseconds pass.
    Pass(u64),
    /// Send a signal.
    Signal(Signal),
    /// Compare the exit codes.
    Exit,
    /// Both run on.
    RunOn,
}

/// Both of them.
#[derive(Debug)]
pub struct Both {
    /// Node's.
    pub node: Backend,
    /// Ours.
    pub ours: Backend,
}

impl Both {
    /// Starts both. Greenroom writes Node's log format.
    pub async fn start(node: &Launch, ours: &Launch, story: &Story) -> io::Result<Self> {
        let scenario = story.scenario();
        let ours = story.ours(ours);
        if story.listens {
            let (node, ours) =
                tokio::try_join!(Backend::start(node, &scenario), Backend::start(&ours, &scenario))?;
            return Ok(Self { node, ours });
        }
        Ok(Self { node: Backend::spawn(node, &scenario)?, ours: Backend::spawn(&ours, &scenario)? })
    }

    /// Sends a request to both.
    pub async fn exchange(&self, request: &Request) -> (Reply, Reply) {
        let (node, ours) = (self.node.client(), self.ours.client());
        tokio::join!(node.exchange(request), ours.exchange(request))
    }
}

/// Tells a story to both and compares all that they say.
pub async fn tell(node: &Launch, ours: &Launch, story: &Story) -> Comparison {
    let mut comparison = Comparison::default();
    let broken = |act: &str, error: io::Error| format!("{}: {act}: {error}", story.name);
    let mut both = match Both::start(node, ours, story).await {
        Ok(both) => both,
        Err(error) => {
            comparison.unexplained.push(broken("start", error));
            return comparison;
        }
    };
    let mut held = InFlight::default();
    for act in story.acts {
        if let Err(error) = perform(act, &mut both, &mut held, story, &mut comparison).await {
            comparison.unexplained.push(broken(&format!("{act:?}"), error));
            comparison.unexplained.push(format!(
                "Node printed:\n{}\nwe printed:\n{}",
                both.node.output(),
                both.ours.output()
            ));
            return comparison;
        }
    }
    let subject = Subject::Log { story: story.name };
    let found = settled(&both, &subject).await;
    let lines = Log::parse(&both.node.output()).lines.len();
    comparison.note_lines(&format!("{}: log", story.name), &subject, lines, found);
    comparison
}

/// The differences of the logs, once all that is left of them is meant.
async fn settled(both: &Both, subject: &Subject<'_>) -> Vec<Difference> {
    let found = || differences_of_logs(Log::parse(&both.node.output()), Log::parse(&both.ours.output()));
    let quiet = async {
        loop {
            let (node, ours) = (both.node.lines(), both.ours.lines());
            if found().iter().all(|difference| deviation::explains(subject, difference).is_some()) {
                return;
            }
            tokio::select! {
                () = both.node.more_lines_than(node) => {}
                () = both.ours.more_lines_than(ours) => {}
            }
        }
    };
    let _ = timeout(SETTLING, quiet).await;
    found()
}

/// How our log differs from Node's, but for the order of what happens side by side, and without the lines that tell from
/// time to time what a start still waits for.
pub(crate) fn differences_of_logs(mut node: Log, mut ours: Log) -> Vec<Difference> {
    for log in [&mut node, &mut ours] {
        log.lines.retain(|line| !line.to_string().contains("Plugin initialization in progress"));
    }
    in_any_order(log::compare(&node, &ours, Format::Node))
}

/// Leaves out lines that both have, in another order: what plugins do side by side has none.
fn in_any_order(mut differences: Vec<Difference>) -> Vec<Difference> {
    let mut at = 0;
    while at < differences.len() {
        let (before, now) = (differences[at].recorded.clone(), differences[at].received.clone());
        let twin = differences.iter().skip(at + 1).position(|other| {
            differences[at].what.ends_with(" line")
                && other.what.ends_with(" line")
                && other.recorded == now
                && other.received == before
                && other.what != differences[at].what
        });
        match twin {
            Some(offset) => {
                differences.remove(at + 1 + offset);
                differences.remove(at);
            }
            None => at += 1,
        }
    }
    differences
}

/// What is open between two acts.
#[derive(Default)]
struct InFlight {
    requests: Option<(Held, Held)>,
    idle: Option<(Idle, Idle)>,
}

async fn perform(
    act: &Act,
    both: &mut Both,
    held: &mut InFlight,
    story: &Story,
    comparison: &mut Comparison,
) -> io::Result<()> {
    let request = |line: &str| {
        let text = format!("{line} HTTP/1.1\r\nHost: localhost:17041\r\nUser-Agent: story\r\n\r\n");
        Request::raw(text.into_bytes())
    };
    match *act {
        Act::Ask(line) => {
            let (node, ours) = both.exchange(&request(line)).await;
            let what = format!("{}: {line}", story.name);
            comparison.note(
                &what,
                &Subject::Story { story: story.name, request: line },
                differences(node, ours).await,
            );
            Ok(())
        }
        Act::AskInPlain(line) => {
            let (node, ours) = (both.node.client().in_plain(), both.ours.client().in_plain());
            let request = request(line);
            let (node, ours) = tokio::join!(node.exchange(&request), ours.exchange(&request));
            let subject = Subject::Story { story: story.name, request: line };
            let what = format!("{}: {line} in plain", story.name);
            comparison.note(&what, &subject, differences(node, ours).await);
            Ok(())
        }
        Act::Upgrade(path) => {
            let (node, ours) = both.exchange(&Request::upgrade(path)).await;
            let subject = Subject::Story { story: story.name, request: path };
            comparison.note(
                &format!("{}: upgrade {path}", story.name),
                &subject,
                differences(node, ours).await,
            );
            Ok(())
        }
        Act::AwaitStatus(path, status) => {
            twice(both.node.await_status(path, status), both.ours.await_status(path, status)).await
        }
        Act::AwaitLine(text) => twice(both.node.await_line(text), both.ours.await_line(text)).await,
        Act::AwaitRefused => twice(both.node.await_refused(), both.ours.await_refused()).await,
        Act::Hold(line) => {
            let request = request(line);
            let (node, ours) = (both.node.client(), both.ours.client());
            held.requests = Some(tokio::try_join!(node.hold(&request), ours.hold(&request))?);
            Ok(())
        }
        Act::HeldAnswers => {
            let (node, ours) =
                held.requests.take().ok_or_else(|| io::Error::other("no request is in flight"))?;
            let (node, ours) = tokio::join!(node.finish(), ours.finish());
            let subject = Subject::Story { story: story.name, request: "in flight" };
            comparison.note(&format!("{}: in flight", story.name), &subject, differences(node, ours).await);
            Ok(())
        }
        Act::Linger => {
            let request = request("GET /.backstage/health/v1/liveness");
            let (node, ours) = (both.node.client(), both.ours.client());
            held.idle = Some(tokio::try_join!(node.linger(&request), ours.linger(&request))?);
            Ok(())
        }
        Act::LingeringEnds => {
            let (node, ours) = held.idle.take().ok_or_else(|| io::Error::other("nothing lingers"))?;
            twice(node.ends(), ours.ends()).await
        }
        Act::Pass(millis) => {
            sleep(Duration::from_millis(millis)).await;
            Ok(())
        }
        Act::Signal(signal) => {
            both.node.signal(signal)?;
            both.ours.signal(signal)
        }
        Act::Exit => {
            let (node, ours) = tokio::join!(both.node.exit(), both.ours.exit());
            let (node, ours) = (node.map_err(named("node"))?, ours.map_err(named("ours"))?);
            note_exit(comparison, story.name, node, ours);
            Ok(())
        }
        Act::RunOn => match (both.node.has_exited()?, both.ours.has_exited()?) {
            (false, false) => Ok(()),
            (node, ours) => Err(io::Error::other(format!("exited: node {node}, ours {ours}"))),
        },
    }
}

/// Compares exit codes; `None` is a signal.
pub(crate) fn note_exit(
    comparison: &mut Comparison,
    story: &'static str,
    node: Option<i32>,
    ours: Option<i32>,
) {
    let said = |code: Option<i32>| Some(code.map_or("a signal".to_owned(), |code| code.to_string()));
    let found = Difference { what: "exit code".to_owned(), recorded: said(node), received: said(ours) };
    let found = if node == ours { Vec::new() } else { vec![found] };
    comparison.note(&format!("{story}: exit"), &Subject::Story { story, request: "exit" }, found);
}

fn named(side: &'static str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{side}: {error}"))
}

async fn twice(
    node: impl Future<Output = io::Result<()>>,
    ours: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let (node, ours) = tokio::join!(node, ours);
    node.map_err(named("node"))?;
    ours.map_err(named("ours"))
}

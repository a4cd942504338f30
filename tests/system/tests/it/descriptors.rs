//! A process that runs out of descriptors: it says so, it answers probes, and it goes on.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use greenroom_test::TestBackend;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const MOST_FILES: &str = "GREENROOM_SYSTEM_FILES";
/// Half of them, and no more than that: the rest is for files and probes.
const FILES: u64 = 200;
const CONNECTIONS: usize = 100;

const LIVENESS: &str = "/.backstage/health/v1/liveness";
const IN_TIME: Duration = Duration::from_secs(20);

/// A backend with few descriptors. It does what stands in its input, a word on a line, and says what came of it.
#[tokio::test]
#[ignore = "the process under test, started by the tests below"]
#[expect(clippy::print_stdout, reason = "the parent waits for these lines")]
async fn child() {
    let Some(most) = std::env::var(MOST_FILES).ok().and_then(|most| most.parse().ok()) else { return };
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }).unwrap();
    // More connections than there can be descriptors, and as much time as anyone wants.
    let config = serde_json::json!({
        "greenroom": {"server": {"maxConnections": 1_000_000}},
        "backend": {"server": {"headersTimeout": {"hours": 1}, "requestTimeout": {"hours": 1}}},
    });
    let backend = TestBackend::new().config(config).start().await.unwrap();
    println!("\nsays {}", backend.url());
    let (words, mut input) = tokio::sync::mpsc::unbounded_channel();
    greenroom_context::spawn_thread("input", move || {
        std::io::stdin().lines().map_while(Result::ok).all(|word| words.send(word).is_ok());
    })
    .unwrap();
    let mut files = vec![];
    while let Some(word) = input.recv().await {
        let said = match &*word {
            "take" => {
                files.extend(std::iter::from_fn(|| File::open("/dev/null").ok()));
                files.len()
            }
            "give" => std::mem::take(&mut files).len(),
            text => {
                backend.logs().iter().filter(|line| line["message"].as_str().unwrap().contains(text)).count()
            }
        };
        println!("\nsays {said}");
    }
}

struct Backend {
    child: Child,
    words: ChildStdin,
    said: std::io::Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Backend {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["descriptors::child", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(MOST_FILES, FILES.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let words = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut backend = Self { child, words, said, address: String::new() };
        backend.address = backend.next().trim_start_matches("http://").trim_end_matches('/').to_owned();
        backend
    }

    fn next(&mut self) -> String {
        let mut said = self.said.by_ref().map_while(Result::ok);
        said.find_map(|line| line.strip_prefix("says ").map(str::to_owned)).expect("a process that goes on")
    }

    fn say(&mut self, word: &str) -> usize {
        writeln!(self.words, "{word}").unwrap();
        self.next().parse().unwrap()
    }

    /// Lines of the log that hold this text.
    fn lines(&mut self, text: &str) -> usize {
        self.say(text)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(IN_TIME)).unwrap();
        stream
    }

    fn until(&mut self, mut holds: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(begun.elapsed() < IN_TIME, "it never comes to hold");
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status of the answer.
fn ask(mut stream: &TcpStream, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[9..]).into_owned()
}

#[test]
fn without_a_descriptor_left_a_line_a_second_says_so_and_who_waits_is_answered_later() {
    const TOLD: &str = "A connection could not be accepted";
    let mut backend = Backend::start();
    assert_eq!(ask(&backend.connect(), LIVENESS), "200");
    assert!(backend.say("take") > 0);
    let waiting: Vec<_> = (0..20).map(|_| backend.connect()).collect();
    backend.until(|backend| backend.lines(TOLD) > 0);
    let begun = Instant::now();
    backend.until(|backend| backend.lines(TOLD) > 2);
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(1500), "two more lines within {took:?}");
    backend.say("give");
    assert!(waiting.iter().all(|stream| ask(stream, LIVENESS) == "200"));
}

#[test]
fn more_connections_than_there_are_descriptors_leave_probes_answered() {
    let mut backend = Backend::start();
    // All places, and more than there are descriptors for.
    let silent: Vec<_> = (0..CONNECTIONS + 120).map(|_| backend.connect()).collect();
    assert_eq!(ask(&backend.connect(), LIVENESS), "200");
    assert_eq!(ask(&backend.connect(), "/nope"), "503");
    assert_eq!(backend.lines("A connection could not be accepted"), 0);
    let told = backend.lines("Too many connections are open");
    assert!(told > 0 && told < 10, "{told}");
    drop(silent);
    backend.until(|backend| ask(&backend.connect(), "/nope") == "404");
}

#[test]
fn without_a_descriptor_left_who_is_silent_beyond_the_limit_leaves_for_a_probe() {
    let mut backend = Backend::start();
    let _silent: Vec<_> = (0..CONNECTIONS + 2).map(|_| backend.connect()).collect();
    backend.until(|backend| backend.lines("Too many connections are open") > 0);
    assert!(backend.say("take") > 0);
    assert_eq!(ask(&backend.connect(), LIVENESS), "200");
}

//! A server under measurement: started on a free port, its log in a file, killed when dropped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::figures::Route;
use crate::proc::{self, Resident};
use crate::process::{Core, Process};
use crate::requests::Connections;
use crate::subject::{Places, Subject};

/// How long it may take to become ready, to answer, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause after an answer that is not the one waited for: such answers are the server's work.
const PAUSE: Duration = Duration::from_micros(200);
/// Idle connections: those that find memory that was taken before, and those that are measured.
const FIRST: u64 = 100;
const MORE: u64 = 500;
/// How long the last answer's connection has to become idle.
const SETTLE: Duration = Duration::from_millis(200);

/// A server that has become ready.
#[derive(Debug)]
pub struct Server {
    process: Process,
    log: File,
    log_path: PathBuf,
    port: u16,
    /// From exec to the first readiness 200.
    pub start: Duration,
}

impl Server {
    /// Starts it, and waits until it is ready.
    pub fn start(places: &Places, subject: Subject, scratch: &Path) -> io::Result<Self> {
        Self::start_as(places, subject, scratch, |command| command)
    }

    /// The same by a command made of the one that starts it.
    pub fn start_as(
        places: &Places,
        subject: Subject,
        scratch: &Path,
        change: impl FnOnce(Command) -> Command,
    ) -> io::Result<Self> {
        let port = free_port()?;
        // In a directory of its own: backends watch it, and the log's writes are not to wake them.
        let config = scratch.join("config/app-config.yaml");
        fs::create_dir_all(scratch.join("config"))?;
        places.write_config(&config, port)?;
        let command = change(places.server(subject, port, &config));
        Self::launch(command, port, Route::Readiness.path(), scratch)
    }

    /// Starts what listens on that port of this machine, and waits until it answers `ready` by 200.
    pub fn launch(command: Command, port: u16, ready: &str, scratch: &Path) -> io::Result<Self> {
        Self::launch_on(Core::Server, command, port, ready, scratch)
    }

    /// The same on that core.
    pub fn launch_on(
        core: Core,
        mut command: Command,
        port: u16,
        ready: &str,
        scratch: &Path,
    ) -> io::Result<Self> {
        let log_path = scratch.join("server.log");
        let log = OpenOptions::new().create(true).append(true).open(&log_path)?;
        log.set_len(0)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        let process = Process::start(&mut command, core)?;
        let mut server = Self { process, log, log_path, port, start: Duration::ZERO };
        server.start = server.await_readiness(ready)?;
        Ok(server)
    }

    fn await_readiness(&mut self, ready: &str) -> io::Result<Duration> {
        loop {
            let status = status(self.port, ready);
            let passed = self.process.started().elapsed();
            match status {
                Ok(200) => {
                    // Whoever answers must be the one that we have started.
                    self.process.still_runs()?;
                    return Ok(passed);
                }
                Ok(_) => thread::sleep(PAUSE),
                Err(_) => self.process.still_runs()?,
            }
            if passed > PATIENCE {
                return Err(io::Error::new(ErrorKind::TimedOut, "it did not become ready"));
            }
        }
    }

    /// Fails if it has ended.
    pub fn still_runs(&mut self) -> io::Result<()> {
        self.process.still_runs()
    }

    /// Where a route is.
    pub fn url(&self, route: Route) -> String {
        format!("http://127.0.0.1:{}{}", self.port, route.path())
    }

    /// Where it listens, on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// CPU time so far.
    pub fn cpu(&self) -> io::Result<Duration> {
        proc::cpu(self.process.id())
    }

    /// Resident memory when it has been ready for so long.
    pub fn resident_after(&self, idle: Duration) -> io::Result<Resident> {
        let ready = self.process.started() + self.start;
        thread::sleep((ready + idle).saturating_duration_since(Instant::now()));
        self.resident()
    }

    /// Resident memory.
    pub fn resident(&self) -> io::Result<Resident> {
        proc::resident(self.process.id())
    }

    /// Resident memory in KiB for each connection that is idle behind an answer.
    pub fn resident_by_connection(&self) -> io::Result<f64> {
        let mut idle = vec![];
        let mut with_more = |count: u64| {
            for _ in 0..count {
                let mut connection = Connections::open(self.port, 1)?;
                connection.ask(Route::Readiness.path(), 1)?;
                idle.push(connection);
            }
            thread::sleep(SETTLE);
            proc::resident(self.process.id()).map(|resident| resident.all)
        };
        let before = with_more(FIRST)?;
        Ok((with_more(MORE)? - before) * 1024.0 / MORE as f64)
    }

    /// Empties the log.
    pub fn forget_lines(&self) -> io::Result<()> {
        self.log.set_len(0)
    }

    /// How many lines the log holds.
    pub fn lines(&self) -> io::Result<u64> {
        count_lines(&self.log_path)
    }

    /// The last whole line of the log.
    pub fn last_line(&self) -> io::Result<String> {
        const ENOUGH: i64 = 1 << 16;
        let mut log = File::open(&self.log_path)?;
        let length = log.metadata()?.len();
        log.seek(SeekFrom::End(-ENOUGH.min(length.cast_signed())))?;
        let mut end = vec![];
        log.read_to_end(&mut end)?;
        let end = String::from_utf8_lossy(&end);
        let whole = end.rsplit_once('\n').map_or("", |(whole, _)| whole);
        Ok(whole.rsplit('\n').next().unwrap_or_default().to_owned())
    }

    /// Asks it to end, and waits.
    pub fn stop(self) -> io::Result<()> {
        self.process.stop(PATIENCE)
    }
}

/// A port of this machine that nobody listens on.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Lines of a file.
pub fn count_lines(path: &Path) -> io::Result<u64> {
    let (mut file, mut buffer, mut lines) = (File::open(path)?, vec![0; 1 << 18], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(lines),
            read => lines += buffer[..read].iter().filter(|&&byte| byte == b'\n').count() as u64,
        }
    }
}

/// The status of a path, over a new connection.
fn status(port: u16, path: &str) -> io::Result<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let status = std::str::from_utf8(&head).ok().and_then(|head| head.strip_prefix("HTTP/1.1 "));
    status.and_then(|status| status.parse().ok()).ok_or_else(|| ErrorKind::InvalidData.into())
}

//! The program as it is handed on.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Samples;
use crate::process::{Core, Process};
use crate::subject::{Places, command};

const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(1);

/// What is told of it.
#[derive(Debug)]
pub(super) struct Program {
    /// In MiB, as it is and in the archive.
    pub(super) size: f64,
    pub(super) packed: f64,
    /// Milliseconds from the start of unpacking to the first line, and those of unpacking alone.
    pub(super) first_line: Samples,
    pub(super) unpacked: Samples,
}

/// Packs, unpacks and starts it.
pub(super) fn measure(places: &Places, rounds: u64, scratch: &Path) -> io::Result<Program> {
    let packed = scratch.join("packed");
    fs::create_dir_all(&packed)?;
    run(Command::new("strip")
        .arg(places.target.join("release/greenroom"))
        .arg("-o")
        .arg(packed.join("greenroom")))?;
    let archive = scratch.join("greenroom.tar.gz");
    run(Command::new("tar").arg("czf").arg(&archive).arg("-C").arg(&packed).arg("greenroom"))?;
    let (mut first_line, mut unpacked) = (Samples::default(), Samples::default());
    for round in 0..rounds {
        let place = scratch.join(format!("unpacked-{round}"));
        fs::create_dir_all(&place)?;
        let log = scratch.join("first.log");
        let began = Instant::now();
        run(Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(&place))?;
        unpacked.push(ms(began));
        let mut start = command(place.join("greenroom"));
        start.current_dir(&place).env("APP_CONFIG_backend_listen", "'127.0.0.1:0'");
        let process = Process::start(start.stdout(File::create(&log)?).stderr(Stdio::null()), Core::Server)?;
        while fs::metadata(&log)?.len() == 0 {
            if began.elapsed() > PATIENCE {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "it has written nothing"));
            }
            thread::sleep(POLL);
        }
        first_line.push(ms(began));
        process.stop(PATIENCE)?;
        fs::remove_dir_all(&place)?;
    }
    let mib = |file: &Path| Ok::<_, io::Error>(fs::metadata(file)?.len() as f64 / f64::from(1 << 20));
    Ok(Program { size: mib(&packed.join("greenroom"))?, packed: mib(&archive)?, first_line, unpacked })
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{}: {status}", command.get_program().display()))),
    }
}

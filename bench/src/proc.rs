//! What the kernel tells of a process.

use std::fs;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// CPU time so far, user and system, of all threads.
pub fn cpu(process: u32) -> io::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let ticks = cpu_ticks(&text).ok_or_else(|| unread("stat"))?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Resident memory, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resident {
    /// All of it.
    pub all: f64,
    /// That which is no file's: what the process has written, and what it would take along.
    pub anonymous: f64,
}

/// Resident memory of a process.
pub fn resident(process: u32) -> io::Result<Resident> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    resident_of(&text).ok_or_else(|| unread("status"))
}

/// `utime` and `stime` of `/proc/<pid>/stat`. The second field is the program's name and may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(|field| field.parse::<u64>().ok());
    Some(times.next()?? + times.next()??)
}

fn resident_of(status: &str) -> Option<Resident> {
    let mib = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib as f64 / 1024.0)
    };
    Some(Resident { all: mib("VmRSS:")?, anonymous: mib("RssAnon:")? })
}

fn unread(file: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("/proc/<pid>/{file} is not as expected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "4711 (a) R 1 (b) S 1 4711 4711 0 -1 4194560 2310 0 0 0 312 45 7 8 20 0 3 0 998 12 34";

    #[test]
    fn cpu_time_is_user_and_system_after_a_name_that_may_hold_anything() {
        assert_eq!(cpu_ticks(STAT), Some(312 + 45));
        assert_eq!(cpu_ticks("4711 (a) S 1 2 3"), None);
        assert_eq!(cpu_ticks(""), None);
    }

    #[test]
    fn resident_memory_is_that_of_its_lines() {
        let status = "VmHWM:\t  9000 kB\nVmRSS:\t    8192 kB\nRssAnon:\t    3072 kB\nThreads:\t2\n";
        assert_eq!(resident_of(status), Some(Resident { all: 8.0, anonymous: 3.0 }));
        assert_eq!(resident_of("VmRSS:\t  8192 kB\n"), None);
    }

    #[test]
    fn this_process_has_used_some_memory() {
        let resident = resident(std::process::id()).unwrap();
        assert!(resident.anonymous > 0.1 && resident.all > resident.anonymous, "{resident:?}");
        assert!(cpu(std::process::id()).is_ok());
    }
}

//! The table of figures: one definition each.

use crate::subject::Subject;

/// What is measured, how, and what we want it to be.
#[derive(Debug, PartialEq)]
pub struct Figure {
    /// What `--only` calls it.
    pub id: &'static str,
    /// What the table calls it.
    pub name: &'static str,
    /// The unit of its values; less is better in all of them.
    pub unit: &'static str,
    /// How it is measured, for the page.
    pub how: &'static str,
    /// How many times as much Node's should be.
    pub aim: f64,
    /// How it is measured, for the program.
    pub kind: Kind,
    /// What it is compared with besides Node; the last one does the same work with nothing around it.
    pub floors: &'static [Subject],
}

/// A way of measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From exec to the first readiness 200.
    Start,
    /// Resident memory of an idle process.
    Memory(Part),
    /// Resident memory by which an idle connection makes a process grow.
    Connection,
    /// A run of wrk.
    Load {
        /// What is asked for.
        route: Route,
        /// How many connections ask.
        connections: u32,
        /// What is read off the run.
        reads: Reads,
    },
    /// A loop that logs.
    Log {
        /// How many secrets are looked for in each line.
        secrets: usize,
    },
}

/// Which part of the resident memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    All,
    /// That which is no file's.
    Anonymous,
}

/// What a run of wrk is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// CPU time of the server's whole process by completed requests.
    Cpu,
    /// The latency that one request in a hundred exceeds.
    P99,
}

/// A route that all servers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The root router's readiness.
    Readiness,
    /// A plugin's route which logs, too.
    Results,
}

impl Route {
    /// Its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Readiness => "/.backstage/health/v1/readiness",
            Self::Results => "/api/tasks/task/1/results",
        }
    }

    /// How many lines a request writes.
    pub const fn lines(self) -> u64 {
        match self {
            Self::Readiness => 1,
            Self::Results => 2,
        }
    }
}

const fn load(route: Route, connections: u32, reads: Reads) -> Kind {
    Kind::Load { route, connections, reads }
}

/// All figures.
pub const FIGURES: &[Figure] = &[
    Figure {
        id: "start",
        name: "exec to first readiness 200",
        unit: "ms",
        how: "a client that does nothing else asks for readiness again and again from the moment of the exec, on a new \
              connection each time; an answer that is not 200 is followed by a pause of 0.2 ms",
        aim: 40.0,
        kind: Kind::Start,
        floors: &[Subject::Hyper],
    },
    Figure {
        id: "memory",
        name: "idle memory",
        unit: "MiB",
        how: "VmRSS of /proc/<pid>/status, 2 s after the first readiness 200 and before any other request. It counts pages of \
              the program's file and of libc, too: the kernel maps more of them than a start touches, may drop them, and \
              shares them between processes",
        aim: 10.0,
        kind: Kind::Memory(Part::All),
        floors: &[Subject::Hyper],
    },
    Figure {
        id: "own-memory",
        name: "the same, without pages of files",
        unit: "MiB",
        how: "RssAnon of the same file, at the same moment: what a process has written, which no other one shares",
        aim: 10.0,
        kind: Kind::Memory(Part::Anonymous),
        floors: &[Subject::Hyper],
    },
    Figure {
        id: "connection",
        name: "memory of an idle connection",
        unit: "KiB",
        how: "by how much VmRSS is greater with 500 more connections, opened one after the other, each of which has had one \
              answer of readiness, by their number; the first 100 do not count. Most of it are hyper's two buffers, of \
              which small requests and answers touch 4 KiB each, and 2 KiB for the headers of the last answer, in which \
              hyper reads the next request: to take less would be to leave hyper, or to make its state anew for each \
              request that follows a pause",
        aim: 3.0,
        kind: Kind::Connection,
        floors: &[Subject::Axum, Subject::Hyper],
    },
    Figure {
        id: "readiness",
        name: "CPU per request, readiness, its line to a file",
        unit: "µs",
        how: "user and system time of the whole process (/proc/<pid>/stat) during a run of wrk with 32 connections, by \
              the requests that wrk counts as completed",
        aim: 10.0,
        kind: load(Route::Readiness, 32, Reads::Cpu),
        floors: &[Subject::Hyper, Subject::Axum, Subject::AxumLine, Subject::AxumSame],
    },
    Figure {
        id: "route",
        name: "CPU per request, a plugin's route, two lines to a file",
        unit: "µs",
        how: "as above, `/api/tasks/task/1/results`",
        aim: 12.0,
        kind: load(Route::Results, 32, Reads::Cpu),
        floors: &[Subject::AxumLine, Subject::AxumSame],
    },
    Figure {
        id: "p99",
        name: "99th percentile of latency, readiness, 256 connections",
        unit: "ms",
        how: "as wrk tells it, which sends the next request when the last one is answered",
        aim: 10.0,
        kind: load(Route::Readiness, 256, Reads::P99),
        floors: &[Subject::AxumLine],
    },
    Figure {
        id: "log",
        name: "CPU per log line, a child's, three fields, to a file",
        unit: "ns",
        how: "the process's CPU clock around a loop that logs one line after the other, until all is written, by the \
              lines found in the file",
        aim: 18.0,
        kind: Kind::Log { secrets: 0 },
        floors: &[Subject::Write, Subject::WriteBatched],
    },
    Figure {
        id: "log-secrets",
        name: "the same, with 50 secrets to look for",
        unit: "ns",
        how: "as above; no line holds one of them",
        aim: 12.0,
        kind: Kind::Log { secrets: 50 },
        floors: &[Subject::WriteBatched],
    },
];

impl Figure {
    /// Finds one by its id.
    pub fn find(id: &str) -> Option<&'static Self> {
        FIGURES.iter().find(|figure| figure.id == id)
    }

    /// Whether it is measured on this.
    pub fn concerns(&self, subject: Subject) -> bool {
        matches!(subject, Subject::Node | Subject::Greenroom) || self.floors.contains(&subject)
    }

    /// What does the same work with nothing around it.
    pub fn floor(&self) -> Option<Subject> {
        self.floors.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_a_name_of_its_own() {
        for (index, figure) in FIGURES.iter().enumerate() {
            assert_eq!(FIGURES.iter().position(|other| other.id == figure.id), Some(index), "{}", figure.id);
            assert!(figure.floor().is_some(), "{}", figure.id);
        }
    }
}

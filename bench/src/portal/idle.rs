//! What a database costs that nobody asks: start and idle memory with it and without.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::sides;
use crate::Samples;
use crate::subject::Places;

/// As long as the idle memory of the first table.
const IDLE: Duration = Duration::from_secs(2);

/// A portal that is asked for nothing.
#[derive(Default)]
pub(super) struct Idle {
    /// From exec to the first readiness 200, in milliseconds.
    pub(super) start: Samples,
    /// Resident memory, in MiB.
    pub(super) all: Samples,
    /// That which is no file's.
    pub(super) own: Samples,
}

impl Idle {
    /// Starts one, which keeps events in the directory or has RUM off, and looks at it once.
    pub(super) fn look(&mut self, places: &Places, scratch: &Path, data: Option<&Path>) -> io::Result<()> {
        let server = match data {
            Some(data) => sides::keeping(places, scratch, data)?,
            None => sides::greenroom(places, scratch, None)?,
        };
        let resident = server.resident_after(IDLE)?;
        self.start.push(server.start.as_secs_f64() * 1e3);
        self.all.push(resident.all);
        self.own.push(resident.anonymous);
        server.stop()
    }
}

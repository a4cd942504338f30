//! What arrives of a process that ends while it prints.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::wrap::wrap;
use crate::process::{Core, Process};
use crate::subject::Places;

/// Prints 10,000 lines a second for two seconds, tells a file how many, and ends within them.
const PRINTS: &str = "\
const began = Date.now(); let count = 0;\
const line = () => { process.stdout.write(JSON.stringify({ level: 'info', message: 'line', number: count++, \
plugin: 'catalog', service: 'backstage' }) + '\\n'); };\
const some = () => { while (count < (Date.now() - began) * 10) line(); if (count < 20000) return void setTimeout(some, 5);\
require('fs').writeFileSync(process.argv[1], String(count)); process.exit(7); };\
some();";

const PATIENCE: Duration = Duration::from_secs(60);

/// Lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) printed: usize,
    pub(super) arrived: usize,
}

/// Runs one to its end.
pub(super) fn lines(places: &Places, scratch: &Path) -> io::Result<Lines> {
    let (out, count) = (scratch.join("exit.log"), scratch.join("count"));
    let node = places.node();
    let child = [node.as_os_str(), "-e".as_ref(), PRINTS.as_ref(), count.as_os_str()];
    let mut wrap = wrap(places, "backstage", scratch, child)?;
    wrap.stdout(File::create(&out)?).stderr(Stdio::null());
    Process::start(&mut wrap, Core::Server)?.wait(PATIENCE)?;
    let printed = fs::read_to_string(count)?.trim().parse().map_err(io::Error::other)?;
    let arrived =
        fs::read_to_string(out)?.lines().filter(|line| line.contains(r#""message":"line""#)).count();
    Ok(Lines { printed, arrived })
}

//! What was installed, beside it: a start tells files that were lost or changed since, as by a disk that was full. Who can
//! change the files can change the list, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs, io,
    path::Path,
};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

/// Its name: `sha256sum --check` reads it.
const NAME: &str = "SHA256SUMS";

/// Writes the list of these files.
pub(crate) fn write(dir: &Path, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let lines = files.iter().map(|(name, content)| format!("{}  {name}\n", sum(content)));
    fs::write(dir.join(NAME), lines.collect::<String>())
}

/// Whether they are those of the list, where there is one.
pub(crate) fn check(dir: &Path, files: &BTreeMap<String, Bytes>) -> io::Result<()> {
    let list = match fs::read_to_string(dir.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        list => list?,
    };
    let listed: BTreeSet<_> = list.lines().filter_map(|line| line.split_once("  ")).collect();
    let found: Vec<_> = files.iter().map(|(name, content)| (sum(content), name.as_str())).collect();
    let found: BTreeSet<_> = found.iter().map(|(sum, name)| (sum.as_str(), *name)).collect();
    match listed.symmetric_difference(&found).next() {
        None => Ok(()),
        Some((_, name)) => Err(io::Error::other(format!("{name} is not as it was installed"))),
    }
}

fn sum(content: &[u8]) -> String {
    digest(&SHA256, content).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! Which process listens on a port, where `/proc` tells.

use std::fs;

/// Whether this process listens on that TCP port; `None` where nobody can tell.
pub(super) fn is(process: u32, port: u16) -> Option<bool> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|line| listening(line, port)).collect::<Vec<_>>())
        .collect();
    let open = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    if sockets.is_empty() {
        return None;
    }
    let mut targets = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Some(targets.any(|target| target.to_str().is_some_and(|target| sockets.iter().any(|s| s == target))))
}

/// The socket of a line of the table, as a file descriptor's link names it.
fn listening(line: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let mut columns = line.split_whitespace().skip(1);
    let (local, _remote, state) = (columns.next()?, columns.next()?, columns.next()?);
    let (_, of_line) = local.rsplit_once(':')?;
    let matches = state == LISTEN && u16::from_str_radix(of_line, 16) == Ok(port);
    let inode = columns.nth(5)?;
    matches.then(|| format!("socket:[{inode}]"))
}

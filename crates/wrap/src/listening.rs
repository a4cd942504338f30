//! On which ports a process listens, with all that it has started.

use std::{
    collections::HashSet,
    fs, io,
    net::{Ipv4Addr, TcpListener},
};

use rustix::process::{Pid, getpid};

use crate::proc;

/// The TCP ports on which a process, and whatever it has started, listens, in their order. None where `/proc` does not tell.
///
/// A backend that was told a port and listens on another one has it written in its code. Blocks for some milliseconds.
pub fn listening_ports(pid: u32) -> Vec<u16> {
    let root = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let processes = root.map(proc::tree).unwrap_or_default();
    let mut ports: Vec<u16> = processes.into_iter().flat_map(of_one).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Whether a process, or whatever it has started, listens on that port. `None` where `/proc` does not tell, or not of all of them.
///
/// A port on which a child is to listen may be another program's by then. Blocks for some milliseconds.
pub fn listens_on(pid: u32, port: u16) -> Option<bool> {
    let root = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let processes = root.map(proc::tree).unwrap_or_default();
    if processes.iter().any(|pid| of_one(*pid).contains(&port)) {
        return Some(true);
    }
    (processes.into_iter().all(is_open) && tells()).then_some(false)
}

/// The process that answers on that port: this one, or whatever it has started. `None` where `/proc` does not tell, and where several
/// answer: they share the port, or the one that listens hands connections on, as the first process of `node:cluster` does.
///
/// What was started may be a shell or a package manager, and the backend a child of it. Blocks for some milliseconds.
pub fn who_listens_on(pid: u32, port: u16) -> Option<u32> {
    let root = Pid::from_raw(i32::try_from(pid).ok()?)?;
    let mut listening = proc::tree(root).into_iter().filter(|pid| of_one(*pid).contains(&port));
    let (listens, None) = (listening.next()?, listening.next()) else { return None };
    if proc::children(listens).into_iter().any(is_cluster_worker) {
        return None;
    }
    u32::try_from(listens.as_raw_pid()).ok()
}

/// The variable by which `node:cluster` tells a process which of its workers it is.
const CLUSTER_WORKER: &[u8] = b"NODE_UNIQUE_ID=";

fn is_cluster_worker(pid: Pid) -> bool {
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_pid())).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(CLUSTER_WORKER))
}

/// Whether we may know which sockets a process has: not those of another user, nor those of a program with privileges.
fn is_open(pid: Pid) -> bool {
    let sockets = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_pid()));
    !sockets.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// Whether `/proc` tells who listens, as it does of a listener of ours: not every sandbox has all of it.
fn tells() -> bool {
    let port =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|ours| Ok((ours.local_addr()?.port(), ours)));
    port.is_ok_and(|(port, _ours)| of_one(getpid()).contains(&port))
}

fn of_one(pid: Pid) -> Vec<u16> {
    let pid = pid.as_raw_pid();
    let links = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let sockets: HashSet<u64> =
        links.filter_map(|link| socket(fs::read_link(link.path()).ok()?.to_str()?)).collect();
    if sockets.is_empty() {
        return vec![];
    }
    // Each process may have a network of its own: its table, not ours.
    let tables = ["tcp", "tcp6"].map(|name| fs::read_to_string(format!("/proc/{pid}/net/{name}")));
    let lines = tables.iter().flatten().flat_map(|table| table.lines());
    lines.filter_map(listener).filter(|(_, inode)| sockets.contains(inode)).map(|(port, _)| port).collect()
}

/// `socket:[12345]`
fn socket(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Port and inode of a line of the table, if it is a socket that listens.
fn listener(line: &str) -> Option<(u16, u64)> {
    const LISTEN: &str = "0A";
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (_, port) = fields.next()?.rsplit_once(':')?;
    if fields.nth(1)? != LISTEN {
        return None;
    }
    Some((u16::from_str_radix(port, 16).ok()?, fields.nth(5)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_sockets_that_listen_count() {
        let line = |state: &str| {
            format!(
                "   0: 0100007F:1B5F 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 24680 1 0 100 0 0 10 0"
            )
        };
        assert_eq!(listener(&line("0A")), Some((7007, 24680)));
        assert_eq!(listener(&line("01")), None);
        assert_eq!(
            listener("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"),
            None
        );
    }

    proptest! {
        #[test]
        fn whatever_a_line_says_it_is_read_or_passed_over(line in any::<String>(), fields in "([0-9A-F:]{0,9} ){0,12}") {
            let _ = (listener(&line), listener(&fields), socket(&line));
        }
    }
}

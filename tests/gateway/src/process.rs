//! What the system knows of a process.

use std::{fs, io};

/// The processes that it has started.
pub fn children(id: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let texts = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    texts
        .flat_map(|text| text.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Whether it is there, and no zombie.
pub fn runs(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).is_some_and(|state| state != 'Z')
}

/// The name of its program.
///
/// # Errors
/// When it has ended.
pub fn name(id: u32) -> io::Result<String> {
    Ok(fs::read_to_string(format!("/proc/{id}/comm"))?.trim().to_owned())
}

/// The memory that it has resident, in bytes.
///
/// # Panics
/// When it has ended.
pub fn resident(id: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kib.unwrap_or_else(|| panic!("process {id} has no memory")) << 10
}

/// Where it listens, as `127.0.0.1:7007`; `*` for all addresses.
pub fn listens(id: u32) -> Vec<String> {
    let open = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
    let links: Vec<_> = open.filter_map(|file| fs::read_link(file.path()).ok()).collect();
    let mut found = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let columns: Vec<_> = line.split_whitespace().collect();
            let socket = format!("socket:[{}]", columns[9]);
            if columns[3] == "0A" && links.iter().any(|link| link.to_str() == Some(&socket)) {
                found.extend(address(columns[1]));
            }
        }
    }
    found
}

/// How many connections of clients are open at this port, as the system of who listens there knows it.
pub fn connections(port: u16) -> usize {
    let is_open = |line: &&str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        // Established, or closed by the other side alone.
        matches!(columns[3], "01" | "08") && columns[1].ends_with(&format!(":{port:04X}"))
    };
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    tables.iter().map(|table| table.lines().skip(1).filter(is_open).count()).sum()
}

/// An address as the system writes it, in hexadecimal.
fn address(text: &str) -> Option<String> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let host = match host {
        "0100007F" => "127.0.0.1",
        "00000000000000000000000001000000" => "[::1]",
        _ if host.bytes().all(|digit| digit == b'0') => "*",
        other => other,
    };
    Some(format!("{host}:{port}"))
}

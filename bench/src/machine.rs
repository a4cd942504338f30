//! What the figures were taken on, and with.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::subject::Places;

/// The machine and the versions, as rows of a table.
pub fn describe(places: &Places, node: bool) -> Vec<(&'static str, String)> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let mut rows = vec![
        ("processor", format!("{}, {} cores", processor(&read("/proc/cpuinfo")), cores())),
        ("memory", memory(&read("/proc/meminfo"))),
        ("system", first_line(&places.workspace, "uname", &["-srm"])),
        ("load average before", load()),
        ("Greenroom", revision(places)),
        ("compiler", first_line(&places.workspace, "rustc", &["--version"])),
        ("load generator", first_line(&places.workspace, "wrk", &["-v"])),
    ];
    if node {
        let version = places.node().display().to_string();
        rows.push(("Node", first_line(&places.workspace, &version, &["--version"])));
        let lock = fs::read_to_string(places.peer().join("package.json"));
        let package = "@backstage/backend-defaults";
        rows.push((package, dependency(&lock.unwrap_or_default(), package)));
    }
    rows
}

/// What is measured: the commit, and whether anything is changed in it.
pub fn revision(places: &Places) -> String {
    first_line(&places.workspace, "git", &["describe", "--always", "--dirty"])
}

/// The load average of the last minute.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

fn processor(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name).trim().to_owned()
}

fn memory(meminfo: &str) -> String {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib: Option<f64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.1} GiB", kib / 1024.0 / 1024.0))
}

/// The version that a `package.json` asks for.
fn dependency(package: &str, name: &str) -> String {
    let after = package.split(&format!("\"{name}\"")).nth(1);
    after.and_then(|after| after.split('"').nth(1)).unwrap_or("unknown").to_owned()
}

fn first_line(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(directory).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim();
    line.split(" Copyright").next().filter(|line| !line.is_empty()).unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_is_read() {
        assert_eq!(processor("processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n"), "AMD EPYC");
        assert_eq!(processor(""), "unknown");
        assert_eq!(memory("MemTotal:        8388608 kB\nMemFree: 1 kB\n"), "8.0 GiB");
        assert_eq!(dependency(r#"{"dependencies": {"@a/b": "0.18.0"}}"#, "@a/b"), "0.18.0");
    }
}

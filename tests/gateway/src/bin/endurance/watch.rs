//! What the system, and Greenroom itself, know of the gateway.

use std::{fs, io, time::Duration};

use serde_json::Value;

use crate::client::Client;

/// What lets us ask.
pub(crate) const TOKEN: &str = "a-token-of-a-run-that-nobody-else-has";
/// It answers in this time, whatever Node does.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the system knows of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Resident memory, in MiB.
    pub(crate) resident: f64,
    /// That which is no file's.
    pub(crate) own: f64,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

impl Sample {
    /// # Errors
    /// When the process has ended.
    pub(crate) fn of(id: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
            number.ok_or_else(|| io::Error::other(format!("process {id} has no {name}")))
        };
        Ok(Self {
            resident: number("VmRSS:")? / 1024.0,
            own: number("RssAnon:")? / 1024.0,
            threads: number("Threads:")? as usize,
            descriptors: fs::read_dir(format!("/proc/{id}/fd"))?.count(),
        })
    }
}

/// What Greenroom tells of itself.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) state: String,
    pub(crate) in_flight: u64,
    pub(crate) streams: u64,
    pub(crate) tunnels: u64,
    pub(crate) retries: u64,
    pub(crate) connects: u64,
    pub(crate) open_connections: u64,
}

impl Status {
    /// # Errors
    /// When it does not answer in time, or something else.
    pub(crate) async fn of(port: u16) -> io::Result<Self> {
        let authorization = format!("Authorization: Bearer {TOKEN}\r\n");
        let (head, text) =
            Client::ask(port, "GET", "/.greenroom/v1/gateway", &authorization, PATIENCE).await?;
        let told: Value = serde_json::from_slice(&text)?;
        let number = |name: &str| {
            let missing = || io::Error::other(format!("{} without {name}: {told}", head.status));
            told[name].as_u64().ok_or_else(missing)
        };
        Ok(Self {
            state: told["upstream"]["state"].as_str().unwrap_or_default().to_owned(),
            in_flight: number("inFlight")?,
            streams: number("streams")?,
            tunnels: number("tunnels")?,
            retries: number("retries")?,
            connects: number("connects")?,
            open_connections: number("openConnections")?,
        })
    }

    /// All that clients have open.
    pub(crate) fn open(&self) -> u64 {
        self.in_flight + self.streams + self.tunnels
    }
}

/// The middle one.
pub(crate) fn median(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_descriptors_and_threads() {
        let sample = Sample::of(std::process::id()).unwrap();
        assert!(sample.resident > sample.own && sample.descriptors > 2 && sample.threads > 0, "{sample:?}");
        assert!(Sample::of(u32::MAX).is_err());
    }

    #[test]
    fn a_median_is_no_mean() {
        assert_eq!(median([100.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([].into_iter()), None);
    }
}

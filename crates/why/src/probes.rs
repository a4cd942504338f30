//! Kubernetes' probes for a backend: its paths and its port as they were found, its times as they were measured.

use greenroom_boot_document::Outcome;
use greenroom_http_client::ClientEnvironment;
use greenroom_look::{Target, Token};

use crate::{
    answer::{Finding, Untold},
    ask::Asker,
    boot::Boots,
    log::Log,
    outside::{Health, LIVENESS, READINESS},
    reach,
    words::{is_time, said},
};

/// Backstage listens there unless its config says otherwise.
const PORT: u16 = 7007;

/// What a start may take of which none was measured, in seconds: a Node backend of many plugins on a slow disk, with migrations.
const UNMEASURED: f64 = 100.0;

/// A start that takes so many times as long as the longest one measured is not given up: migrations, a busy node.
const MARGIN: f64 = 3.0;

/// What is given in any case, in seconds.
const LEAST: f64 = 30.0;

/// How often the startup probe asks, in seconds.
const PERIOD: f64 = 5.0;

/// How a start that a log tells of is named: what Node does before its first line is in none.
const BY_LOG: &str = "the log, from its first line on,";

/// Where health is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paths {
    /// Backstage's two, which were seen there.
    Seen,
    /// Nobody was asked.
    Assumed,
    /// An old Backstage: it has one of its own, for both.
    Old,
    /// None: a port that takes connections is all there is.
    None,
}

/// Probes for a backend.
#[derive(Clone, Debug)]
pub struct Probes {
    paths: Paths,
    port: (u16, &'static str),
    is_tls: bool,
    /// Of each start that was measured, in seconds.
    boots: Vec<f64>,
    measured_by: String,
    /// Why nobody tells of a start, where somebody was asked.
    untold: Option<String>,
    /// How long health took, in milliseconds.
    latency: Option<u128>,
}

impl Probes {
    /// From a log alone.
    pub fn of_log(log: &Log) -> Self {
        let port = log.boot().and_then(|boot| boot.listening).map(|(_, port)| port);
        let port = port
            .map_or((PORT, "Backstage's default; the log has no line that says where it listens"), |port| {
                (port, "the log says that it listens there")
            });
        let probes = Self {
            paths: Paths::Assumed,
            port,
            is_tls: false,
            boots: vec![],
            measured_by: String::new(),
            untold: None,
            latency: None,
        };
        probes.measured(&Boots::of_log(log), BY_LOG)
    }

    /// Asks the backend at a URL, which has no path that counts.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use greenroom_why::{Probes, Untold};
    ///
    /// // Nobody listens there.
    /// let target = "http://127.0.0.1:1".parse().unwrap();
    /// let Untold(why) = Probes::of(&target, None, None, Default::default()).await.unwrap_err();
    /// assert!(why.starts_with("Nobody listens at 127.0.0.1:1"));
    /// # }
    /// ```
    ///
    /// # Errors
    /// When nobody answers, or who answers is no Backstage.
    pub async fn of(
        target: &Target,
        port: Option<u16>,
        token: Option<Token>,
        environment: ClientEnvironment,
    ) -> Result<Self, Untold> {
        let asker = Asker::new(environment, token);
        let health = Health::of(&asker, target).await;
        let untold = |found: Finding| Untold(asker.masked(&format!("{}: {}.", found.what, found.next)));
        if let Some(found) = reach::silent(target, &health.readiness, &health.liveness) {
            return Err(untold(found));
        }
        let is_there = |asked: &crate::ask::Asked| {
            asked.reply().is_some_and(|reply| [200, 503].contains(&reply.status) && reply.json().is_some())
        };
        let paths = if is_there(&health.readiness) && is_there(&health.liveness) {
            Paths::Seen
        } else {
            let old = asker.get(target, "/healthcheck").await;
            let is_old = old.document().is_some_and(|body| body["status"] == "ok");
            let is_backstage =
                health.readiness.reply().is_some_and(|reply| reach::not_backstage(target, reply).is_none());
            match (is_old, is_backstage) {
                (true, _) => Paths::Old,
                (false, true) => Paths::None,
                (false, false) => {
                    let found =
                        health.readiness.reply().and_then(|reply| reach::not_backstage(target, reply));
                    let stranger = || Untold(format!("What answers at {target} is no Backstage."));
                    return Err(found.map_or_else(stranger, untold));
                }
            }
        };
        let url = target.url("");
        let written = url.rsplit_once(':').and_then(|(_, port)| port.split('/').next()?.parse::<u16>().ok());
        let port = match (port, written) {
            (Some(port), _) => (port, "as Greenroom's config says"),
            (None, Some(port)) => {
                (port, "that of the URL; take the container's own if a service stands between")
            }
            (None, None) => (PORT, "Backstage's default; the URL is that of an ingress"),
        };
        let latency = health.liveness.reply().map(|reply| reply.took.as_millis());
        let is_tls = url.starts_with("https:") && written.is_some();
        Ok(Self { paths, port, is_tls, boots: vec![], measured_by: String::new(), untold: None, latency })
    }

    /// Sized from these starts, of which `by` tells.
    ///
    /// ```
    /// use greenroom_why::{Boots, Log, Probes};
    ///
    /// let probes = Probes::of_log(&Log::default());
    /// assert!(!probes.measured(&Boots::default(), "nobody").is_measured());
    /// ```
    #[must_use]
    pub fn measured(mut self, boots: &Boots, by: &str) -> Self {
        // In front of Node, Node's start is the one that takes long.
        let well: Vec<_> = boots.iter().filter(|boot| boot.outcome == Some(Outcome::Success)).collect();
        let of = |node: bool| {
            let took =
                well.iter().filter(|boot| (boot.backend == "node") == node).filter_map(|boot| boot.took_ms);
            let took = took.filter(|ms| is_time(*ms));
            took.map(|ms| ms / 1000.0).collect::<Vec<_>>()
        };
        let took = Some(of(true)).filter(|took| !took.is_empty()).unwrap_or_else(|| of(false));
        if !took.is_empty() {
            (self.boots, self.measured_by) = (took, said(by));
        }
        self
    }

    /// Sized from the start that a log tells of.
    #[must_use]
    pub fn measured_by_log(self, log: &Log) -> Self {
        self.measured(&Boots::of_log(log), BY_LOG)
    }

    /// Nobody tells of a start, for this reason: the figures say so.
    #[must_use]
    pub fn unmeasured(mut self, Untold(why): &Untold) -> Self {
        self.untold = Some(said(why));
        self
    }

    /// Whether a start was measured.
    pub fn is_measured(&self) -> bool {
        !self.boots.is_empty()
    }

    /// The budget of a start in seconds, and what it comes from.
    fn budget(&self) -> (f64, String) {
        let Some(longest) = self.boots.iter().copied().reduce(f64::max) else {
            let text = format!(
                "no start was measured: {UNMEASURED:.0} s are a guess on the safe side, times {MARGIN:.0}"
            );
            return (UNMEASURED * MARGIN, text);
        };
        let budget = (longest * MARGIN).max(LEAST);
        let many = match self.boots.len() {
            1 => format!("the start that {} tells of took {longest:.1} s", self.measured_by),
            count => format!(
                "the longest of {count} starts that {} tells of took {longest:.1} s",
                self.measured_by
            ),
        };
        let how = if budget > longest * MARGIN {
            format!("{LEAST:.0} s at least")
        } else {
            format!("times {MARGIN:.0}")
        };
        (budget, format!("{many}, {how}"))
    }

    /// The seconds that an answer may take.
    fn timeout(&self) -> (u128, String) {
        match self.latency {
            Some(ms) => {
                let seconds = (ms * 20).div_ceil(1000).clamp(3, 10);
                (
                    seconds,
                    format!(
                        "health took {ms} ms here; Kubernetes' own 1 s is less than a pause of Node's garbage collector may be"
                    ),
                )
            }
            None => (
                3,
                "not measured; Kubernetes' own 1 s is less than a pause of Node's garbage collector may be"
                    .to_owned(),
            ),
        }
    }

    /// As YAML, for the container.
    pub fn yaml(&self) -> String {
        let (budget, from) = self.budget();
        let threshold = (budget / PERIOD).ceil() as u64;
        let (timeout, why) = self.timeout();
        let [ready, live, told] = match self.paths {
            Paths::Seen => [READINESS, LIVENESS, "both were asked and answer"],
            Paths::Assumed => [READINESS, LIVENESS, "Backstage's since 1.29; no backend was asked"],
            Paths::Old => ["/healthcheck", "/healthcheck", "this old Backstage has one endpoint for both"],
            Paths::None => [
                "",
                "",
                "this backend has no health endpoint: whether its port takes connections is all there is",
            ],
        };
        let (port, found) = self.port;
        let scheme = if self.is_tls { "\n    scheme: HTTPS" } else { "" };
        let ask = |path: &str| match path {
            "" => format!("  tcpSocket:\n    port: {port}"),
            path => format!("  httpGet:\n    path: {path}\n    port: {port}{scheme}"),
        };
        let [ask_ready, ask_live] = [ask(ready), ask(live)];
        let untold = self.untold.as_ref().map(|why| format!("\n# Starts: {why}.")).unwrap_or_default();
        format!(
            "\
# Made by `greenroom probes`. Paths: {told}.
# Port: {found}.{untold}
startupProbe: # nothing else is asked until it has passed once
{ask_ready}
  periodSeconds: {PERIOD:.0}
  timeoutSeconds: {timeout} # {why}
  failureThreshold: {threshold} # {total:.0} s for a start: {from}
livenessProbe: # restarts the container
{ask_live}
  periodSeconds: 10
  timeoutSeconds: {timeout} # as above
  failureThreshold: 6 # a minute: an event loop that stands still for a while is no reason to end all requests
readinessProbe: # takes the pod out of the service
{ask_ready}
  periodSeconds: 5
  timeoutSeconds: {timeout} # as above
  failureThreshold: 3 # 15 s",
            total = threshold as f64 * PERIOD
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &str) -> Log {
        Log::read(text.as_bytes(), |_| true).unwrap()
    }

    #[test]
    fn a_start_of_the_log_gives_the_budget_and_each_figure_says_where_it_is_from() {
        let line = |at: &str, message: &str, service: &str| {
            format!(
                "{{\"level\":\"info\",\"message\":\"{message}\",\"service\":\"{service}\",\"timestamp\":\"2026-12-01T10:00:{at}Z\"}}\n"
            )
        };
        let text = [
            line("00.000", "Loading config from MergedConfigSource{FileConfigSource{}}", "backstage"),
            line("02.000", "Listening on :7077", "rootHttpRouter"),
            line("02.100", "Plugin initialization started: 'catalog'", "backstage"),
            line("42.000", "Plugin initialization complete, newly initialized: 'catalog'", "backstage"),
        ];
        let probes = Probes::of_log(&log(&text.concat()));
        let yaml = probes.yaml();
        assert!(probes.is_measured(), "{yaml}");
        for part in [
            "failureThreshold: 26 # 130 s for a start: the start that the log, from its first line on, tells of took 42.0 s, times 3",
            "port: 7077",
            "path: /.backstage/health/v1/liveness",
            "# Port: the log says that it listens there.",
        ] {
            assert!(yaml.contains(part), "{part}\n{yaml}");
        }
    }

    #[test]
    fn what_was_not_measured_says_so() {
        let yaml = Probes::of_log(&log("nothing\n")).yaml();
        assert!(yaml.contains("failureThreshold: 60 # 300 s for a start: no start was measured"), "{yaml}");
        assert!(yaml.contains("port: 7007\n") && !yaml.contains("# Starts:"), "{yaml}");
        let why = Untold("Greenroom tells of no start: it answers 500.\nport: 1".to_owned());
        let yaml = Probes::of_log(&log("nothing\n")).unmeasured(&why).yaml();
        assert!(yaml.contains("\n# Starts: Greenroom tells of no start: it answers 500.\n"), "{yaml}");
    }
}

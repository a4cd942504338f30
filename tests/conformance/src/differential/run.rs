//! Sends what was generated to both backends and collects what differs.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Case, Random, call, request, shrink};
use crate::both::Both;
use crate::compare::Difference;
use crate::comparison::Comparison;
use crate::deviation::{self, Statuses, Subject};
use crate::log::{self, Format, Log};
use crate::reply::{self, differences};
use crate::transcript::Request;

/// How many calls are sent at once.
const BATCH: usize = 50;
/// What is logged after all calls.
const LAST_CALL: &str = "no further call";
/// How long an access line may take after its answer.
const LATE: Duration = Duration::from_secs(2);
/// How many kinds of difference are told.
const KINDS: usize = 40;

/// What a run has found.
#[derive(Debug, Default)]
pub struct Findings {
    /// The answers, or the lines of the calls.
    pub main: Comparison,
    /// The access lines.
    pub access: Comparison,
    kinds: BTreeMap<String, (usize, String)>,
}

impl Findings {
    /// Nothing differs but what is meant to.
    pub fn is_ok(&self) -> bool {
        self.main.is_ok() && self.access.is_ok()
    }

    /// Whether this kind is new.
    fn is_new(&mut self, kind: &str) -> bool {
        match self.kinds.get_mut(kind) {
            Some((count, _)) => {
                *count += 1;
                false
            }
            None => self.kinds.len() < KINDS,
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, Comparison { count, explained, .. }) in [("main", &self.main), ("access", &self.access)] {
            writeln!(f, "{what}: {count:?}")?;
            for (rule, times) in explained {
                writeln!(f, "  {times:>6} {rule}")?;
            }
        }
        for (times, text) in self.kinds.values() {
            writeln!(f, "{times} times: {text}")?;
        }
        Ok(())
    }
}

/// Sends so many requests to both, one after the other, and compares the answers and the access lines.
pub async fn requests(both: &Both, seed: u64, count: usize) -> io::Result<Findings> {
    let mut random = Random::new(seed);
    let mut findings = Findings::default();
    let cases: Vec<Case> = (0..count).map(|_| request(&mut random)).collect();
    for (index, case) in cases.iter().enumerate() {
        let (found, statuses) = compared(both, case, &agent(index)).await;
        let subject = Subject::Request(case, statuses);
        let kind = unexplained(&subject, &found);
        findings.main.note(&case.to_string(), &subject, found);
        if let Some(kind) = kind
            && findings.is_new(&kind)
        {
            let small = shrink(case, async |case| same_kind(both, case, &kind).await).await;
            let (found, _) = compared(both, &small, "minimised").await;
            findings.kinds.insert(kind, (1, format!("{small}\n{}", told(&found))));
        }
    }
    compare_access_lines(both, &cases, &mut findings).await?;
    Ok(findings)
}

/// What differs between the answers to a request, and their statuses.
async fn compared(both: &Both, case: &Case, agent: &str) -> (Vec<Difference>, Statuses) {
    let (node, ours) = both.exchange(&case.request(agent)).await;
    let statuses = Statuses { node: reply::status(&node), ours: reply::status(&ours) };
    (differences(node, ours).await, statuses)
}

/// The first differences as text: where statuses differ, so does all else.
fn told(found: &[Difference]) -> String {
    const TOLD: usize = 4;
    found.iter().take(TOLD).map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn agent(index: usize) -> String {
    format!("case-{index}")
}

async fn same_kind(both: &Both, case: &Case, kind: &str) -> bool {
    let (found, statuses) = compared(both, case, "smaller").await;
    unexplained(&Subject::Request(case, statuses), &found).as_deref() == Some(kind)
}

/// What kind of difference has no name: where answers differ, and in which statuses.
fn unexplained(subject: &Subject<'_>, found: &[Difference]) -> Option<String> {
    let mut kinds: Vec<String> = found
        .iter()
        .filter(|difference| deviation::explains(subject, difference).is_none())
        .map(|d| match &*d.what {
            "status" => format!("status {:?} {:?}", d.recorded, d.received),
            what => what.split(" of \"").next().unwrap_or(what).to_owned(),
        })
        .collect();
    kinds.dedup();
    // The status decides; that all else differs too says nothing more.
    if let Some(status) = kinds.iter().find(|kind| kind.starts_with("status ")) {
        return Some(status.clone());
    }
    (!kinds.is_empty()).then(|| kinds.join(", "))
}

async fn compare_access_lines(both: &Both, cases: &[Case], findings: &mut Findings) -> io::Result<()> {
    let (node, ours) = both.exchange(&Case::get("/healthcheck").request("the last")).await;
    node.and(ours)?;
    tokio::try_join!(both.node.await_line("\"the last\""), both.ours.await_line("\"the last\""))?;
    let (node, ours) = whole_logs(both).await;
    for (index, case) in cases.iter().enumerate() {
        let agent = agent(index);
        let side = |lines: &Lines| lines.get(&agent).cloned().unwrap_or_default();
        let ((status_of_node, node), (status_of_ours, ours)) = (side(&node), side(&ours));
        let found = log::compare(&Log::parse(&node), &Log::parse(&ours), Format::Node);
        let subject = Subject::AccessLine(case, Statuses { node: status_of_node, ours: status_of_ours });
        let kind = unexplained(&subject, &found);
        if let Some(kind) = kind.map(|kind| format!("access {kind}"))
            && findings.is_new(&kind)
        {
            findings.kinds.insert(kind, (1, format!("access line of {case}\n{}", told(&found))));
        }
        findings.access.note(&case.to_string(), &subject, found);
    }
    Ok(())
}

/// Statuses and access lines by their user agent.
type Lines = BTreeMap<String, (u16, String)>;

/// The access lines of both. The last one is there, but one that a connection wrote on its way out may be late.
async fn whole_logs(both: &Both) -> (Lines, Lines) {
    let settled = async {
        loop {
            let (count_of_node, count_of_ours) = (both.node.lines(), both.ours.lines());
            let (node, ours) = (access_lines(&both.node.output()), access_lines(&both.ours.output()));
            if node.keys().eq(ours.keys()) {
                return;
            }
            tokio::select! {
                () = both.node.more_lines_than(count_of_node) => {}
                () = both.ours.more_lines_than(count_of_ours) => {}
            }
        }
    };
    // Where one side has a line more by its nature, it is waited for in vain.
    let _ = timeout(LATE, settled).await;
    (access_lines(&both.node.output()), access_lines(&both.ours.output()))
}

fn access_lines(output: &str) -> Lines {
    let lines = output.lines().filter(|line| line.contains(r#""type":"incomingRequest""#));
    lines
        .filter_map(|line| {
            let record: Value = serde_json::from_str(line).ok()?;
            let status = record["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            Some((record["userAgent"].as_str()?.to_owned(), (status.unwrap_or(0), line.to_owned())))
        })
        .collect()
}

/// Has both log so many calls, and compares the lines of each.
pub async fn log_calls(both: &Both, seed: u64, count: usize) -> io::Result<Findings> {
    let mut random = Random::new(seed);
    let calls: Vec<Value> = (0..count).map(|_| call(&mut random)).collect();
    let last = [json!({"root": true, "children": [], "level": "info", "message": LAST_CALL})];
    for batch in calls.chunks(BATCH).chain([&last[..]]) {
        let body = json!({ "calls": batch }).to_string();
        let head = format!(
            "POST /api/logs/calls HTTP/1.1\r\nHost: localhost:17041\r\nUser-Agent: poll\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let (node, ours) = both.exchange(&Request::raw([head, body].concat().into_bytes())).await;
        let (node, ours) = (reply::brief(&node?), reply::brief(&ours?));
        if !node.starts_with("200") || !ours.starts_with("200") {
            return Err(io::Error::other(format!("a batch of calls was not logged: {node}\n{ours}")));
        }
    }
    tokio::try_join!(both.node.await_line(LAST_CALL), both.ours.await_line(LAST_CALL))?;
    let (node, ours) = (by_call(&both.node.output()), by_call(&both.ours.output()));
    let mut findings = Findings::default();
    for (index, call) in calls.iter().enumerate() {
        let side = |lines: &[String]| Log::parse(lines.get(index).map_or("(no output)", String::as_str));
        let found = log::compare(&side(&node), &side(&ours), Format::Node);
        let subject = Subject::Call(call);
        if let Some(kind) = unexplained(&subject, &found)
            && findings.is_new(&kind)
        {
            findings.kinds.insert(kind, (1, format!("{call}\n{}", told(&found))));
        }
        findings.main.note(&call.to_string(), &subject, found);
    }
    Ok(findings)
}

/// The output between the marks that the plugin sets after each call.
fn by_call(output: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut current = String::new();
    let lines = output.lines().skip_while(|line| !line.contains("Plugin initialization complete")).skip(1);
    for line in lines.filter(|line| !line.contains(r#""userAgent":"poll""#)) {
        if line.contains("\"message\":\"the call ends\"") {
            all.push(std::mem::take(&mut current));
        } else {
            current.push_str(line);
            current.push('\n');
        }
    }
    all
}

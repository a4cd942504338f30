//! What Greenroom's own surface tells to operators: health, what stands behind a gateway, what runs.
//!
//! Health and the gateway are read as JSON without types of ours: an older or newer Greenroom may answer.

use futures_util::future::join_all;
use greenroom_boot_document::BootDocument;
use greenroom_look::Target;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    answer::Finding,
    ask::{Asked, Asker},
    boot,
    database::DatabaseFault,
    ended::End,
    words::{plugins, said, time},
};

pub(crate) const INFO: &str = "/.greenroom/v1/info";
const HEALTH: &str = "/.greenroom/v1/health";
const GATEWAY: &str = "/.greenroom/v1/gateway";

/// An end so short ago is told although all is well again.
const RECENT: i64 = 15 * 60;

/// What the surface tells; `null` for what it does not.
#[derive(Debug, Default)]
pub(crate) struct Told {
    info: Value,
    health: Value,
    gateway: Value,
    /// The path of one of them that it does not tell though it has it, and why.
    untold: Option<(&'static str, String)>,
}

/// Whether there is such a surface, and whether it lets us in.
#[derive(Debug)]
pub(crate) enum Surface {
    /// None, or not there.
    None,
    /// It is there, and no token was given.
    Closed,
    /// It refuses the token.
    Refused,
    /// It tells nothing to who brings the token, for this reason.
    Untold(String),
    /// What it tells.
    Open(Box<Told>),
}

impl Surface {
    pub(crate) async fn of(asker: &Asker, target: &Target) -> Self {
        // A stranger's server gets no token: only a surface of this kind refuses so.
        let closed = asker.get(target, INFO).await;
        if !closed.is_closed_greenroom() {
            return Self::None;
        }
        if !asker.has_token() {
            return Self::Closed;
        }
        let paths = [INFO, HEALTH, GATEWAY];
        let asked = join_all(paths.map(|path| asker.get_with_token(target, path))).await;
        if asked.iter().all(|asked| asked.with(401).is_some()) {
            return Self::Refused;
        }
        let told: Vec<_> = asked.iter().map(document).collect();
        // Who is no gateway has no document of it.
        let fails = |at: &usize| told[*at].is_none() && asked[*at].with(404).is_none();
        let untold = [0, 1, 2].into_iter().find(fails);
        let untold = untold.map(|at| (paths[at], asker.masked(&asked[at].why_untold())));
        if told.iter().all(Option::is_none) {
            return Self::Untold(untold.map_or_else(|| "it answers 404".to_owned(), |(_, why)| why));
        }
        let [info, health, gateway] = [0, 1, 2].map(|at| told[at].clone().unwrap_or_default());
        Self::Open(Box::new(Told { info, health, gateway, untold }))
    }
}

/// Health that fails may say so by its status. What is empty, or no object, tells nothing.
fn document(asked: &Asked) -> Option<Value> {
    let reply = asked.with(200).or_else(|| asked.with(503))?;
    reply
        .json()
        .filter(|told| told.as_object().is_some_and(|told| !told.is_empty() && !told.contains_key("error")))
}

impl Told {
    /// Whether it says, of itself or of the backend behind, that it is not ready.
    pub(crate) fn says_not_ready(&self) -> bool {
        self.health["ready"] == false || self.gateway["readiness"]["ready"] == false
    }

    /// The same anew, as far as that may have changed.
    pub(crate) async fn ask_again(&mut self, asker: &Asker, target: &Target) {
        let asked = join_all([HEALTH, GATEWAY].map(|path| asker.get_with_token(target, path))).await;
        for (asked, (path, told)) in
            asked.iter().zip([(HEALTH, &mut self.health), (GATEWAY, &mut self.gateway)])
        {
            if let Some(document) = document(asked) {
                self.untold.take_if(|(untold, _)| *untold == path);
                *told = document;
            }
        }
    }

    /// What is wrong, the most telling first.
    pub(crate) fn wrong(&self) -> Vec<Finding> {
        let rules = [
            Self::process,
            Self::upstream,
            Self::node_start,
            Self::stall,
            Self::checks,
            Self::own_plugins,
            Self::node_ready,
        ];
        rules.iter().filter_map(|rule| rule(self)).collect()
    }

    fn process(&self) -> Option<Finding> {
        let since = time(&self.info["startedAt"]);
        match self.info["state"].as_str()? {
            "stopping" => Some(
                Finding::new("shuttingDown", "Greenroom is shutting down", "wait for the next one to start")
                    .hits("new requests"),
            ),
            "starting" => {
                let pending: Vec<_> = items(&self.info["plugins"])
                    .iter()
                    .filter(|plugin| plugin["state"] == "starting")
                    .filter_map(|plugin| plugin["id"].as_str())
                    .collect();
                (!pending.is_empty()).then(|| {
                    Finding::new(
                        "starting",
                        format!("Greenroom starts, it waits for {}", plugins(&pending)),
                        "see `greenroom boot`",
                    )
                    .since(since)
                    .hits("everybody")
                })
            }
            _ => None,
        }
    }

    /// The server behind a gateway.
    fn upstream(&self) -> Option<Finding> {
        let upstream = &self.gateway["upstream"];
        let (state, address) =
            (upstream["state"].as_str()?, said(upstream["address"].as_str().unwrap_or_default()));
        let why = upstream["why"].as_str().map(said).unwrap_or_default();
        let since = time(&upstream["since"]);
        let found = match state {
            "failed" | "down" => match (self.node_boot().filter(BootDocument::has_failed), self.end(&why)) {
                (Some(boot), _) => boot::wrong(&boot)?,
                (None, Some(end)) => Finding { since, ..end.finding() },
                (None, None) => {
                    let what = format!("The Node backend at {address} takes no connections: {why}");
                    let next = "see whether it runs, and its last lines in the log";
                    Finding::new("upstreamDown", what, next).since(since)
                }
            },
            "starting" => self.node_start().unwrap_or_else(|| {
                let what = format!("The Node backend at {address} has not listened yet");
                Finding::new("starting", what, "wait, or see what it prints, as by `greenroom boot`")
                    .since(since)
            }),
            _ => return None,
        };
        Some(found.hits("every request that goes to it"))
    }

    /// How its process has ended, if that is why it is away.
    fn end(&self, why: &str) -> Option<End> {
        let end = End::of(&self.gateway["lastExit"])?;
        why.starts_with("The backend ").then_some(end)
    }

    /// The start of Node as its lines tell it.
    fn node_boot(&self) -> Option<BootDocument> {
        boot::node(&self.gateway)
    }

    fn node_start(&self) -> Option<Finding> {
        boot::wrong(&self.node_boot()?)
    }

    fn stall(&self) -> Option<Finding> {
        let stall = items(&self.gateway["stalls"]["items"]).iter().find(|stall| stall["goesOn"] == true)?;
        let suspects: Vec<_> =
            items(&stall["suspects"]).iter().filter_map(|suspect| suspect["plugin"].as_str()).collect();
        let asked = match suspects.is_empty() {
            true => String::new(),
            false => format!(
                "; just before, {} {} asked",
                plugins(&suspects),
                if suspects.len() == 1 { "was" } else { "were" }
            ),
        };
        let (how, next) = match stall["kind"].as_str().unwrap_or_default() {
            "busy" => {
                (", it computes", "take a CPU profile of it (kill -USR1 opens the inspector), or restart it")
            }
            "stopped" => (", its process is stopped", "continue it with SIGCONT, or restart it"),
            "blocked" => (
                ", it waits in a call that blocks, as to a disk",
                "see what it waits for (/proc/<pid>/stack), or restart it",
            ),
            _ => ("; the reason is not known", "look at the CPU of its process, or restart it"),
        };
        let what = format!("The Node backend's event loop stands still{how}{asked}");
        Some(
            Finding::new("eventLoop", what, next)
                .since(time(&stall["at"]))
                .hits("every request that goes to it"),
        )
    }

    fn own_plugins(&self) -> Option<Finding> {
        let failed = items(&self.info["plugins"]).iter().find(|plugin| plugin["state"] == "failed")?;
        let id = said(failed["id"].as_str().unwrap_or_default());
        let text = failed["error"].as_str().map(said).unwrap_or_default();
        let (cause, next) = match DatabaseFault::of(&text) {
            Some(fault) => (fault.cause, fault.next),
            None => ("pluginFailed", "mend that, and start Greenroom again"),
        };
        let what = format!("Greenroom has started without the plugin '{id}': {text}");
        Some(Finding::new(cause, what, next).hits(format!("requests below /api/{id}")))
    }

    fn node_ready(&self) -> Option<Finding> {
        let readiness = &self.gateway["readiness"];
        (readiness["ready"] == false).then(|| {
            let text = readiness["message"].as_str().map(said).unwrap_or_default();
            let what = format!("The Node backend is not ready: {text}");
            Finding::new("notReady", what, "see its log").since(time(&readiness["since"])).hits("everybody")
        })
    }

    fn checks(&self) -> Option<Finding> {
        crate::checks::worst(&self.health)
    }

    /// What is worth a word although all is well.
    pub(crate) fn note(&self, now: Timestamp) -> Option<String> {
        let untold =
            self.untold.as_ref().map(|(path, why)| format!("though {path} of it tells nothing: {why}"));
        let notes: Vec<_> = self.ended(now).into_iter().chain(untold).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    fn ended(&self, now: Timestamp) -> Option<String> {
        let exit = &self.gateway["lastExit"];
        let at = time(&exit["time"])?;
        (now.as_second() - at.as_second() < RECENT).then(|| {
            format!(
                "though it ended {}: {}",
                crate::words::when(at, now),
                said(exit["sentence"].as_str().unwrap_or_default())
            )
        })
    }

    /// How many of its own plugins have started.
    pub(crate) fn started_plugins(&self) -> usize {
        items(&self.info["plugins"]).iter().filter(|plugin| plugin["state"] == "started").count()
    }

    /// Since when all of it is ready: the Node backend behind a gateway is later than Greenroom itself.
    pub(crate) fn ready_since(&self) -> Option<Timestamp> {
        let readiness = &self.gateway["readiness"];
        let node = time(&readiness["since"]).filter(|_| readiness["ready"] == true);
        node.max(time(&self.info["startedAt"]))
    }
}

/// A list, or a piece of one.
pub(crate) fn items(value: &Value) -> &[Value] {
    let list = value.as_array().or_else(|| value["items"].as_array());
    list.map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn causes(gateway: Value) -> Vec<&'static str> {
        let told = Told { gateway, ..Told::default() };
        told.wrong().into_iter().map(|found| found.cause).collect()
    }

    #[test]
    fn the_process_is_told_before_its_start_and_its_start_before_its_checks() {
        let steps = json!([{"kind": "start", "failed": true}, {"kind": "plugin", "name": "a"}]);
        let failures =
            json!([{"owner": "Plugin 'a'", "plugin": "a", "causes": ["no key"], "permitted": false}]);
        let failed = json!({"backend": "node", "outcome": "failure", "failures": failures, "steps": steps});
        let told = json!({"upstream": {"state": "up"}, "boot": failed, "readiness": {"ready": false, "message": "x"}});
        assert_eq!(causes(told), ["startFailed", "notReady"]);
        let well = json!({"upstream": {"state": "up"}, "boot": {"backend": "node", "outcome": "success"}, "readiness": {"ready": true}});
        assert_eq!(causes(well), Vec::<&str>::new());
        assert_eq!(causes(Value::Null), Vec::<&str>::new());
    }

    #[test]
    fn why_a_process_has_ended_is_its_cause_and_not_the_words_of_its_sentence() {
        let why = "The backend has ended: killed by SIGABRT after 3.0 s (it broke); it is started again in 2 s, restart 1 in a row";
        // A plugin without which it had started is no reason.
        let may = json!([{"plugin": "a", "causes": ["no key"], "permitted": true}]);
        let gateway = |state: &str, why: &str| {
            json!({
                "upstream": {"state": state, "address": "127.0.0.1:1", "why": why},
                "lastExit": {"time": "2026-12-01T10:00:00.000Z", "cause": "abort", "sentence": why},
                "boot": {"backend": "node", "outcome": "success", "failures": may},
            })
        };
        assert_eq!(causes(gateway("down", why))[0], "abort");
        assert_eq!(causes(gateway("failed", why))[0], "abort");
        // The end is an old one's.
        assert_eq!(causes(gateway("down", "connect ECONNREFUSED"))[0], "upstreamDown");
    }

    #[test]
    fn it_is_ready_since_the_node_backend_is() {
        let started = json!({"startedAt": "2026-12-01T03:01:53.000Z"});
        for (readiness, since) in [
            (json!({"ready": true, "since": "2026-12-01T03:02:03.000Z"}), "2026-12-01T03:02:03Z"),
            (json!({"ready": true, "since": "2026-12-01T03:00:00.000Z"}), "2026-12-01T03:01:53Z"),
            (json!(null), "2026-12-01T03:01:53Z"),
        ] {
            let told =
                Told { info: started.clone(), gateway: json!({ "readiness": readiness }), ..Told::default() };
            assert_eq!(told.ready_since(), since.parse().ok());
        }
    }

    #[test]
    fn a_recent_end_is_worth_a_word() {
        let exit = json!({"time": "2026-12-01T10:00:00.000Z", "cause": "exit", "sentence": "The backend has ended with exit code 7"});
        let told = Told { gateway: json!({ "lastExit": exit }), ..Told::default() };
        let note = |now: &str| told.note(now.parse().unwrap());
        assert_eq!(
            note("2026-12-01T10:01:00Z").as_deref(),
            Some("though it ended 10:00:00 UTC (60 s ago): The backend has ended with exit code 7")
        );
        assert_eq!(note("2026-12-01T12:00:00Z"), None);
    }
}

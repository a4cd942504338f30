//! What is to be known at one moment, as plain facts.

mod boot;
mod checks;
mod errors;
mod plugins;

use std::time::SystemTime;

use greenroom::{
    core::State,
    health::{Kind, Outcome, Probe},
};
use greenroom_plugin_observatory_node::{Behind, MINUTES, NowPart, Problem, minute_of};

use crate::{
    Services,
    lately::{Lately, Load},
};

pub(crate) use self::{
    boot::{Boot, BootStage},
    checks::Check,
    errors::{ErrorGroup, Errors},
    plugins::{PluginSeen, PluginState},
};

/// Where it is looked.
#[derive(Clone)]
pub(crate) struct Look {
    pub(crate) services: Services,
    pub(crate) lately: Lately,
}

/// What was seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) now: SystemTime,
    pub(crate) state: State,
    /// Why probes are told that it is not ready.
    pub(crate) refusal: Option<String>,
    pub(crate) boot: Boot,
    /// Those that readiness fails with first, then by what they say, then by name.
    pub(crate) checks: Vec<Check>,
    /// Failed ones first, then the busiest.
    pub(crate) plugins: Vec<PluginSeen>,
    pub(crate) errors: Errors,
    /// Of the last hour, minute by minute.
    pub(crate) minutes: Vec<Load>,
    /// Of the last minutes.
    pub(crate) recent: Load,
    /// In bytes, minute by minute.
    pub(crate) memory: Vec<Option<f64>>,
    /// What other plugins have on the page.
    pub(crate) parts: Vec<NowPart>,
    /// Where this host asks the backend.
    pub(crate) url: String,
}

impl Look {
    pub(crate) async fn now(&self) -> Seen {
        let answer = self.services.readiness.readiness(&Probe::default()).await;
        let (now, Services { report, config, .. }) = (SystemTime::now(), &self.services);
        // What authors and libraries say may hold what is secret.
        let masks = config.masks();
        let refusal =
            (!answer.passes()).then(|| masks.all(answer.message().unwrap_or("no reason was given")));
        let mut states = self.services.health.settled().await;
        // What the backend checks itself is of interest where it does not pass and nothing else on the page says so.
        let own = self.services.health.all_states().into_iter().filter(|state| {
            let is_other = states.iter().all(|known| known.name != state.name);
            let is_off = state.outcome().is_some_and(|outcome| outcome != Outcome::Pass);
            state.kind == Kind::Information && is_off && is_other
        });
        let own: Vec<_> = own.collect();
        states.extend(own);
        let requests = self.lately.requests.lock();
        Seen {
            now,
            state: *self.services.lifecycle.state().borrow(),
            refusal,
            boot: boot::of(report),
            checks: checks::of(states, (&self.lately, &self.services.lines), &masks, now),
            plugins: plugins::of(&self.services.instance, report, &requests, &masks, now),
            errors: errors::of(&self.services.lines),
            minutes: requests.minutes(now),
            recent: requests.recent(now),
            memory: self.lately.memory(now),
            parts: self.services.now_parts.look(now),
            url: self.url(),
        }
    }

    fn url(&self) -> String {
        let Services { config, http, http_settings, .. } = &self.services;
        match config.optional_string("backend.baseUrl") {
            Ok(Some(url)) => url.trim_end_matches('/').to_owned(),
            _ => http.local_addr().url(http_settings.https.is_some()),
        }
    }
}

impl Seen {
    /// Checks that keep it from being ready, the one that failed first in front.
    pub(crate) fn blocking(&self) -> Vec<&Check> {
        let mut failing: Vec<_> =
            self.checks.iter().filter(|check| check.required && check.fails()).collect();
        failing.sort_by_key(|check| check.since);
        failing
    }

    /// What another plugin says of why it is not ready.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        self.refusal.as_ref()?;
        self.parts.iter().find_map(|part| part.problem.as_ref())
    }

    /// What another plugin says with which the page begins: why it is not ready, or what is wrong although it is.
    pub(crate) fn beginning(&self) -> Option<&Problem> {
        let problems = self.parts.iter().filter_map(|part| part.problem.as_ref());
        self.problem().or_else(|| problems.into_iter().find(|problem| problem.instead.is_some()))
    }

    /// What most of the portal is served by, where that is not this backend.
    pub(crate) fn behind(&self) -> Option<Behind> {
        self.parts.iter().find_map(|part| part.behind)
    }

    /// Whether the lines of that server are kept beside this backend's own.
    pub(crate) fn has_lines_behind(&self) -> bool {
        self.behind().is_some_and(|behind| behind.has_lines)
    }

    /// The name of something that is this backend's own, and so not the portal's where another server has most of that.
    pub(crate) fn own(&self, name: &str) -> String {
        if self.behind().is_some() { format!("{name}, Greenroom's own") } else { name.to_owned() }
    }

    /// How many minutes of the last hour it has run, without the one that is not over.
    pub(crate) fn whole_minutes(&self) -> usize {
        let passed = minute_of(self.now).saturating_sub(minute_of(self.boot.began_at));
        usize::try_from(passed).unwrap_or(MINUTES).min(MINUTES - 1)
    }

    /// Since when probes have been told what they are told now.
    pub(crate) fn since(&self) -> SystemTime {
        let started = self.boot.ended_at.unwrap_or(self.boot.began_at);
        if let Some(problem) = self.problem() {
            return problem.since.max(started);
        }
        match self.blocking().first() {
            Some(first) => first.since.unwrap_or(started).max(started),
            None => {
                let passing = self.checks.iter().filter(|check| check.required);
                let behind = self.behind().and_then(|behind| behind.ready_since);
                passing.filter_map(|check| check.since).chain(behind).fold(started, SystemTime::max)
            }
        }
    }
}

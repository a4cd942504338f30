//! What a backend shows to anybody: its two health endpoints, and of each plugin whether it is there, has started, and reaches its
//! database.
//!
//! A plugin of Node answers a path that nobody has with 401 once it has started; before, it lets a request wait
//! (`backend.lifecycle.startupRequestPauseTimeout`), and says 503 then. Its public keys come from its database, and are shown before
//! it has started.

use std::time::Duration;

use futures_util::future::{join, join_all};
use greenroom_look::Target;

use crate::{
    answer::Finding,
    ask::{Asked, Asker, Reply},
    database::DatabaseFault,
    words::{names, plugins, said},
};

pub(crate) const READINESS: &str = "/.backstage/health/v1/readiness";
pub(crate) const LIVENESS: &str = "/.backstage/health/v1/liveness";

/// Plugins that most portals have, the most telling first.
const PLUGINS: &[&str] =
    &["catalog", "auth", "scaffolder", "search", "techdocs", "permission", "proxy", "app"];

/// Of so many plugins it is asked whether they have started.
const MOST_PLUGINS: usize = 8;

/// Of so many it is asked whether they reach their database.
const MOST_KEYS: usize = 2;

/// Health that takes so long has waited for an event loop.
const LATE: Duration = Duration::from_millis(1000);

/// What the health endpoints say.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) readiness: Asked,
    pub(crate) liveness: Asked,
}

/// What plugins say.
#[derive(Debug, Default)]
pub(crate) struct Plugins {
    /// By a path that nobody has.
    pub(crate) asked: Vec<(String, Asked)>,
    /// Their public keys.
    pub(crate) keys: Vec<(String, Asked)>,
    /// The same path with the token.
    pub(crate) with_token: Option<Asked>,
    /// Those that were to be asked besides, by name.
    pub(crate) named: Vec<String>,
}

impl Health {
    pub(crate) async fn of(asker: &Asker, target: &Target) -> Self {
        let (readiness, liveness) = join(asker.get(target, READINESS), asker.get(target, LIVENESS)).await;
        Self { readiness, liveness }
    }

    /// Whether it says that it is ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.readiness.with(200).is_some()
    }
}

impl Plugins {
    /// `more` are plugins to ask besides, first. They get the token if that may be one of theirs.
    pub(crate) async fn of(asker: &Asker, target: &Target, more: &[String], is_theirs: bool) -> Self {
        let known = PLUGINS.iter().map(|id| (*id).to_owned()).filter(|id| !more.contains(id));
        let ids: Vec<_> = more.iter().cloned().chain(known).take(MOST_PLUGINS).collect();
        let keep = MOST_KEYS + usize::from(is_theirs);
        let room = asker.room().saturating_sub(keep);
        let nowhere = |id: &str| format!("/api/{id}/.greenroom-why");
        let asked = join_all(ids.into_iter().take(room).map(async |id| {
            let asked = asker.get(target, &nowhere(&id)).await;
            (id, asked)
        }))
        .await;
        // A plugin that lets everybody in answers 404 to such a path: who names it knows that it is there.
        let is_named = |id: &String| more.contains(id);
        let there = asked.iter().filter(|(id, asked)| is_there(asked) || is_named(id));
        let there: Vec<_> = there.map(|(id, _)| id.clone()).collect();
        let keys = join_all(there.iter().take(MOST_KEYS).map(async |id| {
            let path = format!("/api/{id}/.backstage/auth/v1/jwks.json");
            (id.clone(), asker.get(target, &path).await)
        }))
        .await;
        let guarded = asked.iter().find(|(_, asked)| asked.with(401).is_some());
        let with_token = match guarded {
            Some((id, _)) if is_theirs => Some(asker.get_with_token(target, &nowhere(id)).await),
            _ => None,
        };
        Self { asked, keys, with_token, named: more.to_vec() }
    }

    fn ids(&self, is: impl Fn(&Asked) -> bool) -> Vec<&str> {
        self.asked.iter().filter(|(_, asked)| is(asked)).map(|(id, _)| id.as_str()).collect()
    }

    /// Those that have not started.
    pub(crate) fn pending(&self) -> Vec<&str> {
        self.ids(|asked| asked.hangs() || has_not_started(asked))
    }

    /// Whether each of several waits: one that is not there would say so at once.
    fn all_hang(&self) -> bool {
        self.asked.len() > 1 && self.asked.iter().all(|(_, asked)| asked.hangs())
    }

    /// Those that were named, and are not there: neither a path that nobody has nor their keys.
    fn missing(&self) -> Vec<&str> {
        let is_not = |of: &[(String, Asked)], id: &str| {
            of.iter().any(|(other, asked)| other == id && asked.with(404).is_some())
        };
        let named = self.named.iter().map(String::as_str);
        named.filter(|id| is_not(&self.asked, id) && is_not(&self.keys, id)).collect()
    }

    /// Those that answer.
    pub(crate) fn up(&self) -> Vec<&str> {
        let has_keys = |id: &String| {
            let keys =
                self.keys.iter().find(|(other, _)| other == id).and_then(|(_, asked)| asked.document());
            keys.is_some_and(|keys| keys["keys"].is_array())
        };
        let answers = |asked: &Asked| {
            asked.reply().is_some_and(|reply| is_json(reply) && ![404, 503].contains(&reply.status))
        };
        let is_open = |id: &String, asked: &Asked| asked.with(404).is_some() && has_keys(id);
        let up = self.asked.iter().filter(|(id, asked)| answers(asked) || is_open(id, asked));
        up.map(|(id, _)| id.as_str()).collect()
    }
}

fn is_json(reply: &Reply) -> bool {
    reply.json().is_some_and(|body| body.is_object())
}

/// Whether there is such a plugin.
fn is_there(asked: &Asked) -> bool {
    asked.hangs() || asked.reply().is_some_and(|reply| is_json(reply) && reply.status != 404)
}

fn has_not_started(asked: &Asked) -> bool {
    let message = asked.with(503).and_then(Reply::message).unwrap_or_default();
    message.contains("not started") || message.contains("failed to start")
}

/// What is wrong with a backend that answers, the most telling first.
pub(crate) fn wrong(health: &Health, of: &Plugins) -> Vec<Finding> {
    let rules = [
        late,
        shutting_down,
        database,
        database_hangs,
        not_ready,
        stands_still,
        not_started,
        missing,
        misrouted,
        overloaded,
        errors,
        token,
    ];
    rules.iter().filter_map(|rule| rule(health, of)).collect()
}

/// Health comes from memory: if it is late, so is everything.
fn late(health: &Health, _: &Plugins) -> Option<Finding> {
    let took =
        [&health.readiness, &health.liveness].into_iter().filter_map(|asked| Some(asked.reply()?.took));
    let fastest = took.min()?;
    let hangs = health.readiness.hangs() || health.liveness.hangs();
    (hangs || fastest >= LATE).then(|| {
        let took = if hangs { "not within 2 s".to_owned() } else { format!("after {:.1} s", fastest.as_secs_f64()) };
        Finding::new(
            "eventLoop",
            format!("The backend answers its health, which waits for nothing, {took}: its event loop stands still again and again"),
            "look at the CPU of its process, and which plugin was asked just before; `greenroom gateway` in front of it names it",
        )
        .hits("every request")
    })
}

fn shutting_down(health: &Health, _: &Plugins) -> Option<Finding> {
    let said = health.readiness.with(503)?.message()?;
    (said.contains("shutting down") || said.contains("shuttting down")).then(|| {
        Finding::new(
            "shuttingDown",
            "The backend is shutting down",
            "wait for the next one to start, or see who has stopped it",
        )
        .hits("new requests")
    })
}

/// The keys of plugins come from their databases.
fn database(_: &Health, of: &Plugins) -> Option<Finding> {
    let failed = |asked: &Asked| asked.reply().filter(|reply| reply.status >= 500).and_then(Reply::message);
    let all = || of.keys.iter().chain(&of.asked);
    let (fault, said) = of.keys.iter().find_map(|(_, asked)| {
        let said = failed(asked)?;
        Some((DatabaseFault::of_key_store(&said)?, said))
    })?;
    let is_same = |asked: &Asked| failed(asked).is_some_and(|other| other == said);
    let mut hit: Vec<_> = all().filter(|(_, asked)| is_same(asked)).map(|(id, _)| id.as_str()).collect();
    hit.sort_unstable();
    hit.dedup();
    let found = Finding::new(fault.cause, fault.what, fault.next);
    Some(found.hits(format!("{} and others with data there", plugins(&hit))))
}

/// A database that takes connections and answers nothing.
fn database_hangs(_: &Health, of: &Plugins) -> Option<Finding> {
    let answers = |id: &str| of.asked.iter().any(|(other, asked)| other == id && asked.reply().is_some());
    let (id, _) = of.keys.iter().find(|(id, asked)| asked.hangs() && answers(id))?;
    let what = format!(
        "The plugin '{id}' answers, but not within 2 s what it has to ask its database for: the database hangs, or no connection of the pool is free"
    );
    let next = "see what runs long there (pg_stat_activity), and whether its server answers at all";
    Some(Finding::new("databaseHangs", what, next).hits("every plugin with data there"))
}

fn not_ready(health: &Health, of: &Plugins) -> Option<Finding> {
    let reply = health.readiness.with(503)?;
    let said_by = reply.message().unwrap_or_default();
    if !said_by.contains("has not started yet") {
        let next = "see its log, as by `greenroom why --log FILE`";
        return Some(
            Finding::new(
                "notReady",
                format!("The backend says that it is not ready: {}", said(&said_by)),
                next,
            )
            .hits("everybody: no load balancer sends requests there"),
        );
    }
    let (pending, up) = (of.pending(), of.up());
    let found = match pending.is_empty() {
        false => Finding::new(
            "startWaits",
            format!("The backend has not started: {} {} not up", plugins(&pending), are(pending.len())),
            format!(
                "see in its log what {} at, as by `kubectl logs … | greenroom why --log -`",
                waits(pending.len())
            ),
        ),
        true if up.is_empty() => Finding::new(
            "starting",
            "The backend listens and has not started yet, and no plugin answers",
            "wait, or see in its log what it does, as by `kubectl logs … | greenroom why --log -`",
        ),
        true => Finding::new(
            "startFailed",
            format!(
                "The backend has not started though {} {} up: another plugin waits or has failed",
                plugins(&up),
                are(up.len())
            ),
            "see in its log which one, as by `kubectl logs … | greenroom why --log -`",
        ),
    };
    Some(found.hits("everybody: no load balancer sends requests there"))
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn waits(count: usize) -> &'static str {
    if count == 1 { "it is" } else { "they are" }
}

/// Health may come from whoever stands in front of it.
fn stands_still(health: &Health, of: &Plugins) -> Option<Finding> {
    (health.is_ready() && of.all_hang()).then(|| {
        let what = format!(
            "The backend says that it is ready, and none of {} plugins answers within 2 s, though one that is not there is refused at \
             once: the event loop behind its health stands still",
            of.asked.len()
        );
        let next = "look at the CPU of its process: at 100 % it computes, at 0 % it is stopped or waits; then restart it";
        Finding::new("eventLoop", what, next).hits("every request")
    })
}

/// A plugin that was asked for by name.
fn missing(health: &Health, of: &Plugins) -> Option<Finding> {
    let ids = of.missing();
    (health.is_ready() && !ids.is_empty()).then(|| {
        let (which, know) =
            if ids.len() == 1 { ("is no plugin", "knows it") } else { ("are no plugins", "knows them") };
        let what = format!("The backend is ready, and {} {which} of it: nobody {know} there", names(&ids));
        Finding::new(
            "noSuchPlugin",
            what,
            "check the spelling of the id, and whether the backend's code adds it",
        )
        .hits(format!("requests below {}", paths(&ids)))
    })
}

/// A plugin that is not there although the backend is.
fn not_started(health: &Health, of: &Plugins) -> Option<Finding> {
    let pending = of.pending();
    if pending.is_empty() || !health.is_ready() || of.all_hang() {
        return None;
    }
    let them = names(&pending);
    Some(
        Finding::new(
            "pluginNotStarted",
            format!(
                "The backend is ready, and {} {}",
                plugins(&pending),
                if pending.len() == 1 {
                    "has not started or answers nothing"
                } else {
                    "have not started or answer nothing"
                }
            ),
            format!("search the log of its start for {them}, as by `kubectl logs … | greenroom why --log -`"),
        )
        .hits(format!("requests below {}", paths(&pending))),
    )
}

fn paths(ids: &[&str]) -> String {
    ids.iter().take(3).map(|id| format!("/api/{}", said(id))).collect::<Vec<_>>().join(", ")
}

/// Somebody else answers for plugins.
fn misrouted(health: &Health, of: &Plugins) -> Option<Finding> {
    let answered = of.asked.iter().filter_map(|(_, asked)| asked.reply());
    let (count, foreign) =
        answered.fold((0, 0), |(count, foreign), reply| (count + 1, foreign + usize::from(reply.is_html())));
    (health.is_ready() && count > 0 && foreign == count).then(|| {
        Finding::new(
            "apiNotRouted",
            "The backend's health answers, and a page answers for each of its plugins: /api goes elsewhere",
            "have the ingress route /api to the backend as it does /.backstage",
        )
        .hits("every plugin")
    })
}

/// A Greenroom with a limit that is reached says so.
fn overloaded(_: &Health, of: &Plugins) -> Option<Finding> {
    let (id, said_by) = of.keys.iter().chain(&of.asked).find_map(|(id, asked)| {
        let message = asked.with(503).and_then(Reply::message)?;
        message.contains("has too much to do at the moment").then_some((id, message))
    })?;
    let what = format!("Requests to the plugin '{id}' are refused: {}", said(&said_by));
    let next = "see at `/.greenroom/` which plugin is slow or asked most, add replicas, or raise the limit that its log names";
    Some(Finding::new("overloaded", what, next).hits("requests beyond the limit"))
}

fn errors(_: &Health, of: &Plugins) -> Option<Finding> {
    let (id, reply) = of.keys.iter().chain(&of.asked).find_map(|(id, asked)| {
        Some((id, asked.reply().filter(|reply| reply.status >= 500 && !has_not_started(asked))?))
    })?;
    let told = reply.message().map(|message| format!(": {}", said(&message))).unwrap_or_default();
    Some(Finding::new(
        "serverErrors",
        format!("The plugin '{id}' answers {}{told}", reply.status),
        "see in the log what it says of that request, as by `greenroom logs --level error`",
    ))
}

fn token(_: &Health, of: &Plugins) -> Option<Finding> {
    let reply = of.with_token.as_ref()?.with(401)?;
    let told = reply.message().map(|message| format!(": {}", said(&message))).unwrap_or_default();
    Some(Finding::new(
        "tokenRefused",
        format!("The backend is up, and refuses the token that was given{told}"),
        "give one that has not expired, and was issued for this backend",
    ))
}

/// That nothing was found. `started` is how many plugins it says have started, where it does.
pub(crate) fn well(target: &Target, health: &Health, of: &Plugins, started: Option<usize>) -> String {
    let took = health.readiness.reply().map_or(0, |reply| reply.took.as_millis());
    let up = of.up();
    let answers = match up.len() {
        0 if started.is_some() => format!("all {} plugins have started", started.unwrap_or_default()),
        0 => "no plugin of those that most portals have was found".to_owned(),
        1 => format!("the plugin {} answers", names(&up)),
        _ => format!("the plugins {} answer", names(&up)),
    };
    format!("The backend at {target} is ready, it said so in {took} ms, and {answers}.")
}

#[cfg(test)]
mod tests;

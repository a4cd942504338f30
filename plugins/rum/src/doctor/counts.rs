//! What a running Greenroom has counted: at which step events get lost.

use std::{cmp::Reverse, collections::BTreeMap};

use http::HeaderValue;

use super::{Diagnosis, Finding, Severity, web::Web};
use crate::{
    counts::{LastAnswer, Status},
    refusal::Refusal,
    settings::DATADOG,
    urls::{INTAKE, STATUS},
};

/// What came of asking for the counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StatusReply {
    Told(Box<Status>),
    /// It wants a token, or another one.
    Barred(u16),
    /// It has none: it is no Greenroom, or RUM is off there.
    None,
}

pub(super) async fn ask(web: &Web<'_>, backend: &str, bearer: Option<HeaderValue>) -> StatusReply {
    let Ok(got) = web.json(&format!("{backend}{STATUS}"), bearer).await else {
        return StatusReply::None;
    };
    let is_json = got.header("content-type").is_some_and(|kind| kind.contains("json"));
    match got.status.as_u16() {
        200 if is_json => match serde_json::from_str(&got.text) {
            Ok(status) => StatusReply::Told(Box::new(with_texts(status, |text| web.said(text)))),
            Err(_) => StatusReply::None,
        },
        status @ (401 | 403) if is_json => StatusReply::Barred(status),
        _ => StatusReply::None,
    }
}

/// The same with what the server says in words changed; reasons that become alike are one.
fn with_texts(status: Status, change: impl Fn(&str) -> String) -> Status {
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    for (why, count) in &status.refused {
        let counted = refused.entry(change(why)).or_default();
        *counted = counted.saturating_add(*count);
    }
    let last_answer =
        status.last_answer.map(|last| LastAnswer { failure: last.failure.as_deref().map(&change), ..last });
    Status { recipient: change(&status.recipient), refused, last_answer, ..status }
}

pub(super) fn barred(status: u16, has_token: bool) -> Finding {
    match (status, has_token) {
        (_, false) => Finding::note("What the backend has counted was not looked at, because that takes a token").help(
            "Write a token of backend.auth.externalAccess into a file, and give it by --token-file; or set GREENROOM_TOKEN",
        ),
        (401, true) => Finding::warning("The backend does not know the token, and does not tell what it has counted"),
        _ => Finding::warning("The token may not ask for what the backend has counted").help(
            "Take one of a service, from backend.auth.externalAccess, whose accessRestrictions, if any, name the plugin rum",
        ),
    }
}

/// `forwards`: whether events go through that backend; `rate`: how many of a hundred sessions are measured.
pub(super) fn check(counts: &Status, forwards: bool, rate: f64, told: &mut Diagnosis) {
    /// Before that nobody may have been there.
    const SOON: u64 = 60;
    let since = since(counts.for_seconds);
    told.add(Finding::note(summary(counts, forwards)));
    if counts.pages == 0 && counts.sessions == 0 && counts.received == 0 {
        if counts.for_seconds >= SOON {
            told.add(
                Finding::warning(format!("No browser has asked this backend for a page {since}"))
                    .help("Open the portal; if it shows, another server or another replica has answered"),
            );
        }
        return;
    }
    if counts.pages > 0 && counts.init == 0 && counts.sessions == 0 {
        told.add(
            Finding::warning(format!("Browsers got pages {since}, and none fetched the script that starts the SDK")).help(
                "Blockers stop it, or a cache or proxy gives out a page without it; browsers that were here before have it already",
            ),
        );
    } else if counts.init > 0 && counts.sessions == 0 {
        let chance = if rate < 100.0 { ", or chance at this rate" } else { "" };
        told.add(
            Finding::warning(format!("Browsers fetched the script {since}, and none has begun a session")).help(format!(
                "Blockers stop the SDK, users have not consented, or nobody has done anything since the page came{chance}"
            )),
        );
    }
    if forwards {
        intake(counts, &since, told);
    } else if counts.sessions > 0 {
        told.add(
            Finding::note(
                "Sessions begin; whether Datadog gets their events is seen by browsers alone, because they send themselves",
            )
            .help("In a browser's network tools, look for browser-intake; blockers often stop it"),
        );
    }
}

/// All steps, with their numbers.
fn summary(counts: &Status, forwards: bool) -> String {
    let mut steps = vec![
        some(counts.pages, "page"),
        some(counts.init, "init script"),
        some(counts.sdk, "SDK file"),
        some(counts.sessions, "session"),
    ];
    if forwards {
        steps.push(format!("{} received", some(counts.received, "request")));
        steps.push(some(counts.events, "event"));
        if counts.keeps {
            steps.push(format!("{} kept here", some(counts.kept, "request")));
        }
        if !counts.keeps || counts.taken + counts.failed > 0 {
            steps.push(format!("{} taken by {}", some(counts.taken, "request"), counts.recipient));
            steps.push(format!("{} failed", number(counts.failed)));
        }
    }
    let mut since = since(counts.for_seconds);
    since.replace_range(..1, &since[..1].to_uppercase());
    format!("{since}: {}", steps.join(", "))
}

fn intake(counts: &Status, since: &str, told: &mut Diagnosis) {
    if counts.sessions > 0 && counts.received == 0 && counts.refused.is_empty() {
        told.add(
            Finding::error(
                "sessions begin, and their events do not reach the backend",
                format!("Sessions began {since}, and nothing came to {INTAKE}"),
            )
            .help("A blocker stops it, the page's policy does, or a proxy in front lets no POST through"),
        );
    }
    refused(counts, since, told);
    if counts.rejected > 0 {
        told.add(Finding::warning(format!(
            "{} {} not {}: they belong to another application or are not events",
            some(counts.rejected, "line"),
            if counts.rejected == 1 { "was" } else { "were" },
            if counts.keeps { "kept" } else { "forwarded" }
        )));
    }
    if counts.behind_untrusted_proxy > 0 {
        told.add(
            Finding::warning(format!(
                "{} {since} came by a proxy that backend.trustProxy does not name: all users behind it count as one, and share \
                 what one of them may send",
                some(counts.behind_untrusted_proxy, "request")
            ))
            .help("Name the proxy in backend.trustProxy"),
        );
    }
    match &counts.last_answer {
        Some(last) if matches!(last.status, Some(200..300)) => told.proof = Some(proof(counts, last, since)),
        // They are here all the same.
        Some(last) if counts.keeps => {
            told.add(Finding { severity: Severity::Warning, ..not_taken(&counts.recipient, last) });
        }
        Some(last) => told.add(not_taken(&counts.recipient, last)),
        None => {}
    }
    if counts.keeps {
        kept(counts, since, told);
    }
}

fn kept(counts: &Status, since: &str, told: &mut Diagnosis) {
    if let Some(seconds) = counts.last_kept_seconds_ago {
        let requests = some(counts.kept, "request");
        told.proof = Some(format!("this backend has kept {requests} {since}, the last {}", ago(seconds)));
    } else if counts.refused.contains_key(Refusal::NotKept.code()) {
        told.add(
            Finding::error(
                "the database does not take them",
                format!("Nothing could be kept {since}, and browsers were told to send it again"),
            )
            .help("The log of the backend says what is wrong with the database of the plugin rum"),
        );
    }
    if counts.unkept > 0 {
        told.add(Finding::warning(format!(
            "{} {} not kept: of no session or view, without an id, or of a type that is not known",
            some(counts.unkept, "event"),
            if counts.unkept == 1 { "was" } else { "were" }
        )));
    }
    if counts.left_out > 0 {
        told.add(Finding::note(format!(
            "{} with replays, logs or profiles came, which are not kept",
            some(counts.left_out, "request")
        )));
    }
}

/// The reasons for which most requests went no further.
fn refused(counts: &Status, since: &str, told: &mut Diagnosis) {
    const MOST_REASONS: usize = 10;
    let mut reasons: Vec<_> = counts.refused.iter().collect();
    reasons.sort_by_key(|(_, count)| Reverse(**count));
    for (code, count) in reasons.iter().take(MOST_REASONS) {
        let refusal = Refusal::by_code(code);
        // A backend of another version may know more of them.
        let why = refusal.map_or(code.as_str(), |refusal| refusal.sentence());
        let times = if **count == 1 { "Once".to_owned() } else { format!("{} times", number(**count)) };
        let found = Finding::warning(format!("{times} {since} events were refused: {why}"));
        told.add(match refusal.and_then(advice) {
            Some(help) => found.help(help),
            None => found,
        });
    }
    if let more @ 1.. = reasons.len().saturating_sub(MOST_REASONS) {
        told.add(Finding::note(format!("Events were refused for {more} more reasons")));
    }
}

/// What to do about it, where something can be done.
fn advice(refusal: Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::WrongToken => Some(
            "A page that was loaded before the backend was restarted sends them: reload it. If they go on, something else sends \
             to this backend",
        ),
        Refusal::WrongOrigin => {
            Some("If the page is yours, write its origin into greenroom.rum.allowedOrigins")
        }
        Refusal::CutOff => {
            Some("Browsers that leave cut off what they send. If it is often, a proxy in front may do so")
        }
        Refusal::NotKept => Some("The log of the backend says what is wrong with its database"),
        Refusal::TooOften => Some(
            "One client sends very many. If all users come by one proxy, name it in backend.trustProxy, so that each counts as \
             itself",
        ),
        _ => None,
    }
}

fn proof(counts: &Status, last: &LastAnswer, since: &str) -> String {
    let events =
        counts.last_received_seconds_ago.map(|seconds| format!(", the last events came {}", ago(seconds)));
    format!(
        "{} has taken {} {since}, the last {}{}",
        counts.recipient,
        some(counts.taken, "request"),
        ago(last.seconds_ago),
        events.unwrap_or_default()
    )
}

/// Why the last answer was none that is good.
fn not_taken(who: &str, last: &LastAnswer) -> Finding {
    let (ago, is_datadog) = (ago(last.seconds_ago), who == DATADOG);
    let Some(status) = last.status else {
        let why = last.failure.as_deref().unwrap_or("nothing is known of why");
        return Finding::error(
            format!("the backend does not reach {who}"),
            format!("{who} was not reached {ago}: {why}"),
        )
        .help(match is_datadog {
            true => "Let the backend out to the intake: by a firewall's rule, HTTPS_PROXY, or greenroom.rum.intakeUrl",
            false => "See that something listens at greenroom.rum.intakeUrl, and that the backend may call it",
        });
    };
    let said = format!("The last answer of {who}, {ago}, was {status}");
    let refuses = || format!("{who} does not take them");
    match status {
        403 if is_datadog => Finding::error(
            "Datadog refuses them",
            format!("Datadog answered 403 {ago}: it does not know the client token at this site"),
        )
        .help("Compare app.datadogRum.clientToken and site with what Datadog shows for the application"),
        401 | 403 => Finding::error(refuses(), said).help("What listens at greenroom.rum.intakeUrl wants something else of those who send"),
        404 | 405 => Finding::error(refuses(), said)
            .help("See that greenroom.rum.intakeUrl leads to an intake: /api/v2/rum is added to it"),
        413 => Finding::error(refuses(), said)
            .help("The requests are too large for it, or for a proxy on the way: let it take larger bodies"),
        429 => Finding::error(refuses(), said)
            .help("It takes no more now. If it stays so, measure fewer sessions: app.datadogRum.sessionSampleRate"),
        500..600 => Finding::error(refuses(), said).help(match is_datadog {
            true => "Datadog has a fault, or a proxy on the way: see https://status.datadoghq.com, and look again in some minutes",
            false => "Look into the log of what listens at greenroom.rum.intakeUrl",
        }),
        _ => Finding::error(refuses(), said),
    }
}

/// A number that nobody counts to is none.
fn number(count: u64) -> String {
    const MOST: u64 = 1_000_000_000_000;
    if count > MOST { "an unknown number of".to_owned() } else { count.to_string() }
}

/// So many things.
fn some(count: u64, what: &str) -> String {
    format!("{} {what}{}", number(count), if count == 1 { "" } else { "s" })
}

/// A time as people say it; `None` of one that no process is old.
fn time(seconds: u64) -> Option<String> {
    const CENTURY: u64 = 100 * 365 * 86_400;
    Some(match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        172_800..CENTURY => format!("{} days", seconds / 86_400),
        CENTURY.. => return None,
    })
}

fn since(seconds: u64) -> String {
    time(seconds).map_or("since an unknown time".to_owned(), |time| format!("in the last {time}"))
}

fn ago(seconds: u64) -> String {
    time(seconds).map_or("at an unknown time".to_owned(), |time| format!("{time} ago"))
}

#[cfg(test)]
mod tests;

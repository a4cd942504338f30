//! What a running Greenroom has counted: at which step events get lost.

use super::{Diagnosis, Finding, web::Web};
use crate::{
    counts::Status,
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

pub(super) async fn ask(web: &Web<'_>, backend: &str, token: Option<&str>) -> StatusReply {
    let Ok(got) = web.json(&format!("{backend}{STATUS}"), token).await else {
        return StatusReply::None;
    };
    let is_json = got.header("content-type").is_some_and(|kind| kind.contains("json"));
    match got.status.as_u16() {
        200 if is_json => match serde_json::from_str(&got.text) {
            Ok(told) => StatusReply::Told(Box::new(told)),
            Err(_) => StatusReply::None,
        },
        status @ (401 | 403) if is_json => StatusReply::Barred(status),
        _ => StatusReply::None,
    }
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
    let since = format!("in the last {}", time(counts.for_seconds));
    told.add(Finding::note(format!(
        "In the last {}: {}, {}, {}, {}",
        time(counts.for_seconds),
        some(counts.pages, "page"),
        some(counts.init, "init script"),
        some(counts.sdk, "SDK file"),
        some(counts.sessions, "session")
    )));
    if counts.pages == 0 && counts.sessions == 0 && counts.received == 0 {
        told.add(
            Finding::warning(format!("No browser has asked this backend for a page {since}"))
                .help("Open the portal; if it shows, another server or another replica has answered"),
        );
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
    for (code, count) in &counts.refused {
        let why = Refusal::explained(code);
        let times = if *count == 1 { "Once".to_owned() } else { format!("{count} times") };
        told.add(Finding::warning(format!("{times} {since} events were refused: {why}")));
    }
    if counts.rejected > 0 {
        told.add(Finding::warning(format!(
            "{} events were left out, because they are of another application or none",
            counts.rejected
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
    let Some(last) = &counts.last_answer else { return };
    let (ago, who) = (time(last.seconds_ago), &counts.recipient);
    let is_datadog = who == DATADOG;
    let failed = match (last.status, &last.failure) {
        (Some(200..300), _) => {
            let batch = counts.last_received_seconds_ago.map(|ago| format!(", the last beacon came {} ago", time(ago)));
            told.proof = Some(format!(
                "{who} has taken {} {since}, the last {ago} ago{}",
                some(counts.taken, "request"),
                batch.unwrap_or_default()
            ));
            return;
        }
        (Some(403), _) if is_datadog => Finding::error(
            "Datadog refuses them",
            format!("Datadog answered 403 {ago} ago: it does not know the client token at this site"),
        )
        .help("Compare app.datadogRum.clientToken and site with what Datadog shows for the application"),
        (Some(status), _) => {
            Finding::error(format!("{who} does not take them"), format!("The last answer of {who}, {ago} ago, was {status}"))
        }
        (None, why) => Finding::error(
            format!("the backend does not reach {who}"),
            format!("{who} was not reached {ago} ago: {}", why.as_deref().unwrap_or("nothing is known of why")),
        )
        .help("Let the backend out to the intake: by a firewall's rule, HTTPS_PROXY, or greenroom.rum.intakeUrl"),
    };
    told.add(failed);
}

/// So many things.
fn some(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A time as people say it.
fn time(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        counts::LastAnswer,
        doctor::{
            finding::Severity,
            tests::{findings, only_error},
        },
    };

    fn told(counts: &Status, forwards: bool) -> Diagnosis {
        let mut told = Diagnosis::default();
        check(counts, forwards, 100.0, &mut told);
        told
    }

    fn counts() -> Status {
        let recipient = DATADOG.to_owned();
        Status { recipient, for_seconds: 3600, pages: 20, init: 5, sdk: 5, sessions: 4, ..Status::default() }
    }

    fn warning(told: &Diagnosis) -> String {
        findings(told, Severity::Warning).map(|found| found.what.clone()).collect()
    }

    #[test]
    fn rum_46_the_step_at_which_events_get_lost_is_named() {
        let none = Status { for_seconds: 90, ..Status::default() };
        assert_eq!(
            warning(&told(&none, true)),
            "No browser has asked this backend for a page in the last 90 s"
        );
        let said = told(&counts(), true).text();
        assert!(
            said.contains("note: In the last 60 min: 20 pages, 5 init scripts, 5 SDK files, 4 sessions"),
            "{said}"
        );
        let no_script = Status { init: 0, sdk: 0, sessions: 0, ..counts() };
        assert!(warning(&told(&no_script, true)).contains("none fetched the script"));
        let no_session = Status { sessions: 0, ..counts() };
        assert!(warning(&told(&no_session, true)).contains("none has begun a session"));
        let no_batch = told(&counts(), true);
        assert_eq!(only_error(&no_batch).why, "sessions begin, and their events do not reach the backend");
        let direct = told(&counts(), false);
        assert!(!direct.has_errors() && direct.text().contains("browsers alone"), "{}", direct.text());
    }

    #[test]
    fn rum_46_what_the_intake_refused_is_told_by_reason() {
        let mut counts = Status { received: 1, ..counts() };
        counts.refused.insert("wrongOrigin".to_owned(), 3);
        let told = told(&counts, true);
        assert_eq!(
            warning(&told),
            "3 times in the last 60 min events were refused: the page is not of this portal"
        );
    }

    #[test]
    fn rum_46_a_proxy_that_is_not_trusted_is_told() {
        let told = told(&Status { received: 9, behind_untrusted_proxy: 9, ..counts() }, true);
        assert!(
            warning(&told).starts_with(
                "9 requests in the last 60 min came by a proxy that backend.trustProxy does not name"
            ),
            "{told:?}"
        );
    }

    #[test]
    fn rum_46_the_last_answer_of_datadog_decides() {
        let with = |status, failure: Option<&str>| {
            let failure = failure.map(str::to_owned);
            let last_answer = Some(LastAnswer { seconds_ago: 12, status, failure });
            told(
                &Status {
                    received: 3,
                    events: 9,
                    taken: 3,
                    last_answer,
                    last_received_seconds_ago: Some(12),
                    ..counts()
                },
                true,
            )
        };
        assert_eq!(
            with(Some(202), None).text().lines().next(),
            Some(
                "Browser events arrive: Datadog has taken 3 requests in the last 60 min, the last 12 s ago, the last beacon came 12 s ago."
            )
        );
        assert_eq!(only_error(&with(Some(403), None)).why, "Datadog refuses them");
        let own = |status| {
            let last_answer = Some(LastAnswer { seconds_ago: 12, status: Some(status), failure: None });
            let recipient = "collector.example:4318".to_owned();
            told(&Status { recipient, received: 1, taken: 1, last_answer, ..counts() }, true)
        };
        assert!(
            own(202).text().starts_with("Browser events arrive: collector.example:4318 has taken 1 request")
        );
        assert_eq!(only_error(&own(403)).why, "collector.example:4318 does not take them");
        assert!(only_error(&with(Some(500), None)).what.ends_with("was 500"));
        let failed = with(None, Some("Cannot connect to x:443: refused"));
        assert_eq!(
            only_error(&failed).what,
            "Datadog was not reached 12 s ago: Cannot connect to x:443: refused"
        );
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        for (seconds, said) in [(5, "5 s"), (600, "10 min"), (10_000, "2 h"), (1_000_000, "11 days")] {
            assert_eq!(time(seconds), said);
        }
    }
}

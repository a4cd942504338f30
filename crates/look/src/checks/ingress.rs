//! What the way to the backend does with large bodies and event streams; asked only where the operator allows it.

use crate::{
    finding::Finding,
    seen::{Active, Asked, Held, Reply, Seen, Stream, quoted, said},
};

const BODY: &str = "large-body";
const STREAM: &str = "event-stream";
const SILENCE: &str = "silent-stream";

const AGAIN: &str = "Look again while a template runs, with a token that may read its task";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    match &seen.active {
        None => vec![
            Finding::unknown(
                BODY,
                "Whether the ingress lets large bodies and event streams through was not tried",
            )
            .change(format!("greenroom look --active {}", quoted(&seen.url("")))),
        ],
        Some(active) => vec![body(active), stream(active), silence(active)],
    }
}

fn body(active: &Active) -> Finding {
    match &active.large_body {
        Asked::Answered(reply) if reply.status == 413 => {
            Finding::fail(BODY, "A body of 10 MB is refused with 413 before it is sent")
                .why("Backstage takes that much: templates with files, dry runs of templates and events of large repositories fail")
                .change("For ingress-nginx:\nnginx.ingress.kubernetes.io/proxy-body-size: 10m")
                .source("https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#custom-max-body-size")
        }
        Asked::Answered(reply) => Finding::ok(
            BODY,
            format!("The announcement of a body of 10 MB was not refused (status {}); none was sent", reply.status),
        ),
        other => Finding::unknown(
            BODY,
            format!("Whether a body of 10 MB gets through cannot be known: {}", said(&other.outcome())),
        ),
    }
}

fn stream(active: &Active) -> Finding {
    let unknown = |why: &str| {
        let observed = format!("Whether event streams get through at once cannot be known: {}", said(why));
        Finding::unknown(STREAM, observed).change(AGAIN)
    };
    match &active.event_stream {
        Stream::Not(why) | Stream::Running(Held::Not(why)) => unknown(why),
        Stream::Replayed(Asked::Answered(reply)) if reply.status == 200 => replayed(reply),
        Stream::Replayed(asked) => unknown(&asked.outcome()),
        Stream::Running(Held::Silent(took)) => late(&format!("in {} s", took.as_secs())),
        Stream::Running(Held::Ended(status, _)) if *status != 200 => unknown(&format!("status {status}")),
        Stream::Running(_) => {
            Finding::ok(STREAM, "The event stream of a task that runs begins as soon as it is asked for")
        }
    }
}

fn late(when: &str) -> Finding {
    Finding::fail(STREAM, format!("Of the event stream of a task that runs nothing came {when}, though it had events"))
        .why("Something on the way collects before it passes on: users see no step of a template until all are done")
        .change(
            "Leave text/event-stream out of the types that the ingress compresses, and let it collect nothing; for nginx:\n\
             gzip_types application/javascript text/css application/json;\nproxy_buffering off;",
        )
        .source("https://github.com/backstage/backstage/issues/27217")
}

fn replayed(reply: &Reply) -> Finding {
    let kind = reply.header("content-type").unwrap_or_default();
    match kind.starts_with("text/event-stream") {
        true => Finding::unknown(
            STREAM,
            "Whether event streams get through at once shows only while a task runs; the one of a task that has ended came whole",
        )
        .change(AGAIN),
        false => Finding::warn(STREAM, format!("The event stream of a task came as '{}'", said(kind)))
            .why("Pages read the progress of a task from a text/event-stream")
            .change("Ask the backend itself, past the ingress, to see who changes it"),
    }
}

fn silence(active: &Active) -> Finding {
    match &active.silence {
        Held::Not(why) => Finding::unknown(
            SILENCE,
            format!("Whether an event stream that says nothing is cut cannot be known: {}", said(why)),
        )
        .change(AGAIN),
        Held::Silent(took) | Held::Open(took) => Finding::ok(
            SILENCE,
            format!("An event stream that said nothing for {} s was not cut", took.as_secs()),
        ),
        // It has come to its end: the task has.
        Held::Ended(200, _) => Finding::unknown(
            SILENCE,
            "Whether an event stream that says nothing is cut cannot be known: the task ended meanwhile",
        )
        .change(AGAIN),
        Held::Ended(status, _) if *status < 500 => Finding::unknown(
            SILENCE,
            format!("Whether an event stream that says nothing is cut cannot be known: status {status}"),
        ),
        Held::Ended(_, took) | Held::Cut(took) => Finding::warn(
            SILENCE,
            format!("An event stream that says nothing is cut after {} s", took.as_secs()),
        )
        .why("A step of a template that takes longer without a word, such as one that waits for a pipeline, looks broken to who watches it")
        .change(
            "Let the ingress wait longer; for nginx:\nproxy_read_timeout 1h;\n\
             For ingress-nginx: nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"",
        )
        .source("https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, only_unknown, reply};

    /// What is said of the body, of the stream and of silence.
    fn told(large_body: Asked, event_stream: Stream, silence: Held) -> [Vec<Finding>; 3] {
        let active = Active { large_body, event_stream, silence };
        let seen = Seen { active: Some(active), ..healthy() };
        check(&seen).into_iter().map(|finding| vec![finding]).collect::<Vec<_>>().try_into().unwrap()
    }

    const LONG: Duration = Duration::from_secs(75);

    #[test]
    fn it_is_not_tried_unasked() {
        let told = only_unknown(check(&healthy()), BODY);
        assert_eq!(told.change.as_deref(), Some("greenroom look --active https://p.example"));
    }

    #[test]
    fn a_refused_body_a_late_stream_and_a_short_silence_are_told() {
        let late = Stream::Running(Held::Silent(Duration::from_secs(5)));
        for cut in [Held::Cut(Duration::from_secs(60)), Held::Ended(504, Duration::from_secs(60))] {
            let [body, stream, silence] = told(reply(413, &[], ""), late.clone(), cut);
            only_problem(body, BODY);
            only_problem(stream, STREAM);
            assert!(only_problem(silence, SILENCE).observed.ends_with("after 60 s"));
        }
    }

    #[test]
    fn a_way_that_lets_all_through_is_fine() {
        for (stream, silence) in [
            (Held::Open(LONG), Held::Silent(LONG)),
            (Held::Ended(200, LONG), Held::Open(LONG)),
            (Held::Cut(LONG), Held::Open(LONG)),
        ] {
            let [body, stream, silence] = told(reply(100, &[], ""), Stream::Running(stream), silence);
            only_ok(body, BODY);
            only_ok(stream, STREAM);
            only_ok(silence, SILENCE);
        }
    }

    /// Node's backend compresses it by itself, line by line.
    #[test]
    fn of_a_stream_that_is_replayed_only_its_kind_is_judged() {
        let packed = [("content-type", "text/event-stream"), ("content-encoding", "gzip")];
        let [_, stream, _] =
            told(Asked::default(), Stream::Replayed(reply(200, &packed, "")), Held::default());
        only_unknown(stream, STREAM);
        let page = reply(200, &[("content-type", "text/html")], "");
        let [_, stream, _] = told(Asked::default(), Stream::Replayed(page), Held::default());
        only_problem(stream, STREAM);
    }

    #[test]
    fn without_a_task_that_runs_nothing_is_said() {
        for stream in [
            Stream::default(),
            Stream::Replayed(reply(404, &[], "")),
            Stream::Running(Held::Ended(401, LONG)),
        ] {
            for silence in [Held::default(), Held::Ended(200, LONG), Held::Ended(404, LONG)] {
                let [_, stream, silence] = told(Asked::default(), stream.clone(), silence);
                only_unknown(stream, STREAM);
                only_unknown(silence, SILENCE);
            }
        }
    }
}

//! What the way to the backend does with large bodies and event streams; asked only where the operator allows it.

use crate::{
    finding::Finding,
    seen::{Active, Asked, Seen, quoted, said},
};

const BODY: &str = "large-body";
const STREAM: &str = "event-stream";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    match &seen.active {
        None => vec![
            Finding::unknown(
                BODY,
                "Whether the ingress lets large bodies and event streams through was not tried",
            )
            .change(format!("greenroom look --active {}", quoted(&seen.url("")))),
        ],
        Some(active) => vec![body(active), stream(active)],
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
    let reply = match &active.event_stream {
        Asked::Answered(reply) if reply.status == 200 => reply,
        other => {
            return Finding::unknown(
                STREAM,
                format!(
                    "Whether event streams get through at once cannot be known: {}",
                    said(&other.outcome())
                ),
            );
        }
    };
    let (kind, coding) = (reply.header("content-type").unwrap_or_default(), reply.header("content-encoding"));
    if !kind.starts_with("text/event-stream") {
        return Finding::warn(STREAM, format!("The event stream of a task came as '{}'", said(kind)))
            .why("Pages read the progress of a task from a text/event-stream")
            .change("Ask the backend itself, past the ingress, to see who changes it");
    }
    match coding {
        Some(coding) => {
            Finding::warn(STREAM, format!("The event stream of a task came compressed ({})", said(coding)))
                .why("What compresses collects: lines of a running task come late, in lumps")
                .change("Leave text/event-stream out of the types that the ingress compresses")
                .source("https://github.com/backstage/backstage/issues/27217")
        }
        None => Finding::ok(
            STREAM,
            format!(
                "The event stream of a task that has ended came whole and uncompressed in {} ms; whether a running one is cut when idle was not tried",
                reply.took.as_millis()
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, only_unknown, reply};

    fn active(large_body: Asked, event_stream: Asked) -> Vec<Vec<Finding>> {
        let seen = Seen { active: Some(Active { large_body, event_stream }), ..healthy() };
        check(&seen).into_iter().map(|finding| vec![finding]).collect()
    }

    #[test]
    fn it_is_not_tried_unasked() {
        let told = only_unknown(check(&healthy()), BODY);
        assert_eq!(told.change.as_deref(), Some("greenroom look --active https://p.example"));
    }

    #[test]
    fn a_refused_body_and_a_compressed_stream_are_told() {
        let packed = &[("content-type", "text/event-stream"), ("content-encoding", "gzip")];
        let mut told = active(reply(413, &[], ""), reply(200, packed, ""));
        only_problem(told.remove(1), STREAM);
        only_problem(told.remove(0), BODY);
        let mut told = active(reply(100, &[], ""), reply(200, &packed[..1], ""));
        only_ok(told.remove(1), STREAM);
        only_ok(told.remove(0), BODY);
    }
}

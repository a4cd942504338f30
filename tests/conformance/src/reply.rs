//! Two replies to the same request.

use std::io;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use tokio::io::AsyncReadExt;

use crate::compare::{Difference, compare};
use crate::transcript::RecordedBody;
use crate::wire::{Answer, Outcome};

/// What an exchange came to.
pub type Reply = io::Result<Outcome<Vec<u8>>>;

/// Lists how our reply differs from Node's. To HEAD, the ETag of an internal error is not compared: it is the hash of a
/// body that is not sent and holds an id.
pub async fn differences(node: Reply, ours: Reply) -> Vec<Difference> {
    let internal = |outcome: &Outcome<Vec<u8>>| matches!(outcome, Outcome::Answered(all) if all.iter().any(|a| a.head.status == 500 && a.body.is_empty()));
    match (node, ours) {
        (Ok(node), Ok(ours)) => {
            let ignored: &[&str] = if internal(&node) && internal(&ours) { &["etag"] } else { &[] };
            compare(&as_recorded(inflated(node).await), &inflated(ours).await, ignored)
        }
        (node, ours) => {
            let said = |reply: Reply| match reply {
                Ok(outcome) => brief(&outcome),
                Err(error) => format!("failed: {:?}", error.kind()),
            };
            let (recorded, received) = (Some(said(node)), Some(said(ours)));
            if recorded == received {
                return Vec::new();
            }
            vec![Difference { what: "exchange".to_owned(), recorded, received }]
        }
    }
}

/// The status of a reply; 0 if there is none.
pub fn status(reply: &Reply) -> u16 {
    match reply {
        Ok(Outcome::Answered(answers)) => answers.first().map_or(0, |answer| answer.head.status),
        _ => 0,
    }
}

/// An answer in a few words.
pub fn brief(outcome: &Outcome<Vec<u8>>) -> String {
    match outcome {
        Outcome::Refused => "refused".to_owned(),
        Outcome::Answered(answers) => {
            let texts = answers.iter().map(|Answer { head, body, cut }| {
                let body = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
                format!("{}{} {:?} {body}", head.status, if *cut { " (cut)" } else { "" }, head.headers)
            });
            texts.collect::<Vec<_>>().join(" | ")
        }
    }
}

/// With bodies as they were before compression, whose bytes are each library's own; a cut or spoilt one stays as it is.
async fn inflated(outcome: Outcome<Vec<u8>>) -> Outcome<Vec<u8>> {
    let Outcome::Answered(mut answers) = outcome else { return outcome };
    for answer in &mut answers {
        let mut body = Vec::new();
        let read = match answer.head.header("content-encoding") {
            Some("gzip") => GzipDecoder::new(&answer.body[..]).read_to_end(&mut body).await,
            Some("deflate") => ZlibDecoder::new(&answer.body[..]).read_to_end(&mut body).await,
            Some("br") => BrotliDecoder::new(&answer.body[..]).read_to_end(&mut body).await,
            _ => continue,
        };
        if read.is_ok() && !answer.body.is_empty() {
            answer.body = body;
        }
    }
    Outcome::Answered(answers)
}

fn as_recorded(outcome: Outcome<Vec<u8>>) -> Outcome<RecordedBody> {
    match outcome {
        Outcome::Refused => Outcome::Refused,
        Outcome::Answered(answers) => {
            let exact = |Answer { head, body, cut }| Answer { head, body: RecordedBody::Exact(body), cut };
            Outcome::Answered(answers.into_iter().map(exact).collect())
        }
    }
}

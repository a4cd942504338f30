//! What `@backstage/plugin-app-backend` 0.5.20 has answered, answered again. `tests/node/record.js` records it anew.

use std::{collections::BTreeMap, os::unix::fs::symlink};

use greenroom::http::finished::Coding;
use greenroom_test::{RunningTestBackend, TestResponse};
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::support::Dist;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Requests {
    config: Value,
    files: BTreeMap<String, String>,
    repeated: BTreeMap<String, (String, usize)>,
    links: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Recorded {
    common: BTreeMap<String, String>,
    bodies: Vec<String>,
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    method: String,
    path: String,
    asked: BTreeMap<String, String>,
    status: u16,
    headers: BTreeMap<String, Option<String>>,
    body: usize,
}

impl Requests {
    fn dist(&self) -> Dist {
        let dist = Dist::empty();
        for (name, text) in &self.files {
            dist.write(name, text);
        }
        for (name, (text, times)) in &self.repeated {
            dist.write(name, &text.repeat(*times));
        }
        self.links.iter().for_each(|(name, target)| symlink(target, dist.path().join(name)).unwrap());
        dist
    }
}

impl Answer {
    fn header<'a>(&'a self, name: &str, common: &'a BTreeMap<String, String>) -> Option<&'a str> {
        match self.headers.get(name) {
            Some(own) => own.as_deref(),
            None => common.get(name).map(String::as_str),
        }
    }

    /// Whether a header is another one on purpose: rows of `docs/compatibility.md`.
    fn is_meant(&self, name: &str, is_encoded: bool, body: &str) -> bool {
        match name {
            // An error has its own type and no file's dates.
            "accept-ranges" | "cache-control" | "content-type" | "etag" | "last-modified" => {
                matches!(self.status, 412 | 416)
            }
            // An empty body is framed otherwise; what is encoded says its length.
            "content-length" => is_encoded || (self.status == 404 && body.is_empty()),
            // A part is sent as it is.
            "content-encoding" => self.status == 206,
            "x-request-id" | "date" | "connection" | "keep-alive" => true,
            _ => false,
        }
    }

    fn differences(&self, recorded: &Recorded, ours: &TestResponse) -> Vec<String> {
        let (common, body) = (&recorded.common, recorded.bodies[self.body].as_str());
        let coding = self.header("content-encoding", common);
        let named = ours.headers.keys().map(|name| name.as_str().to_owned());
        let all: std::collections::BTreeSet<_> =
            named.chain(common.keys().cloned()).chain(self.headers.keys().cloned()).collect();
        let headers = all.iter().filter(|name| !self.is_meant(name, coding.is_some(), body));
        let mut told: Vec<_> = headers
            .map(|name| (name.as_str(), self.header(name, common), ours.header(name)))
            .filter(|(_, theirs, ours)| theirs != ours)
            .map(|difference| format!("{difference:?}"))
            .collect();
        if ours.status != self.status {
            told.push(format!("status {} {}", self.status, ours.status));
        }
        let coding = coding
            .filter(|_| self.status == 200)
            .and_then(|name| Coding::ALL.into_iter().find(|one| one.name() == name));
        let expected =
            coding.map_or_else(|| body.as_bytes().to_vec(), |coding| coding.encode(body.as_bytes()).unwrap());
        if ours.body != expected {
            told.push(format!("body {body:?} {:?}", ours.text()));
        }
        told
    }
}

async fn asked(backend: &RunningTestBackend, answer: &Answer) -> TestResponse {
    let request = backend.request(Method::from_bytes(answer.method.as_bytes()).unwrap(), &answer.path);
    answer
        .asked
        .iter()
        .fold(request, |request, (name, value)| request.header(name, value))
        .without_credentials()
        .await
}

#[tokio::test]
async fn what_node_has_answered_is_answered_again() {
    let requests: Requests = serde_json::from_str(include_str!("../node/requests.json")).unwrap();
    let recorded: Recorded = serde_json::from_str(include_str!("../node/recorded.json")).unwrap();
    let dist = requests.dist();
    let backend = dist.backend(&requests.config).start().await.unwrap();
    let mut wrong = vec![];
    for answer in &recorded.answers {
        let ours = asked(&backend, answer).await;
        let told = answer.differences(&recorded, &ours);
        wrong.extend(
            (!told.is_empty())
                .then(|| format!("{} {} {:?}: {told:?}", answer.method, answer.path, answer.asked)),
        );
    }
    assert!(recorded.answers.len() > 400);
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

//! What Node's parser has made of the bytes that it got: lines of `peer/record.js`.

use greenroom_conformance::backend::Backend;
use serde_json::Value;

use crate::{Connection, printed};

/// Something that Node's parser has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saw {
    /// `request`, `upgrade`, `checkContinue`…, or `clientError` for what is no request.
    pub event: String,
    /// Its method; empty for what is none.
    pub method: String,
    /// Its target.
    pub url: String,
    /// Its header, as it came.
    pub headers: Vec<(String, String)>,
    /// From which address.
    pub from: String,
    /// Why it is none.
    pub code: String,
}

impl Saw {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// All so far; also where the lines are told again by who has started Node.
pub fn all(output: &str) -> Vec<Saw> {
    output.lines().filter_map(of_line).collect()
}

/// Those that came since, once Node has seen all that was sent on `port` before: what is asked for last is seen last.
pub async fn since(node: &Backend, port: u16, before: usize, name: &str) -> Vec<Saw> {
    let url = format!("/api/gw/ok/{name}");
    let answer = Connection::to(port).await.get(&url).await;
    assert_eq!(answer.head.status, 200, "{url}");
    let last = |output: &str| {
        let mut all = all(output);
        let at = all.iter().position(|saw| saw.url == url)?;
        all.truncate(at);
        Some(all.split_off(before.min(all.len())))
    };
    let mut seen = printed(node, &format!("SAW {url}"), last).await;
    seen.retain(|saw| !saw.url.starts_with("/.backstage/"));
    seen
}

fn of_line(line: &str) -> Option<Saw> {
    // Greenroom has made a record of it where it has started Node.
    let record = serde_json::from_str::<Value>(line).ok();
    let line = record.as_ref().and_then(|record| record["message"].as_str()).unwrap_or(line);
    let told = line.split_once("SAW ")?.1;
    let told: Value = serde_json::from_str(told).ok()?;
    let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    let raw: Vec<_> = told["rawHeaders"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| it.as_str().unwrap_or_default())
        .collect();
    let headers = raw.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
    let [event, method, url, from, code] = ["event", "method", "url", "from", "code"].map(text);
    Some(Saw { event, method, url, headers, from, code })
}

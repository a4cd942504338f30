//! What is told of two servers, as text, JSON and JUnit's XML.

use axum::http::StatusCode;
use greenroom_conform::{Area, Known};

use crate::kit::{Said, Server, client, compared, conform};

/// Texts that mean something to XML, to a terminal, and to a shell.
fn nasty(path: &str, said: &mut Said) {
    if path == "/healthcheck" {
        said.body = "<b a='1'>&amp; ]]> \u{1b}[31m \u{1} \"quoted\"".to_owned();
        said.header("content-type", "text/plain");
    }
    if path == "/api" {
        said.status = StatusCode::GONE;
    }
}

#[tokio::test]
async fn a_difference_is_seen_at_once() {
    let (a, b) = (
        Server::plain().await,
        Server::with(|path, said| {
            if path.starts_with("/.backstage/health/v2") {
                said.status = StatusCode::GONE;
            }
        })
        .await,
    );
    let mut conform = conform(&a, &b);
    conform.wanted.areas = [Area::Health].into_iter().collect();
    let report = conform.run(&client(), Known::default()).await.unwrap();
    let text = report.text();
    let (a, b) = (a.address, b.address);
    let expected = format!(
        "a  http://{a}\nb  http://{b}\n\nhealth   9 same, 1 differs\n\nhealth: another version\n  \
         curl -si --path-as-is 'http://{a}/.backstage/health/v2/readiness'\n  status\n    a: 200\n    b: 410\n\n"
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.ends_with("\n\n1 difference in 1 of 10."), "{text}");
}

#[tokio::test]
async fn the_text_holds_no_orders_for_a_terminal() {
    let (a, b) = (Server::plain().await, Server::with(nasty).await);
    let text = compared(&a, &b, "").await.unwrap().text();
    assert!(!text.contains('\u{1b}') && text.contains("\\u001b"), "{text}");
}

#[tokio::test]
async fn that_one_side_names_requests_is_known_whichever_it_is_and_never_missed() {
    let (names, does_not) = (Server::plain().await, Server::with(unnamed).await);
    for (a, b) in [(&names, &does_not), (&does_not, &names)] {
        let report = compared(a, b, "").await.unwrap();
        let text = report.text();
        assert!(report.is_same() && text.ends_with("The same, but for what is known."), "{text}");
        assert!(text.contains("\nKnown: header x-request-id in "), "{text}");
    }
    let alike = compared(&names, &names, "").await.unwrap();
    assert!(!alike.text().contains("x-request-id") && alike.unused().is_empty(), "{}", alike.text());
    // Who has a reason of their own is told that.
    let own = compared(&names, &does_not, "known: [{what: header x-request-id, why: ours}]").await.unwrap();
    assert!(own.text().contains("places: ours\n") && own.unused().is_empty(), "{}", own.text());
}

fn unnamed(_: &str, said: &mut Said) {
    said.headers.remove("x-request-id");
}

#[tokio::test]
async fn json_tells_each_request_with_its_verdict() {
    let (a, b) = (Server::plain().await, Server::with(nasty).await);
    let report = compared(&a, &b, "").await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["same"], false);
    assert_eq!(json["checked"].as_array().unwrap().len(), report.checked.len());
    let of = |name: &str| json["checked"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap();
    assert_eq!(of("no plugin")["differences"][0]["what"], "status");
    assert_eq!(of("no plugin")["verdict"], "differs");
    assert_eq!(of("liveness")["verdict"], "same");
    assert!(of("liveness")["normalised"].as_array().unwrap().iter().any(|rule| rule == "request-id"));
}

#[tokio::test]
async fn junit_is_well_formed_whatever_a_server_says() {
    let (a, b) = (Server::plain().await, Server::with(nasty).await);
    let report =
        compared(&a, &b, "known: [{request: GET /api, what: status, why: '<it> & \"that\"'}]").await.unwrap();
    let xml = report.junit();
    let elements = well_formed(&xml).unwrap_or_else(|why| panic!("{why}:\n{xml}"));
    let count = |name: &str| elements.iter().filter(|element| *element == name).count();
    assert_eq!(count("testcase"), report.checked.len());
    assert_eq!(count("failure"), 1, "{xml}");
    assert_eq!(count("system-out"), 1);
    assert_eq!(count("testsuites"), 1);
}

#[test]
fn what_is_not_well_formed_is_found() {
    for broken in
        ["<a>", "<a></b>", "<a b=c/>", "<a>&</a>", "<a>\u{1}</a>", "<a b=\"<\"/>", "<a/><b/>", "x<a/>"]
    {
        assert!(well_formed(broken).is_err(), "{broken}");
    }
    assert_eq!(well_formed("<?xml version=\"1.0\"?>\n<a b=\"1\">&lt;<c/></a>\n").unwrap(), ["a", "c"]);
}

/// The elements of a document, in the order in which they begin; only what reports use is known: no comments, no CDATA.
fn well_formed(xml: &str) -> Result<Vec<String>, String> {
    let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let is_text = |text: &str| {
        text.chars().all(is_char)
            && text.split('&').skip(1).all(|rest| {
                let name = rest.split(';').next().filter(|name| name.len() < rest.len());
                name.is_some_and(|name| {
                    ["lt", "gt", "amp", "quot", "apos", "#9", "#10", "#13"].contains(&name)
                })
            })
    };
    let mut rest =
        xml.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map_or(xml, |(_, rest)| rest);
    let (mut open, mut elements) = (vec![], vec![]);
    loop {
        let (text, tag) = match rest.split_once('<') {
            Some(parts) => parts,
            None if open.is_empty() && rest.trim().is_empty() && !elements.is_empty() => return Ok(elements),
            None => return Err(format!("ends within {open:?}")),
        };
        if !is_text(text) || text.contains("]]>") || (open.is_empty() && !text.trim().is_empty()) {
            return Err(format!("text {text:?}"));
        }
        let (tag, after) = tag.split_once('>').ok_or("a tag without an end")?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop().as_deref() != Some(name) {
                return Err(format!("</{name}> ends nothing"));
            }
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        while !attributes.trim().is_empty() {
            let (_, value) = attributes.split_once("=\"").ok_or("an attribute without a value")?;
            let (value, after) = value.split_once('"').ok_or("a value without an end")?;
            if !is_text(value) || value.contains('<') {
                return Err(format!("value {value:?}"));
            }
            attributes = after;
        }
        if open.is_empty() && !elements.is_empty() {
            return Err("a second root".to_owned());
        }
        elements.push(name.to_owned());
        if !is_empty {
            open.push(name.to_owned());
        }
    }
}

//! What anybody sees, judged.

use greenroom_http_client::{CallError, Stage};

use super::*;

fn answered(status: u16, text: &str) -> Asked {
    Asked::Answered(Reply { status, text: text.to_owned(), ..Reply::default() })
}

fn hangs() -> Asked {
    let fault = greenroom_http_client::Fault::Deadline { of: Stage::Answer, limit: Duration::from_secs(2) };
    Asked::Failed(CallError::new("127.0.0.1:7007", fault))
}

const NOT_FOUND: &str = r#"{"error":{"name":"NotFoundError"}}"#;
const GUARDED: &str = r#"{"error":{"name":"AuthenticationError","message":"Missing credentials"}}"#;

fn causes(
    asked: Vec<(&str, Asked)>,
    keys: Vec<(&str, Asked)>,
    named: &[&str],
) -> Vec<(&'static str, String)> {
    let ready = || answered(200, r#"{"status":"ok"}"#);
    let health = Health { readiness: ready(), liveness: ready() };
    let owned = |all: Vec<(&str, Asked)>| all.into_iter().map(|(id, asked)| (id.to_owned(), asked)).collect();
    let named = named.iter().map(|id| (*id).to_owned()).collect();
    let of = Plugins { asked: owned(asked), keys: owned(keys), with_token: None, named };
    wrong(&health, &of).into_iter().map(|found| (found.cause, found.what)).collect()
}

#[test]
fn all_that_hang_behind_health_that_answers_are_an_event_loop_and_one_is_a_plugin() {
    let all = causes(vec![("catalog", hangs()), ("auth", hangs())], vec![("catalog", hangs())], &[]);
    assert_eq!(all.iter().map(|(cause, _)| *cause).collect::<Vec<_>>(), ["eventLoop"]);
    assert!(all[0].1.contains("none of 2 plugins answers within 2 s"), "{}", all[0].1);
    let one = causes(vec![("catalog", hangs()), ("auth", answered(401, GUARDED))], vec![], &[]);
    assert_eq!(
        one[0],
        (
            "pluginNotStarted",
            "The backend is ready, and the plugin 'catalog' has not started or answers nothing".to_owned()
        )
    );
}

#[test]
fn a_plugin_that_was_asked_for_by_name_and_is_not_there_is_told() {
    let asked = |keys| {
        let asked = vec![("orders", answered(404, NOT_FOUND)), ("catalog", answered(401, GUARDED))];
        causes(asked, vec![("orders", keys)], &["orders"])
    };
    let told = asked(answered(404, NOT_FOUND));
    assert_eq!(told[0].0, "noSuchPlugin");
    assert!(told[0].1.contains("'orders' is no plugin of it"), "{}", told[0].1);
    // Express says it in a page, Backstage's own in nothing at all.
    assert_eq!(asked(answered(404, ""))[0].0, "noSuchPlugin");
    // It lets everybody in.
    assert_eq!(asked(answered(200, r#"{"keys":[]}"#)), []);
    // Nobody has asked for it by name.
    let other = vec![("techdocs", answered(404, NOT_FOUND)), ("catalog", answered(401, GUARDED))];
    assert_eq!(causes(other, vec![], &[]), []);
}

#[test]
fn a_limit_that_is_reached_is_told_as_such_and_not_as_an_error() {
    let full = r#"{"error":{"name":"ServiceUnavailableError","message":"The plugin 'catalog' has too much to do at the moment; try again in a few seconds"}}"#;
    let all = causes(vec![("catalog", answered(503, full)), ("auth", answered(401, GUARDED))], vec![], &[]);
    let [(cause, what), ..] = &all[..] else { panic!("nothing was found") };
    assert_eq!(*cause, "overloaded");
    assert!(what.starts_with("Requests to the plugin 'catalog' are refused: "), "{what}");
}

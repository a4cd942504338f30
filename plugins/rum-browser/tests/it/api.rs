//! The JSON.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::pages;

#[tokio::test]
async fn a_summary_has_the_unit_of_each_value_in_its_name() {
    let pages = pages(240).await;
    let summary = pages.json("summary").await;
    assert_eq!(
        (&summary["sessions"], &summary["views"], &summary["oneOf"]),
        (&119.into(), &597.into(), &1.into())
    );
    let lcp = &summary["vitals"]["lcpMs"];
    assert_eq!((&lcp["n"], &lcp["rating"].is_string()), (&119.into(), &true));
    assert!(lcp["p75"].as_f64().unwrap() > 500.0, "{lcp}");
    assert!(summary["vitals"]["cls"]["p75"].as_f64().unwrap() < 0.2);
    assert_eq!(summary["routes"].as_array().unwrap().len(), 10);
    assert_eq!(summary["releases"][0]["version"], "1.14.2");
    let time = summary["overTime"][0]["from"].as_str().unwrap();
    assert!(time.ends_with(":00:00.000Z"), "{time}");
}

#[tokio::test]
async fn rum_104_each_list_goes_on_by_its_cursor() {
    let pages = pages(240).await;
    for (list, id) in [("views", "id"), ("sessions", "id"), ("errors", "fingerprint"), ("resources", "name")]
    {
        let whole = pages.json(&format!("{list}?limit=200")).await;
        let whole: Vec<Value> =
            whole["items"].as_array().unwrap().iter().map(|item| item[id].clone()).collect();
        let (mut told, mut cursor) = (vec![], String::new());
        while told.len() < whole.len() {
            let part = pages.json(&format!("{list}?limit=7{cursor}")).await;
            told.extend(part["items"].as_array().unwrap().iter().map(|item| item[id].clone()));
            match part["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        told.truncate(whole.len());
        assert_eq!(told, whole, "{list}");
        assert_eq!(told.iter().collect::<HashSet<_>>().len(), whole.len(), "{list}");
    }
}

#[tokio::test]
async fn rum_105_what_is_wrong_in_a_question_is_a_400_that_names_it() {
    let pages = pages(1).await;
    for (path, named) in [
        ("summary?t=yesterday", "`t`"),
        ("views?cursor=%00", "`cursor`"),
        ("sessions?limit=1000", "`limit`"),
        ("sessions?has=luck", "`has`"),
        ("errors?state=odd", "`state`"),
        ("errors/x?rout=1", "`rout`"),
        ("resources?sort=size", "`sort`"),
        ("summary?env=a&env=b", "`env`"),
    ] {
        let response = pages.get(&format!("/.greenroom/v1/rum/{path}")).await;
        assert_eq!(response.status, 400, "{path}");
        let error = response.json()["error"].clone();
        assert_eq!(error["name"], "InputError");
        assert!(error["message"].as_str().unwrap().contains(named), "{path}: {error}");
    }
}

#[tokio::test]
async fn one_session_and_one_error_are_told_whole() {
    let pages = pages(240).await;
    let sessions = pages.json("sessions?limit=1").await;
    let id = sessions["items"][0]["id"].as_str().unwrap();
    let session = pages.json(&format!("sessions/{id}")).await;
    assert_eq!((session["views"].as_array().unwrap().len(), &session["isCut"]), (5, &false.into()));
    let events = session["events"].as_array().unwrap();
    let fetch = events.iter().find(|event| event["subType"] == "fetch").unwrap();
    assert_eq!(fetch["request"]["replica"], "greenroom-7c9f");
    assert!(
        fetch["request"]["stagesMs"]["handling"].as_f64().unwrap() < fetch["durationMs"].as_f64().unwrap()
    );

    let errors = pages.json("errors").await;
    let group = errors["items"].as_array().unwrap().iter().find(|group| group["state"] == "new").unwrap();
    let error = pages.json(&format!("errors/{}", group["fingerprint"].as_str().unwrap())).await;
    assert_eq!((&error["type"], &error["events"]), (&group["type"], &group["events"]));
    assert_eq!(error["stack"][0]["function"], "toNode");
    for path in ["sessions/none", "errors/none", &format!("sessions/{}", "x".repeat(5000)), "sessions/%00"] {
        assert_eq!(pages.get(&format!("/.greenroom/v1/rum/{path}")).await.status, 404, "{path}");
    }
}

//! Query parameters: what is read, and how the rest is refused.

use axum::{Router, routing::get};
use greenroom_http::{Path, Query};
use serde::Deserialize;
use serde_json::json;

use crate::kit::{Kit, Up};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    offset: u16,
    limit: Option<i8>,
    share: Option<f64>,
    deep: Option<bool>,
    #[serde(default)]
    tag: Vec<String>,
    name: Option<String>,
}

async fn up() -> Up {
    let page = async |Query(page): Query<Page>| {
        let Page { offset, limit, share, deep, tag, name } = page;
        format!("{offset} {limit:?} {share:?} {deep:?} {tag:?} {name:?}")
    };
    #[derive(Deserialize)]
    struct Needed {
        id: u64,
    }
    let needed = async |Query(needed): Query<Needed>| needed.id.to_string();
    let number = async |Path(number): Path<u64>| number.to_string();
    let router = Router::new().route("/page", get(page)).route("/needed", get(needed));
    Kit::new().open(router.route("/number/{number}", get(number))).start().await
}

#[tokio::test]
async fn parameters_are_read_by_name_and_lists_by_repetition() {
    let up = up().await;
    for (query, seen) in [
        ("", "0 None None None [] None"),
        ("?", "0 None None None [] None"),
        ("?offset=7&limit=-3&share=1.5&deep=true", "7 Some(-3) Some(1.5) Some(true) [] None"),
        ("?tag=a&name=x%2By+z&tag=%C3%A9", "0 None None None [\"a\", \"é\"] Some(\"x+y z\")"),
        ("?share=nan&name=nan", "0 None Some(NaN) None [] Some(\"nan\")"),
        ("?name=%ff%", "0 None None None [] Some(\"\u{fffd}%\")"),
    ] {
        assert_eq!(up.get(&format!("/api/x/page{query}")).await.seen(), (200, seen), "{query}");
    }
}

#[tokio::test]
async fn parameters_are_refused_in_words_of_the_caller() {
    let up = up().await;
    for (path, message) in [
        ("/page?offset=x", "Invalid query: 'offset' must be a whole number"),
        ("/page?offset=-1", "Invalid query: 'offset' must be a whole number"),
        ("/page?offset=65536", "Invalid query: 'offset' must be a smaller whole number"),
        ("/page?limit=-129", "Invalid query: 'limit' must be a greater whole number"),
        ("/page?share=much", "Invalid query: 'share' must be a number"),
        ("/page?deep=yes", "Invalid query: 'deep' must be true or false"),
        (
            "/page?ofset=1",
            "Invalid query: 'ofset' is not known, known are 'offset', 'limit', 'share', 'deep', 'tag', 'name'",
        ),
        ("/page?name=a&name=b", "Invalid query: 'name' must be a single value"),
        ("/needed", "Invalid query: 'id' is missing"),
        ("/needed?id=", "Invalid query: 'id' must be a whole number"),
    ] {
        let answer = up.get(&format!("/api/x{path}")).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["name"]), (400, &json!("InputError")), "{path}");
        assert_eq!(error["message"], message, "{path}");
    }
}

#[tokio::test]
async fn no_more_than_the_beginning_of_a_name_or_value_is_repeated() {
    let up = up().await;
    let (long, told) = ("é".repeat(2000), format!("{}…", "é".repeat(100)));
    let sent = "%C3%A9".repeat(2000);
    for (path, message) in [
        (format!("/page?{sent}=1"), format!("Invalid query: '{told}' is not known, known are 'offset', ")),
        (
            format!("/number/{sent}"),
            format!("Invalid path: 'number' must be a whole number, 0 or more, not '{told}'"),
        ),
    ] {
        let answer = up.get(&format!("/api/x{path}")).await;
        let said = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 400);
        assert!(said.starts_with(&message) && !said.contains(&long), "{said}");
    }
}

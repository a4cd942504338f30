//! Query parameters: what is read, and how the rest is refused.

use axum::{Router, routing::get};
use greenroom_http::Query;
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
    Kit::new().open(Router::new().route("/page", get(page)).route("/needed", get(needed))).start().await
}

#[tokio::test]
async fn parameters_are_read_by_name_and_lists_by_repetition() {
    let up = up().await;
    for (query, seen) in [
        ("", "0 None None None [] None"),
        ("?", "0 None None None [] None"),
        ("?offset=7&limit=-3&share=1.5&deep=true", "7 Some(-3) Some(1.5) Some(true) [] None"),
        ("?tag=a&name=x%2By+z&tag=%C3%A9", "0 None None None [\"a\", \"é\"] Some(\"x+y z\")"),
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
async fn numbers_are_finite_as_in_json_and_texts_may_look_otherwise() {
    let up = up().await;
    for value in ["nan", "NaN", "inf", "-inf", "+Infinity", "1e400", "-1e999", "%69nf", "in%66"] {
        let answer = up.get(&format!("/api/x/page?name=inf&share={value}")).await;
        assert_eq!(answer.status, 400, "{value}: {}", answer.text());
        assert_eq!(answer.json()["error"]["message"], "Invalid query: 'share' must be a number", "{value}");
    }
    let texts = up.get("/api/x/page?name=inf&tag=NaN&tag=1e400&share=1e300&offset=7").await;
    let large = format!("7 None Some({:?}) None [\"NaN\", \"1e400\"] Some(\"inf\")", 1e300);
    assert_eq!(texts.seen(), (200, &*large));
}

#[tokio::test]
async fn a_long_name_is_not_repeated_as_a_whole() {
    let up = up().await;
    let answer = up.get(&format!("/api/x/page?{}=1", "o".repeat(5000))).await;
    let begin = format!("Invalid query: '{}…' is not known, known are 'offset'", "o".repeat(100));
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(answer.status == 400 && message.starts_with(&begin), "{message}");
}

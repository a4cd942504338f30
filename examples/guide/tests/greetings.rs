//! The plugin in a backend of its own.

use greenroom_test::TestBackend;
use greetings::{greetings, loud};

#[tokio::test]
async fn it_greets_and_says_so_in_the_log() {
    let backend = TestBackend::new().add(greetings()).add(loud()).start().await.expect("it starts");

    let response = backend.get("/api/greetings/greet/loud/Ada").await;

    assert_eq!(response.status, 200);
    assert_eq!(response.json(), "GOOD EVENING, ADA");
    let line = backend.await_log(|line| line["message"] == "Greeting.").await;
    assert_eq!(line["plugin"], "greetings");
    assert_eq!(line["style"], "loud");
}

#[tokio::test]
async fn an_unknown_style_is_a_404_that_says_why() {
    let backend = TestBackend::new().add(greetings()).start().await.expect("it starts");

    let response = backend.get("/api/greetings/greet/quiet/Ada").await;

    assert_eq!(response.status, 404);
    assert_eq!(response.json()["error"]["name"], "NotFoundError");
    assert_eq!(response.json()["error"]["message"], "There is no style 'quiet'");
}

#[tokio::test]
async fn a_phrase_without_a_name_fails_the_start_and_names_its_line() {
    let backend = TestBackend::new().config("greetings:\n  phrase: Hello\n").add(greetings());
    let lines = backend.captured();

    let failed = backend.start().await.expect_err("it does not start");

    assert!(failed.to_string().ends_with("greetings.phrase must hold {name} (mock-config:2:11)"), "{failed}");
    let line = lines.wait_for(|line| line["level"] == "error").await;
    assert_eq!(
        line["message"],
        "Plugin 'greetings' threw an error during startup. greetings.phrase must hold {name} (mock-config:2:11)"
    );
}

#[tokio::test]
async fn a_misspelt_key_is_told_with_what_was_meant() {
    let config = "greetings:\n  prhase: Hello, {name}\n";
    let backend = TestBackend::new().config(config).add(greetings()).start().await.expect("it starts");

    let line = backend.await_log(|line| line["level"] == "warn").await;
    assert_eq!(
        line["message"],
        "nobody reads 'greetings.prhase', did you mean 'greetings.phrase'? (mock-config:2:11)"
    );
}

#[tokio::test]
async fn readiness_fails_without_a_style_once_config_asks_for_the_check() {
    let config = "greenroom:\n  health:\n    readiness: [greetings.styles]\n";
    let backend = TestBackend::new().config(config).add(greetings()).start().await.expect("it starts");

    let response = backend.get("/.backstage/health/v1/readiness").await;

    assert_eq!(response.status, 503);
    assert_eq!(response.json()["message"], "Check 'greetings.styles' failed");
}

//! A backend with the demo, and its buttons.

use greenroom_plugin_demo::demo;
use greenroom_plugin_tasks::tasks;
use greenroom_test::{RunningTestBackend, TestBackend, TestRequest, TestResponse};
use serde_json::{Value, json};

/// What a config says for it.
pub(crate) fn config() -> Value {
    json!({"greenroom": {"demo": true}})
}

pub(crate) fn backend() -> TestBackend {
    TestBackend::new().config(config()).add(demo()).add(tasks())
}

pub(crate) async fn start() -> RunningTestBackend {
    backend().start().await.unwrap()
}

/// A button, as a browser presses it on the page.
pub(crate) fn button(backend: &RunningTestBackend, name: &str) -> TestRequest {
    let origin = backend.url();
    backend
        .post(&format!("/api/demo/press/{name}"))
        .header("origin", &origin)
        .header("sec-fetch-site", "same-origin")
}

/// The part of the page that is of one button.
pub(crate) fn article(page: &TestResponse, id: &str) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let (_, from) =
        text.split_once(&format!("<article class=\"panel pad sec\" id=\"{id}\"")).expect("its part");
    from.split_once("</article>").expect("its end").0.to_owned()
}

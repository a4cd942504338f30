//! What of an edit waits for the next start is told, key by key.

use crate::live_config::Following;

const LISTEN: &str = "listen: '127.0.0.1:0'";

fn told(backend: &Following, count: usize) -> Vec<String> {
    let next = || backend.until("takes effect at the next start");
    let lines = (0..count).map(|_| next()).inspect(|line| assert_eq!(line["level"], "warn"));
    lines.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_that_is_read_at_start_and_was_changed_is_told_in_one_line() {
    let text = |rest: &str| format!("backend: {{baseUrl: 'http://x', {LISTEN}{rest}}}\n");
    let token = |token: &str| {
        format!(", auth: {{externalAccess: [{{type: static, options: {{token: {token}, subject: me}}}}]}}")
    };
    let backend = Following::start("backstage", &text(&token("first-token"))).await;
    let waits =
        |key: &str, place: &str| format!("'{key}' was changed, which takes effect at the next start{place}");

    backend.write(&(text(&token("second-token")) + "mail: {workers: 2, from: me}\napp: {title: ours}\n"));
    assert_eq!(
        told(&backend, 2),
        [
            waits("backend.auth.externalAccess", " (app-config.yaml:1:62)"),
            waits("mail.workers", " (app-config.yaml:2:17)"),
        ]
    );

    // What is gone is told too; what is as it was at start is not.
    backend.write(&text(&format!("{}, cors: {{}}, server: {{timeout: 5s}}", token("first-token"))));
    assert_eq!(
        told(&backend, 2),
        [
            waits("backend.server.timeout", " (app-config.yaml:1:169)"),
            waits("backend.cors", " (app-config.yaml:1:141)"),
        ]
    );
    backend.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_what_takes_effect_at_once_nor_where_node_says_nothing() {
    let text = |level: &str, workers: u8| {
        format!(
            "backend: {{baseUrl: 'http://x', {LISTEN}, logger: {{level: {level}}}}}\nmail: {{workers: {workers}}}\n"
        )
    };
    for (format, changed) in [("backstage", text("debug", 1)), ("node", text("debug", 2))] {
        let backend = Following::start(format, &text("info", 1)).await;
        backend.change(&changed);
        backend.logger.debug("last");
        loop {
            let line = backend.next();
            let message = line["message"].as_str().unwrap();
            assert!(!message.contains("next start"), "{message}");
            if message == "last" {
                break;
            }
        }
        backend.running.stop().await;
    }
}

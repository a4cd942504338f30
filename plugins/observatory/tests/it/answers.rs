//! The first sentence is the answer; what is below shows why.

use greenroom::prelude::*;
use tokio::io::AsyncWriteExt;

use crate::support::{backend, fail, now, registers, sentence, shop, text, timeless};

#[tokio::test]
async fn a_backend_that_is_ready_says_since_when() {
    let backend = backend()
        .add(registers("tasks", |health, _| drop(health.check("queue", async || Check::pass()))))
        .start();
    let backend = backend.await.unwrap();
    let page = now(&backend).await;
    assert_eq!(timeless(&sentence(&page)), "Ready for N s.");
    let said = text(&page);
    assert!(said.contains("2 of 2 plugins serve. The start at "), "{said}");
    assert!(said.contains("Passes tasks.queue"), "{said}");
    assert!(said.contains("No error has been logged since the start."), "{said}");
    assert!(said.contains("Serves tasks"), "{said}");
    assert!(!page.contains("class=\"call "), "nothing to be said first");
}

#[tokio::test]
async fn a_backend_that_is_not_ready_says_why_whom_it_affects_and_the_next_step() {
    let down = registers("catalog", |health, _| {
        let why = "PostgreSQL refuses connections on db.internal:5432";
        let said = Check::fail(why).next_step("start PostgreSQL");
        health.declare("server").readiness().run(async move || said);
        health.check("slow", async || Check::warn("1.2 s for a page"));
    });
    let backend = backend().add(down).start().await.unwrap();
    let page = now(&backend).await;
    let why = "catalog.server fails, PostgreSQL refuses connections on db.internal:5432";
    assert_eq!(timeless(&sentence(&page)), format!("Not ready for N s: {why}."));
    let said = text(&page);
    assert!(said.starts_with("Not ready · Greenroom"), "the tab says it too: {said}");
    for part in [
        "Whom it affects Everybody: readiness answers 503",
        "What we know catalog.server : PostgreSQL refuses connections on db.internal:5432 , since ",
        "Next step Start PostgreSQL.",
        "Look at what the plugin catalog says",
        "/.backstage/health/v1/readiness?verbose'",
        "it is ready again by itself",
        "Fails catalog.server PostgreSQL refuses connections",
        "Warns catalog.slow 1.2 s for a page",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[tokio::test]
async fn health_22_what_to_do_and_the_lines_around_its_beginning_stand_below_the_checks() {
    let off = registers("mail", |health, logger| {
        logger.warn("No route to mail.internal");
        let said = Check::fail("it is away").next_step("start mail.internal again");
        health.check("server", async move || said);
    });
    let backend = backend().add(off).start().await.unwrap();
    backend.await_log(|line| line["message"] == "Health check failed").await;
    let said = text(&now(&backend).await);
    assert!(said.contains("mail.server , next step: start mail.internal again ."), "{said}");
    let lines = said.split_once("Lines around the time at which it began").expect("there are some").1;
    assert!(lines.contains("No route to mail.internal"), "{lines}");
}

#[tokio::test]
async fn several_failures_are_told_with_the_first_and_how_many_others() {
    let down = registers("catalog", |health, _| {
        for name in ["a", "b", "c"] {
            health.declare(name).readiness().run(async || Check::fail("it is away"));
        }
    });
    let page = now(&backend().add(down).start().await.unwrap()).await;
    let sentence = timeless(&sentence(&page));
    assert!(
        sentence.starts_with("Not ready for N s: catalog.")
            && sentence.ends_with(" fails, it is away; 2 other checks fail too."),
        "{sentence}"
    );
}

#[tokio::test]
async fn what_readiness_does_not_ask_is_told_behind() {
    let off = registers("mail", |health, _| {
        health.check("server", async || Check::fail("it is away"));
        health.check("queue", async || Check::warn("700 wait"));
    });
    let page = now(&backend().add(off).start().await.unwrap()).await;
    assert_eq!(
        timeless(&sentence(&page)),
        "Ready for N s; 1 check fails; readiness does not depend on it; 1 check warns."
    );
}

#[tokio::test]
async fn a_plugin_that_failed_to_start_is_named_with_its_reason() {
    let broken = plugin("catalog", |env| {
        env.register_init(async || Err::<(), _>(Error::new("the schema is newer than this version").into()));
    });
    let config = "{ backend: { startup: { plugins: { catalog: { onPluginBootFailure: continue } } } } }";
    let backend =
        backend().add(broken).config(greenroom::config::RootConfig::from_yaml(config).unwrap()).start();
    let page = now(&backend.await.unwrap()).await;
    let said = text(&page);
    assert_eq!(timeless(&sentence(&page)), "Ready for N s; 1 plugin failed to start and answers 503.");
    assert!(said.contains("What we know the schema is newer than this version"), "{said}");
    assert!(said.contains("Answers 503 catalog"), "{said}");
    assert!(said.contains("greenroom config check"), "{said}");
}

#[tokio::test]
async fn errors_that_say_the_same_are_told_once_with_how_many_there_were() {
    let noisy = registers("proxy", |_, logger| {
        for _ in 0..3 {
            error!(logger, "upstream answered 502");
        }
        for id in ["5f2a9c01bb34de", "e3a1b2c4d5f6a7"] {
            error!(logger, "no answer, logId={id}");
        }
        error!(logger, "query cancelled");
    });
    let said = text(&now(&backend().add(noisy).start().await.unwrap()).await);
    assert!(said.contains("query cancelled proxy · lines of plugin proxy 1 "), "{said}");
    assert!(said.contains("upstream answered 502 proxy · lines of plugin proxy 3 "), "{said}");
    assert!(
        said.contains("no answer, logId=e3a1b2c4d5f6a7 proxy · lines of plugin proxy 2 "),
        "the newest message: {said}"
    );
}

#[tokio::test]
async fn of_a_message_of_several_lines_the_first_is_shown_and_all_for_whoever_opens_them() {
    let noisy =
        registers("proxy", |_, logger| error!(logger, "upstream is away\n  at a.js:1\n  at b.js:2\u{1b}[0m"));
    let page = now(&backend().add(noisy).start().await.unwrap()).await;
    assert!(page.contains("<bdi>upstream is away</bdi><details>"), "{page}");
    assert!(page.contains("<bdi>upstream is away\n  at a.js:1\n  at b.js:2\\u{1b}[0m</bdi>"), "{page}");
    assert!(!page.contains(|c| ('\u{2400}'..='\u{2421}').contains(&c)), "no font has these: {page}");
}

#[tokio::test]
async fn all_errors_of_a_request_are_one_row_which_tells_the_cause() {
    let backend = backend().add(shop()).start().await.unwrap();
    for id in ["press-16", "press-17"] {
        fail(&backend, id).await;
    }
    let said = text(&now(&backend).await);
    let errors = said.split("Last errors").nth(1).unwrap().split("Plugins").next().unwrap();
    assert!(errors.contains("the stock list is away"), "{errors}");
    assert!(
        errors.contains("shop · lines of request press-17 , with 1 more error line"),
        "the newest: {errors}"
    );
    assert!(!errors.contains("press-16") && !errors.contains("Request failed with status"), "{errors}");
    assert!(errors.trim_end().ends_with(" 2"), "it happened twice: {errors}");
}

#[tokio::test]
async fn requests_are_told_by_plugin_and_those_of_operators_are_not_counted() {
    use axum::{Router, routing::get};
    let busy = plugin("busy", |env| {
        env.register_init(async |http: HttpRouter| {
            let fail = get(async || HandlerResult::<&str>::Err(Error::new("no").into()));
            http.mount(Router::new().route("/ok", get(async || "ok")).route("/fail", fail));
            Ok(())
        });
    });
    let backend = backend().add(busy).start().await.unwrap();
    for path in ["/api/busy/ok", "/api/busy/ok", "/api/busy/ok", "/api/busy/fail"] {
        backend.get(path).await;
    }
    for _ in 0..3 {
        now(&backend).await;
    }
    // An answer has left before the backend knows that it has.
    backend
        .await_log(|line| line["message"].as_str().is_some_and(|message| message.contains("/api/busy/fail")))
        .await;
    let said = text(&now(&backend).await);
    let row = said.split("Serves busy").nth(1).unwrap_or_else(|| panic!("{said}"));
    assert!(row.starts_with(" 0.01 "), "4 requests in 5 minutes: {row}");
    assert!(row.split(" Serves").next().unwrap().contains(" 25.0 % "), "{row}");
}

#[tokio::test]
async fn probes_are_no_users_and_requests_that_were_given_up_are_told_beside_those_that_failed() {
    use axum::{Router, routing::get};
    let came = std::sync::Arc::new(tokio::sync::Notify::new());
    let comes = came.clone();
    let waits = plugin("waits", move |env| {
        env.register_init(async move |http: HttpRouter| {
            let long = async move || {
                comes.notify_one();
                std::future::pending::<&str>().await
            };
            http.mount(Router::new().route("/long", get(long)));
            Ok(())
        });
    });
    let down = registers("catalog", |health, _| {
        health.declare("server").readiness().run(async || Check::fail("it is away"));
    });
    let backend = backend().add(waits).add(down).start().await.unwrap();
    let probe = "/.backstage/health/v1/readiness";
    assert_eq!(backend.get(probe).await.status, 503);
    let host = backend.url().trim_start_matches("http://").to_owned();
    let mut client = tokio::net::TcpStream::connect(&host).await.unwrap();
    let head = format!("GET /api/waits/long HTTP/1.1\r\nHost: {host}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(10), async {
        came.notified().await;
        drop(client);
        while !text(&now(&backend).await).contains("1 request given up without an answer") {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it is told in time");
    let said = text(&now(&backend).await);
    assert!(said.contains("5xx answers –"), "no user has had an answer: {said}");
}

#[tokio::test]
async fn without_a_check_the_page_says_what_readiness_stands_for_only_while_that_is_so() {
    let ready = text(&now(&backend().start().await.unwrap()).await);
    assert!(ready.contains("readiness says that all plugins have started."), "{ready}");
    assert!(ready.contains("Each runs at least every 10 s"), "{ready}");
}

//! The last lines of a request, of a plugin, of all.

use greenroom::prelude::*;

use crate::support::{backend, fail, now, registers, sentence, shop, shown, text};

#[tokio::test]
async fn the_lines_of_a_request_are_told_in_a_sentence_and_shown_in_their_order_with_fields_and_stack() {
    let backend = backend().add(shop()).start().await.unwrap();
    fail(&backend, "press-17").await;
    fail(&backend, "press-18").await;
    let page = shown(&backend, "/.greenroom/lines?request=press-17").await;
    let said = sentence(&page);
    assert!(
        said.starts_with("4 lines of request press-17, over ") && said.ends_with(", 2 errors."),
        "{said}"
    );
    let said = text(&page);
    let parts = [
        "The lines of the last ",
        " are kept here, in the memory of this replica.",
        "info shop Counting what is in stock.",
        "error shop ",
        "the stock list is away",
        "logId=",
        "Stack",
        "Request failed with status 500",
        "/api/shop/stock",
    ];
    let mut rest = &*said;
    for part in parts {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part} in its place: {said}")).1;
    }
    assert!(!said.contains("press-18"), "{said}");
}

#[tokio::test]
async fn the_lines_of_a_plugin_are_the_last_two_hundred() {
    let talks = registers("talks", |_, logger| {
        for number in 0..250 {
            info!(logger, "line {number} of many");
        }
    });
    let backend = backend().add(talks).add(shop()).start().await.unwrap();
    fail(&backend, "press-17").await;
    let page = shown(&backend, "/.greenroom/lines?plugin=talks").await;
    assert!(sentence(&page).starts_with("The last 200 lines of the plugin talks, over "), "{page}");
    assert!(page.contains("line 249 of many") && !page.contains("line 9 of many"));
    assert!(!page.contains("Counting what is in stock"));
}

#[tokio::test]
async fn without_a_name_all_lines_are_shown_and_an_empty_name_is_none() {
    let backend = backend().add(shop()).start().await.unwrap();
    fail(&backend, "press-17").await;
    for path in ["/.greenroom/lines", "/.greenroom/lines?request=&plugin="] {
        let page = shown(&backend, path).await;
        assert!(sentence(&page).contains(" lines of this backend, over "), "{}", sentence(&page));
        assert!(page.contains("Counting what is in stock."), "{page}");
    }
}

#[tokio::test]
async fn requests_for_files_of_the_pages_are_left_out_unless_one_of_them_is_asked_for() {
    // What pages ask for is not logged above it.
    let config = greenroom::config::RootConfig::from_yaml("{ backend: { logger: { level: debug } } }");
    let backend = backend().config(config.unwrap()).start().await.unwrap();
    let page = now(&backend).await;
    let file = page
        .split('"')
        .find(|word| word.starts_with("/.greenroom/assets/") && word.ends_with(".css"))
        .unwrap();
    backend.get(file).header("x-request-id", "file-1").await;
    backend.await_log(|line| line["url"] == *file).await;
    let all = shown(&backend, "/.greenroom/lines").await;
    assert!(!text(&all).contains(file), "{}", text(&all));
    assert!(text(&all).contains("1 line of files that these pages load left out"), "{}", text(&all));
    let one = shown(&backend, "/.greenroom/lines?request=file-1").await;
    assert!(text(&one).contains(file), "{}", text(&one));
}

#[tokio::test]
async fn where_nothing_is_found_the_page_says_how_far_back_it_looks_and_where_the_rest_is() {
    let backend = backend().start().await.unwrap();
    let page = shown(&backend, "/.greenroom/lines?trace=4bf92f3577b34da6a3ce929d0e0e4736").await;
    assert_eq!(sentence(&page), "No line of trace 4bf92f3577b34da6a3ce929d0e0e4736 is kept here.");
    let said = text(&page);
    assert!(said.contains("The lines of the last "), "{said}");
    assert!(said.contains("writes to stdout: search it for 4bf92f3577b34da6a3ce929d0e0e4736"), "{said}");
}

#[tokio::test]
async fn where_no_lines_are_kept_the_page_says_which_key_says_so() {
    let config = greenroom::config::RootConfig::from_yaml("{ greenroom: { logStore: { bytes: 0 } } }");
    let backend = backend().config(config.unwrap()).start().await.unwrap();
    let said = text(&shown(&backend, "/.greenroom/lines?request=press-17").await);
    assert!(said.contains("Lines are not kept: greenroom.logStore.bytes is 0."), "{said}");
}

#[tokio::test]
async fn an_error_of_a_request_and_a_failing_check_lead_to_their_lines() {
    let down = registers("catalog", |health, _| {
        health.declare("server").readiness().run(async || Check::fail("it is away"));
    });
    let backend = backend().add(shop()).add(down).start().await.unwrap();
    fail(&backend, "press-17").await;
    let page = now(&backend).await;
    for link in ["/.greenroom/lines?request=press-17", "/.greenroom/lines?plugin=catalog"] {
        assert!(page.contains(&format!("href=\"{link}\"")), "{link}");
        assert!(!sentence(&shown(&backend, link).await).starts_with("No line"), "{link}");
    }
}

//! The pages: the sentences that they begin with, and what they lead to.

use greenroom_plugin_rum_store::made;

use crate::support::{pages, text_of, without_tags};

/// Links of a page that begin so.
fn links(page: &str, begin: &str) -> Vec<String> {
    let links =
        page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
    links.filter(|link| link.starts_with(begin)).collect()
}

#[tokio::test]
async fn rum_107_each_page_begins_with_its_answer() {
    let pages = pages(480).await;
    let vitals = pages.page("/.greenroom/browser").await;
    let said = text_of(&vitals, "h1");
    assert!(
        said.starts_with(&format!("{} ", made::SLOW_ROUTE)) || said.starts_with("Pages got slower at"),
        "{said}"
    );
    assert!(without_tags(&vitals).contains("its pages wait for /api/catalog/entities/by-query."), "{said}");

    let sessions = pages.page("/.greenroom/browser/sessions").await;
    let said = text_of(&sessions, "h1");
    assert!(said.starts_with("239 sessions in the last 24 hours; 2 are open now and "), "{said}");

    let errors = pages.page("/.greenroom/browser/errors").await;
    let said = text_of(&errors, "h1");
    assert!(said.starts_with("One new error since 1.14.2 makes "), "{said}");
    assert!(said.ends_with(": TypeError: Cannot read properties of undefined (reading 'spec')."), "{said}");

    let error = pages.page(&links(&errors, "/.greenroom/browser/errors/9f3a").remove(0)).await;
    assert_eq!(text_of(&error, "h1"), "TypeError: Cannot read properties of undefined (reading 'spec')");
    let text = without_tags(&error);
    assert!(text.contains(", only with 1.14.2, only on /catalog/:namespace/:kind/:name."), "{text}");
    assert!(text.contains("waited 1.00 s or longer for a request just before."), "{text}");

    let resources = pages.page("/.greenroom/browser/resources").await;
    let said = text_of(&resources, "h1");
    assert!(
        said.starts_with("GET /api/catalog/entities/by-query takes longest: 75 of 100 are there within "),
        "{said}"
    );
}

#[tokio::test]
async fn how_often_an_error_was_is_of_the_time_of_the_page_and_with_what_of_all_that_is_kept() {
    let pages = pages(480).await;
    let error = format!("/.greenroom/browser/errors/{}?t=6h", made::OLD_ERROR);
    let page = pages.page(&error).await;
    let text = without_tags(&page);
    assert!(text.contains(" in the last 6 hours. Known since "), "{text}");
    // In this time everybody has the new release; the error was there before.
    assert!(text.contains(", first with 1.14.1.") && !text.contains("only with"), "{text}");
    assert!(text.contains("Versions in this time"), "{text}");
}

#[tokio::test]
async fn the_sentence_on_sessions_counts_what_is_listed() {
    let pages = pages(480).await;
    let said = async |has: &str| {
        text_of(&pages.page(&format!("/.greenroom/browser/sessions?has={has}")).await, "h1")
    };
    assert_eq!(said("frustration").await, "No session with a frustration in the last 24 hours.");
    let listed = pages.json("sessions?has=errors&limit=200").await["items"].as_array().unwrap().len();
    let errors = said("errors").await;
    let begins = format!("{listed} sessions with an error in the last 24 hours; ");
    assert!(listed > 1 && errors.starts_with(&begins), "{errors}");
    assert!(!errors.contains("met an error"), "{errors}");
}

#[tokio::test]
async fn rum_108_from_the_slowest_resource_links_lead_to_its_backend_request() {
    let pages = pages(480).await;
    let resources = pages.page("/.greenroom/browser/resources").await;
    let slowest = links(&resources, "/.greenroom/browser/sessions/").remove(0);
    let session = pages.page(slowest.split('#').next().unwrap()).await;
    let said = text_of(&session, "h1");
    // It may be the one that is still open.
    assert!(said.contains("3 min 20 s"), "{said}");
    assert!(said.contains(" in which /catalog/:namespace/:kind/:name took "), "{said}");
    assert!(said.contains(", because GET /api/catalog/entities/by-query took "), "{said}");
    let open =
        session.split(r#"<li class="slow"><details open>"#).nth(1).unwrap().split("</li>").next().unwrap();
    assert!(open.contains(r#"id="open""#) && open.contains("/api/catalog/entities/by-query"), "{open}");
    assert!(without_tags(&session).contains("were spent here and"), "where the time went");
}

#[tokio::test]
async fn a_list_goes_on_and_filters_are_links_that_take_them_away() {
    let pages = pages(480).await;
    let page = pages.page("/.greenroom/browser/sessions?device=desktop&has=errors&t=7d&limit=10").await;
    let older = links(&page, "/.greenroom/browser/sessions?")
        .into_iter()
        .find(|link| link.contains("cursor="))
        .unwrap();
    assert!(older.contains("device=desktop") && older.contains("t=7d"), "{older}");
    let next = pages.page(&older).await;
    assert_ne!(links(&page, "/.greenroom/browser/sessions/"), links(&next, "/.greenroom/browser/sessions/"));
    assert!(page.contains(r#"aria-label="Remove filter device: desktop""#));
    let said = text_of(&pages.page("/.greenroom/browser?device=tablet").await, "h1");
    assert_eq!(said, "No views that these filters leave, in the last 24 hours.");
    let wrong = pages.get("/.greenroom/browser?t=soon").await;
    assert_eq!(wrong.status, 400);
    assert!(text_of(&wrong.text(), "h1").contains("is no length of time"), "{}", wrong.text());
    assert_eq!(pages.get("/.greenroom/browser/sessions/none").await.status, 404);
}

#[tokio::test]
async fn rum_109_an_empty_page_says_why_and_the_one_thing_to_do() {
    let pages = pages(0).await;
    for path in ["", "/sessions", "/errors", "/resources"] {
        let page = pages.page(&format!("/.greenroom/browser{path}")).await;
        assert_eq!(text_of(&page, "h1"), "No browser events yet, because the SDK is not laid out.");
        assert_eq!(page.matches("data-copy").count(), 1, "one command");
        assert!(
            without_tags(&page).contains("greenroom rum sdk") && page.contains("What will be here"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn rum_106_with_100_000_events_a_page_has_at_most_150_kb() {
    let pages = pages(2_000).await;
    let resources = pages.page("/.greenroom/browser/resources?t=7d").await;
    let errors = pages.page("/.greenroom/browser/errors?t=7d").await;
    let session = links(&resources, "/.greenroom/browser/sessions/").remove(0);
    let error = links(&errors, "/.greenroom/browser/errors/").remove(0);
    let paths = [
        "/.greenroom/browser?t=7d",
        "/.greenroom/browser/sessions?t=7d",
        session.split('#').next().unwrap(),
        &error,
    ];
    let mut shown = vec![resources, errors];
    for path in paths {
        shown.push(pages.page(path).await);
    }
    let sizes: Vec<_> = shown.iter().map(String::len).collect();
    assert!(sizes.iter().all(|size| *size < 150_000), "{sizes:?}");
}

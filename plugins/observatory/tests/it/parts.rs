//! What other plugins have on the page.

use std::time::{Duration, SystemTime};

use greenroom::{health::HealthResponse, prelude::*};
use greenroom_plugin_observatory_node::{
    Behind, LiveParts, NowPart, NowParts, Problem,
    parts::{Call, Part, panel},
};
use greenroom_test::TestBackend;
use maud::{Render, html};

use crate::{
    live::{Stream, events},
    support::{backend, now, sentence, text, timeless},
};

/// A plugin with a part, and a problem if it has one.
fn queue(problem: Option<&'static str>) -> Plugin {
    queue_behind(problem, None)
}

/// The same with a problem that is told although the backend is ready.
fn stuck_queue() -> Plugin {
    plugin("queue", |env| {
        env.register_init(async |now: NowParts| {
            now.add(|_| NowPart {
                problem: Some(
                    Problem::new(SystemTime::now(), "it is busy").instead("The queue has stood still"),
                ),
                calls: html! {},
                body: html! {},
                figures: vec![],
                live: LiveParts::default(),
                behind: None,
            });
            Ok(())
        });
    })
}

/// The same of a server behind this one, which has been ready since a moment after the backend.
fn queue_behind(problem: Option<&'static str>, behind: Option<Behind>) -> Plugin {
    plugin("queue", move |env| {
        env.register_init(async move |now: NowParts| {
            now.add(move |_| {
                let mut live = LiveParts::default();
                let waiting = live.part("queue waiting", 3);
                let body =
                    Part::new("queue", "Queue").body(panel(html! { p { (waiting) " jobs wait." } })).render();
                let since = SystemTime::now() - Duration::from_secs(3600);
                let problem = problem.map(|what| Problem::new(since, what));
                let (calls, figures) = (Call::warning("The queue grows.").render(), vec![]);
                NowPart { problem, calls, body, figures, live, behind }
            });
            Ok(())
        });
    })
}

fn not_ready(backend: TestBackend) -> TestBackend {
    backend.add(greenroom::core::decorate(async |_: RootHealth| Ok(RootHealth::new(Never))))
}

struct Never;

impl greenroom::health::RootHealthService for Never {
    fn readiness<'a>(
        &'a self,
        _: &'a greenroom::health::Probe,
    ) -> greenroom::context::BoxFuture<'a, HealthResponse> {
        Box::pin(async { HealthResponse::unavailable("The queue is away") })
    }
}

#[tokio::test]
async fn a_part_stands_on_the_page_with_what_it_says_first_and_is_in_the_stream() {
    let backend = backend().add(queue(None)).start().await.unwrap();
    let page = now(&backend).await;
    let said = text(&page);
    let (call, part, checks) =
        (said.find("The queue grows."), said.find("3 jobs wait."), said.find("Checks Each"));
    assert!(call.is_some() && call < part && part < checks, "{said}");
    let parts = Stream::open(&backend, events(&page)).await.next("parts").await;
    assert_eq!(parts["queue waiting"], "3");
}

#[tokio::test]
async fn what_it_says_of_why_the_backend_is_not_ready_is_how_the_page_begins() {
    let backend =
        not_ready(backend().add(queue(Some("the queue at q.internal is away")))).start().await.unwrap();
    let said = timeless(&sentence(&now(&backend).await));
    assert!(
        said.starts_with("Not ready for ") && said.ends_with(": the queue at q.internal is away."),
        "{said}"
    );
}

#[tokio::test]
async fn without_checks_a_backend_that_is_not_ready_is_not_said_to_have_started() {
    let backend = not_ready(backend().add(queue(Some("it is away")))).start().await.unwrap();
    let said = text(&now(&backend).await);
    assert!(
        said.contains("No plugin has a health check so far: why it is not ready stands above."),
        "{said}"
    );
}

#[tokio::test]
async fn no_page_calls_a_backend_ready_above_what_is_told_although_it_is() {
    for (backend, pill) in [(backend().add(stuck_queue()), "Degraded"), (backend().add(queue(None)), "Ready")]
    {
        let page = now(&backend.start().await.unwrap()).await;
        let said = text(page.split_once("class=\"pill ").unwrap().1.split_once("</a>").unwrap().0);
        assert!(said.ends_with(pill), "{said}");
    }
}

#[tokio::test]
async fn a_backend_that_is_ready_has_no_problem_whatever_a_part_says() {
    let backend = backend().add(queue(Some("the queue at q.internal is away"))).start().await.unwrap();
    assert_eq!(timeless(&sentence(&now(&backend).await)), "Ready for N s.");
}

#[tokio::test]
async fn who_is_ready_again_since_a_stall_is_told_with_the_stall_and_since_when() {
    for (since, is_told) in
        [(SystemTime::now() + Duration::from_secs(60), true), (SystemTime::UNIX_EPOCH, false)]
    {
        let behind = Behind {
            ready_since: Some(since),
            after_stall: Some(Duration::from_millis(12_340)),
            ..Behind::default()
        };
        let backend = backend().add(queue_behind(None, Some(behind))).start().await.unwrap();
        let said = text(&now(&backend).await);
        let told = " UTC, after Node's event loop had stood still for 12.34 s.";
        assert_eq!(said.replace('\u{a0}', " ").contains(told), is_told, "{said}");
    }
}

#[tokio::test]
async fn in_front_of_another_server_ready_counts_from_when_that_one_was_and_what_is_ones_own_is_told_so() {
    // Not before this backend's own start, whatever that one says.
    for (since, lasted) in [
        (SystemTime::now() + Duration::from_secs(3600), "Ready for 0 s."),
        (SystemTime::UNIX_EPOCH, "Ready for N s."),
    ] {
        let behind = Behind { ready_since: Some(since), ..Behind::default() };
        let backend = backend().add(queue_behind(None, Some(behind))).start().await.unwrap();
        let page = now(&backend).await;
        let heading = sentence(&page);
        assert!([heading.clone(), timeless(&heading)].contains(&lasted.to_owned()), "{heading}");
        let said = text(&page);
        for part in [
            "Greenroom's own: 2 of 2 plugins serve. The start at ",
            "Memory, Greenroom's own",
            "Last errors, Greenroom's own",
            "Greenroom has logged no error since its start.",
            "Plugins, Greenroom's own",
            "Last start, Greenroom's own Step by step",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
    }
    assert!(!text(&now(&backend().start().await.unwrap()).await).contains("Greenroom's own"));
}

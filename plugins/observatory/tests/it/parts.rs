//! What other plugins have on the page.

use std::time::{Duration, SystemTime};

use greenroom::{health::HealthResponse, prelude::*};
use greenroom_plugin_observatory_node::{
    LiveParts, NowPart, NowParts, Problem,
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
    plugin("queue", move |env| {
        env.register_init(async move |now: NowParts| {
            now.add(move |_| {
                let mut live = LiveParts::default();
                let waiting = live.part("queue waiting", 3);
                let body =
                    Part::new("queue", "Queue").body(panel(html! { p { (waiting) " jobs wait." } })).render();
                let since = SystemTime::now() - Duration::from_secs(3600);
                let problem = problem.map(|what| Problem { since, what: what.to_owned() });
                NowPart { problem, calls: Call::warning("The queue grows.").render(), body, live }
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
async fn a_backend_that_is_ready_has_no_problem_whatever_a_part_says() {
    let backend = backend().add(queue(Some("the queue at q.internal is away"))).start().await.unwrap();
    assert_eq!(timeless(&sentence(&now(&backend).await)), "Ready for N s.");
}

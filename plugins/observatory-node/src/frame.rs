//! What is around each page: where one is, whether the backend is ready, the time, the way to other sections.

use std::time::SystemTime;

use greenroom::{
    config::RootConfig,
    core::{InstanceMetadata, RootLifecycle, Service, ServiceFactory, State, scope, service},
    health::{Probe, RootHealth},
    ops::Ops,
};
use maud::{DOCTYPE, Markup, html};

use crate::{
    Mark, NowPart, NowParts, Page, Section, Sections, assets, mark,
    text::{foreign::foreign_plain, time},
};

/// Shows pages: `greenroom.observatory.frame`.
///
/// ```
/// use axum::{Router, routing::get};
/// use greenroom::prelude::*;
/// use greenroom_plugin_observatory_node::{Frame, Page};
///
/// fn pages(frame: Frame) -> Router {
///     Router::new().route("/", get(async move || frame.show(&Page::new("tasks", "Tasks", "No task waits.")).await))
/// }
/// ```
#[derive(Clone)]
pub struct Frame {
    place: Place,
    sections: Sections,
    parts: NowParts,
    health: RootHealth,
    lifecycle: RootLifecycle,
}

/// Where one is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The host that people know: that of `app.baseUrl`, else that of `backend.baseUrl`, else where the page is.
    pub host: String,
    /// `NODE_ENV`, if it is set.
    pub environment: Option<String>,
    /// The version of Greenroom.
    pub version: String,
    /// By which this process is told from others of the same backend.
    pub replica: String,
}

impl Service for Frame {
    const ID: &'static str = "greenroom.observatory.frame";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(
            async |config: RootConfig,
                   instance: InstanceMetadata,
                   ops: Ops,
                   sections: Sections,
                   parts: NowParts,
                   health: RootHealth,
                   lifecycle: RootLifecycle| {
                Ok(Self::new(Place::of(&config, &instance, &ops), sections, parts, health, lifecycle))
            },
        ))
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Place {
    fn of(config: &RootConfig, instance: &InstanceMetadata, ops: &Ops) -> Self {
        let url = |key| config.optional_string(key).ok().flatten();
        let host =
            url("app.baseUrl").or_else(|| url("backend.baseUrl")).unwrap_or_else(|| ops.url().to_owned());
        let host = host.split_once("://").map_or(&*host, |(_, rest)| rest).split(['/', '?', '#']).next();
        // What is in front of an `@` is a credential.
        let host = host.and_then(|host| host.rsplit('@').next()).unwrap_or_default().to_owned();
        let replica = instance.id().split('-').next().unwrap_or_default().to_owned();
        let environment = ops.node_env().map(str::to_owned);
        Self { host, environment, version: env!("CARGO_PKG_VERSION").to_owned(), replica }
    }
}

impl Frame {
    /// One of these parts.
    pub fn new(
        place: Place,
        sections: Sections,
        parts: NowParts,
        health: RootHealth,
        lifecycle: RootLifecycle,
    ) -> Self {
        Self { place, sections, parts, health, lifecycle }
    }

    /// The whole document.
    pub async fn show(&self, page: &Page) -> Markup {
        let readiness = self.readiness().await;
        document(&self.place, &readiness, &self.sections.list(), page, SystemTime::now())
    }

    /// Whether requests should be sent here, as the pill says it.
    pub async fn readiness(&self) -> Markup {
        // Copied, because a borrow may not be kept while it waits.
        let state = *self.lifecycle.state().borrow();
        let (mark, word) = match state {
            State::Starting => (Mark::Unknown, "Starting"),
            State::Stopping => (Mark::Warn, "Stopping"),
            State::Failed => (Mark::Fail, "Not ready"),
            State::Started if self.health.readiness(&Probe::default()).await.passes() => {
                // Probes are told so, and users see something else, as while the event loop of a server behind stands still.
                let is_degraded =
                    self.parts.look(SystemTime::now()).iter().any(NowPart::is_told_although_ready);
                if is_degraded { (Mark::Warn, "Degraded") } else { (Mark::Ok, "Ready") }
            }
            State::Started => (Mark::Fail, "Not ready"),
        };
        html! { a class={ "pill " (mark.class()) } href=(assets::NOW) { (mark) (word) } }
    }
}

fn document(place: &Place, readiness: &Markup, sections: &[Section], page: &Page, now: SystemTime) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(token) = &page.csrf_token { meta name="csrf-token" content=(token); }
                title { (foreign_plain(&page.title)) " · Greenroom" }
                link rel="icon" href=(assets::icon_path());
                link rel="stylesheet" href=(assets::style_path());
                script src=(assets::script_path()) defer {}
            }
            body data-events=(page.events.as_deref().unwrap_or(assets::EVENTS)) {
                (mark::shapes())
                a.skip href="#main" { "Skip to content" }
                header.bar {
                    a.brand href=(assets::NOW) { (logo()) span { "Greenroom" } }
                    p.where { (whereabouts(place)) }
                    span data-live="readiness" { (readiness) }
                    (clock(page.events.is_some(), now))
                }
                div.frame {
                    (navigation(sections, page.section))
                    main #main tabindex="-1" { (page.head()) (page.body) }
                }
            }
        }
    }
}

fn logo() -> Markup {
    html! {
        svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" {
            path fill="currentColor" d="M3 2h14v16h-4V6H7v12H3z" {}
        }
    }
}

fn whereabouts(place: &Place) -> Markup {
    let Place { host, environment, version, replica } = place;
    html! {
        b { (foreign_plain(host)) }
        span.extra {
            @if let Some(environment) = environment { " · " (foreign_plain(environment)) }
            " · " (version) " · replica " (foreign_plain(replica))
        }
    }
}

/// What stands on a page that nobody keeps up to date is of the time at which it was made.
fn clock(is_live: bool, now: SystemTime) -> Markup {
    let time = html! { time datetime=[time::machine(now)] { (time::clock(now)) } };
    html! {
        @if is_live {
            p."live small nw" { (Mark::Live) (time) span."extra quiet" { "UTC" } }
        } @else {
            p."small quiet nw" { "as of " (time) span.extra { " UTC" } }
        }
    }
}

fn navigation(sections: &[Section], current: &str) -> Markup {
    html! {
        nav.nav aria-label="Sections" {
            ul {
                @for Section { id, title, key, href } in sections {
                    li {
                        a href=(href) data-key=(key) aria-current=[(*id == current).then_some("page")] {
                            (title) kbd aria-hidden="true" { (key.to_ascii_uppercase()) }
                        }
                    }
                }
            }
        }
    }
}

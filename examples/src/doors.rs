//! A page for operators: how many came through which door.

// region: use
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Frame, Page, Section, Sections, format,
    parts::{Column, Part, Row, Table},
};
use maud::{Markup, html};
// endregion

// region: plugin
/// Counts who comes, at `POST /api/doors/{door}`; operators see it at `/.greenroom/doors`.
pub fn doors() -> Plugin {
    plugin("doors", |env| {
        env.register_init(async |http: HttpRouter, ops: Ops, frame: Frame, sections: Sections| {
            let came = Came::default();
            http.mount(Router::new().route("/{door}", post(come)).with_state(came.clone()));
            sections.add(Section { id: "doors", title: "Doors", key: 'd', href: "/.greenroom/doors" });
            ops.mount_pages("doors", Router::new().route("/", get(show)).with_state((came, frame)))
        });
    })
}
// endregion

// region: count
const DOORS: [&str; 2] = ["front", "garden"];

/// How many came through each.
#[derive(Clone, Default)]
struct Came(Arc<[AtomicU64; 2]>);

async fn come(State(came): State<Came>, Path(door): Path<String>) -> HandlerResult<StatusCode> {
    let Some(place) = DOORS.iter().position(|known| *known == door) else {
        Err(Error::not_found("There is no such door"))?
    };
    came.0[place].fetch_add(1, Relaxed);
    Ok(StatusCode::NO_CONTENT)
}
// endregion

// region: page
async fn show(State((came, frame)): State<(Came, Frame)>) -> Markup {
    let counts: Vec<u64> = came.0.iter().map(|count| count.load(Relaxed)).collect();
    let row = |(door, count): (&str, u64)| Row::new([html! { (door) }, html! { (format::count(count)) }]);
    let table = Table::new("As they stand in the house")
        .column(Column::title("Door"))
        .column(Column::number("People"))
        .rows(DOORS.into_iter().zip(counts.iter().copied()).map(row));
    let sentence = format!("{} came in.", format::counted(counts.iter().sum(), "person", "people"));
    let page = Page::new("doors", "Doors", sentence)
        .detail("Since the start of this replica.")
        .body(Part::new("list", "Doors").body(table));
    frame.show(&page).await
}
// endregion

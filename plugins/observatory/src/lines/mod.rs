//! The last lines of the log: of a request, of a trace, of a plugin, or of all.

mod page;
mod search;

use std::time::SystemTime;

use axum::{Router, extract::State, routing::get};
use greenroom::{
    http::Query,
    log_store::{LineQuery, LogStore, unseen},
};
use greenroom_plugin_observatory_node::Frame;
use maud::Markup;
use serde::Deserialize;

/// How many are shown: the last ones.
const MOST: usize = 200;

/// What the route needs.
#[derive(Clone)]
pub(crate) struct LastLines {
    pub(crate) store: LogStore,
    pub(crate) frame: Frame,
}

/// Whose lines are asked for; all that is given has to hold.
#[derive(Deserialize)]
struct Asked {
    request: Option<String>,
    trace: Option<String>,
    plugin: Option<String>,
}

/// Relative to where the page is.
pub(crate) fn router(last: LastLines) -> Router {
    Router::new().route("/", get(show)).with_state(last)
}

async fn show(State(LastLines { store, frame }): State<LastLines>, Query(asked): Query<Asked>) -> Markup {
    let query = asked.query();
    // What this reading logs is no line of anybody's.
    let found = unseen(async {
        if asked.is_for_one() { search::all(&store, &query) } else { search::without_files(&store, query) }
    });
    let found = found.await;
    let page = page::page(&asked, &found, store.is_on(), SystemTime::now());
    frame.show(&page).await
}

impl Asked {
    /// What is given, each with what it is of; an empty parameter is none.
    fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("request", &self.request), ("trace", &self.trace), ("the plugin", &self.plugin)];
        let given = all.into_iter().filter_map(|(what, id)| Some((what, id.as_deref()?)));
        given.filter(|(_, id)| !id.is_empty())
    }

    /// Whether the lines of one request or trace are asked for: all of them, then.
    fn is_for_one(&self) -> bool {
        self.given().any(|(what, _)| what != "the plugin")
    }

    fn query(&self) -> LineQuery {
        let mut query = LineQuery { limit: MOST, ..LineQuery::default() };
        for (what, id) in self.given() {
            let wanted = match what {
                "request" => &mut query.request_id,
                "trace" => &mut query.trace_id,
                _ => &mut query.plugin,
            };
            *wanted = Some(id.to_owned());
        }
        query
    }
}

//! Sessions that nobody had, for tests and benchmarks: the same ones each time.
//!
//! A portal of ten routes whose version 1.14.2 came six hours before the end: since then pages of the catalogue are slow, because
//! they wait for `/api/catalog/entities/by-query`, and there is an error that was not there before.

use fastrand::Rng;
use greenroom::errors::Error;
use greenroom_database_sql::Engine;

use crate::{detail, store::Store};

/// How many there are, and when the last one ends.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// Each has 5 views with 9 events each, which makes 50 with what is in `rum_view` and `rum_event`.
    pub sessions: usize,
    /// Over how long they are spread, in milliseconds.
    pub span_ms: i64,
    /// When the last one ends, in milliseconds since 1970.
    pub end_ms: i64,
}

/// The route that got slow.
pub const SLOW_ROUTE: &str = "/catalog/:namespace/:kind/:name";
/// What it waits for.
pub const SLOW_RESOURCE: &str = "/api/catalog/entities/by-query";
/// The version with which it got slow.
pub const RELEASE: &str = "1.14.2";
/// How long before the end it came, in milliseconds.
pub const RELEASED_MS: i64 = 6 * 3_600_000;
/// The group of errors that came with it.
pub const NEW_ERROR: &str = "9f3a61d0c27b84e5";
/// The one that was there before.
pub const OLD_ERROR: &str = "27ab90cc51e3f00d";

const ROUTES: [&str; 10] = [
    "/",
    "/catalog",
    SLOW_ROUTE,
    "/docs/:namespace/:kind/:name",
    "/create",
    "/create/templates/:namespace/:templateName",
    "/create/tasks/:taskId",
    "/search",
    "/settings",
    "/api-docs",
];
const RESOURCES: [&str; 6] = [
    "/api/catalog/entities/by-name/:kind/:namespace/:name",
    "/api/search/query",
    "/api/auth/guest/refresh",
    "/api/techdocs/metadata/techdocs/:namespace/:kind/:name",
    "/static/main.js",
    "/static/vendor.css",
];
const VIEW: i64 = 40_000;
const ROWS_AT_ONCE: usize = 500;

/// Values of SQL, written out: all of them are of this file.
fn row(values: &[String]) -> String {
    format!("({})", values.join(","))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

struct Maker<'a> {
    store: &'a Store,
    random: Rng,
    rows: [(&'static str, Vec<String>); 4],
}

/// Puts them into a store.
///
/// # Errors
/// If the database does not take them.
pub async fn fill(store: &Store, made: &Made) -> Result<(), Error> {
    let rows = ["rum_session", "rum_view", "rum_event", "rum_request"].map(|table| (table, vec![]));
    let mut maker = Maker { store, random: Rng::with_seed(7), rows };
    let last = i64::try_from(made.sessions).unwrap_or(i64::MAX).max(1);
    for index in 0..last {
        let began = made.end_ms - made.span_ms + (made.span_ms - 5 * VIEW) * index / last;
        maker.session(index, began, made.end_ms);
        maker.flush(ROWS_AT_ONCE).await?;
    }
    maker.flush(1).await?;
    let released = made.end_ms - RELEASED_MS;
    maker.run(format!(
        "insert into rum_error_group (fingerprint, fingerprint_version, service, type, message, culprit, first_ms, last_ms) values \
         ('{NEW_ERROR}', 1, 'backstage', 'TypeError', 'Cannot read properties of undefined (reading ''spec'')', \
         'DependencyGraph.tsx · toNode', {released}, {end}), \
         ('{OLD_ERROR}', 1, 'backstage', 'CatalogError', 'Entity not found', 'EntityLoader.ts · fetchEntity', {old}, {end})",
        end = made.end_ms,
        old = made.end_ms - made.span_ms - 86_400_000,
    ))
    .await
}

impl Maker<'_> {
    fn id(&mut self) -> String {
        let bits = self.random.u128(..);
        let hex = format!("{bits:032x}");
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    /// About this many milliseconds, some much longer: in nanoseconds.
    fn took(&mut self, about_ms: f64) -> i64 {
        let skew = (self.random.f64() + self.random.f64() + self.random.f64() - 1.5) * 0.9;
        crate::queries::nanoseconds(about_ms * skew.exp())
    }

    fn session(&mut self, index: i64, began: i64, end: i64) {
        let id = self.id();
        let is_new = began >= end - RELEASED_MS;
        let version = if is_new { RELEASE } else { "1.14.1" };
        let device = ["desktop", "desktop", "desktop", "mobile"][self.random.usize(..4)];
        let browser = ["Chrome", "Firefox", "Safari"][self.random.usize(..3)];
        let of = format!("'backstage','production','{version}','{browser}'");
        self.rows[0].1.push(format!(
            "('{id}',{began},{},'user',null,null,0,{of},'134','macOS','{device}','7.16.2',20000)",
            began + 5 * VIEW
        ));
        for view in 0..5 {
            let route = ROUTES
                [(usize::try_from(index).unwrap_or(0) * 3 + self.random.usize(..3) + view) % ROUTES.len()];
            let at = began + VIEW * i64::try_from(view).unwrap_or(0);
            self.view(&id, at, route, view == 0, is_new, &format!("{of},'{device}'"));
        }
    }

    fn view(&mut self, session: &str, at: i64, route: &str, is_first: bool, is_new: bool, of: &str) {
        let id = self.id();
        let is_slow = is_new && route == SLOW_ROUTE;
        let slower = if is_slow { 2.4 } else { 1.0 };
        let first = |took: i64| if is_first { took.to_string() } else { "null".to_owned() };
        let [lcp, fcp, ttfb] = [1500.0 * slower, 900.0, 300.0].map(|about| self.took(about));
        let inp = self.took(110.0 * slower);
        let waited = if is_slow { self.took(2500.0) } else { 0 };
        // It is quiet once what it waits for is there.
        let loading = waited + self.took(900.0);
        let loading_type = if is_first { "initial_load" } else { "route_change" };
        let cls = self.random.f64() * 0.12;
        let has_error = self.random.u8(..) < if is_slow { 80 } else { 6 };
        let document = blob(self.store, r#"{"view":{}}"#);
        self.rows[1].1.push(row(&[
            text(&id),
            text(session),
            at.to_string(),
            text(route),
            text(&route.replace(':', "")),
            text(loading_type),
            "0,4,0,0".to_owned(),
            (VIEW * 1_000_000).to_string(),
            loading.to_string(),
            first(lcp),
            inp.to_string(),
            format!("{cls:.4}"),
            first(fcp),
            first(ttfb),
            "'#main'".to_owned(),
            "'#button'".to_owned(),
            "'#card'".to_owned(),
            "1".to_owned(),
            i64::from(has_error).to_string(),
            "1".to_owned(),
            "6,0".to_owned(),
            of.to_owned(),
            document,
        ]));
        for event in 0..9 {
            let at = at + 40 + event * 300;
            let took = if event == 1 && is_slow { waited } else { self.took(120.0) };
            match event {
                7 => self.event(session, &id, at, route, of, "action", "click", "Dependencies", None, took),
                8 if has_error => {
                    let group = if is_slow { NEW_ERROR } else { OLD_ERROR };
                    self.event(
                        session,
                        &id,
                        at,
                        route,
                        of,
                        "error",
                        "source",
                        "Cannot read properties",
                        Some(group),
                        took,
                    );
                }
                8 => self.event(session, &id, at, route, of, "long_task", "long-task", "self", None, took),
                1 if is_slow => {
                    self.event(session, &id, at, route, of, "resource", "fetch", SLOW_RESOURCE, None, took)
                }
                _ => {
                    let name = RESOURCES[self.random.usize(..RESOURCES.len())];
                    let kind = if name.starts_with("/api") { "fetch" } else { "js" };
                    self.event(session, &id, at, route, of, "resource", kind, name, None, took);
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a row has many columns")]
    fn event(
        &mut self,
        session: &str,
        view: &str,
        at: i64,
        route: &str,
        of: &str,
        kind: &str,
        sub_type: &str,
        name: &str,
        group: Option<&str>,
        took: i64,
    ) {
        let id = self.id();
        let null = || "null".to_owned();
        let is_resource = kind == "resource";
        let (trace, span) =
            (format!("{:032x}", self.random.u64(..)), format!("{:016x}", self.random.u64(..)));
        let status = if self.random.u8(..) < 4 { 502 } else { 200 };
        if sub_type == "fetch" {
            let stages = format!(
                r#"{{"waiting":1000,"credentials":90000,"handling":{},"sending":40000}}"#,
                took * 9 / 10
            );
            self.rows[3].1.push(row(&[
                text(&id[..8]),
                text(&trace),
                text("00000000000000aa"),
                text(&span),
                text(session),
                text("greenroom-7c9f"),
                text("catalog"),
                text("GET"),
                text(name),
                text(name),
                status.to_string(),
                (at + 2).to_string(),
                (took * 19 / 20).to_string(),
                "18841,0".to_owned(),
                text(&stages),
            ]));
        }
        let detail = match kind {
            "error" => {
                r#"{"error":{"type":"TypeError","handling":"unhandled","stack":"TypeError: Cannot read properties\n  at toNode @ https://portal.example.com/static/main.js:1:509"}}"#
            }
            "resource" => {
                r#"{"resource":{"first_byte":{"duration":100000,"start":5},"download":{"duration":5000,"start":105}}}"#
            }
            "action" => r#"{"action":{"frustration":{"type":[]}}}"#,
            _ => r#"{"long_task":{"blocking_duration":64000000}}"#,
        };
        let detail = blob(self.store, detail);
        let resource = |value: String| if is_resource { value } else { null() };
        self.rows[2].1.push(row(&[
            text(&id),
            text(session),
            text(view),
            text(kind),
            at.to_string(),
            if kind == "error" { null() } else { took.to_string() },
            text(name),
            text(route),
            text(sub_type),
            resource(text("GET")),
            resource(status.to_string()),
            resource("18841".to_owned()),
            if sub_type == "fetch" { text(&trace) } else { null() },
            if sub_type == "fetch" { text(&span) } else { null() },
            group.map_or_else(null, text),
            null(),
            of.to_owned(),
            detail,
        ]));
    }

    /// Sends what is of so many rows.
    async fn flush(&mut self, least: usize) -> Result<(), Error> {
        const COLUMNS: [&str; 4] = [
            "id,started_ms,last_ms,type,usr_id,anonymous_id,has_replay,service,env,version,browser,browser_version,os,device,\
             sdk_version,bytes",
            "id,session_id,date_ms,route,path,loading_type,is_active,document_version,is_partial,updates,time_spent_ns,loading_time_ns,\
             lcp_ns,inp_ns,cls,fcp_ns,ttfb_ns,lcp_target,inp_target,cls_target,actions,errors,long_tasks,resources,frustrations,\
             service,env,version,browser,device,document",
            "id,session_id,view_id,type,date_ms,duration_ns,name,route,sub_type,method,status,size,trace_id,span_id,fingerprint,\
             action_ids,service,env,version,browser,device,detail",
            "request_id,trace_id,span_id,parent_span_id,session_id,replica,plugin,method,route,path,status,start_ms,duration_ns,\
             bytes,is_aborted,stages",
        ];
        let full = self.rows.iter().any(|(_, rows)| rows.len() >= least);
        let mut statements = vec![];
        for ((table, rows), columns) in self.rows.iter_mut().zip(COLUMNS) {
            if full && !rows.is_empty() {
                statements.push(format!("insert into {table} ({columns}) values {}", rows.join(",")));
                rows.clear();
            }
        }
        if statements.is_empty() {
            return Ok(());
        }
        self.run(format!("begin; {}; commit", statements.join("; "))).await
    }

    async fn run(&self, statements: String) -> Result<(), Error> {
        self.store.run(self.store.pool().script(statements)).await
    }
}

/// A packed text, as each engine writes bytes.
fn blob(store: &Store, text: &str) -> String {
    let hex: String = detail::pack(text).iter().map(|byte| format!("{byte:02x}")).collect();
    match store.pool().engine() {
        Engine::Sqlite => format!("x'{hex}'"),
        Engine::Postgres => format!("'\\x{hex}'::bytea"),
    }
}

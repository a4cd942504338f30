//! Recorded visits, and what is in the store.

use std::{fs, path::PathBuf, sync::Arc};

use greenroom_database_sql::{Pool, Row};
use greenroom_plugin_rum_store::{Arrival, Batch, Kept, Store, device::Device, route::Routes};
use serde_json::{Value, json};

use crate::engine::Engine;

/// A store of a test's own.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    engine: Engine,
}

impl TestStore {
    pub(crate) async fn open() -> Self {
        Self::of(Engine::start().await).await
    }

    pub(crate) async fn of(engine: Engine) -> Self {
        Self { store: Store::open(&engine.client).await.unwrap(), engine }
    }

    /// One more of the same database, as another replica has it.
    pub(crate) async fn another(&self) -> Store {
        Store::open(&self.engine.client).await.unwrap()
    }

    pub(crate) async fn keep(&self, sent: &Sent) -> Kept {
        self.store.keep(sent.batch()).await.unwrap()
    }

    pub(crate) async fn keep_all(&self, visit: &[Sent]) -> Vec<Kept> {
        let mut kept = vec![];
        for sent in visit {
            kept.push(self.keep(sent).await);
        }
        kept
    }

    /// All rows of a query.
    pub(crate) async fn rows<R: Row>(&self, sql: impl Into<String>) -> Vec<R> {
        let pool = self.pool();
        // The statements of a test are of the program, whoever has put them together.
        pool.rows(pool.sql(sql.into().leak())).await.unwrap()
    }

    /// Has whatever is written to a table fail.
    pub(crate) async fn break_table(&self, table: &str) {
        self.pool().script(format!("alter table {table} rename to broken")).await.unwrap();
    }

    /// About how many bytes are in use.
    pub(crate) async fn used(&self) -> u64 {
        let pool = self.pool();
        let sql = pool.sql("").by_engine(
            "select (page_count - freelist_count) * page_size from pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
            "select cast(sum(bytes) as bigint) from rum_session",
        );
        pool.rows::<(i64,)>(sql).await.unwrap()[0].0.try_into().unwrap()
    }

    fn pool(&self) -> Pool {
        Pool::of(&self.engine.client).unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.rows::<(i64,)>(format!("select count(*) from {table}")).await[0].0
    }
}

/// A body that a browser has sent, and what came with it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Of which it is, where it is made up.
    pub(crate) session: String,
    pub(crate) text: String,
    pub(crate) arrival: Arrival,
}

impl Sent {
    /// The same of a user whom the SDK calls so.
    pub(crate) fn of(self, anonymous: &str) -> Self {
        let usr = format!("\"usr\":{{\"anonymous_id\":\"{anonymous}\"}},\"session\"");
        Self { text: self.text.replace("\"session\"", &usr), ..self }
    }

    pub(crate) fn batch(&self) -> Batch {
        Batch::read(&self.text, self.arrival.clone())
    }
}

/// When what is made up arrives.
pub(crate) const NOW: i64 = 1_795_331_820_000;

pub(crate) fn arrival() -> Arrival {
    Arrival {
        received_ms: NOW,
        sent_ms: Some(NOW),
        tags: None,
        sdk_version: None,
        device: Device::from_headers("", None),
        routes: Arc::new(Routes::new([])),
    }
}

/// Events that are made up, as they would arrive.
pub(crate) fn sent(events: &[Value]) -> Sent {
    let lines: Vec<_> = events.iter().map(Value::to_string).collect();
    Sent { session: String::new(), text: lines.join("\n"), arrival: arrival() }
}

/// A session with a view, errors and resources.
pub(crate) fn made_up_session(number: u32, at: i64) -> Sent {
    let session = format!("{number:08}-0000-4000-8000-000000000000");
    let common = |kind: &str| {
        json!({
            "type": kind, "date": at, "session": {"id": session, "type": "user"}, "service": "backstage", "_dd": {"document_version": 1},
            "view": {"id": format!("{number:08}-0000-4000-8000-000000000001"), "url": "https://p.example/catalog"},
        })
    };
    let events = (0..20).map(|event| {
        let kind = if event == 0 { "error" } else { "resource" };
        let message = format!("{} is not there", ["a", "b", "c"][number as usize % 3]);
        let mut told = common(kind);
        told[kind] = json!({
            "id": format!("{event:08}-0000-4000-8000-{number:012}"), "message": message, "source": "source",
            "url": "https://p.example/api/catalog/entities", "type": "fetch", "duration": 1000,
        });
        told
    });
    let mut sent = sent(&events.chain([common("view")]).collect::<Vec<_>>());
    (sent.session, sent.arrival.received_ms, sent.arrival.sent_ms) = (session, at, Some(at));
    sent
}

fn fixtures(visit: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(visit)
}

fn json(visit: &str, file: &str) -> Value {
    serde_json::from_slice(&fs::read(fixtures(visit).join(file)).unwrap()).unwrap()
}

/// All requests of a recorded visit, in order.
pub(crate) fn visit(name: &str) -> Vec<Sent> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let sent = |request: &Value| Sent {
        session: String::new(),
        text: fs::read_to_string(fixtures(name).join(request["body"].as_str().unwrap())).unwrap(),
        arrival: Arrival {
            received_ms: request["received_ms"].as_i64().unwrap(),
            sent_ms: text(&request["batch_time"]).map(|time| time.parse().unwrap()),
            tags: text(&request["ddtags"]),
            sdk_version: text(&request["sdk"]),
            device: Device::from_headers(
                request["user-agent"].as_str().unwrap_or_default(),
                request["platform"].as_str(),
            ),
            routes: Arc::new(Routes::new(["http://127.0.0.1:17200"])),
        },
    };
    json(name, "requests.json").as_array().unwrap().iter().map(sent).collect()
}

/// What should be in the store after a recorded visit, by whoever has recorded it.
pub(crate) fn expected(name: &str) -> Value {
    json(name, "expected.json")
}

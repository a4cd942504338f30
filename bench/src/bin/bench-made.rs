//! Fills a store of browser events that nobody had: `bench-made <directory of databases> <sessions>`.
//!
//! Each session has fifty events; they are those of two days, the last of which ends now.

use std::env;
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use greenroom::prelude::*;
use greenroom_plugin_rum_store::{
    Store,
    made::{self, Made},
};
use greenroom_test::TestBackend;
use serde_json::json;

const TWO_DAYS_MS: i64 = 48 * 3_600_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [directory, sessions] = &arguments[..] else {
        return Err("bench-made <directory of databases> <sessions>".into());
    };
    let now_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let made = Made { sessions: sessions.parse()?, span_ms: TWO_DAYS_MS, end_ms: now_ms };
    // Its id is the name of the database, which is that of the plugin which keeps events.
    let rum = plugin("rum", move |env| {
        env.register_init(async move |database: Database| {
            let store = Store::open(&database.client().await?).await?;
            made::fill(&store, &made).await?;
            Ok(())
        });
    });
    let config = json!({"backend": {"database": {"client": "better-sqlite3", "connection": {"directory": directory}}}});
    let backend =
        TestBackend::new().config(config).add(greenroom_database_sqlite::driver()).add(rum).start().await?;
    backend.stop().await;
    Ok(())
}

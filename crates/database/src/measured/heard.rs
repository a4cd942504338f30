//! What sqlx says of statements and of waiting for connections.

use std::{
    fmt::Debug,
    time::{Duration, SystemTime},
};

use greenroom_logging::{Carried, TracingListener};
use tracing::{
    Event, Level,
    field::{Field, Visit},
};

use super::{
    asked::{Asking, Statement},
    operation,
};

/// A statement has ended. Its text is in it, of which only the first word is looked at.
const STATEMENT: &str = "sqlx::query";
/// A connection was got of a pool.
const ACQUIRED: &str = "sqlx::pool::acquire";

/// Hears what the drivers' library says of its work. Who installs a [bridge](greenroom_logging::BridgeOptions::listener) gives it to that:
/// without it nothing is known of statements.
///
/// The pools of a driver tell by the level of that event which one it was: the first by DEBUG, the second by TRACE.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatementListener;

impl TracingListener for StatementListener {
    fn targets(&self) -> &'static [&'static str] {
        &[STATEMENT, ACQUIRED]
    }

    fn hear(&self, event: &Event<'_>, within: &Carried) {
        let Some(asking) = within.downcast_ref::<Asking>() else { return };
        let mut said = Said::default();
        event.record(&mut said);
        match (event.metadata().target(), said) {
            (STATEMENT, Said { operation: Some(operation), elapsed: Some(took), rows, .. }) => {
                asking.hears(Statement { operation, took, ended: SystemTime::now(), rows });
            }
            (ACQUIRED, Said { acquired: Some(waited), .. }) => {
                let pool = usize::from(*event.metadata().level() == Level::TRACE);
                asking.client.waited(pool, waited);
            }
            _ => {}
        }
    }
}

/// The fields that count.
#[derive(Default)]
struct Said {
    operation: Option<usize>,
    elapsed: Option<Duration>,
    acquired: Option<Duration>,
    rows: u64,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            self.operation = operation::of(value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let seconds = Duration::try_from_secs_f64(value).ok();
        match field.name() {
            "elapsed_secs" => self.elapsed = seconds,
            "acquired_after_secs" => self.acquired = seconds,
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            self.rows = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

//! Keeps batches, a few at a time, and says in time whether they are kept.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use greenroom::errors::Error;
use greenroom_plugin_rum_store::{Batch, Store, route::Routes, source_maps::Symbolicator};
use parking_lot::Mutex;
use tokio::time::timeout;

use crate::{
    bounds::{Client, Turns},
    refusal::Refusal,
    troubles::Troubles,
};

/// How many at a time: what waits together is kept together.
const TURNS: usize = 64;
/// How many of one client.
const TURNS_OF_ONE: usize = 8;
/// How long a browser waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Keeper {
    /// Empty until the database is there; with what it is called.
    store: OnceLock<(Store, String)>,
    /// Why it was not there when it was last tried.
    why_away: Mutex<Option<String>>,
    turns: Arc<Turns>,
    pub(crate) routes: Arc<Routes>,
    sources: Symbolicator,
    troubles: Arc<Troubles>,
}

impl Keeper {
    pub(crate) fn new(routes: Routes, sources: Symbolicator, troubles: Arc<Troubles>) -> Arc<Self> {
        let (store, why_away, turns) = (OnceLock::new(), Mutex::default(), Turns::new(TURNS, TURNS_OF_ONE));
        Arc::new(Self { store, why_away, turns, routes: Arc::new(routes), sources, troubles })
    }

    pub(crate) fn opened(&self, store: Store, place: String) {
        // It is opened once.
        let _ = self.store.set((store, place));
    }

    pub(crate) fn not_opened(&self, why: &Error) {
        *self.why_away.lock() = Some(why.to_string());
    }

    /// Why the database is not there, for operators; none once it is.
    pub(crate) fn why_away(&self) -> Option<String> {
        self.why_away.lock().clone().filter(|_| self.store().is_none())
    }

    pub(crate) fn store(&self) -> Option<&Store> {
        self.store.get().map(|(store, _)| store)
    }

    /// What the database is called, for people.
    pub(crate) fn place(&self) -> &str {
        self.store.get().map_or("a database that is not there yet", |(_, place)| place)
    }

    /// Once this is over it is kept, whatever becomes of the process.
    pub(crate) async fn keep(&self, client: Client, batch: Batch) -> Result<(), Refusal> {
        if batch.is_empty() {
            return Ok(());
        }
        // Why there is none was told by whoever tries to open it.
        let Some(store) = self.store() else { return Err(Refusal::NotKept) };
        let kept = async {
            let _turn = self.turns.take(client).await;
            store.keep(batch.located(&self.sources).await).await
        };
        // What nobody waits for any more may be kept all the same. The browser then sends it again, which is harmless.
        match timeout(PATIENCE, kept).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                self.troubles.not_kept(&error);
                Err(Refusal::NotKept)
            }
            Err(_) => {
                self.troubles.not_kept_in_time(PATIENCE);
                Err(Refusal::NotKept)
            }
        }
    }
}

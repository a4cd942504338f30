//! Keeps batches, a few at a time, and says in time whether they are kept.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use greenroom::errors::Error;
use greenroom_plugin_rum_store::{Batch, Store, route::Routes, source_maps::Symbolicator};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::{
    bounds::{Client, Turn, Turns},
    refusal::Refusal,
    troubles::Troubles,
};

/// How many at a time: as many as the store writes together.
const TURNS: usize = 32;
/// How many of one client.
const TURNS_OF_ONE: usize = 4;
/// How long a browser waits for it: for its turn, and for all that is done in it.
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

/// A turn to be kept, and until when.
#[derive(Debug)]
pub(crate) struct KeepTurn {
    _turn: Turn,
    until: Instant,
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

    /// Waits for a turn. Events are read in it, and not before: a body that waits takes no more than it took when it came.
    pub(crate) async fn turn(&self, client: Client) -> Result<KeepTurn, Refusal> {
        let until = Instant::now() + PATIENCE;
        match timeout_at(until, self.turns.take(client)).await {
            Ok(turn) => Ok(KeepTurn { _turn: turn, until }),
            Err(_) => Err(self.not_in_time()),
        }
    }

    /// Once this is over it is kept, whatever becomes of the process.
    pub(crate) async fn keep(&self, batch: Batch, turn: KeepTurn) -> Result<(), Refusal> {
        // Why there is none was told by whoever tries to open it.
        let Some(store) = self.store() else { return Err(Refusal::NotKept) };
        let kept = async { store.keep(batch.located(&self.sources).await).await };
        // What nobody waits for any more may be kept all the same. The browser then sends it again, which is harmless.
        match timeout_at(turn.until, kept).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                self.troubles.not_kept(&error);
                Err(Refusal::NotKept)
            }
            Err(_) => Err(self.not_in_time()),
        }
    }

    fn not_in_time(&self) -> Refusal {
        self.troubles.not_kept_in_time(PATIENCE);
        Refusal::NotKept
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use greenroom::prelude::Logger;
    use greenroom_plugin_app_node::SourceMaps;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rum_95_of_32_turns_to_be_kept_a_client_has_four_and_who_gets_none_in_time_comes_again() {
        let sources = Symbolicator::new(SourceMaps::default(), Routes::default(), Logger::noop());
        let keeper = Keeper::new(Routes::default(), sources, Troubles::start(Logger::noop()));
        let at_once = |client| keeper.turn(Client::numbered(client)).now_or_never();
        let mut turns = vec![];
        for client in 0..8 {
            turns.extend((0..4).map(|_| at_once(client).unwrap().unwrap()));
            assert!(at_once(client).is_none(), "it has its own already");
        }
        assert!(at_once(8).is_none(), "there are no more");
        let began = Instant::now();
        assert_eq!(keeper.turn(Client::numbered(8)).await.err(), Some(Refusal::NotKept));
        assert_eq!(began.elapsed(), PATIENCE);
        turns.pop();
        assert!(at_once(8).is_some_and(|turn| turn.is_ok()));
    }
}

//! A plugin's gate: closed until it has started, and again when it stops.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::Request;
use greenroom_core::State;
use greenroom_errors::Error;
use tokio::sync::watch;

use super::{OnRequest, Step};
use crate::{
    exchange::Exchange,
    failure::{Failure, failed},
};

/// Holds requests until the plugin has started, at most the configured pause.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) state: watch::Receiver<State>,
    pub(crate) pause: Duration,
}

impl Step for Gate {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, _: &'a mut Request) -> OnRequest<'a> {
        if *self.state.borrow() == State::Started {
            return OnRequest::On;
        }
        OnRequest::Wait(Box::pin(async {
            let came = Instant::now();
            let checked = self.check().await;
            if let Some(watch) = &mut exchange.watch {
                watch.spent.waiting = Some(came.elapsed());
            }
            let closed = checked.err()?;
            Some(failed(Failure::Exposed(Arc::new(closed))))
        }))
    }
}

impl Gate {
    /// Waits until the plugin has started; 503 if that takes too long, or it has failed or stops.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| *state != State::Starting);
        let state = match tokio::time::timeout(self.pause, settled).await {
            Ok(Ok(state)) => *state,
            Ok(Err(_)) => State::Stopping,
            Err(_) => State::Starting,
        };
        let closed = match state {
            State::Started => return Ok(()),
            State::Starting | State::Failed => "Service has not started up yet",
            State::Stopping => "Service is shutting down",
        };
        Err(Error::service_unavailable(closed))
    }
}

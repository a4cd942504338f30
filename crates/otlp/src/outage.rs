//! What an operator is told while things do not arrive: one line at the beginning, one at the end.

use std::time::Instant;

use greenroom_logging::{Logger, info, warn};

use crate::{send::Why, settings::Signal};

/// How one signal fares.
pub(crate) struct Outage {
    logger: Logger,
    signal: Signal,
    since: Option<Began>,
}

struct Began {
    at: Instant,
    /// How much had been lost before.
    lost: u64,
}

impl Outage {
    pub(crate) fn new(logger: Logger, signal: Signal) -> Self {
        Self { logger, signal, since: None }
    }

    /// Something did not arrive. `lost` is how much has been lost so far, all told.
    /// `is_tried_again`: not at once is it lost.
    pub(crate) fn fails(&mut self, why: &Why, lost: u64, is_tried_again: bool) {
        if self.since.is_some() {
            return;
        }
        self.since = Some(Began { at: Instant::now(), lost });
        let (signal, kind, text) = (self.signal.as_str(), &*why.kind, &why.text);
        let what = capitalized(signal);
        let becomes = match is_tried_again {
            true => "They are sent again for a while, and counted when they are dropped",
            false => "They are dropped, and counted",
        };
        warn!(self.logger, signal, "errorType" = kind, "{what} do not arrive: {text}. {becomes}");
    }

    /// Something arrived.
    pub(crate) fn works(&mut self, lost: u64) {
        let Some(began) = self.since.take() else { return };
        let signal = self.signal.as_str();
        let (what, seconds, dropped) = (capitalized(signal), began.at.elapsed().as_secs(), lost - began.lost);
        let unit = unit(self.signal);
        info!(
            self.logger,
            signal, dropped, "{what} arrive again after {seconds} s: {dropped} {unit} were dropped meanwhile"
        );
    }

    /// It is over, and so much was not sent.
    pub(crate) fn ends(&self, unsent: u64) {
        if unsent > 0 {
            let (signal, unit) = (self.signal.as_str(), unit(self.signal));
            warn!(self.logger, signal, "dropped" = unsent, "{unsent} {unit} were not sent before the end");
        }
    }
}

pub(crate) fn capitalized(signal: &str) -> String {
    signal[..1].to_ascii_uppercase() + &signal[1..]
}

fn unit(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "spans",
        Signal::Metrics => "points",
    }
}

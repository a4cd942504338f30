//! The load: each request on its way, and whether what came of it may be.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Chaos, MOST_KEPT};
use crate::{
    client::{Client, Rest},
    exchange::{Got, exchange},
    kind::Kind,
    outcome::Outcome,
    script::{Leaves, Plan, Script},
    socket,
};

/// So many requests are under way at most; whoever would be one more does not come.
const MOST_OPEN: usize = 600;
/// Greenroom keeps them for 5 s, and one second more.
const KEPT: Duration = Duration::from_secs(4);

impl Chaos {
    /// Sends all requests whose time comes before then, and waits for what comes of each.
    pub(super) async fn load(&self, mut script: Script, until: Instant) {
        let mut open = FuturesUnordered::new();
        let mut plan = script.next();
        let mut due = Instant::now() + plan.after;
        loop {
            self.open.set(open.len());
            tokio::select! {
                () = sleep_until(due), if due < until => {
                    let next = script.next();
                    due += next.after;
                    let plan = std::mem::replace(&mut plan, next);
                    if open.len() < MOST_OPEN {
                        open.push(Box::pin(self.one(plan)));
                    } else {
                        self.table.borrow_mut().note("any", "not sent: enough are under way".to_owned(), Duration::ZERO);
                    }
                }
                Some(()) = open.next(), if !open.is_empty() => {}
                else => return,
            }
        }
    }

    /// One request: it has an outcome of some name, and one that it may have.
    async fn one(&self, plan: Plan) {
        let begun = Instant::now();
        let outcome = timeout(plan.kind.patience(), self.asked(&plan)).await.unwrap_or(Outcome::Hung);
        let may_be = match () {
            () if plan.kind.wants(&outcome) => true,
            () if outcome == Outcome::Left => plan.leaves.is_some(),
            () if self.away.borrow().was_since(begun) => outcome.may_be_without_node(),
            () => false,
        };
        self.table.borrow_mut().note(plan.kind.name(), outcome.to_string(), begun.elapsed());
        if !may_be {
            let kind = plan.kind.name();
            let after = begun.elapsed().as_secs_f64();
            self.faults_like(
                format!("{outcome}, of: {kind}"),
                &format!("{outcome}, after {after:.3} s, as an outcome of {plan:?}"),
            );
        }
    }

    async fn asked(&self, plan: &Plan) -> Outcome {
        let kept = if plan.is_kept { self.take_kept() } else { None };
        let opened = match (kept, &plan.kind) {
            (_, Kind::SlowReader { .. }) => Client::narrow(self.port).await,
            (Some(kept), _) => Ok(kept),
            (None, _) => Client::to(self.port).await,
        };
        let mut client = match opened {
            Ok(client) => client,
            Err(error) => return Outcome::Unconnected(error.to_string()),
        };
        let (mut request, mut reading) = (plan.kind.request(&plan.nonce), plan.kind.reading());
        let mut patience = Duration::from_secs(3600);
        match plan.leaves {
            Some(Leaves::After(time)) => patience = time,
            Some(Leaves::Read(bytes)) => reading.leaves_after = Some(bytes),
            Some(Leaves::Sent(bytes)) => {
                if let Some(upload) = &mut request.upload {
                    upload.leaves_after = Some(bytes);
                }
            }
            None => {}
        }
        if let Kind::Socket { turns, ms } = plan.kind {
            let talking = socket::talk(&mut client, &request, &plan.nonce, turns, Duration::from_millis(ms));
            let outcome = timeout(patience, talking).await.unwrap_or(Outcome::Left);
            self.done_with(client, plan, outcome == Outcome::Left);
            return outcome;
        }
        let asking = exchange(&mut client, &request, &plan.nonce, reading);
        let got = timeout(patience, asking).await.unwrap_or_else(|_| Got::left());
        let outcome = Outcome::of(&plan.kind, &plan.nonce, &got);
        let is_told_to_close =
            got.head.as_ref().is_none_or(|head| head.header("connection") == Some("close"));
        if outcome == Outcome::Answered && got.is_sent && !is_told_to_close {
            client.rested = Instant::now();
            let mut kept = self.kept.borrow_mut();
            if kept.len() < MOST_KEPT {
                kept.push(client);
            }
        } else {
            self.done_with(client, plan, outcome == Outcome::Left);
        }
        outcome
    }

    fn done_with(&self, client: Client, plan: &Plan, has_left: bool) {
        if has_left && plan.resets {
            client.reset();
        }
    }

    /// A connection that is still open. Nobody has anything to say on it.
    fn take_kept(&self) -> Option<Client> {
        loop {
            let client = self.kept.borrow_mut().pop()?;
            match client.rest() {
                Rest::Speaks => self.fault("an idle connection has bytes that nobody asked for".to_owned()),
                Rest::Quiet if client.rested.elapsed() < KEPT => return Some(client),
                _ => {}
            }
        }
    }
}

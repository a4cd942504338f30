//! The steps that a request takes before the routes, and its answer behind them: lists that one can read.

mod access;
mod barrier;
mod early_refusal;
mod gate;
mod in_flight;
mod keep_alive;
mod public_keys;
mod request_id;
mod user_cookies;

use axum::{extract::Request, response::Response};
use futures_util::future::BoxFuture;

pub(crate) use self::{
    access::Access,
    barrier::Barrier,
    early_refusal::EarlyRefusal,
    gate::Gate,
    in_flight::PluginInFlight,
    keep_alive::KeepAlive,
    public_keys::{JWKS, PublicKeys},
    request_id::RequestId,
    user_cookies::UserCookies,
};
use crate::exchange::Exchange;

/// One step: what it does with a request on its way in, and with the answer on its way out.
pub(crate) trait Step: Send + Sync + 'static {
    /// Before the routes.
    fn on_request<'a>(&'a self, _: &'a mut Exchange, _: &'a mut Request) -> OnRequest<'a> {
        OnRequest::On
    }

    /// Behind the routes, in the opposite order; only of steps that the request has reached.
    fn on_response(&self, _: &mut Exchange, _: &mut Response) {}
}

/// What becomes of a request at a step.
pub(crate) enum OnRequest<'a> {
    /// It goes on to the next step.
    On,
    /// This is its answer, which leaves from here.
    Answer(Response),
    /// It goes on, or is answered, once that is known.
    Wait(BoxFuture<'a, Option<Response>>),
}

/// The steps around some routes, outermost first.
pub(crate) struct Pipeline(Box<[Box<dyn Step>]>);

impl Pipeline {
    pub(crate) fn new(steps: impl IntoIterator<Item = Box<dyn Step>>) -> Self {
        Self(steps.into_iter().collect())
    }

    /// Takes a request in. Returns how many steps it has reached, and the answer if one of them has it.
    pub(crate) async fn on_request(
        &self,
        exchange: &mut Exchange,
        request: &mut Request,
    ) -> (usize, Option<Response>) {
        for (at, step) in self.0.iter().enumerate() {
            let answer = match step.on_request(exchange, request) {
                OnRequest::On => continue,
                OnRequest::Answer(response) => Some(response),
                OnRequest::Wait(known) => known.await,
            };
            if answer.is_some() {
                return (at + 1, answer);
            }
        }
        (self.0.len(), None)
    }

    /// Takes the answer out, past the steps that its request has reached.
    pub(crate) fn on_response(&self, reached: usize, exchange: &mut Exchange, response: &mut Response) {
        self.0[..reached].iter().rev().for_each(|step| step.on_response(exchange, response));
    }
}

//! Limits of how many requests a client may send, as `express-rate-limit` counts and tells them for Backstage.

mod settings;
mod store;

use std::{net::IpAddr, sync::Arc, time::Instant};

use axum::{extract::Request, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ipnet::Ipv6Net;
use parking_lot::Mutex;
use serde_json::json;

pub use self::settings::RateLimits;
use self::{
    settings::Limit,
    store::{Client, MOST_CLIENTS, Store},
};
use super::send;
use crate::{
    client::Caller,
    exchange::Exchange,
    pipeline::{OnRequest, Step},
};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Counts requests against one limit.
pub(crate) struct Limiter {
    limit: Limit,
    store: Mutex<Store>,
}

impl Limiter {
    pub(crate) fn new(limit: Limit) -> Arc<Self> {
        let store = Mutex::new(Store::new(limit.window, MOST_CLIENTS, Instant::now()));
        Arc::new(Self { limit, store })
    }

    /// Counts the request; `None` if its client is not counted.
    fn count(self: &Arc<Self>, caller: &Caller, headers: &HeaderMap) -> Option<Hit> {
        let address = caller.counted(headers);
        if address.is_some_and(|address| self.limit.allowed.iter().any(|network| network.contains(address))) {
            return None;
        }
        let address = address.map(|address| network(address, self.limit.ipv6_prefix));
        let client = self.store.lock().hit(address, Instant::now());
        Some(Hit { limiter: self.clone(), address, client, settled: false })
    }
}

/// Counts requests, refuses those that are too many, and tells every client where it stands.
pub(crate) struct RateLimit {
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) development: bool,
}

impl Step for RateLimit {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, request: &'a mut Request) -> OnRequest<'a> {
        let hit = self.limiter.count(&exchange.caller, request.headers());
        let refusal = hit.as_ref().and_then(|hit| hit.refusal(self.development));
        exchange.hits.extend(hit);
        refusal.map_or(OnRequest::On, OnRequest::Answer)
    }

    fn on_response(&self, exchange: &mut Exchange, response: &mut Response) {
        // A client on the allow list has no hit to settle.
        if let Some(hit) = exchange.hits.pop_if(|hit| Arc::ptr_eq(&hit.limiter, &self.limiter)) {
            hit.settle(response);
        }
    }
}

/// The address under which a client is counted: its own, or for IPv6 that of its network, of which one customer has all
/// addresses.
fn network(address: IpAddr, ipv6_prefix: u8) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Net::new(address, ipv6_prefix).map_or(address, |network| network.network()).into()
        }
        v4 => v4,
    }
}

/// A request that was counted.
pub(crate) struct Hit {
    limiter: Arc<Limiter>,
    address: Option<IpAddr>,
    client: Client,
    settled: bool,
}

impl Hit {
    /// The answer to one request too many.
    fn refusal(&self, development: bool) -> Option<Response> {
        if self.client.hits <= self.limiter.limit.requests {
            return None;
        }
        let error = json!({"name": "Error", "message": "Too many requests, please try again later"});
        let body = json!({"error": error, "response": {"statusCode": 429}});
        let mut response = send::json(StatusCode::TOO_MANY_REQUESTS, &body, development);
        let left = self.client.reset.saturating_duration_since(Instant::now());
        let seconds = left.as_millis().div_ceil(1000) as u64;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        Some(response)
    }

    /// Tells the client where it stands, and takes the request back if answers like this one do not count.
    fn settle(mut self, response: &mut Response) {
        let limit = &self.limiter.limit;
        self.tell(response.headers_mut());
        let failed = response.status().as_u16() >= 400;
        if (failed && limit.skip_failed) || (!failed && limit.skip_successful) {
            self.take_back();
        }
        self.settled = true;
    }

    fn tell(&self, headers: &mut HeaderMap) {
        let (limit, client) = (self.limiter.limit.requests, self.client);
        let reset = u64::try_from(client.reset_epoch.div_ceil(1000)).unwrap_or(u64::MAX);
        for (name, value) in [(LIMIT, limit), (REMAINING, limit.saturating_sub(client.hits)), (RESET, reset)]
        {
            headers.entry(name).or_insert_with(|| HeaderValue::from(value));
        }
    }

    fn take_back(&self) {
        self.limiter.store.lock().take_back(self.address, self.client.reset);
    }
}

impl Drop for Hit {
    fn drop(&mut self) {
        // The client has left before its answer: that is no success.
        if !self.settled && self.limiter.limit.skip_failed {
            self.take_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_one_ipv6_network_share_their_quota() {
        let counted = |text: &str, prefix| network(text.parse().unwrap(), prefix).to_string();
        assert_eq!(counted("2001:db8:1:2ff::1", 56), counted("2001:db8:1:200:9::", 56));
        assert_ne!(counted("2001:db8:1:2ff::1", 56), counted("2001:db8:1:300::1", 56));
        assert_eq!(counted("2001:db8:1:2ff::1", 128), "2001:db8:1:2ff::1");
        assert_eq!(counted("::ffff:10.1.2.3", 56), "10.1.2.3");
        assert_eq!(counted("10.1.2.3", 56), "10.1.2.3");
    }
}

//! What leaves of a request: of the browser's headers a few, and no address unless it is asked for.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use greenroom::{
    http::ClientAddress,
    http_client::{Call, CallError},
};
use http::{HeaderMap, HeaderValue, header};

use super::{proxies::FORWARDED_FOR, target::Target};
use crate::{
    bounds::Share,
    forward::{MOST_ANSWER, Queue},
    settings::Forwarding,
};

/// What a request that leaves takes besides its body, its URL and its headers.
const HEAD: usize = 4 << 10;

/// Makes requests to Datadog of those of browsers.
pub(crate) struct Sender {
    pub(super) queue: Arc<Queue>,
    forwarding: Forwarding,
}

/// What is to leave of a request.
pub(super) struct Leaves {
    pub(super) call: Call,
    pub(super) share: Share,
    /// Its browser's place among those that wait for the answer, and until when; without one it is answered at once.
    pub(super) place: Option<Share>,
    pub(super) until: tokio::time::Instant,
}

impl Sender {
    pub(crate) fn new(queue: Arc<Queue>, forwarding: &Forwarding) -> Self {
        Self { queue, forwarding: forwarding.clone() }
    }

    /// Whether Datadog does not answer.
    pub(super) fn is_refusing(&self) -> bool {
        self.queue.is_refusing()
    }

    /// What leaves: of the browser's headers these and no others.
    pub(super) fn call(
        &self,
        target: &Target,
        client: &ClientAddress,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Call, CallError> {
        let url = [&*self.forwarding.intake, &*target.outward()].concat();
        let call = Call::post(&url, body)?.at_most(MOST_ANSWER);
        let network = client.ip().filter(|_| self.forwarding.tells_address).and_then(network);
        let network = network.and_then(|network| HeaderValue::try_from(network).ok());
        let said = [header::CONTENT_TYPE, header::USER_AGENT, header::ACCEPT]
            .map(|name| (headers.get(&name).and_then(copied), name))
            .into_iter()
            .chain([(network, FORWARDED_FOR)]);
        Ok(said
            .filter_map(|(value, name)| Some((name, value?)))
            .fold(call, |call, (name, value)| call.header(name, value)))
    }
}

/// A value by itself: a clone would keep all of the head that it came in, with the cookies of the portal.
fn copied(value: &HeaderValue) -> Option<HeaderValue> {
    HeaderValue::from_bytes(value.as_bytes()).ok()
}

/// What it takes of the memory.
pub(super) fn size_of(call: &Call) -> usize {
    let request = call.request();
    let headers: usize = request.headers().values().map(HeaderValue::len).sum();
    request.body().len() + request.uri().to_string().len() + headers + HEAD
}

/// An address of which the end is cut off, so that it tells a region and no person.
fn network(address: &str) -> Option<String> {
    let network: IpAddr = match address.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => std::net::Ipv4Addr::from_bits(address.to_bits() >> 8 << 8).into(),
        IpAddr::V6(address) => std::net::Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
    };
    Some(network.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_53_what_leaves_keeps_nothing_of_the_head_that_it_came_in_and_counts_with_its_own() {
        let head = Bytes::from_static(b"a/b;c=portal");
        let value = HeaderValue::from_maybe_shared(head.slice(..3)).unwrap();
        let copied = copied(&value).unwrap();
        assert!(copied == "a/b" && copied.as_bytes().as_ptr() != value.as_bytes().as_ptr());
        let call = Call::post("http://intake.example/api", "body").unwrap().header(header::ACCEPT, copied);
        assert_eq!(size_of(&call), HEAD + "http://intake.example/api".len() + "body".len() + "a/b".len());
    }

    #[test]
    fn rum_22_an_address_is_told_without_its_end() {
        assert_eq!(network("9.9.9.9").as_deref(), Some("9.9.9.0"));
        assert_eq!(network("::ffff:9.9.9.9").as_deref(), Some("9.9.9.0"));
        assert_eq!(network("2001:db8:1:2:3::4").as_deref(), Some("2001:db8:1::"));
        assert_eq!(network("unknown"), None);
    }
}

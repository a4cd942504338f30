//! Answers of 401 and 403, counted by why somebody was refused.

use std::time::Duration;

use greenroom_proxy::{Label, Labels};
use http::HeaderMap;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::sleep,
};

use crate::kit::{Gateway, Kit, Upstream, until};

type Told = Box<dyn FnOnce(Label) + Send>;

/// Hands on what waits for a label, to a test that tells it when it likes.
struct Later(UnboundedSender<Told>);

impl Labels for Later {
    fn look(&self, _: &HeaderMap, told: Told) {
        self.0.send(told).expect("a test that looks");
    }
}

struct Refusing {
    gateway: Gateway,
    upstream: Upstream,
    looks: UnboundedReceiver<Told>,
}

impl Refusing {
    async fn new() -> Self {
        let (later, looks) = unbounded_channel();
        let upstream = Upstream::listen().await;
        let kit = Kit::to(upstream.address).with(|builder| builder.labels(Later(later)));
        Self { gateway: kit.start().await.up().await, upstream, looks }
    }

    /// Refuses a request; does `meanwhile` before that.
    async fn refuse(&mut self, meanwhile: impl FnOnce(&Gateway)) {
        let mut client = self.gateway.client.send("GET /api/catalog/x HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let (mut arrived, _) = self.upstream.request().await;
        meanwhile(&self.gateway);
        arrived.send("HTTP/1.1 401 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        assert_eq!(client.answer("GET").await.status, 401);
    }

    fn counted(&self) -> Vec<(&'static str, u64)> {
        let plugins = self.gateway.proxy.status().plugins;
        plugins["catalog"].refused.iter().map(|one| (one.reason, one.count)).collect()
    }
}

#[tokio::test]
async fn a_refusal_is_counted_by_its_reason_however_late_that_is_known() {
    let mut refusing = Refusing::new().await;
    refusing.refuse(|_| ()).await;
    let late = refusing.looks.recv().await.unwrap();
    refusing.refuse(|_| ()).await;
    let never = refusing.looks.recv().await.unwrap();
    // No time that passes is an answer.
    sleep(Duration::from_millis(300)).await;
    assert_eq!(refusing.counted(), []);
    late(Label { principal_type: "invalid", error: Some("expired") });
    until(async || refusing.counted() == [("expired", 1)]).await;
    drop(never);
    until(async || refusing.counted() == [("expired", 1), ("unverified", 1)]).await;
}

#[tokio::test]
async fn of_a_request_that_nobody_looks_at_no_reason_is_awaited() {
    let mut refusing = Refusing::new().await;
    refusing.gateway.proxy.set_transparent(true);
    refusing.refuse(|gateway| gateway.proxy.set_transparent(false)).await;
    until(async || refusing.counted() == [("unverified", 1)]).await;
    assert!(refusing.looks.try_recv().is_err());
}

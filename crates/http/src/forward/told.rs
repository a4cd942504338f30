//! What the access line of a forwarded request tells beside what every line does.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::SetOnce;

/// What the access line of a forwarded request is to tell: noted by who forwards, whenever it is known.
#[derive(Debug, Default)]
pub struct Told {
    upstream: OnceLock<Duration>,
    retried: AtomicBool,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    credential_error: OnceLock<&'static str>,
    gateway_error: OnceLock<&'static str>,
    is_plugin_known: AtomicBool,
    is_asker_settled: SetOnce<()>,
}

impl Told {
    /// How long the other server took to begin its answer, from when it was asked: `upstreamMs`.
    pub fn set_upstream(&self, took: Duration) {
        let _ = self.upstream.set(took);
    }

    /// The same, once it is known.
    pub fn upstream(&self) -> Option<Duration> {
        self.upstream.get().copied()
    }

    /// It was asked twice: `retried`.
    pub fn set_retried(&self) {
        self.retried.store(true, Relaxed);
    }

    /// Whether it was asked twice.
    pub fn is_retried(&self) -> bool {
        self.retried.load(Relaxed)
    }

    /// Why the request's credential is not valid: `credentialError`. It is one of a few fixed texts.
    pub fn set_credential_error(&self, why: &'static str) {
        let _ = self.credential_error.set(why);
    }

    /// The same, once it is known.
    pub fn credential_error(&self) -> Option<&'static str> {
        self.credential_error.get().copied()
    }

    /// Nothing more will be known of who has sent the request.
    pub fn settle_asker(&self) {
        let _ = self.is_asker_settled.set(());
    }

    /// Ends once that is so.
    pub async fn asker_settled(&self) {
        self.is_asker_settled.wait().await;
    }

    /// The answer is ours, because the other server has none: `gatewayError`, one of a few fixed codes.
    pub fn set_gateway_error(&self, code: &'static str) {
        let _ = self.gateway_error.set(code);
    }

    /// The same, once it is known.
    pub fn gateway_error(&self) -> Option<&'static str> {
        self.gateway_error.get().copied()
    }

    /// The other server has the plugin that the request's path names: the request is counted by that name. Without it, it is counted
    /// by none, because clients can make up any number of names.
    pub fn set_plugin_known(&self) {
        self.is_plugin_known.store(true, Relaxed);
    }

    /// Whether it has, as far as is known.
    pub fn is_plugin_known(&self) -> bool {
        self.is_plugin_known.load(Relaxed)
    }

    /// How many bytes of the request's body have come, those of a tunnel among them: `bytesIn`.
    pub fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Relaxed)
    }

    pub(super) fn add_bytes_in(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Relaxed);
    }

    /// How many bytes a tunnel has brought the client.
    pub(super) fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Relaxed)
    }

    pub(super) fn add_bytes_out(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Relaxed);
    }
}

//! A gateway in this process, between a client and a server behind that a test plays both.

mod client;
mod upstream;

use std::{net::SocketAddr, time::Duration};

use greenroom_auth::{Auth, ExternalTokens, HttpAuth};
use greenroom_config::RootConfig;
use greenroom_core::{Backend, Running, plugin, service};
use greenroom_data_dir::DataDirEnvironment;
use greenroom_health::{HealthChecks, HealthRegistry, RootHealth};
use greenroom_http::{HttpRouter, HttpSettings, RootHttpRouter};
use greenroom_logging::{CaptureSink, Format, Level, RootLogger};
use greenroom_proxy::{Limits, Proxy, ProxyBuilder, State};
use serde_json::{Value, json};
use tokio::time::timeout;

pub(crate) use self::{
    client::{Answer, Client, Connection},
    upstream::{Arrived, Request, Upstream},
};

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway to be.
pub(crate) struct Kit {
    config: Value,
    upstream: greenroom_proxy::Upstream,
    limits: Limits,
    change: Box<dyn FnOnce(ProxyBuilder) -> ProxyBuilder>,
}

impl Kit {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let upstream = greenroom_proxy::Upstream {
            address,
            source: Some([127, 0, 0, 2].into()),
            connect_timeout: Duration::from_secs(2),
            pause: Duration::from_secs(5),
            headers: 100,
        };
        let config = json!({"backend": {"listen": {"host": "127.0.0.1", "port": 0}}});
        Self { config, upstream, limits: Limits::default(), change: Box::new(|builder| builder) }
    }

    /// Sets a value in the config, as `backend.trustProxy`.
    pub(crate) fn config(mut self, key: &str, value: Value) -> Self {
        let mut at = &mut self.config;
        for part in key.split('.') {
            at = &mut at[part];
        }
        *at = value;
        self
    }

    pub(crate) fn headers(mut self, headers: u32) -> Self {
        self.upstream.headers = headers;
        self
    }

    pub(crate) fn pause(mut self, pause: Duration) -> Self {
        self.upstream.pause = pause;
        self
    }

    pub(crate) fn source(mut self, source: &str) -> Self {
        self.upstream.source = Some(source.parse().unwrap());
        self
    }

    pub(crate) fn limits(mut self, in_flight: usize, streams: usize) -> Self {
        (self.limits.in_flight, self.limits.streams) = (in_flight, streams);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(ProxyBuilder) -> ProxyBuilder + 'static) -> Self {
        self.change = Box::new(change);
        self
    }

    pub(crate) async fn start(self) -> Gateway {
        let lines = CaptureSink::in_format(Format::Backstage);
        let sink = lines.clone();
        let root = RootLogger::builder().format(Format::Backstage).level(Level::Debug).sink(sink).build();
        let proxy = Proxy::builder(self.upstream, root.plugin("gateway")).limits(self.limits);
        let proxy = (self.change)(proxy).build();
        let (config, forwarding) = (self.config, proxy.forwarding());
        let (tell, address) = tokio::sync::oneshot::channel();
        let listening = plugin("kit", move |env| {
            env.register_init(async move |root: RootHttpRouter| {
                let _ = tell.send(root.local_addr().tcp().unwrap());
                Ok(())
            });
        });
        let backend = Backend::new(vec![
            service(async move || Ok(RootConfig::from_json(config)?)),
            service(async move || Ok(root)),
            service(async move || Ok(forwarding)),
            greenroom_logging::logger(),
            ExternalTokens::factory(),
            Auth::factory(),
            HttpAuth::factory(),
            HealthRegistry::factory(),
            HealthChecks::factory(),
            RootHealth::factory(),
            HttpSettings::factory(Some("production".to_owned()), DataDirEnvironment::default()),
            RootHttpRouter::factory(),
            HttpRouter::factory(),
        ]);
        let running = match backend.add(listening).start().await {
            Ok(running) => running,
            Err(error) => panic!("{error}"),
        };
        let client = Client(address.await.unwrap());
        Gateway { client, proxy, lines, _running: running }
    }
}

/// A gateway that runs.
pub(crate) struct Gateway {
    pub(crate) client: Client,
    pub(crate) proxy: Proxy,
    pub(crate) lines: CaptureSink,
    _running: Running,
}

impl Gateway {
    /// One in front of a server behind, which is known to take connections.
    pub(crate) async fn pair() -> (Self, Upstream) {
        let upstream = Upstream::listen().await;
        (Kit::to(upstream.address).start().await.up().await, upstream)
    }

    /// Waits until the server behind is known to take connections.
    pub(crate) async fn up(self) -> Self {
        self.until(|state| matches!(state, State::Up { .. })).await;
        self
    }

    pub(crate) async fn until(&self, holds: impl FnMut(&State) -> bool) -> State {
        let mut states = self.proxy.state();
        let state = timeout(PATIENCE, states.wait_for(holds)).await.expect("a state in time").unwrap();
        state.clone()
    }

    /// The access lines, once there are so many.
    pub(crate) async fn access_lines(&self, count: usize) -> Vec<Value> {
        let mut found = vec![];
        until(async || {
            let lines = self.lines.json().into_iter();
            found = lines.filter(|line| line["type"] == "incomingRequest").collect();
            found.len() >= count
        })
        .await;
        found
    }

    /// The lines whose message has that part.
    pub(crate) fn lines_with(&self, part: &str) -> Vec<Value> {
        let lines = self.lines.json().into_iter();
        lines.filter(|line| line["message"].as_str().is_some_and(|message| message.contains(part))).collect()
    }
}

/// Waits until `holds`, at most as long as a test may.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it comes to hold");
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

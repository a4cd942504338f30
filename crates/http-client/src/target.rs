//! Where a call goes.

use std::net::IpAddr;

use http::{
    Uri,
    uri::{Authority, Scheme},
};

use crate::error::{CallError, Fault};

/// Host and port of a URL.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As it stands in the URL, an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_https: bool,
}

impl Target {
    pub(crate) fn of(uri: &Uri) -> Result<Self, CallError> {
        let refuse = |to: &str, reason| Err(CallError::new(to, Fault::Request(reason)));
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return refuse("nowhere", "its URL has no host, expected http://… or https://…");
        };
        let host = authority.host();
        let is_https = *scheme == Scheme::HTTPS;
        if !is_https && *scheme != Scheme::HTTP {
            return refuse(host, "its URL begins with neither http:// nor https://");
        }
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if bare.is_empty() {
            return refuse("nowhere", "its URL has no host, expected http://… or https://…");
        }
        if authority.as_str().contains('@') {
            return refuse(host, "its URL holds credentials, which belong in a header");
        }
        match port(authority) {
            Ok(port) => {
                let port = port.unwrap_or(if is_https { 443 } else { 80 });
                Ok(Self { host: bare.to_owned(), port, is_https })
            }
            Err(reason) => refuse(host, reason),
        }
    }

    /// The address, if the host is one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok().map(|address: IpAddr| address.to_canonical())
    }

    /// Host and port.
    pub(crate) fn name(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    pub(crate) fn fail(&self, fault: Fault) -> CallError {
        CallError::new(self.name(), fault)
    }
}

/// The port that is written there. `http` takes one that is no port for none.
pub(crate) fn port(authority: &Authority) -> Result<Option<u16>, &'static str> {
    let written =
        authority.as_str().rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    match (written, authority.port_u16()) {
        (None | Some(""), _) => Ok(None),
        (_, Some(port)) if port > 0 => Ok(Some(port)),
        _ => Err("its port is none, expected 1 to 65535"),
    }
}

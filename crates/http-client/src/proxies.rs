//! By which proxy a call goes, as `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.

use std::{fmt, net::IpAddr};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use crate::{
    error::Fault,
    no_proxy::NoProxy,
    target::{Target, port},
};

const NO_URL: &str = "it is no URL, expected http://host:port or http://user:password@host:port with special characters as %XX";

/// The proxies of an environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    http: Option<Entry>,
    https: Option<Entry>,
    none_for: NoProxy,
}

/// What a variable says: a proxy, or why it is none. It is told at start, and fails the calls that would go by it: without
/// a proxy they might leave by a way that nobody wants.
#[derive(Clone, Debug)]
struct Entry {
    variable: &'static str,
    proxy: Result<Proxy, &'static str>,
}

/// A proxy that speaks HTTP.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// `http://host:port/`.
    pub(crate) uri: Uri,
    pub(crate) authorization: Option<HeaderValue>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())
    }
}

impl Proxies {
    /// From the values of variables, by their names in upper case.
    pub(crate) fn parse(value: impl Fn(&str) -> Option<String>) -> Self {
        let entry = |variable| {
            let proxy = Proxy::parse(&value(variable)?);
            Some(Entry { variable, proxy })
        };
        let all = entry("ALL_PROXY");
        Self {
            http: entry("HTTP_PROXY").or_else(|| all.clone()),
            https: entry("HTTPS_PROXY").or(all),
            none_for: value("NO_PROXY").map(|value| NoProxy::parse(&value)).unwrap_or_default(),
        }
    }

    /// Variables that name no usable proxy, each in a sentence.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        let mut told = None;
        [&self.http, &self.https].into_iter().flatten().filter_map(move |entry| {
            let reason = entry.proxy.as_ref().err()?;
            let is_news = told.replace(entry.variable) != Some(entry.variable);
            is_news.then(|| format!("{} names no usable proxy, calls by it fail: {reason}", entry.variable))
        })
    }

    /// The proxy for calls to a target, if they go by one. What is on this machine is called without.
    pub(crate) fn find(&self, target: &Target) -> Result<Option<&Proxy>, Fault> {
        let entry = if target.is_https { &self.https } else { &self.http };
        let Some(entry) = entry else { return Ok(None) };
        if is_loopback(target) || self.none_for.lists(&target.host, target.port) {
            return Ok(None);
        }
        entry.proxy.as_ref().map(Some).map_err(|reason| Fault::ProxyFailed {
            proxy: format!("of {}", entry.variable),
            reason: (*reason).to_owned(),
        })
    }
}

fn is_loopback(target: &Target) -> bool {
    let host = target.host.trim_end_matches('.').to_ascii_lowercase();
    let is_named_so = host == "localhost" || host.ends_with(".localhost");
    is_named_so || target.address().is_some_and(|address| IpAddr::is_loopback(&address))
}

impl Proxy {
    /// `http://host:port`, with or without `http://`, a user and a password. The reason holds nothing of it.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = with_scheme.parse().map_err(|_| NO_URL)?;
        if uri.scheme_str() != Some("http") {
            return Err("expected a URL that begins with http://");
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty()).ok_or(NO_URL)?;
        port(authority)?;
        let (user, place) = match authority.as_str().rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority.as_str()),
        };
        let uri = Uri::builder().scheme("http").authority(place).path_and_query("/").build();
        Ok(Self { uri: uri.map_err(|_| NO_URL)?, authorization: user.and_then(basic) })
    }

    /// Host and port.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.uri.host().unwrap_or_default(), self.uri.port_u16().unwrap_or(80))
    }
}

/// `Basic …` of `user:password`, in which URLs escape characters by `%`.
fn basic(user_info: &str) -> Option<HeaderValue> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let mut both: Vec<u8> = percent_decode_str(user).collect();
    both.push(b':');
    both.extend(percent_decode_str(password));
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(both))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

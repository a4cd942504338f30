//! The parts of a URL that a route is made of. Browsers have written it, so that it is normal already.

/// A URL with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Url<'a> {
    pub(super) scheme: &'a str,
    /// With its port, without credentials.
    pub(super) host: &'a str,
    /// Without query and fragment; `/` where there is none.
    pub(super) path: &'a str,
}

impl<'a> Url<'a> {
    pub(super) fn parse(url: &'a str) -> Option<Self> {
        let (scheme, behind) = url.trim().split_once("://").filter(|(scheme, _)| is_scheme(scheme))?;
        let end = behind.find(['/', '?', '#', '\\']).unwrap_or(behind.len());
        let (authority, rest) = behind.split_at(end);
        let host = authority.rsplit('@').next().unwrap_or_default();
        Some(Self { scheme, host, path: path_of(rest) })
    }

    pub(super) fn is_web(&self) -> bool {
        ["http", "https", "ws", "wss"].iter().any(|scheme| scheme.eq_ignore_ascii_case(self.scheme))
    }
}

/// What stands before query and fragment.
pub(super) fn path_of(url: &str) -> &str {
    match url.split(['?', '#']).next().unwrap_or_default() {
        "" => "/",
        path => path,
    }
}

pub(super) fn is_scheme(scheme: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.len() <= 32
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(is_allowed)
}

//! The cookie of a session.

use std::time::Duration;

use greenroom_http_server::LocalAddr;
use http::{HeaderMap, HeaderValue, header};

use crate::{ROOT, secret::Digest};

/// Its name. Cookies know no ports: two backends on one machine have two.
#[derive(Clone, Debug)]
pub(crate) struct CookieName(String);

impl CookieName {
    pub(crate) fn of(address: &LocalAddr) -> Self {
        Self(match address.tcp() {
            Some(address) => format!("greenroom-ops-{}", address.port()),
            None => "greenroom-ops".to_owned(),
        })
    }

    /// The session that a request names.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<Digest> {
        let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.0).map(|(_, id)| Digest::of(id))
    }

    /// What makes a browser keep it. `Secure` on this machine too would lose it in some browsers.
    pub(crate) fn set(&self, id: &str, lifetime: Duration, is_secure: bool) -> Option<HeaderValue> {
        let secure = if is_secure { "; Secure" } else { "" };
        let age = lifetime.as_secs();
        let text = format!("{}={id}; Path={ROOT}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}", self.0);
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What makes it forget.
    pub(crate) fn clear(&self, is_secure: bool) -> Option<HeaderValue> {
        self.set("", Duration::ZERO, is_secure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_for_the_surface_alone_and_for_no_script_or_other_site() {
        let name = CookieName::of(&LocalAddr::Tcp("127.0.0.1:7007".parse().unwrap()));
        let set = name.set("abc", Duration::from_secs(60), true).unwrap();
        assert!(set.is_sensitive());
        assert_eq!(
            set.to_str().unwrap(),
            "greenroom-ops-7007=abc; Path=/.greenroom; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn it_is_found_among_others() {
        let name = CookieName::of(&LocalAddr::Tcp("127.0.0.1:7007".parse().unwrap()));
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=b; greenroom-ops-7008=x".parse().unwrap());
        assert_eq!(name.read(&headers), None);
        headers.append(header::COOKIE, "greenroom-ops-7007=y".parse().unwrap());
        assert_eq!(name.read(&headers), Some(Digest::of("y")));
    }
}

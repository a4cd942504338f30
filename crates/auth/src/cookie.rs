//! The cookie by which a browser is known where it can send no header: links, images, frames.
//!
//! It holds a limited user token, which says who somebody is and no more.
//!
//! Contract: auth-31 to auth-34.

use std::{
    borrow::Cow,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use greenroom_config::RootConfig;
use greenroom_errors::Error;
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{COOKIE, InvalidHeaderValue},
};

use crate::LimitedUserToken;

const NAME: &str = "backstage-auth";
const BASE_URL: &str = "backend.baseUrl";
/// One that is good for less than this is replaced.
const SOON: Duration = Duration::from_secs(5 * 60);

/// What becomes of a browser's cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCookie {
    /// Until when the browser is known by it.
    pub expires_at: SystemTime,
    /// What the answer says as `Set-Cookie`: a secret. `None` if the browser keeps the one that it has.
    pub set_cookie: Option<HeaderValue>,
}

impl fmt::Debug for UserCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserCookie").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The cookie of that name as it was sent: the first of a request counts, an empty one is none.
pub(crate) fn raw_token(headers: &HeaderMap) -> Option<&[u8]> {
    let values = headers.get_all(COOKIE).into_iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let mut named = pairs.filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        (pair[..equals].trim_ascii() == NAME.as_bytes()).then(|| pair[equals + 1..].trim_ascii())
    });
    named.next().filter(|token| !token.is_empty())
}

/// Its token.
pub(crate) fn token(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    raw_token(headers).map(String::from_utf8_lossy)
}

/// Whether one that is good until then need not be replaced yet.
pub(crate) fn lasts(expires_at: SystemTime, now: SystemTime) -> bool {
    now + SOON <= expires_at
}

/// Where the cookie goes: to the host of the backend's external URL, by https unless that is another one's by http.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CookieScope {
    /// `None` if a cookie cannot name it, as an IPv6 address: it then goes to the host that has set it.
    domain: Option<String>,
    is_secure: bool,
}

impl CookieScope {
    /// By `backend.baseUrl`.
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self, Error> {
        let base_url = config.string(BASE_URL).map_err(Error::from_any)?;
        let uri = base_url.parse::<Uri>().ok();
        let host = uri.as_ref().and_then(Uri::host).map(str::to_ascii_lowercase);
        let (Some(uri), Some(host)) = (uri, host) else {
            return Err(Error::new(format!("{BASE_URL} is no URL, so that no cookie can be issued for it")));
        };
        let is_secure = uri.scheme_str() == Some("https") || host == "localhost";
        Ok(Self { domain: Some(host).filter(|host| is_domain(host)), is_secure })
    }

    /// The header that gives a browser this token.
    pub(crate) fn set(&self, token: &LimitedUserToken) -> Result<HeaderValue, Error> {
        self.header(&token.token, token.expires_at)
    }

    /// The one that takes it away.
    pub(crate) fn clear(&self) -> Result<HeaderValue, Error> {
        self.header("", UNIX_EPOCH)
    }

    fn header(&self, value: &str, expires_at: SystemTime) -> Result<HeaderValue, Error> {
        let cannot = || Error::new("The user cookie could not be written");
        let expires = jiff::Timestamp::try_from(expires_at).map_err(|_| cannot())?;
        let expires = expires.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let domain = self.domain.as_ref().map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        let (secure, same_site) = if self.is_secure { ("; Secure", "None") } else { ("", "Lax") };
        let text = format!(
            "{NAME}={value}{domain}; Path=/; Expires={expires}; HttpOnly{secure}; Priority=High; SameSite={same_site}"
        );
        let mut header = HeaderValue::try_from(text).map_err(|_: InvalidHeaderValue| cannot())?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// Whether a cookie may name it: labels of letters, digits and hyphens.
fn is_domain(host: &str) -> bool {
    host.split('.').all(|label| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(base_url: &str) -> Result<CookieScope, String> {
        let yaml = format!("backend: {{ baseUrl: '{base_url}' }}");
        CookieScope::from_config(&RootConfig::from_yaml(&yaml).unwrap()).map_err(|error| error.to_string())
    }

    fn cleared(base_url: &str) -> String {
        scope(base_url).unwrap().clear().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn auth_33_a_cookie_goes_to_the_host_of_the_external_url_and_by_https_where_there_is_some() {
        let epoch = "Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly";
        for (base_url, domain, rest) in [
            (
                "https://Portal.example.com/sub",
                "portal.example.com",
                "; Secure; Priority=High; SameSite=None",
            ),
            ("http://localhost:7007", "localhost", "; Secure; Priority=High; SameSite=None"),
            ("http://portal.example.com", "portal.example.com", "; Priority=High; SameSite=Lax"),
            ("http://127.0.0.1:7007", "127.0.0.1", "; Priority=High; SameSite=Lax"),
        ] {
            assert_eq!(cleared(base_url), format!("backstage-auth=; Domain={domain}; {epoch}{rest}"));
        }
    }

    #[test]
    fn a_host_that_no_cookie_can_name_is_left_out() {
        for base_url in ["http://[::1]:7007", "http://a_b.example"] {
            assert!(cleared(base_url).starts_with("backstage-auth=; Path=/; "), "{}", cleared(base_url));
        }
        assert_eq!(
            scope("/api").unwrap_err(),
            "backend.baseUrl is no URL, so that no cookie can be issued for it"
        );
        let missing = CookieScope::from_config(&RootConfig::from_yaml("{}").unwrap()).unwrap_err();
        assert!(
            missing.to_string().starts_with("Missing required config value at 'backend.baseUrl'"),
            "{missing}"
        );
    }

    #[test]
    fn auth_34_one_that_is_good_for_five_minutes_more_lasts() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        let seconds = [299, 300, 301].map(|seconds| lasts(now + Duration::from_secs(seconds), now));
        assert_eq!(seconds, [false, true, true]);
        assert!(!lasts(UNIX_EPOCH, now));
    }
}

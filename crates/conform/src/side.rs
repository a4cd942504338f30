//! One of the two backends: where it is, and the token that only it gets to see.

use std::fmt;

use greenroom_http_client::Call;
use greenroom_redact::Tokens;
use http::{HeaderValue, Uri};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first.
    A,
    /// The second.
    B,
}

impl Which {
    /// Both, in their order.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// Its one of two things.
    pub(crate) fn of<T>(self, [a, b]: &[T; 2]) -> &T {
        match self {
            Self::A => a,
            Self::B => b,
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

/// Where a backend is.
///
/// ```
/// use greenroom_conform::Origin;
///
/// let origin = Origin::parse("https://Portal.example.com:8443/base/").unwrap();
/// assert_eq!(origin.to_string(), "https://portal.example.com:8443/base");
/// assert!(Origin::parse("ftp://example.com").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
    base: String,
}

impl Origin {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is none of `http` and `https`, or holds credentials, a query or a fragment; nothing of it is repeated.
    pub fn parse(url: &str) -> Result<Self, String> {
        let expected = "expected the URL of a backend, such as https://portal.example.com";
        let call = Call::get(url).map_err(|_| format!("is no URL that can be called: {expected}"))?;
        let uri: &Uri = call.request().uri();
        if uri.query().is_some() || url.contains('#') {
            return Err(format!("holds a query or a fragment: {expected}"));
        }
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let scheme = uri.scheme_str().unwrap_or_default().to_owned();
        let default = if scheme == "https" { 443 } else { 80 };
        let port = uri.port_u16().filter(|port| *port != default);
        Ok(Self { scheme, host, port, base: uri.path().trim_end_matches('/').to_owned() })
    }

    /// The host, an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, where it is not the scheme's own.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Scheme, host and port, as a browser sends them.
    pub(crate) fn as_sent(&self) -> String {
        format!("{}://{}", self.scheme, self.authority())
    }

    pub(crate) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.as_sent(), self.base)
    }
}

/// A bearer token, which is never shown.
#[derive(Clone)]
pub struct Token {
    /// The variable that it came from: what a command line shows in its place.
    pub(crate) variable: String,
    pub(crate) header: HeaderValue,
}

impl Token {
    /// The token itself, or `Bearer` and the token, as a variable of the environment holds it.
    ///
    /// # Errors
    /// When there is none or more than one word, or a letter that no header may have, or less than four.
    pub fn new(variable: impl Into<String>, text: &str) -> Result<Self, String> {
        let variable = variable.into();
        let text = text.trim();
        let token = match text.strip_prefix("Bearer") {
            Some(token) if token.is_empty() || token.starts_with(' ') => token.trim(),
            _ => text,
        };
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{variable} holds no token: one has no blanks and only letters of ASCII"));
        }
        if token.len() < Tokens::SHORTEST {
            return Err(format!(
                "{variable} holds no token of 4 characters or more: where an answer repeats a shorter one, it could not be masked"
            ));
        }
        let mut header = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| format!("{variable} holds no token"))?;
        header.set_sensitive(true);
        Ok(Self { variable, header })
    }

    /// The token itself.
    pub(crate) fn text(&self) -> Option<&str> {
        self.header.to_str().ok()?.strip_prefix("Bearer ")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.variable)
    }
}

/// A backend to compare.
#[derive(Clone, Debug)]
pub struct Side {
    /// Where it is.
    pub origin: Origin,
    /// What authorized reads are made with.
    pub token: Option<Token>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_is_shown_by_its_variable_only() {
        for text in ["abcd", " Bearer abcd\n"] {
            let token = Token::new("T", text).unwrap();
            assert_eq!(token.header.to_str().unwrap(), "Bearer abcd");
            assert_eq!(format!("{token:?}"), "Token(T)");
        }
        for text in ["", "Bearer ", "a b", "a\u{e9}", "abc"] {
            let told = Token::new("T", text).unwrap_err();
            assert!(told.starts_with("T holds no token"), "{told}");
        }
    }

    #[test]
    fn an_origin_has_no_port_of_its_scheme_and_no_credentials() {
        let shown = |url: &str| Origin::parse(url).map(|origin| origin.to_string());
        assert_eq!(shown("http://localhost:80/").unwrap(), "http://localhost");
        assert_eq!(shown("http://[::1]:7007").unwrap(), "http://[::1]:7007");
        for refused in ["localhost:7007", "http://me:pw@x", "http://x/?token=1", "http://x/#a", ""] {
            let told = shown(refused).unwrap_err();
            assert!(!told.contains("pw") && !told.contains("token"), "{refused}: {told}");
        }
    }
}

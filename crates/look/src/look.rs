//! A run: what it looks at, within which limits.

use std::{fmt, time::Duration};

use greenroom_http_client::ClientEnvironment;
use greenroom_redact::Tokens;
use http::HeaderValue;

use crate::{checks, gather, mask::Mask, report::Report, target::Target, web::Web};

/// How much a run may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in all.
    pub requests: usize,
    /// Requests that begin in any second.
    pub per_second: usize,
    /// How long one request may take.
    pub each: Duration,
    /// How long all of them may take.
    pub total: Duration,
    /// How long an event stream that says nothing is held open, beyond the time of the others: only a run that is active does so.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        // Most of what cuts silent streams does so after 60 s.
        Self { requests: 60, per_second: 5, each: seconds(5), total: seconds(30), silence: seconds(75) }
    }
}

/// A bearer token, which nothing shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token, alone or behind `Bearer`.
    ///
    /// # Errors
    /// What is wrong with the text, which the reason does not repeat.
    ///
    /// ```
    /// use greenroom_look::Token;
    ///
    /// assert!(Token::parse("Bearer abcd\n").is_ok());
    /// assert!(Token::parse("two words").is_err() && Token::parse("abc").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let token = text.strip_prefix("Bearer ").map_or(text, str::trim);
        match token {
            "" => Err("is empty"),
            token if token.len() < Tokens::SHORTEST => {
                Err("has less than 4 characters: where an answer repeats it, it could not be masked")
            }
            token if token.chars().all(|c| c.is_ascii_graphic()) => Ok(Self(token.to_owned())),
            _ => Err("holds more than a token"),
        }
    }

    /// Itself, for whoever masks it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The value of the header `Authorization`.
    pub fn header(&self) -> HeaderValue {
        // It holds nothing but visible ASCII.
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0))
            .unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Looks at a Backstage from outside.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom_look::{Look, Verdict};
///
/// // Nobody listens there.
/// let report = Look::new("http://127.0.0.1:1".parse().unwrap()).run().await;
/// assert_eq!((report.verdict(), report.exit_code()), (Verdict::NotReachable, 3));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Look {
    pub(crate) target: Target,
    pub(crate) token: Option<Token>,
    pub(crate) is_active: bool,
    pub(crate) environment: ClientEnvironment,
    pub(crate) limits: Limits,
}

impl Look {
    /// At that URL, without a token, by no proxy.
    pub fn new(target: Target) -> Self {
        let environment = ClientEnvironment::default();
        Self { target, token: None, is_active: false, environment, limits: Limits::default() }
    }

    /// Also what a caller with this token may see; it goes nowhere but to the origin of the URL.
    #[must_use]
    pub fn token(mut self, token: Option<Token>) -> Self {
        self.token = token;
        self
    }

    /// Also how the way to the backend treats large bodies and event streams.
    #[must_use]
    pub fn active(mut self, active: bool) -> Self {
        self.is_active = active;
        self
    }

    /// By these proxies, trusting these certificates.
    #[must_use]
    pub fn environment(mut self, environment: ClientEnvironment) -> Self {
        self.environment = environment;
        self
    }

    /// Within other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Asks, and says what was found.
    pub async fn run(self) -> Report {
        let began = tokio::time::Instant::now();
        let web = Web::new(&self);
        let gathered = gather::gather(&web, &self).await;
        let (made, limits, was_limited) = web.into_made();
        let report = match gathered {
            Err(why) => Report::nothing(&self.target, why),
            Ok(mut seen) => {
                (seen.limits, seen.was_limited, seen.sent) = (limits, was_limited, made.len());
                Report::of(&self.target, checks::all(&seen))
            }
        };
        report.made(made, began.elapsed()).masked(&Mask::of(self.token.as_ref().map(Token::text)))
    }
}

//! One request that both backends are asked.

use std::borrow::Cow;

use http::{HeaderName, Method};

use crate::{
    area::Area,
    side::{Side, Which},
};

/// A text that may be another one for each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// The same for both.
    Same(Cow<'static, str>),
    /// The side's own origin.
    OwnOrigin,
    /// One for each.
    Each([String; 2]),
}

impl Text {
    pub(crate) fn of(&self, which: Which, side: &Side) -> Cow<'_, str> {
        match self {
            Self::Same(text) => Cow::Borrowed(text),
            Self::OwnOrigin => Cow::Owned(side.origin.as_sent()),
            Self::Each(both) => Cow::Borrowed(which.of(both).as_str()),
        }
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::Same(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Same(text.into())
    }
}

/// How much of two answers can be the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// All of it.
    #[default]
    Whole,
    /// All but the content and what describes it: a file of another build.
    NotContent,
}

/// A request, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// In which area it counts.
    pub area: Area,
    /// What it shows, in a few words.
    pub name: String,
    /// `GET`, `HEAD` and `OPTIONS`, unless others were asked for.
    pub method: Method,
    /// Path and query.
    pub path: Text,
    /// Besides `User-Agent`.
    pub headers: Vec<(HeaderName, Text)>,
    /// JSON or what should be some.
    pub body: Option<&'static str>,
    /// Sent with each side's token.
    pub is_authorized: bool,
    /// What is compared.
    pub sameness: Sameness,
}

impl Probe {
    pub(crate) fn new(area: Area, name: impl Into<String>, method: Method, path: impl Into<Text>) -> Self {
        Self {
            area,
            name: name.into(),
            method,
            path: path.into(),
            headers: vec![],
            body: None,
            is_authorized: false,
            sameness: Sameness::Whole,
        }
    }

    pub(crate) fn get(area: Area, name: impl Into<String>, path: impl Into<Text>) -> Self {
        Self::new(area, name, Method::GET, path)
    }

    pub(crate) fn head(area: Area, name: impl Into<String>, path: impl Into<Text>) -> Self {
        Self::new(area, name, Method::HEAD, path)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<Text>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: &'static str) -> Self {
        self.body = Some(body);
        self.with(http::header::CONTENT_TYPE, "application/json")
    }

    pub(crate) fn authorized(mut self) -> Self {
        self.is_authorized = true;
        self
    }

    pub(crate) fn sameness(mut self, sameness: Sameness) -> Self {
        self.sameness = sameness;
        self
    }

    /// The request as a line for a shell, which asks one side the same. In a token's place stands its variable.
    pub(crate) fn curl(&self, which: Which, side: &Side) -> String {
        let mut line = match self.method {
            Method::GET => "curl -si --path-as-is".to_owned(),
            Method::HEAD => "curl -sI --path-as-is".to_owned(),
            ref method => format!("curl -si --path-as-is -X {method}"),
        };
        for (name, value) in &self.headers {
            line += &format!(" -H {}", quoted(&format!("{name}: {}", value.of(which, side))));
        }
        if let (true, Some(token)) = (self.is_authorized, &side.token) {
            line += &format!(" -H \"Authorization: Bearer ${}\"", token.variable);
        }
        if let Some(body) = self.body {
            line += &format!(" -d {}", quoted(body));
        }
        let url = format!("{}{}", side.origin, self.path.of(which, side));
        line + " " + &quoted(&url)
    }

    /// Method and path of one side, by which a file of known differences may name it.
    pub(crate) fn request_line(&self, which: Which, side: &Side) -> String {
        format!("{} {}", self.method, self.path.of(which, side))
    }
}

/// A text that a shell takes as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use http::header::ORIGIN;

    use super::*;
    use crate::side::{Origin, Token};

    #[test]
    fn the_line_for_a_shell_holds_all_but_the_token() {
        let side = Side {
            origin: Origin::parse("http://localhost:7007").unwrap(),
            token: Some(Token::new("TOKEN_A", "s3cret").unwrap()),
        };
        let probe = Probe::get(Area::Errors, "x", "/it's").with(ORIGIN, Text::OwnOrigin).authorized();
        assert_eq!(
            probe.curl(Which::A, &side),
            r#"curl -si --path-as-is -H 'origin: http://localhost:7007' -H "Authorization: Bearer $TOKEN_A" 'http://localhost:7007/it'\''s'"#
        );
    }
}

//! One thing that a check has to say.

use serde::Serialize;

/// How it stands with what a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    Problem,
    Ok,
    /// It cannot be known from outside, or not by this run.
    Unknown,
}

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Somebody can do or read what they should not, or users are kept from something.
    Fail,
    /// It may become that, or costs users something.
    Warn,
}

/// What a check is about, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Group {
    #[serde(rename = "reachability")]
    Reachability,
    #[serde(rename = "exposure")]
    Exposure,
    #[serde(rename = "sign-in")]
    SignIn,
    #[serde(rename = "browser")]
    Browser,
    #[serde(rename = "performance")]
    Performance,
    #[serde(rename = "observability")]
    Observability,
    #[serde(rename = "replicas")]
    Replicas,
    #[serde(rename = "token")]
    Token,
}

impl Group {
    pub(crate) const ALL: [Self; 8] = [
        Self::Reachability,
        Self::Exposure,
        Self::SignIn,
        Self::Browser,
        Self::Performance,
        Self::Observability,
        Self::Replicas,
        Self::Token,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Reachability => "Reachability",
            Self::Exposure => "Exposure",
            Self::SignIn => "Sign-in",
            Self::Browser => "Browser and CSP",
            Self::Performance => "Performance",
            Self::Observability => "Observability",
            Self::Replicas => "Replicas",
            Self::Token => "With a token",
        }
    }
}

/// A finding; each field but the first ones is a sentence or two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Its stable name.
    pub(crate) id: &'static str,
    pub(crate) class: Class,
    /// Of a problem.
    pub(crate) severity: Option<Severity>,
    pub(crate) observed: String,
    pub(crate) why: Option<String>,
    /// Config, a command, or what to do.
    pub(crate) change: Option<String>,
    /// A URL.
    pub(crate) source: Option<&'static str>,
}

impl Finding {
    fn new(id: &'static str, class: Class, severity: Option<Severity>, observed: String) -> Self {
        Self { id, class, severity, observed, why: None, change: None, source: None }
    }

    pub(crate) fn fail(id: &'static str, observed: impl Into<String>) -> Self {
        Self::new(id, Class::Problem, Some(Severity::Fail), observed.into())
    }

    pub(crate) fn warn(id: &'static str, observed: impl Into<String>) -> Self {
        Self::new(id, Class::Problem, Some(Severity::Warn), observed.into())
    }

    pub(crate) fn ok(id: &'static str, observed: impl Into<String>) -> Self {
        Self::new(id, Class::Ok, None, observed.into())
    }

    pub(crate) fn unknown(id: &'static str, observed: impl Into<String>) -> Self {
        Self::new(id, Class::Unknown, None, observed.into())
    }

    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    pub(crate) fn change(mut self, change: impl Into<String>) -> Self {
        self.change = Some(change.into());
        self
    }

    pub(crate) fn source(mut self, source: &'static str) -> Self {
        self.source = Some(source);
        self
    }

    /// Lets `text` rewrite all that it says.
    pub(crate) fn map(mut self, text: impl Fn(&str) -> String) -> Self {
        self.observed = text(&self.observed);
        self.why = self.why.as_deref().map(&text);
        self.change = self.change.as_deref().map(&text);
        self
    }
}

//! What checks depend on outside this process.

use std::fmt;

/// Something outside this process, such as a database server. Checks that name the same one fail for one
/// [cause](crate::Cause).
///
/// ```
/// use greenroom_health::Dependency;
///
/// let server = Dependency::new("postgresql", "db:5432");
/// assert_eq!(server.to_string(), "postgresql db:5432");
/// assert_eq!(server.part("catalog").to_string(), "postgresql db:5432/catalog");
/// ```
///
/// Operators read it: it has no credentials.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    kind: String,
    place: String,
    part: Option<String>,
}

impl Dependency {
    /// One of this kind, such as `postgresql`, at this place, such as `db:5432`.
    pub fn new(kind: impl Into<String>, place: impl Into<String>) -> Self {
        Self { kind: kind.into(), place: place.into(), part: None }
    }

    /// What of it the check uses, such as one database of a server. Failures in different parts have one cause.
    #[must_use]
    pub fn part(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Where it is, with the part that is used.
    pub fn target(&self) -> String {
        match &self.part {
            Some(part) => format!("{}/{part}", self.place),
            None => self.place.clone(),
        }
    }

    /// Whether a failure here may have the cause of one there.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        (&self.kind, &self.place) == (&other.kind, &other.place)
    }

    /// What both are: one part, or the whole.
    pub(crate) fn with(mut self, other: &Self) -> Self {
        if self.part != other.part {
            self.part = None;
        }
        self
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.target())
    }
}

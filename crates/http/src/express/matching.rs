//! Paths as Express matches them: case-insensitive, at segment boundaries, a trailing slash tolerated.

use greenroom_errors::Error;

/// A path for comparison: lower case, no slash at the end, one at the start.
pub(crate) fn normalize(path: &str) -> String {
    format!("/{}", path.trim_matches('/').to_ascii_lowercase())
}

/// What is left of `path` below a mount point that [`normalize`] made, with its slash; `None` if it is not below it.
pub(crate) fn below<'a>(mount: &str, path: &'a str) -> Option<&'a str> {
    let head = path.get(..mount.len())?;
    let rest = &path[mount.len()..];
    let matches = head.eq_ignore_ascii_case(mount) && (rest.is_empty() || rest.starts_with('/'));
    matches.then_some(if rest.is_empty() { "/" } else { rest })
}

/// Whether `path` is exactly `mount`, a slash at its end or not.
pub(crate) fn is(mount: &str, path: &str) -> bool {
    below(mount, path) == Some("/")
}

/// A pattern of an auth policy: `/open`, `/task/:id`, `/files/*path`; `/` and `*` match everything.
///
/// Contract: auth-5, auth-6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathPattern(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Any,
    Rest,
}

impl PathPattern {
    pub(crate) fn parse(pattern: &str) -> Result<Self, Error> {
        if pattern == "*" {
            return Ok(Self(vec![]));
        }
        let mut segments = pattern.split('/').filter(|segment| !segment.is_empty()).peekable();
        let mut parsed = vec![];
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            parsed.push(match segment.split_at_checked(1) {
                Some((":", name)) if is_name(name) => Segment::Any,
                Some(("*", name)) if is_name(name) && is_last => Segment::Rest,
                _ if segment.contains([':', '*', '{', '}', '(', ')', '[', ']', '?', '+', '!']) => {
                    return Err(Error::input(format!(
                        "Invalid auth policy path '{pattern}': '{segment}' is not a name, `:param` or a last `*rest`"
                    )));
                }
                _ => Segment::Literal(segment.to_ascii_lowercase()),
            });
        }
        Ok(Self(parsed))
    }

    /// Whether the pattern matches the path or the beginning of it, segment by segment.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut segments = path.split('/').skip(1);
        for expected in &self.0 {
            let Some(segment) = segments.next().filter(|segment| !segment.is_empty()) else { return false };
            match expected {
                Segment::Literal(literal) if !segment.eq_ignore_ascii_case(literal) => return false,
                Segment::Literal(_) | Segment::Any => {}
                Segment::Rest => return true,
            }
        }
        true
    }
}

/// Whether a parameter may be called so.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_match_at_segment_boundaries_in_any_case() {
        assert_eq!(below("/api/errs", "/api/errs"), Some("/"));
        assert_eq!(below("/api/errs", "/API/Errs/ip/"), Some("/ip/"));
        assert_eq!(below("/api/errs", "/api/errsx"), None);
        assert_eq!(below("/api/errs", "/api//errs"), None);
        assert!(is("/healthcheck", "/HealthCheck/") && !is("/healthcheck", "/healthcheck/x"));
    }

    #[test]
    fn auth_5_policies_match_prefixes_at_segment_boundaries() {
        let open = PathPattern::parse("/open").unwrap();
        let matched: Vec<_> =
            ["/open", "/open/", "/open/x", "/OPEN/x", "/openx", "/"].map(|path| open.matches(path)).to_vec();
        assert_eq!(matched, [true, true, true, true, false, false]);
        assert!(PathPattern::parse("/").unwrap().matches("/x"));
        assert!(PathPattern::parse("*").unwrap().matches("/"));
        let task = PathPattern::parse("/task/:id/queue").unwrap();
        assert!(task.matches("/task/7/queue") && !task.matches("/task/7") && !task.matches("/task//queue"));
        assert!(PathPattern::parse("/files/*path").unwrap().matches("/files/a/b"));
        for opens_more_than_it_says in ["/:id.json", "/files/*path/meta", "/*", "/:", "/a:b", "/(x)"] {
            assert!(PathPattern::parse(opens_more_than_it_says).is_err(), "{opens_more_than_it_says}");
        }
        assert!(PathPattern::parse("/a/*").is_err() && PathPattern::parse("/a{/b}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_path_or_pattern_panics(mount in "\\PC{0,12}", path in "\\PC{0,16}", pattern in "[/:*a-zé%.{]{0,10}") {
            let mount = normalize(&mount);
            if let Some(rest) = below(&mount, &path) {
                proptest::prop_assert!(rest.starts_with('/') && path.len() <= mount.len() + rest.len());
            }
            if let Ok(pattern) = PathPattern::parse(&pattern) {
                pattern.matches(&path);
            }
        }
    }
}

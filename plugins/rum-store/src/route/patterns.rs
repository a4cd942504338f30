//! The routes of Backstage whose parameters cannot be told by how they look.

use std::borrow::Cow;

use super::{MOST_SEGMENTS, REST, segment, without_hash};

/// Routes of one kind.
pub(super) struct Patterns {
    patterns: &'static [&'static str],
    /// What stands in place of a segment, by how it looks, where no pattern is met.
    parameter: fn(&str) -> Option<&'static str>,
    /// Whether the last segment may be a file of a bundle.
    has_files: bool,
}

/// Pages of the app. A tab of an entity's page is fixed; what is below it is not.
pub(super) const VIEWS: Patterns = Patterns {
    patterns: &[
        "/catalog/:namespace/:kind/:name",
        "/catalog/:namespace/:kind/:name/=",
        "/catalog/:namespace/:kind/:name/=/*",
        "/catalog/:namespace/:kind/:name/*",
        "/docs/:namespace/:kind/:name",
        "/docs/:namespace/:kind/:name/*",
        "/create/templates/:namespace/:templateName",
        "/create/tasks/:taskId",
    ],
    parameter: segment::parameter,
    has_files: false,
};

/// Pages that name a person in their path.
pub(super) const PEOPLE: Patterns = Patterns {
    patterns: &[
        "/catalog/+/user/:name",
        "/catalog/+/user/:name/*",
        "/docs/+/user/:name",
        "/docs/+/user/:name/*",
    ],
    parameter: segment::person,
    has_files: false,
};

/// Requests to the backend's plugins, and files of the app.
pub(super) const RESOURCES: Patterns = Patterns {
    patterns: &[
        "/api/catalog/entities/by-name/:kind/:namespace/:name",
        "/api/catalog/entities/by-name/:kind/:namespace/:name/=",
        "/api/catalog/entities/by-uid/:uid",
        "/api/catalog/locations/by-entity/:kind/:namespace/:name",
        "/api/catalog/locations/:id",
        "/api/techdocs/metadata/techdocs/:namespace/:kind/:name",
        "/api/techdocs/metadata/entity/:namespace/:kind/:name",
        "/api/techdocs/sync/:namespace/:kind/:name",
        "/api/techdocs/static/docs/:namespace/:kind/:name/*",
        "/api/scaffolder/v2/templates/:namespace/:kind/:name/=",
        "/api/scaffolder/v2/tasks/:taskId",
        "/api/scaffolder/v2/tasks/:taskId/=",
        "/api/user-settings/buckets/:bucket/keys/:key",
        "/api/notifications/notifications/:id",
        "/api/kubernetes/services/:serviceId",
        "/api/badges/entity/:namespace/:kind/:name/*",
    ],
    parameter: segment::parameter,
    has_files: true,
};

/// Requests to other hosts.
pub(super) const FOREIGN: Patterns =
    Patterns { patterns: &[], parameter: segment::parameter, has_files: true };

impl Patterns {
    /// The route of a path.
    pub(super) fn route(&self, path: &str) -> String {
        let segments = segments(path);
        let matched = self.patterns.iter().find_map(|pattern| filled(pattern, &segments));
        matched.unwrap_or_else(|| self.by_looks(path))
    }

    /// The route of a path, by how its segments look alone.
    pub(super) fn by_looks(&self, path: &str) -> String {
        let segments = segments(path);
        let last = segments.len() - 1;
        let names = segments.iter().enumerate().map(|(at, name)| {
            if at == MOST_SEGMENTS {
                return Cow::Borrowed(REST);
            }
            let is_file = self.has_files && at == last && is_file(name);
            let name = if is_file { without_hash(name).into() } else { Cow::Borrowed(*name) };
            (self.parameter)(&name).map_or(name, Cow::Borrowed)
        });
        joined(names)
    }
}

/// One more than are kept, where there are more.
fn segments(path: &str) -> Vec<&str> {
    path.trim_matches('/').split('/').take(MOST_SEGMENTS + 1).collect()
}

/// Whether it has an extension: `1.2` has none.
fn is_file(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.starts_with(|first: char| first.is_ascii_alphabetic()))
}

fn joined(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut route = String::new();
    for name in names {
        route.push('/');
        route.push_str(name.as_ref());
    }
    route
}

/// The route of a path that is of this pattern: `:name` takes any segment; `+` too, and it stays; `=` one that looks
/// fixed, and it stays; `*` takes the rest.
fn filled(pattern: &'static str, segments: &[&str]) -> Option<String> {
    let mut rest = segments.iter();
    let mut names = vec![];
    for part in pattern[1..].split('/') {
        let name = *rest.next().filter(|name| !name.is_empty())?;
        names.push(match part {
            REST => return Some(joined(names.into_iter().chain([REST]))),
            "+" => name,
            "=" if is_fixed(name) => name,
            _ if part.starts_with(':') || part.eq_ignore_ascii_case(name) => part,
            _ => return None,
        });
    }
    rest.next().is_none().then(|| joined(names))
}

fn is_fixed(name: &str) -> bool {
    name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
}

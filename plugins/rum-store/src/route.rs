//! The route of a view and of a request: its path with names in place of what differs each time.
//!
//! What is kept of a URL is its path: no query, no fragment, no credentials. What could be a person's name or address is
//! a parameter too.
//!
//! It must not know what a route is used for.

mod patterns;
mod segment;
mod url;

use crate::{fingerprint::without_hash, text::first_bytes};
use url::Url;

/// How long a route may be.
const MOST_BYTES: usize = 256;
/// How many segments of a path are kept.
const MOST_SEGMENTS: usize = 24;
/// What stands for the rest of a path.
const REST: &str = "*";

/// Makes routes, for one portal.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// Hosts that are the portal's own, with their ports.
    hosts: Vec<String>,
    /// Paths below which the app and the backend are, each without a slash at its end.
    bases: Vec<String>,
}

impl Routes {
    /// For the portal with these base URLs: `app.baseUrl`, `backend.baseUrl`.
    pub fn new<'a>(base_urls: impl IntoIterator<Item = &'a str>) -> Self {
        let mut routes = Self::default();
        for url in base_urls.into_iter().filter_map(Url::parse) {
            let base = url.path.trim_end_matches('/').to_owned();
            if !base.is_empty() && !routes.bases.contains(&base) {
                routes.bases.push(base);
            }
            routes.hosts.push(url.host.to_ascii_lowercase());
        }
        // `/portal/admin` before `/portal`.
        routes.bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
        routes
    }

    /// The route of a view: the name that the app gave it, else its URL's path.
    pub fn view(&self, name: Option<&str>, url: &str) -> String {
        let name = bounded(name.unwrap_or_default().trim());
        match name.as_str() {
            // What the app calls `/catalog/:kind` is a route already.
            path if path.starts_with('/') => bounded(&patterns::VIEWS.by_looks(url::path_of(path))),
            "" => bounded(&patterns::VIEWS.route(self.path(url))),
            url if Url::parse(url).is_some() => bounded(&patterns::VIEWS.route(self.path(url))),
            _ => name,
        }
    }

    /// The path of a view, as it was, except that what names a person is a parameter.
    pub fn view_path(&self, url: &str) -> String {
        bounded(&patterns::PEOPLE.route(self.path(url)))
    }

    /// The route of a request of the page with that URL: with its host where that is neither the page's nor the portal's.
    pub fn resource(&self, url: &str, page: &str) -> String {
        let Some(url) = Url::parse(url) else {
            return match url.split_once(':') {
                // `data:` and `blob:`: what is behind is content, or a name that the browser has made up.
                Some((scheme, _)) if url::is_scheme(scheme) => bounded(&format!("{scheme}:")),
                _ => bounded(&patterns::RESOURCES.route(self.within(url::path_of(url)))),
            };
        };
        let page = Url::parse(page).map(|page| page.host);
        if !url.is_web() {
            return bounded(&format!("{}://", url.scheme));
        }
        if self.is_own(url.host) || page.is_some_and(|host| host.eq_ignore_ascii_case(url.host)) {
            return bounded(&patterns::RESOURCES.route(self.within(url.path)));
        }
        let host = url.host.to_ascii_lowercase();
        bounded(&format!("{host}{}", patterns::FOREIGN.route(url.path)))
    }

    /// The path that the script with that URL is served at, below the base path; `None` where it may be another's: on a host
    /// that is not the portal's, only a name with the hash of its content is its own.
    pub(crate) fn script<'a>(&self, url: &'a str) -> Option<&'a str> {
        let url = Url::parse(url).filter(Url::is_web)?;
        let name = url.path.rsplit('/').next().unwrap_or_default();
        let is_own = self.is_own(url.host) || without_hash(name) != name;
        is_own.then(|| self.within(url.path))
    }

    fn is_own(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    fn path<'a>(&self, url: &'a str) -> &'a str {
        self.within(Url::parse(url).map_or_else(|| url::path_of(url), |url| url.path))
    }

    /// The path without the base path of the app.
    fn within<'a>(&self, path: &'a str) -> &'a str {
        let mut behind = self.bases.iter().filter_map(|base| path.strip_prefix(base.as_str()));
        match behind.find(|rest| rest.is_empty() || rest.starts_with('/')) {
            Some("") => "/",
            Some(rest) => rest,
            None => path,
        }
    }
}

/// Without what is no text, and no longer than allowed.
fn bounded(route: &str) -> String {
    let clean: String =
        first_bytes(route, 4 * MOST_BYTES).chars().filter(|next| !is_invisible(*next)).collect();
    first_bytes(&clean, MOST_BYTES).to_owned()
}

/// Control characters, and those that change the direction of what stands behind.
fn is_invisible(next: char) -> bool {
    next.is_control()
        || matches!(next, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;

//! Where the portal is: its page and its backend, as their base URLs say.

use greenroom::config::RootConfig;
use http::Uri;

/// `https://host:port`, as browsers write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// That of an absolute URL, or what the header `Origin` says.
    pub(crate) fn of(url: &str) -> Option<Self> {
        Self::of_uri(&url.trim().parse().ok()?)
    }

    fn of_uri(uri: &Uri) -> Option<Self> {
        let (scheme, host) = (uri.scheme_str()?.to_ascii_lowercase(), uri.host()?.to_ascii_lowercase());
        let default = match &*scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let port = uri.port_u16().filter(|port| *port != default);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self(format!("{scheme}://{host}{port}")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }
}

/// The page and the backend of a portal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Portal {
    app: Option<Origin>,
    backend: Option<Origin>,
    /// The path of `backend.baseUrl`, without a slash at its end.
    path: String,
    /// That of `app.baseUrl`.
    app_path: String,
    /// Whether the backend answers at the page's own origin, too.
    is_of_one_origin: bool,
}

impl Portal {
    /// A base URL that is none is told by whom it is of.
    pub(crate) fn of(config: &RootConfig) -> Self {
        let uri = |key: &str| config.optional_string(key).ok().flatten()?.trim().parse::<Uri>().ok();
        let (app, backend) = (uri("app.baseUrl"), uri("backend.baseUrl"));
        let path = |uri: &Option<Uri>| {
            uri.as_ref().map(Uri::path).unwrap_or_default().trim_end_matches('/').to_owned()
        };
        let (path, app_path) = (path(&backend), path(&app));
        let origin = |uri: Option<Uri>| uri.and_then(|uri| Origin::of_uri(&uri));
        Self { app: origin(app), backend: origin(backend), path, app_path, is_of_one_origin: false }
    }

    /// The backend's origin, where the page is of another one. Where both are of one, the front end asks the host that the
    /// page came from, whatever name of it that is.
    pub(crate) fn foreign_backend(&self) -> Option<&Origin> {
        let app = self.app.as_ref()?;
        self.backend.as_ref().filter(|backend| *backend != app && !self.is_of_one_origin)
    }

    /// Whatever the config says: pages come from this backend itself.
    pub(super) fn is_of_one_origin(&mut self) {
        if self.app.is_some() && self.backend != self.app {
            self.path = self.app_path.clone();
        }
        self.is_of_one_origin = true;
    }

    /// The path at which the backend's routes begin.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// What a page says to reach a route of the backend.
    pub(crate) fn url_of(&self, route: &str) -> String {
        let origin = self.foreign_backend().map(Origin::as_str).unwrap_or_default();
        [origin, &self.path, route].concat()
    }

    /// The origin that the page has, as far as the config says.
    pub(crate) fn app(&self) -> Option<&Origin> {
        self.app.as_ref()
    }

    /// The origins that pages of the portal have.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.app.iter().chain(&self.backend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portal(app: &str, backend: &str) -> Portal {
        let yaml = format!("app: {{baseUrl: '{app}'}}\nbackend: {{baseUrl: '{backend}'}}");
        Portal::of(&RootConfig::from_yaml(&yaml).unwrap())
    }

    #[test]
    fn a_page_of_the_same_origin_names_no_host() {
        for (app, backend, url) in [
            ("https://p.example", "https://P.example:443/", "/api/rum/x"),
            ("https://p.example/portal", "https://p.example/back/", "/back/api/rum/x"),
            ("http://localhost:3000", "http://localhost:7007", "http://localhost:7007/api/rum/x"),
            ("https://p.example", "https://b.example/back", "https://b.example/back/api/rum/x"),
            ("https://p.example", "", "/api/rum/x"),
            ("nonsense", "https://b.example", "/api/rum/x"),
        ] {
            assert_eq!(portal(app, backend).url_of("/api/rum/x"), url, "{app} {backend}");
        }
    }

    #[test]
    fn pages_that_pass_find_the_backend_where_they_are() {
        for (app, backend, url) in [
            ("https://p.example/portal", "https://b.example/back", "/portal/api/rum/x"),
            ("http://localhost:3000", "http://localhost:7007", "/api/rum/x"),
            ("https://p.example/portal", "https://p.example/back/", "/back/api/rum/x"),
        ] {
            let mut portal = portal(app, backend);
            portal.is_of_one_origin();
            assert_eq!(portal.url_of("/api/rum/x"), url, "{app} {backend}");
            assert_eq!(portal.origins().count(), 2, "events are taken from both");
        }
    }

    #[test]
    fn an_origin_is_compared_as_browsers_write_it() {
        assert_eq!(Origin::of("HTTPS://A.example:443/x"), Origin::of("https://a.example"));
        assert_ne!(Origin::of("https://a.example:8443"), Origin::of("https://a.example"));
        for none in ["null", "", "file:///x", "a.example", "ftp://a.example", "https://"] {
            assert_eq!(Origin::of(none), None, "{none}");
        }
    }
}

//! Whether a request comes from a page of the portal, as far as its browser says so.

use http::{HeaderMap, HeaderName, header};

use crate::settings::Origin;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where events may come from.
#[derive(Clone, Debug)]
pub(crate) struct Origins(Vec<Origin>);

impl Origins {
    pub(crate) fn new(origins: impl IntoIterator<Item = Origin>) -> Self {
        Self(origins.into_iter().collect())
    }

    /// Whether events are taken. A page under `Referrer-Policy: no-referrer`, which is Backstage's own, may send `null`; then
    /// what counts is that no other site's page sent it.
    ///
    /// `own` is the origin under which the backend was asked, so that a portal works under any of its names. It counts where the
    /// browser does not say by itself what site the page is of, as on plain http. A page under a name that somebody has pointed
    /// at this backend is let in, and gains nothing by that: with the token, which is in each page, one may send to Datadog itself.
    pub(crate) fn let_in(&self, headers: &HeaderMap, own: Option<&Origin>) -> bool {
        let site = headers.get(FETCH_SITE).map(|site| site.as_bytes());
        match headers.get(header::ORIGIN).map(|origin| origin.as_bytes()) {
            None | Some(b"null") => matches!(site, None | Some(b"same-origin" | b"same-site")),
            // No page can set this header.
            Some(_) if site == Some(b"same-origin") => true,
            Some(_) if self.listed(headers).is_some() => true,
            Some(_) => site.is_none() && own.is_some() && own == stated(headers).as_ref(),
        }
    }

    /// The request's origin, as it came, if it is one of those that are listed.
    pub(crate) fn listed<'a>(&self, headers: &'a HeaderMap) -> Option<&'a http::HeaderValue> {
        let origin = stated(headers)?;
        self.0.contains(&origin).then(|| headers.get(header::ORIGIN)).flatten()
    }
}

fn stated(headers: &HeaderMap) -> Option<Origin> {
    Origin::of(headers.get(header::ORIGIN)?.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn rum_17_a_page_of_the_portal_is_let_in_and_no_other() {
        let origins = Origins::new(Origin::of("https://portal.example"));
        let own = Origin::of("http://localhost:7007");
        for (origin, site, is_let_in) in [
            (Some("https://portal.example"), Some("cross-site"), true),
            (Some("https://PORTAL.example:443"), None, true),
            (Some("http://localhost:7007"), None, true),
            (Some("http://localhost:7007"), Some("cross-site"), false),
            (Some("https://second.example"), Some("same-origin"), true),
            (Some("https://evil.test"), Some("same-site"), false),
            (Some("https://evil.test"), None, false),
            (Some("https://portal.example.evil.test"), None, false),
            (Some("null"), Some("same-origin"), true),
            (Some("null"), None, true),
            (Some("null"), Some("cross-site"), false),
            (None, Some("same-site"), true),
            (None, Some("none"), false),
            (None, None, true),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(header::ORIGIN, origin), (FETCH_SITE, site)] {
                headers.extend(value.map(|value| (name, HeaderValue::from_static(value))));
            }
            assert_eq!(origins.let_in(&headers, own.as_ref()), is_let_in, "{origin:?} {site:?}");
        }
    }
}

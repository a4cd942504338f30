//! Requests of the doctor: bounded, without credentials but for the one that asks for counts, and nowhere but over HTTP.

use greenroom::{
    http_client::{Call, Fault},
    prelude::HttpClient,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};

use super::said::Secrets;
use crate::{counts::DOCTOR, settings::Origin};

/// How long a page or a script may be.
const MOST: usize = 4 << 20;

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

pub(super) struct Web<'a> {
    client: &'a HttpClient,
    named: Vec<Origin>,
    secrets: &'a Secrets,
}

impl<'a> Web<'a> {
    /// `named` is what the operator has named. A page may name any other origin, of which only those are called that have
    /// public addresses: nobody's page sends the doctor into the network that it runs in.
    pub(super) fn new(client: &'a HttpClient, named: Vec<Origin>, secrets: &'a Secrets) -> Self {
        Self { client, named, secrets }
    }
}

impl Web<'_> {
    /// As a browser that goes to a page.
    pub(super) async fn page(&self, url: &str) -> Result<Got, String> {
        let accept = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
        self.send(Call::get(url).map_err(|error| error.to_string())?.header(header::ACCEPT, accept)).await
    }

    /// As a page that loads a script.
    pub(super) async fn script(&self, url: &str) -> Result<Got, String> {
        self.send(Call::get(url).map_err(|error| error.to_string())?).await
    }

    pub(super) async fn json(&self, url: &str, bearer: Option<HeaderValue>) -> Result<Got, String> {
        let call = Call::get(url).map_err(|error| error.to_string())?;
        let call = call.header(header::ACCEPT, HeaderValue::from_static("application/json"));
        match bearer {
            Some(bearer) => self.send(call.header(header::AUTHORIZATION, bearer)).await,
            None => self.send(call).await,
        }
    }

    /// What a server has said, as it may be told.
    pub(super) fn said(&self, text: &str) -> String {
        self.secrets.of_a_server(text)
    }

    /// As a browser that asks whether a page of another origin may call with these headers.
    pub(super) async fn preflight(&self, url: &str, page: &Origin, headers: &str) -> Result<Got, String> {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(url)
            .header(header::ORIGIN, page.as_str())
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, headers)
            .body(bytes::Bytes::new());
        self.send(request.map_err(|error| error.to_string())?).await
    }

    async fn send(&self, call: impl Into<Call>) -> Result<Got, String> {
        let call = call.into().at_most(MOST).header(header::USER_AGENT, DOCTOR);
        let is_named =
            Origin::of(&call.request().uri().to_string()).is_some_and(|origin| self.named.contains(&origin));
        let call = if is_named { call } else { call.public_only() };
        let answer = self.client.send(call).await.map_err(|error| match error.fault() {
            Fault::NotPublic { .. } => {
                format!("{error}, because only the page names it; give --url or a config that names it as app.baseUrl or backend.baseUrl")
            }
            _ => error.to_string(),
        })?;
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(Got { status: parts.status, headers: parts.headers, text })
    }
}

/// What asks with a token.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, String> {
    let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| "The token was not sent: it holds characters that no header may have".to_owned())?;
    bearer.set_sensitive(true);
    Ok(bearer)
}

/// The URL that a page at `page` means, as RFC 3986 joins them.
pub(super) fn resolve(page: &str, reference: &str) -> Option<String> {
    let (origin, uri) = (Origin::of(page)?, page.parse::<Uri>().ok()?);
    let reference = reference.trim();
    if Origin::of(reference).is_some() {
        return Some(reference.to_owned());
    }
    if let Some(rest) = reference.strip_prefix("//") {
        return Some(format!("{}://{rest}", origin.scheme()));
    }
    let (path, rest) = reference.split_at(reference.find(['?', '#']).unwrap_or(reference.len()));
    if path.split('/').next().is_some_and(|first| first.contains(':')) {
        return None;
    }
    let directory = uri.path().rsplit_once('/').map_or("", |(directory, _)| directory);
    let path = match path {
        "" => uri.path().to_owned(),
        path if path.starts_with('/') => without_dots(path),
        path => without_dots(&format!("{directory}/{path}")),
    };
    Some(format!("{}{path}{rest}", origin.as_str()))
}

/// An absolute path without `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = vec![];
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let is_directory = path.ends_with("/.") || path.ends_with("/..");
    format!("/{}{}", segments.join("/"), if is_directory && !segments.is_empty() { "/" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::{bearer, resolve};

    #[test]
    fn rum_48_a_token_of_two_lines_is_not_sent() {
        assert!(bearer("abc").is_ok_and(|bearer| bearer == "Bearer abc" && bearer.is_sensitive()));
        let why = bearer("abc\ndef").unwrap_err();
        assert!(why.starts_with("The token was not sent") && !why.contains("abc"), "{why}");
    }

    #[test]
    fn a_reference_is_of_its_page() {
        let of = |reference| resolve("https://p.example/portal/catalog?x=/y", reference);
        for (reference, url) in [
            ("/api/x.js", Some("https://p.example/api/x.js")),
            ("x.js", Some("https://p.example/portal/x.js")),
            ("//cdn.example/x.js", Some("https://cdn.example/x.js")),
            ("http://b.example/x.js", Some("http://b.example/x.js")),
            ("../x.js", Some("https://p.example/x.js")),
            ("./a/../../../x.js?y=../z", Some("https://p.example/x.js?y=../z")),
            ("/a/./b/../c/", Some("https://p.example/a/c/")),
            ("a/..", Some("https://p.example/portal/")),
            ("?y=1", Some("https://p.example/portal/catalog?y=1")),
            ("data:text/javascript,1", None),
        ] {
            assert_eq!(of(reference).as_deref(), url, "{reference}");
        }
        assert_eq!(resolve("http://localhost:7007", "/a").as_deref(), Some("http://localhost:7007/a"));
    }
}
